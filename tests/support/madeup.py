"""Made-up answers for the schema: right, missing, refused or broken; by chance, but always the same.

What a field gives depends on a seed, on where its parent came from, and on its arguments alone. So two
executions meet the same values, errors and permissions, in whatever order they ask.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any, Final, cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    is_abstract_type,
    is_composite_type,
)

from gateway.auth.directive import ResolverOfMany
from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope
from gateway.errors import Code, RequestError, UpstreamError
from gateway.schema.base import META, TYPES, Field
from gateway.schema.build import _guarded, _resolver, build
from tests.support.differential import counted, counted_source

_SOURCE: Final = " source"
"""Where records of a source come from; all of these have what is read from them."""
_ALL: Final = frozenset(Permission)
_ZONE: Final = dt.timezone(dt.timedelta(hours=1))
_SCALARS: Final[dict[str, tuple[Any, ...]]] = {
    "Int": (0, -1, 2**31 - 1),
    "Float": (0.0, 1.5, 3),
    "String": ("", "text", "ünï\n🦜"),
    "Boolean": (True, False),
    "DateTime": (dt.datetime(2026, 1, 31, 9, 30, tzinfo=_ZONE), dt.datetime(1999, 12, 31, tzinfo=dt.UTC)),
    "Date": (dt.date(2026, 1, 31),),
    "Decimal": (Decimal("12.30"), Decimal("-1E+2"), Decimal(0)),
    "BigInt": (0, 2**80),
}
_WRONG: Final = (
    None,
    [],
    {},
    1.5,
    math.nan,
    2**40,
    b"bytes",
    "text",
    True,
    Decimal("Infinity"),
    dt.date(2026, 1, 1),
)


@dataclass
class Caller:
    """What resolvers get as their context. `refused` collects what was denied."""

    seed: int
    refused: set[tuple[str, str]] = field(default_factory=set)

    def denied(self, coordinate: str, account: str) -> None:
        """Note a refusal."""
        self.refused.add((coordinate, account))


class Made:
    """A made-up object: each of its attributes is made when it is read, as its type in the schema says."""

    __slots__ = ("_maker", "_type", "label")

    def __init__(self, maker: Maker, type_: GraphQLObjectType, label: str) -> None:
        self._maker = maker
        self._type = type_
        self.label = label

    def __repr__(self) -> str:
        return f"<{self._type.name}>"

    def __getattr__(self, name: str) -> Any:
        return self._maker.attribute(self._type, self.label, name)


class Maker:
    """Makes values for one schema, whose resolvers it replaces. `covered`: the fields that were answered."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build()[0]
        self.covered: set[str] = set()
        self._sources: dict[Any, ResolverOfMany] = {}
        self._attributes: dict[tuple[str, str], GraphQLOutputType] = {}
        self._objects = [name for name in TYPES if isinstance(self.schema.get_type(name), GraphQLObjectType)]
        for coordinate, type_, definition in self._fields():
            self._bind(type_, coordinate, definition)
        counted(self.schema)
        for coordinate, _, definition in self._fields():
            definition.resolve = self._noting(coordinate, definition.resolve)

    def _fields(self) -> Iterator[tuple[str, GraphQLObjectType, GraphQLField]]:
        for type_name in self._objects:
            type_ = cast("GraphQLObjectType", self.schema.type_map[type_name])
            for name, definition in type_.fields.items():
                yield f"{type_name}.{name}", type_, definition

    def _bind(self, type_: GraphQLObjectType, coordinate: str, definition: GraphQLField) -> None:
        """Put made-up answers in the place of what asks systems."""
        meta: Field = definition.extensions[META]
        if meta.attribute is not None:
            self._attributes[type_.name, meta.attribute] = definition.type
        if meta.resolve is not None:
            meta = replace(meta, resolve=self._one(coordinate, definition.type))
        if meta.source is not None:
            meta = replace(meta, source=self._sources.setdefault(meta.source, self._source(type_)))
        if meta.resolve_all is not None:
            meta = replace(meta, resolve_all=self._many(coordinate, definition.type))
        definition.extensions[META] = meta = _guarded(coordinate, definition, meta)
        definition.resolve = _resolver(coordinate, meta)

    def _noting(self, coordinate: str, resolve: Any) -> Any:
        def noting(parent: Any, info: Any, **arguments: Any) -> Any:
            self.covered.add(coordinate)
            return resolve(parent, info, **arguments)

        return noting

    def _one(self, coordinate: str, type_: GraphQLOutputType) -> Any:
        def resolve(parent: Any, context: Caller, **arguments: Any) -> Any:
            label = _label(parent, context, coordinate, arguments)
            random = Random(label)  # noqa: S311  made-up data
            found = self._value(random, type_, label)
            later = random.randint(0, 3)
            if later:
                return _later(found, later - 1, fails=isinstance(found, Exception))
            if isinstance(found, Exception):
                raise found
            return found

        return resolve

    def _many(self, coordinate: str, type_: GraphQLOutputType) -> Any:
        async def resolve(parents: Sequence[Any], context: Caller, **arguments: Any) -> Sequence[Any]:
            batch = Random(f"{context.seed}{coordinate}{arguments}")  # noqa: S311  likewise
            await asyncio.sleep(0)
            if batch.random() < 0.05:
                return [_error(batch)] * len(parents)
            labels = [_label(parent, context, coordinate, arguments) for parent in parents]
            return [self._value(Random(label), type_, label) for label in labels]  # noqa: S311  likewise

        return resolve

    def _source(self, type_: GraphQLObjectType) -> ResolverOfMany:
        """Make what gives a record for each parent, from which fields of `type_` are read."""

        async def source(parents: Sequence[Any], context: Caller) -> Sequence[Any]:
            await asyncio.sleep(0)
            labels = [_label(parent, context, f"{type_.name}{_SOURCE}", {}) for parent in parents]
            return [self._record(Random(label), type_, label) for label in labels]  # noqa: S311  likewise

        return counted_source(source)

    def _record(self, random: Random, type_: GraphQLObjectType, label: str) -> Any:
        chance = random.random()
        return Made(self, type_, label) if chance < 0.9 else None if chance < 0.95 else _error(random)

    def attribute(self, type_: GraphQLObjectType, label: str, name: str) -> Any:
        """Make an object's attribute; AttributeError where it has none of that name."""
        random = Random(f"{label}.{name}")  # noqa: S311  likewise
        if (type_.name, name) in self._attributes:
            if random.random() < 0.02 and not label.endswith(_SOURCE):
                raise AttributeError(name)  # as of a record that was read for another selection
            return self._value(random, self._attributes[type_.name, name], f"{label}.{name}")
        scope = Random(f"{label} scope")  # noqa: S311  likewise
        granted = _ALL if scope.random() < 0.8 else frozenset(scope.sample(list(Permission), len(_ALL) // 2))
        if name in ("granted", "scope") and (TYPES[type_.name].requires or scope.random() < 0.5):
            made = AccountScope(f"account{scope.randint(0, 9)}", granted, {})
            return made if name == "scope" else granted
        if name == "model":
            return TYPES[type_.name].model
        if name in ("id", "connector", "account") and random.random() < 0.95:
            return f"{name}{random.randint(0, 99)}"
        raise AttributeError(name)

    def _value(self, random: Random, type_: GraphQLOutputType, label: str) -> Any:
        """Make a value of a type; or none, an error, or something else in its place."""
        chance = random.random()
        if isinstance(type_, GraphQLNonNull):
            return (
                self._right(random, type_.of_type, label)
                if chance < 0.98
                else self._value(random, type_.of_type, label)
            )
        if chance < 0.85:
            return self._right(random, type_, label)
        if chance < 0.91:
            return None
        return _error(random) if chance < 0.97 else self._wrong(random, type_, label)

    def _wrong(self, random: Random, type_: Any, label: str) -> Any:
        if is_composite_type(type_):
            return Made(self, self._any_type(random), label)
        return random.choice(_WRONG)

    def _any_type(self, random: Random) -> GraphQLObjectType:
        return cast("GraphQLObjectType", self.schema.type_map[random.choice(self._objects)])

    def _right(self, random: Random, type_: Any, label: str) -> Any:
        if isinstance(type_, GraphQLList):
            values = [
                self._value(random, type_.of_type, f"{label}.{at}") for at in range(random.randint(0, 3))
            ]
            return random.choice([list, list, tuple, iter])(values)
        if isinstance(type_, GraphQLEnumType):
            return random.choice(list(type_.wrapped_cls))  # type: ignore[attr-defined]  # Strawberry's
        if isinstance(type_, GraphQLObjectType):
            return Made(self, type_, label)
        if is_abstract_type(type_) and random.random() < 0.95:
            return Made(self, random.choice(list(self.schema.get_possible_types(type_))), label)
        if is_abstract_type(type_):
            return Made(self, self._any_type(random), label)
        return random.choice(_SCALARS.get(type_.name, _SCALARS["String"]))


def _label(parent: Any, context: Caller, coordinate: str, arguments: dict[str, Any]) -> str:
    """Say where a value comes from."""
    above = getattr(parent, "label", context.seed)
    return f"{above}/{coordinate}{sorted(arguments.items()) if arguments else ''}"


def _error(random: Random) -> Exception:
    return random.choice(
        [
            UpstreamError(Code.UPSTREAM_TIMEOUT, "billing"),
            UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, "crm"),
            RequestError(Code.INVALID_INPUT, "first: write a number from 1 to 100."),
            ValueError("by accident"),
        ]
    )


async def _later(value: Any, turns: int, *, fails: bool) -> Any:
    for _ in range(turns):
        await asyncio.sleep(0)
    if fails:
        raise value
    return value
