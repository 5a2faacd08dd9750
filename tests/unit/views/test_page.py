"""The page on views shows a whole view: it is what the gateway takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.schema import base
from gateway.schema.build import build
from gateway.views import finder

PAGE = Path(__file__).parents[3] / "docs" / "compose-a-view.md"


def block(language: str, begins: str = "") -> str:
    """The page's first block in a language, of those that begin so."""
    match = re.search(
        rf"^```{language}\n({re.escape(begins)}.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert match is not None
    return match[1]


def install(folder: Path) -> list[str]:
    """Write the page's package as an installed one; give the names of its views."""
    project = tomllib.loads(block("toml"))["project"]
    entries = project["entry-points"]["gateway.views"]
    package = folder / "house_views"
    package.mkdir()
    (package / "dunning.py").write_text(block("python", "# house_views/dunning.py"), "utf-8")
    told = folder / "house_views-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [f"{name} = {module}" for name, module in entries.items()]
    (told / "entry_points.txt").write_text("\n".join(["[gateway.views]", *lines]) + "\n")
    return list(entries)


@pytest.fixture
def _taken_back() -> Iterator[None]:
    kept = dict(base.TYPES), dict(base._CLASS_OF)
    yield
    for registry, before in zip((base.TYPES, base._CLASS_OF), kept, strict=True):
        registry.clear()
        registry.update(before)
    for name in ("house_views", "house_views.dunning"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("_taken_back")
def test_its_example_is_a_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views = install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    text = build(views=finder.load(views))[1]
    assert "  dunning: Dunning\n" in text
    assert "type Dunning @authorize(requires: [INVOICES_READ]) {" in text
    assert "  daysLeft: Int!\n" in text


def test_its_tests_pass(tmp_path: Path) -> None:
    """In a process of their own, as the page says."""
    install(tmp_path)
    (tmp_path / "pyproject.toml").write_text(block("toml", "[tool.pytest.ini_options]"), "utf-8")
    (tmp_path / "test_dunning.py").write_text(block("python", "# tests/test_dunning.py"), "utf-8")
    # The parent's coverage is not the child's business.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, env=kept | {"PYTHONPATH": str(PAGE.parents[1])}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4 passed" in ran.stdout
