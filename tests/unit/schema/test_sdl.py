"""The schema as the world sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    ObjectTypeDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_non_null_type,
    parse,
)

from gateway.connectors.ports.common import Record, Value
from gateway.schema.base import META, TYPES, Field
from gateway.schema.build import build

COMMITTED = Path(__file__).parents[3] / "schema.graphql"


@pytest.fixture(scope="module")
def built() -> tuple[GraphQLSchema, str]:
    return build()


@pytest.fixture(scope="module")
def schema(built: tuple[GraphQLSchema, str]) -> GraphQLSchema:
    return built[0]


def object_types(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [
        type_
        for name, type_ in schema.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
    ]


def fields(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    for type_ in object_types(schema):
        for name, field in type_.fields.items():
            yield f"{type_.name}.{name}", field


def test_the_committed_schema_is_what_the_code_says(built: tuple[GraphQLSchema, str]) -> None:
    assert built[1] == COMMITTED.read_text("utf-8")


def test_building_twice_gives_the_same(built: tuple[GraphQLSchema, str]) -> None:
    assert build()[1] == built[1]


def test_everything_is_described(schema: GraphQLSchema) -> None:
    silent = []
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        silent += [name] if not type_.description else []
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in type_.fields.items():
                silent += [f"{name}.{field_name}"] if not field.description else []
                for arg_name, arg in getattr(field, "args", {}).items():
                    silent += [f"{name}.{field_name}({arg_name}:)"] if not arg.description else []
    assert silent == []


def test_every_object_type_carries_authorize_with_what_it_requires(built: tuple[GraphQLSchema, str]) -> None:
    types = [node for node in parse(built[1]).definitions if isinstance(node, ObjectTypeDefinitionNode)]
    assert len(types) > 30
    for node in types:
        (directive,) = [d for d in node.directives if d.name.value == "authorize"]
        listed = {value.value for value in directive.arguments[0].value.values}  # type: ignore[union-attr]
        assert listed == {p.name for p in TYPES[node.name.value].requires}, node.name.value


def test_customer_owned_types_require_a_permission() -> None:
    open_types = {name for name, described in TYPES.items() if not described.requires}
    # The caller itself, values that are reached only through a guarded record, and the root.
    assert open_types == {
        "Query", "Viewer", "User", "Membership", "MembershipConnection", "MembershipEdge",
        "Money", "PostalAddress", "PageInfo", "Person", "DocumentProperty", "DownloadLink",
        # A mutation checks its own permissions, in the account that its input names.
        "Mutation", "TicketCreatePayload", "TicketCommentPayload", "TicketUploadBeginPayload",
        "UploadSession",
        "ValidationError", "NotFoundError", "PermissionError", "ConflictError", "IdempotencyError",
        "RateLimitedError", "UpstreamError", "UnsupportedError",
    }  # fmt: skip


def test_customer_owned_data_hangs_off_few_roots(schema: GraphQLSchema) -> None:
    assert schema.query_type is not None
    assert set(schema.query_type.fields) == {"viewer", "account", "node", "nodes"}


def test_connections_are_nullable(schema: GraphQLSchema) -> None:
    connections = {
        coordinate: field
        for coordinate, field in fields(schema)
        if get_named_type(field.type).name.endswith("Connection")
    }
    assert len(connections) >= 10
    assert [c for c, field in connections.items() if is_non_null_type(field.type)] == []


def test_list_items_that_are_records_are_nullable(schema: GraphQLSchema) -> None:
    strict = []
    for coordinate, field in fields(schema):
        listed = get_nullable_type(field.type)
        described = TYPES.get(get_named_type(field.type).name)
        if isinstance(listed, GraphQLList) and described and issubclass(described.model, Record):
            strict += [coordinate] if isinstance(listed.of_type, GraphQLNonNull) else []
    assert strict == []
    nodes = schema.type_map["InvoiceConnection"].fields["nodes"]  # type: ignore[union-attr]
    assert str(nodes.type) == "[Invoice]!"


def test_what_a_vendor_supplies_is_nullable(schema: GraphQLSchema) -> None:
    strict = [
        coordinate
        for coordinate, field in fields(schema)
        if issubclass(TYPES[coordinate.split(".")[0]].model, Record)
        and is_non_null_type(field.type)
        and not coordinate.endswith(".id")
    ]
    assert strict == []


def test_auto_fields_read_exactly_their_attribute(schema: GraphQLSchema) -> None:
    seen = 0
    for type_ in object_types(schema):
        model = TYPES[type_.name].model
        for name, field in type_.fields.items():
            meta = field.extensions[META]
            assert isinstance(meta, Field)
            if meta.plain and meta.attribute is not None and issubclass(model, Record | Value):
                assert meta.reads == {model: frozenset({meta.attribute})}, f"{type_.name}.{name}"
                seen += 1
    assert seen > 80


def test_every_field_has_an_answer_and_one_only(schema: GraphQLSchema) -> None:
    for coordinate, field in fields(schema):
        meta = field.extensions[META]
        read = meta.attribute if meta.source is None else None
        ways = (read, meta.derive, meta.resolve, meta.resolve_all, meta.source)
        assert sum(way is not None for way in ways) == 1, coordinate
        assert callable(field.resolve)


def test_accounts_are_entered_where_the_subtree_is_summed_up(schema: GraphQLSchema) -> None:
    entries = {coordinate for coordinate, field in fields(schema) if field.extensions[META].entry}
    assert entries == {
        "Query.account", "Query.node", "Query.nodes", "Viewer.currentAccount", "Membership.account",
        "Account.parent", "Mutation.ticketCreate", "Mutation.ticketComment", "Mutation.ticketUploadBegin",
    }  # fmt: skip


def test_enums_are_published_by_name(schema: GraphQLSchema) -> None:
    status = schema.type_map["InvoiceStatus"]
    assert isinstance(status, GraphQLEnumType)
    assert "PARTIALLY_PAID" in status.values
