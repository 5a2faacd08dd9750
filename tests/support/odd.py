"""Odd types and odd values, and all ways to answer a field with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    Undefined,
)

from gateway.schema.base import META, Field
from gateway.schema.build import _resolver, build
from tests.support.differential import counted
from tests.support.odd_values import Color, Make

Read = Callable[[Any], Any]


def _odd(value: Any) -> Any:
    """A scalar that may raise, give nothing, or give what is no scalar."""
    if value == "raise":
        raise ValueError("odd")
    if value == "refuse":
        raise GraphQLError("refused", extensions={"code": "ODD"})
    return {"nothing": None, "undefined": Undefined, "dict": {"a": [1]}}.get(value, [value])


def answered(how: str, type_: GraphQLOutputType, read: Read) -> GraphQLField:
    """Make a field of a type, answered in one of the `WAYS` with what `read(parent)` gives or raises."""

    def resolve(parent: Any, _given: Any) -> Any:
        return read(parent)

    async def resolve_async(parent: Any, _given: Any) -> Any:
        return read(parent)

    def resolve_sometimes(parent: Any, given: Any) -> Any:
        return resolve_async(parent, given) if len(parent.label) % 2 else read(parent)

    async def resolve_all(parents: Sequence[Any], _context: Any) -> Sequence[Any]:
        return [_caught(read, parent) for parent in parents]

    metas = {
        "derive": Field(derive=read),
        "ask": Field(resolve=resolve, ask=resolve),
        "ask later": Field(resolve=resolve_async, ask=resolve_async),
        "ask sometimes": Field(resolve=resolve_sometimes, ask=resolve_sometimes),
        "ask for all": Field(resolve_all=resolve_all, ask_all=resolve_all),
    }
    if how in metas:
        return GraphQLField(type_, resolve=_resolver("odd", metas[how]), extensions={META: metas[how]})
    return GraphQLField(type_, resolve={"resolve": resolve, "resolve later": resolve_async}[how])


WAYS: Final = (
    "derive",
    "ask",
    "ask later",
    "ask sometimes",
    "ask for all",
    "resolve",
    "resolve later",
    "attribute",
    "default",
)


def read_by_name(how: str, type_: GraphQLOutputType, attribute: str) -> GraphQLField:
    """Make a field that is the parent's attribute of that name, in any of the `WAYS`."""
    if how == "default":
        return GraphQLField(type_)
    if how == "attribute":
        meta = Field(attribute=attribute)
        return GraphQLField(type_, resolve=_resolver("odd", meta), extensions={META: meta})
    return answered(how, type_, lambda parent: getattr(parent, attribute))


def _caught(read: Read, parent: Any) -> Any:
    try:
        return read(parent)
    except Exception as error:  # noqa: BLE001  a batch puts it in the value's place
        return error


def _type_of(value: Any, _info: Any, _type: Any) -> Any:
    if isinstance(value, Exception):
        raise TypeError("never asked for the type of an error")
    return getattr(value, "type", None)


@cache
def _gateways() -> dict[str, GraphQLNamedType]:
    return build()[0].type_map


def named_types(how: str) -> dict[str, GraphQLNamedType]:
    """Make every type whose values are tried, by name."""
    gateways = _gateways()
    fields = {"name": GraphQLString, "needed": GraphQLNonNull(GraphQLString)}
    named = GraphQLInterfaceType("Named", {"name": GraphQLString}, resolve_type=_type_of)
    cat, dog = (
        GraphQLObjectType(
            name, {key: read_by_name(how, type_, key) for key, type_ in fields.items()}, [named]
        )
        for name in ("Cat", "Dog")
    )
    types: list[Any] = [
        *(GraphQLInt, GraphQLFloat, GraphQLString, GraphQLBoolean, GraphQLID, cat, dog, named),
        *(
            gateways[name]
            for name in ("DateTime", "Date", "Decimal", "CurrencyCode", "BigInt", "InvoiceStatus")
        ),
        GraphQLScalarType("Odd", serialize=_odd),
        GraphQLScalarType("Free"),
        GraphQLEnumType("Color", Color),
        GraphQLEnumType("Colour", {"RED": 1, "GREEN": "green", "NONE": None}),
        GraphQLUnionType("Pet", [cat, dog], resolve_type=_type_of),
    ]
    return {type_.name: type_ for type_ in types}


WRAPPERS: Final[tuple[Callable[[Any], GraphQLOutputType], ...]] = (
    lambda t: t,
    GraphQLNonNull,
    GraphQLList,
    lambda t: GraphQLList(GraphQLNonNull(t)),
    lambda t: GraphQLNonNull(GraphQLList(t)),
    lambda t: GraphQLNonNull(GraphQLList(GraphQLNonNull(t))),
    lambda t: GraphQLList(GraphQLList(t)),
    lambda t: GraphQLList(GraphQLNonNull(GraphQLList(GraphQLNonNull(t)))),
)


@cache
def schema(how: str, name: str) -> GraphQLSchema:
    """Make a schema of holders, whose `value0` to `value7` are their value as each kind of list of a type.

    A holder is its own `self`, and `must` not be null; `apart`, it is completed without its neighbours.
    """
    types = named_types(how)
    holder = GraphQLObjectType(
        "Holder",
        lambda: {
            **{
                f"value{at}": read_by_name(how, wrap(types[name]), "value")
                for at, wrap in enumerate(WRAPPERS)
            },
            "self": read_by_name(how, holder, "self"),
            "apart": answered("ask", holder, lambda parent: parent),
            "must": read_by_name(how, GraphQLNonNull(holder), "self"),
        },
    )
    query = GraphQLObjectType(
        "Query",
        {
            "holders": GraphQLField(GraphQLList(holder)),
        },
    )
    return counted(GraphQLSchema(query, types=[types["Cat"], types["Dog"]]))  # type: ignore[list-item]


class Holder:
    """Gives a value that is made anew whenever it is read."""

    def __init__(self, label: str, make: Make) -> None:
        self.label = label
        self._make = make

    @property
    def value(self) -> Any:
        """The value."""
        return self._make()

    @property
    def self(self) -> Holder:
        """Itself."""
        return self


def holders(makes: Sequence[Make]) -> dict[str, list[Holder]]:
    """Make the root of such a schema."""
    made = [Holder(f"holder{at}", make) for at, make in enumerate(makes)]
    return {"holders": made}
