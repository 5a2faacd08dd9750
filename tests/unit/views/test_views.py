"""A view adds fields to `Account` of one build: guarded like all others, found by its name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLSchema

from gateway.auth.permissions import Permission
from gateway.cli import main
from gateway.errors import ConfigurationError
from gateway.schema import base
from gateway.schema.accounts import Account
from gateway.schema.build import build
from gateway.views import Arg, View, field, finder, object_type, plain


@pytest.fixture(autouse=True)
def _declarations() -> Iterator[None]:
    """Take back what a test declares."""
    registries: list[dict[Any, Any]] = [base.TYPES, base.INPUTS, base._CLASS_OF, base._INPUT_OF]
    kept = [dict(registry) for registry in registries]
    yield
    for registry, before in zip(registries, kept, strict=True):
        registry.clear()
        registry.update(before)


async def nothing(_parent: object, _context: object, **_arguments: Any) -> None:
    return None


def gauges() -> View:
    @object_type(requires=[Permission.ORDERS_READ])
    class Gauge:
        """What a meter says."""

        level = plain(int, "level", "How full it is.")

    return View(
        fuel_gauge=field(
            Gauge | None, nothing, description="The gauge.", args=[Arg("tank_no", int, "Which tank.")]
        )
    )


def account_of(schema: GraphQLSchema) -> GraphQLObjectType:
    account = schema.type_map["Account"]
    assert isinstance(account, GraphQLObjectType)
    return account


def test_one_build_has_it_and_the_next_has_not() -> None:
    view = gauges()
    before, text = build()
    schema, extended = build(views={"gauges": view})
    after = build()
    assert set(account_of(schema).fields) - set(account_of(before).fields) == {"fuelGauge"}
    assert set(schema.type_map) - set(before.type_map) == {"Gauge"}
    assert "fuelGauge(" in extended
    assert "type Gauge @authorize(requires: [ORDERS_READ])" in extended
    assert after[1] == text
    assert "Gauge" not in text
    assert build(views={"gauges": view})[1] == extended


def test_only_account_changes() -> None:
    before, schema = build()[0], build(views={"gauges": gauges()})[0]
    for name, type_ in before.type_map.items():
        if isinstance(type_, GraphQLObjectType) and name != "Account":
            now = schema.type_map[name]
            assert isinstance(now, GraphQLObjectType)
            assert list(now.fields) == list(type_.fields)


def test_a_name_that_is_taken() -> None:
    taken = View(invoices=field(int | None, nothing, description="One."))
    with pytest.raises(ConfigurationError, match="'mine' adds invoices, which Account has already"):
        build(views={"mine": taken})
    one, other = (View(same=field(int | None, nothing, description="One.")) for _ in range(2))
    with pytest.raises(ConfigurationError, match="'b' adds same, which the view 'a' has already"):
        build(views={"a": one, "b": other})
    assert "same" not in account_of(build()[0]).fields


def test_what_the_schema_refuses_leaves_nothing_behind() -> None:
    fields = list(Account.__strawberry_definition__.fields)
    with pytest.raises(ConfigurationError, match=r"views.enabled: mute: Account\.mute has no description"):
        build(views={"mute": View(mute=field(int | None, nothing, description=""))})
    assert Account.__strawberry_definition__.fields == fields


def test_what_is_no_field() -> None:
    with pytest.raises(TypeError, match="number: declare it with field or connection"):
        View(number=7)


def test_the_schema_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--view", "tax-season"]) == 0
    assert "taxSeason(" in capsys.readouterr().out
    assert main(["schema"]) == 0
    assert "taxSeason" not in capsys.readouterr().out
    assert main(["schema", "--view", "tax-seasons"]) == 1
    assert capsys.readouterr().err.startswith(
        "gateway: views.enabled: there is no view 'tax-seasons'; there "
    )


def test_none_enabled_imports_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "packages", lambda: pytest.fail("nobody asked"))
    assert finder.load([]) == {}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution beside the gateway, as pip would have installed it."""
    package = tmp_path / "house_views"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from gateway.views import View, field\n"
        "async def answer(account, context):\n    return account.account\n"
        "VIEW = View(house_key=field(str | None, answer, description='Its key.'))\n"
    )
    (package / "empty.py").write_text("")
    (package / "lost.py").write_text("import no_such_module_here\n")
    (package / "wrong.py").write_text("from gateway.views import View\nVIEW = View(number=7)\n")
    told = tmp_path / "house_views-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: house-views\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(
        "[gateway.views]\nhouse = house_views\n"
        "empty = house_views.empty\nlost = house_views.lost\nwrong = house_views.wrong\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return told


def test_a_view_of_another_distribution(elsewhere: Path) -> None:
    assert elsewhere.is_dir()
    views = finder.load(["house"])
    assert "houseKey" in account_of(build(views=views)[0]).fields
    assert "house_views.empty" not in sys.modules


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hous", r"^views\.enabled: there is no view 'hous'; there are .*house, lost"),
        ("empty", r"^views\.enabled: 'empty': house_views\.empty has no `VIEW = View\(\.\.\.\)`$"),
        ("lost", r"^views\.enabled: 'lost' cannot be imported: No module named 'no_such_module_here'$"),
        ("wrong", r"^views\.enabled: 'wrong': number: declare it with field or connection$"),
    ],
)
def test_what_cannot_be_enabled(elsewhere: Path, name: str, message: str) -> None:
    assert elsewhere.is_dir()
    with pytest.raises(ConfigurationError, match=message):
        finder.load([name])


def test_two_views_of_one_name(elsewhere: Path, tmp_path: Path) -> None:
    assert elsewhere.is_dir()
    rival = tmp_path / "rival-1.0.dist-info"
    rival.mkdir()
    (rival / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 1.0\n")
    (rival / "entry_points.txt").write_text("[gateway.views]\nhouse = rival\n")
    with pytest.raises(ConfigurationError, match=r"'house' is .* and .*: rename one"):
        finder.packages()
