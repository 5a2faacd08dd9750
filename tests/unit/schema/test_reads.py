"""Every field is answered with exactly what it declares to read: a connector fetches nothing else."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType

from gateway.auth.audit import Audit
from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership, Principal, PrincipalKind
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.identity import AccountRef, StaticFileMap
from gateway.connectors.mapping import partial
from gateway.connectors.ports import PORTS
from gateway.connectors.ports.accounts import AccountProfile, AccountsPort
from gateway.connectors.ports.common import Listing, Record, Url, Value
from gateway.connectors.ports.documents import Link
from gateway.connectors.registry import Registry
from gateway.context import RequestContext, Services
from gateway.ids import Cursors
from gateway.passes import Passes
from gateway.schema.base import META, TYPES, Field
from gateway.schema.build import build
from gateway.state.memory import MemoryState
from gateway.state.once import Once

SYSTEM = "system"
PAGES: tuple[dict[str, int], ...] = ({}, {"first": 1}, {"last": 1})


class Port:
    """Answers every method of a port: nothing is there, and every list is empty."""

    def __init__(self, found: Mapping[str, Any] | None = None) -> None:
        self._found = found

    def __getattr__(self, name: str) -> Any:
        async def get_many(refs: list[Ref], _fields: object) -> list[Any]:
            return [None if self._found is None else profile(ref, self._found) for ref in refs]

        async def listed(*_arguments: object) -> Listing[Any]:
            return Listing([], has_next=False, has_previous=False, total=0)

        async def link(document: Any, *_arguments: object) -> Link:
            assert document.id
            return Link(url=Url("https://files.example/1"), expires_at=dt.datetime.now(dt.UTC))

        return {"get_many": get_many, "link": link}.get(name, listed)


class System:
    name = SYSTEM

    def __init__(self, found: Mapping[str, Any] | None = None) -> None:
        self.ports: Mapping[type, object] = {
            port: Port(found if port is AccountsPort else None) for port in PORTS.values()
        }

    async def ping(self) -> None:
        return None


def profile(ref: Ref, values: Mapping[str, Any]) -> Any:
    made = {"id": ref.native_id, **values}
    owners = frozenset({ref.native_id})
    return partial(AccountProfile, frozenset(made))(scope=ref.scope, connector=SYSTEM, owners=owners, **made)


MEMBERSHIP = Membership("acme", ("owner",), frozenset(Permission))
PRINCIPAL = Principal(
    "usr_1", "https://issuer.example", PrincipalKind.USER, 0, memberships={"acme": MEMBERSHIP}
)


def context_on(system: System) -> RequestContext:
    state = MemoryState()
    services = Services(
        registry=Registry({SYSTEM: system}, dict.fromkeys(PORTS, SYSTEM)),
        identity=StaticFileMap({"acme": AccountRef(natives={SYSTEM: ("n1",)})}),
        cursors=Cursors([b"k" * 32]),
        audit=Audit(),
        passes=Passes([b"k" * 32], state, workspace="test"),
        once=Once(state, "test"),
    )
    return RequestContext(services, principal=PRINCIPAL, fields={}, base_url=lambda: "https://portal.example")


def all_fields() -> Iterator[tuple[str, type, GraphQLField, Field]]:
    for name, type_ in build()[0].type_map.items():
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in type_.fields.items():
                yield f"{name}.{field_name}", TYPES[name].model, field, field.extensions[META]


ON_RECORDS = [
    pytest.param(model, field, meta, id=coordinate)
    for coordinate, model, field, meta in all_fields()
    if issubclass(model, Record)
]
RESOLVED = [case for case in ON_RECORDS if not case.values[2].plain]
PLAIN = [
    pytest.param(model, field, meta, id=coordinate)
    for coordinate, model, field, meta in all_fields()
    if issubclass(model, Record | Value) and meta.plain and meta.attribute is not None
]


def test_there_are_such_fields() -> None:
    assert len(RESOLVED) > 15
    assert len(PLAIN) > 80


def variants(names: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Give values of these attributes: with what they link to, and without."""
    for full in (True, False):
        yield {name: sample(name, full=full) for name in names}


def sample(name: str, *, full: bool) -> Any:
    if name == "id":
        return "1"
    if name == "lines_have_more":
        return full
    if name in {"lines", "shipments", "attachments"}:
        return ()
    if not full:
        return None
    return ("1",) if name.endswith("_ids") else "1"


async def ask(model: type, field: GraphQLField, reads: frozenset[str], values: dict[str, Any]) -> None:
    context = context_on(System())
    scope = AccountScope("acme", frozenset(Permission), {SYSTEM: ("n1",)})
    record = partial(model, reads)(scope=scope, connector=SYSTEM, owners=frozenset({"n1"}), **values)
    assert field.resolve is not None
    for page in PAGES if "first" in field.args else ({},):
        answer = field.resolve(record, SimpleNamespace(context=context), **page)  # type: ignore[arg-type]
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, Exception):  # an error in the value's place is raised by who completes it
            raise answer


async def ask_all(model: type, field: GraphQLField, reads: frozenset[str]) -> None:
    for values in variants(reads):
        await ask(model, field, reads, values)


@pytest.mark.parametrize(("model", "field", "meta"), ON_RECORDS)
async def test_a_record_with_what_is_declared_is_enough(
    model: type, field: GraphQLField, meta: Field
) -> None:
    reads = meta.reads.get(model, frozenset())
    assert set(meta.reads) <= {model}
    await ask_all(model, field, reads)


@pytest.mark.parametrize(("model", "field", "meta"), ON_RECORDS)
async def test_nothing_is_declared_that_is_not_read(model: type, field: GraphQLField, meta: Field) -> None:
    reads = meta.reads.get(model, frozenset())
    for left_out in reads:
        with pytest.raises(AttributeError, match=left_out):
            await ask_all(model, field, reads - {left_out})


@pytest.mark.parametrize(("model", "field", "meta"), PLAIN)
async def test_a_plain_field_gives_the_attribute_it_names(
    model: type, field: GraphQLField, meta: Field
) -> None:
    ((described, names),) = meta.reads.items()
    assert (described, names) == (model, {meta.attribute})
    marker = object()
    stamps = (
        {"scope": AccountScope("acme", frozenset(Permission), {}), "connector": "x", "owners": frozenset()}
        if issubclass(model, Record)
        else {}
    )
    value = partial(model, names)(**stamps, **{meta.attribute: marker})  # type: ignore[arg-type]
    assert field.resolve is not None
    context = context_on(System())
    assert field.resolve(value, SimpleNamespace(context=context)) is marker  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "meta"),
    [
        pytest.param(field, meta, id=coordinate)
        for coordinate, model, field, meta in all_fields()
        if AccountProfile in meta.reads and not coordinate.endswith(".accountManager")
    ],
)
async def test_an_accounts_field_asks_its_system_for_one_attribute(field: GraphQLField, meta: Field) -> None:
    (attribute,) = meta.reads[AccountProfile]
    context = context_on(System({attribute: "it"}))
    assert field.resolve is not None
    answer = field.resolve(MEMBERSHIP, SimpleNamespace(context=context))  # type: ignore[arg-type]
    assert await answer == "it"  # type: ignore[misc]


def test_every_model_that_is_read_is_one_that_connectors_yield() -> None:
    read = {model for _, _, _, meta in all_fields() for model in meta.reads}
    assert {model for model in read if not issubclass(model, Record | Value)} == {Listing}
