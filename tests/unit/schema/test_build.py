"""What is undeclared, undescribed or unknown does not get into a schema."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any

import msgspec
import pytest
import strawberry
from graphql import GraphQLError, GraphQLInterfaceType, GraphQLSchema
from typing_extensions import Doc

from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership
from gateway.auth.scope import AccountScope
from gateway.connectors.mapping import partial
from gateway.connectors.ports import billing, orders
from gateway.connectors.ports.common import Record, Value
from gateway.schema import base
from gateway.schema.accounts import Account
from gateway.schema.base import Arg, Node, auto, connection, field, input_type, object_type, plain, text_of
from gateway.schema.billing import Invoice
from gateway.schema.build import build, type_name


@pytest.fixture(autouse=True)
def _declarations() -> Iterator[None]:
    """Take back what a test declares."""
    registries: list[dict[Any, Any]] = [
        base.TYPES, base.INPUTS, base._CLASS_OF, base._INPUT_OF, base._CONNECTIONS,
    ]  # fmt: skip
    kept = [dict(registry) for registry in registries]
    yield
    for registry, before in zip(registries, kept, strict=True):
        registry.clear()
        registry.update(before)


async def nothing(_parent: object, _context: object, **_arguments: Any) -> None:
    return None


class Gadget(Record, frozen=True, kw_only=True):
    """A thing."""

    id: str
    label: Annotated[str | None, Doc("What it says.")]
    hidden: str | None


def schema_of(**attributes: Any) -> GraphQLSchema:
    return build(query_of(**attributes))[0]


def query_of(**attributes: Any) -> type:
    cls = type("Root", (), {"__doc__": "Everything.", **attributes})
    return object_type(requires=[])(cls)


def test_a_type_that_is_not_declared() -> None:
    @strawberry.type(description="Slipped in.")
    class Bare:
        label: str = strawberry.field(description="What it says.")

    with pytest.raises(TypeError, match=r"Bare has no @authorize") as caught:
        schema_of(bare=field(Bare, nothing, description="One."))
    assert "Bare.label has no @authorize" in str(caught.value)


def test_a_type_that_is_not_declared_behind_a_union() -> None:
    @strawberry.type(description="Slipped in.")
    class Loose:
        label: str = strawberry.field(description="What it says.")

    either = Annotated[Account | Loose, strawberry.union("Either", description="One of both.")]
    with pytest.raises(TypeError, match="Loose has no @authorize"):
        schema_of(either=field(either, nothing, description="One."))


def test_a_union_without_text() -> None:
    either = Annotated[Account | Invoice, strawberry.union("Either")]
    with pytest.raises(TypeError, match="Either has no description"):
        schema_of(either=field(either, nothing, description="One."))


def test_a_field_that_is_not_declared() -> None:
    with pytest.raises(TypeError, match=r"Root\.loose has no @authorize"):
        schema_of(loose=strawberry.field(graphql_type=str, description="Loose.", resolver=lambda: "x"))


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"a": field(int, nothing, description="")}, r"Root\.a has no description"),
        (
            {"a": field(int, nothing, description="A.", args=[Arg("many", int, "")])},
            r"Root\.a\(many:\) has no description",
        ),
        ({"a": plain(int, "a", "")}, r"Root\.a has no description"),
        (
            {"a": field(int, nothing, description="A.", reads={Gadget: ["label", "lable"]})},
            r"Root\.a reads Gadget\.lable: no such attribute",
        ),
    ],
)
def test_what_says_nothing_of_itself_or_reads_what_is_not_there(
    attributes: dict[str, Any], named: str
) -> None:
    with pytest.raises(TypeError, match=named):
        schema_of(**attributes)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(TypeError, match=r"Root\.a has no description.*Root\.b has no description"):
        schema_of(a=field(int, nothing, description=""), b=field(int, nothing, description=""))


def test_a_type_without_a_docstring_does_not_take_its_base_classs() -> None:
    class Thing(Node):
        pass

    with pytest.raises(TypeError, match="Thing has no docstring"):
        object_type(Gadget, requires=[])(Thing)


def test_an_unknown_attribute() -> None:
    class Thing(Node):
        """A thing."""

        lable: auto

    with pytest.raises(TypeError, match=r"Thing\.lable: its model has no such attribute"):
        object_type(Gadget, requires=[])(Thing)


def test_an_attribute_of_no_model() -> None:
    class Thing:
        """A thing."""

        label: auto

    with pytest.raises(TypeError, match=r"Thing\.label: its model has no such attribute"):
        object_type(requires=[])(Thing)


def test_an_annotation_in_place_of_auto() -> None:
    class Thing(Node):
        """A thing."""

        label: str

    with pytest.raises(TypeError, match=r"Thing\.label: write `auto`"):
        object_type(Gadget, requires=[])(Thing)


def test_an_attribute_without_text() -> None:
    class Thing(Node):
        """A thing."""

        hidden: auto

    thing = object_type(Gadget, requires=[])(Thing)
    with pytest.raises(TypeError, match=r"Thing\.hidden has no description"):
        schema_of(thing=field(thing, nothing, description="One."))
    with pytest.raises(TypeError, match=r"Gadget\.hidden has no Doc"):
        text_of(Gadget, "hidden")


def test_a_model_whose_type_is_declared_later() -> None:
    class Holder(Record, frozen=True, kw_only=True):
        """Holds."""

        gadget: Annotated[Gadget | None, Doc("What it holds.")]

    class Box:
        """A box."""

        gadget: auto

    with pytest.raises(TypeError, match="declare the GraphQL type of Gadget before it is used"):
        object_type(Holder, requires=[])(Box)


def test_a_second_type_of_a_name_cannot_loosen_the_first() -> None:
    class Invoice:
        """Open to all."""

    with pytest.raises(TypeError, match="Invoice is declared twice"):
        object_type(requires=[])(Invoice)
    assert base.TYPES["Invoice"].requires == {Permission.INVOICES_READ}


def test_an_input_without_text() -> None:
    class Wish(Value, frozen=True, kw_only=True):
        """What is wanted."""

        colour: str | None = None

    wish = input_type(Wish)
    with pytest.raises(TypeError, match=r"Wish\.colour has no description"):
        schema_of(a=field(int, nothing, description="A.", args=[Arg("wish", wish, "Which.")]))


def test_an_input_without_a_docstring() -> None:
    class Wish(Value, frozen=True, kw_only=True):
        colour: Annotated[str | None, Doc("Which.")] = None

    with pytest.raises(TypeError, match="Wish has no docstring"):
        input_type(Wish)


def test_a_required_input_field() -> None:
    class Wish(Value, frozen=True, kw_only=True):
        """What is wanted."""

        colour: Annotated[str, Doc("Which.")]

    wish = input_type(Wish)
    assert input_type(Wish) is wish
    _, sdl = build(query_of(a=field(int, nothing, description="A.", args=[Arg("wish", wish, "Which.")])))
    assert "colour: String!\n" in sdl


def test_an_enum_without_a_docstring() -> None:
    class Colour(Enum):
        RED = "RED"

    with pytest.raises(TypeError, match="Colour has no docstring"):
        base.enum_of(Colour)


def test_a_field_may_add_to_what_its_type_requires() -> None:
    wanted = field(int, nothing, description="A.", requires=[Permission.PAYMENTS_READ])
    schema, sdl = build(query_of(a=wanted))
    assert "a: Int! @authorize(requires: [PAYMENTS_READ])" in sdl
    assert schema.query_type is not None
    assert schema.query_type.fields["a"].extensions[base.META].requires == {Permission.PAYMENTS_READ}


def test_connections_are_made_once_and_require_what_their_nodes_require() -> None:
    first, second = base.connection_type(Invoice), base.connection_type(Invoice)
    assert first is second
    assert base.TYPES["InvoiceEdge"].requires == base.TYPES["Invoice"].requires
    declared = connection(Invoice, nothing, description="Some.", args=[Arg("extra", int | None, "More.")])
    assert [argument.python_name for argument in declared.arguments] == [
        "first", "after", "last", "before", "extra",
    ]  # fmt: skip


STAMPS: dict[str, Any] = {
    "scope": AccountScope("acme", frozenset(), {}),
    "connector": "x",
    "owners": frozenset(),
    "id": "1",
}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Membership("acme", (), frozenset()), "Account"),
        (partial(orders.Product, frozenset({"id"}))(**STAMPS), "Product"),
        (
            billing.AccountBalance(outstanding=None, overdue=None, credit=None, as_of=None, **STAMPS),
            "AccountBalance",
        ),
    ],
)
def test_the_type_of_a_value_behind_an_interface(value: object, name: str) -> None:
    assert type_name(value) == name
    node = build()[0].type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert node.resolve_type is not None
    assert node.resolve_type(value, None, None) == name  # type: ignore[arg-type]


def test_inputs_arrive_as_their_models() -> None:
    schema = build()[0]
    sort = schema.type_map["InvoiceSort"]
    assert sort.out_type({"direction": billing.Direction.ASC}) == billing.InvoiceSort(
        direction=billing.Direction.ASC
    )  # type: ignore[union-attr]
    chosen = schema.type_map["InvoiceFilter"].out_type(
        {"status": [billing.InvoiceStatus.OPEN], "due_on": None}
    )  # type: ignore[union-attr]
    assert chosen == billing.InvoiceFilter(status=(billing.InvoiceStatus.OPEN,))
    assert hash(chosen)  # lists are remembered by it
    assert isinstance(chosen, msgspec.Struct)


def test_an_interface_field_without_text() -> None:
    @strawberry.interface(description="Anything with a colour.")
    class Coloured:
        colour: str = strawberry.field()

    class Ball(Coloured):
        """Round."""

        colour = plain(str, "colour", "Which.")

    ball = object_type(requires=[])(Ball)
    with pytest.raises(TypeError, match=r"Coloured\.colour has no description"):
        schema_of(ball=field(ball, nothing, description="One."))


def test_errors_name_graphql_types_not_python_ones() -> None:
    with pytest.raises(GraphQLError, match="Date: write"):
        build()[0].type_map["Date"].parse_value("x")  # type: ignore[union-attr]
