"""The page on views shows a whole view: it is what the gateway takes."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.schema import base
from gateway.schema.build import build
from gateway.views import finder

PAGE = Path(__file__).parents[3] / "docs" / "compose-a-view.md"


def block(language: str) -> str:
    """The page's first block in a language."""
    match = re.search(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


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
    project = tomllib.loads(block("toml"))["project"]
    entries = project["entry-points"]["gateway.views"]
    package = tmp_path / "house_views"
    package.mkdir()
    (package / "dunning.py").write_text(block("python"), "utf-8")
    told = tmp_path / "house_views-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [f"{name} = {module}" for name, module in entries.items()]
    (told / "entry_points.txt").write_text("\n".join(["[gateway.views]", *lines]) + "\n")
    monkeypatch.syspath_prepend(tmp_path)

    text = build(views=finder.load(list(entries)))[1]
    assert "  dunning: Dunning\n" in text
    assert "type Dunning @authorize(requires: [INVOICES_READ]) {" in text
    assert "  daysLeft: Int!\n" in text
