"""`make connector`: what it makes is green at once, and what it refuses is told."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_connector", ROOT / "tools" / "connector.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(tmp_path: Path, tool: ModuleType) -> Path:
    """The template alone, in another place."""
    for folder in tool.FOLDERS:
        shutil.copytree(
            ROOT / folder / "_template",
            tmp_path / folder / "_template",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return tmp_path


def texts(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_a_new_connector_has_the_template_s_files_under_its_own_name(tool: ModuleType, copy: Path) -> None:
    made = tool.make(copy, "acme_desk")
    assert [str(folder.relative_to(copy)) for folder in made] == [
        "gateway/connectors/acme_desk", "sandbox/acme_desk", "tests/contract/acme_desk",
    ]  # fmt: skip
    for folder in made:
        written = texts(folder)
        assert set(written) == set(texts(folder.parent / "_template"))
        assert "template" not in "".join(written.values()).lower()
    readme = (made[0] / "README.md").read_text()
    assert readme.startswith("# Acme Desk\n")
    assert 'type = "acme_desk"\ntoken = "env:ACME_DESK_TOKEN"' in readme
    assert "https://api.acme-desk.example/v1" in readme


def test_its_contract_suite_is_green_at_once(tool: ModuleType, tmp_path: Path) -> None:
    """In a copy of the repository, by pytest as anybody runs it."""
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("gateway", "sandbox"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    shutil.copytree(ROOT / "tests/contract/_template", tmp_path / "tests/contract/_template", ignore=ignore)
    shutil.copy(ROOT / "tests/contract/conftest.py", tmp_path / "tests/contract")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    tool.make(tmp_path, "acme_desk")
    # The parent's coverage is not the child's business: its files are elsewhere.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))
    }
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract/acme_desk"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "NAME: write the vendor's name in lower-case"),
        ("Acme", "NAME: write"),
        ("acme-desk", "NAME: write"),
        ("_acme", "NAME: write"),
        ("9acme", "NAME: write"),
        ("acme__desk", "NAME: write"),
        ("../acme", "NAME: write"),
        ("acme/desk", "NAME: write"),
        ("ácme", "NAME: write"),
        ("a" * 41, "NAME: write"),
        ("ports", "NAME=ports_system"),
        ("template", "NAME=template_system"),
        ("class", "NAME=class_system"),
    ],
)
def test_names_that_are_refused(tool: ModuleType, copy: Path, name: str, told: str) -> None:
    before = texts(copy)
    with pytest.raises(tool.RefusedError, match=told):
        tool.make(copy, name)
    assert texts(copy) == before


@pytest.mark.parametrize("there", ["gateway/connectors/acme", "sandbox/acme", "tests/contract/acme"])
def test_what_exists_is_not_touched(tool: ModuleType, copy: Path, there: str) -> None:
    (copy / there).mkdir()
    before = texts(copy)
    with pytest.raises(tool.RefusedError, match=f"{there} exists already"):
        tool.make(copy, "acme")
    assert texts(copy) == before


def test_elsewhere_than_in_the_repository(tool: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(tool.RefusedError, match="in the root of the repository"):
        tool.make(tmp_path, "acme")


def test_the_command(
    tool: ModuleType, copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(copy)
    assert tool.main(["acme"]) == 0
    said = capsys.readouterr().out
    assert "Made gateway/connectors/acme/" in said
    assert "pytest tests/contract/acme" in said
    assert tool.main(["acme"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert tool.main([]) == 2
    assert capsys.readouterr().err.startswith("NAME: write")
