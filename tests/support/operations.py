"""Writes operations valid in a schema: fields, aliases, fragments, directives and arguments by chance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLCompositeType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

_BELOW: Final = 3
"""How many levels are written below the field that is aimed at."""
_SCALARS: Final[Mapping[str, Callable[[Random], Any]]] = {
    "Int": lambda random: random.choice([0, 1, -1, 20, 2**31 - 1]),
    "Float": lambda random: random.choice([0, 1, -1.5, 1e20]),
    "String": lambda random: random.choice(["", "text", 'q"uote', "\\", "ünï\n🦜"]),
    "ID": lambda random: random.choice(["x", "", 7]),
    "Boolean": lambda random: random.choice([True, False]),
    "DateTime": lambda random: random.choice(["2026-01-31T09:30:00Z", "1999-12-31T23:59:59+01:00"]),
    "Date": lambda random: random.choice(["2026-01-31", "2024-02-29"]),
    "Decimal": lambda random: random.choice(["12.30", 7, "-1e3"]),
}
"""JSON values that each scalar takes; others take a text."""


Way: TypeAlias = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Written:
    """A document with one operation, and the variables to run it with."""

    text: str
    variables: dict[str, Any]


def coordinates(schema: GraphQLSchema) -> list[str]:
    """Give every field of every object type that can be reached, but introspection's."""
    ways = _ways(schema)
    return [
        f"{type_.name}.{name}"
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLObjectType) and type_.name in ways
        for name in type_.fields
    ]


def write(random: Random, schema: GraphQLSchema, goals: Sequence[str]) -> Written:
    """Write an operation that asks for the fields `goals` and others; the first goal says of which kind."""
    return Writer(random, schema).write(goals)


def _ways(schema: GraphQLSchema) -> dict[str, Way]:
    """Find a short way from a root type to each object type: (type, field), then on from the field's type.

    Through interfaces and unions only where there is no other.
    """
    roots = [type_ for type_ in (schema.query_type, schema.mutation_type) if type_]
    found: dict[str, Way] = {type_.name: [] for type_ in roots}
    for abstract in (False, True):
        left: list[Any] = [schema.type_map[name] for name in found]
        while left:
            type_ = left.pop(0)
            for name, definition in type_.fields.items():
                target = get_named_type(definition.type)
                for behind in _possible(schema, target) if abstract or not is_abstract_type(target) else ():
                    if behind.name not in found:
                        found[behind.name] = [*found[type_.name], (type_.name, name)]
                        left.append(behind)
    return found


def _possible(schema: GraphQLSchema, type_: Any) -> list[GraphQLObjectType]:
    if is_abstract_type(type_):
        return list(schema.get_possible_types(type_))
    return [type_] if isinstance(type_, GraphQLObjectType) else []


@dataclass(slots=True)
class Writer:
    """Writes one operation."""

    random: Random
    schema: GraphQLSchema
    _fragments: list[str] = field(default_factory=list)
    _declared: list[str] = field(default_factory=list)
    _variables: dict[str, Any] = field(default_factory=dict)
    _keys: int = 0

    def write(self, goals: Sequence[str]) -> Written:
        """Write it."""
        known = _ways(self.schema)
        ways: list[Way] = []
        for goal in goals:
            owner, name = goal.split(".")
            way = [*known[owner], (owner, name)]
            if not ways or way[0][0] == ways[0][0][0]:
                ways.append(way)
        root = self.schema.type_map[ways[0][0][0]]
        kind = "mutation" if root is self.schema.mutation_type else "query"
        body = self._selections(root, ways, _BELOW)
        declared = f"({', '.join(self._declared)})" if self._declared else ""
        text = "\n".join([f"{kind} Made{declared} {body}", *self._fragments])
        return Written(text, self._variables)

    def _maybe(self, share: float) -> bool:
        return self.random.random() < share

    def _selections(self, type_: Any, ways: list[Way], depth: int) -> str:
        """Write a selection set on a type: the next step of each way, and some others."""
        written = list(self._others(type_, depth))
        for (owner, name), *rest in ways:
            step = self._field(self.schema.type_map[owner], name, rest, depth)  # type: ignore[arg-type]
            written.append(step if owner == type_.name else self._fragment(owner, step))
        if self._maybe(0.2) or not written:
            written.append(f"{self._alias('__typename', 0.3)}__typename{self._directives()}")
        if self._maybe(0.1):
            written.append(self.random.choice(written))  # the same once more: it is merged
        self.random.shuffle(written)
        return "{ " + " ".join(written) + " }"

    def _others(self, type_: GraphQLCompositeType, depth: int) -> Iterator[str]:
        """Write some fields of a type, and of the types behind it."""
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            names = list(type_.fields)
            for name in self.random.sample(names, min(len(names), self.random.randint(0, depth + 1))):
                if depth > 0 or is_leaf_type(get_named_type(type_.fields[name].type)):
                    yield self._field(type_, name, [], depth - 1)
        if depth > 0 and is_abstract_type(type_):
            behind = list(self.schema.get_possible_types(type_))
            for possible in self.random.sample(behind, min(len(behind), 2)):
                yield self._fragment(possible.name, self._selections(possible, [], depth - 1)[2:-2])
        elif depth > 0 and self._maybe(0.15):
            yield self._fragment(type_.name, self._selections(type_, [], depth - 1)[2:-2])

    def _fragment(self, type_: str, selections: str) -> str:
        """Write selections as a fragment of one sort or the other."""
        if self._maybe(0.5):
            return f"... on {type_}{self._directives()} {{ {selections} }}"
        name = f"F{len(self._fragments)}"
        self._fragments.append(f"fragment {name} on {type_} {{ {selections} }}")
        return f"...{name}{self._directives()}"

    def _field(self, type_: GraphQLObjectType | GraphQLInterfaceType, name: str, way: Way, depth: int) -> str:
        definition = type_.fields[name]
        arguments = self._arguments(definition)
        alias = self._alias(name, 0.9 if definition.args else 0.15)
        target: Any = get_named_type(definition.type)
        below = (
            ""
            if is_leaf_type(target)
            else " " + self._selections(target, [way] if way else [], max(depth, 0))
        )
        return f"{alias}{name}{arguments}{'' if way else self._directives()}{below}"

    def _alias(self, name: str, share: float) -> str:
        if not self._maybe(share):
            return ""
        self._keys += 1
        return f"{name.strip('_')}{self._keys}: "

    def _directives(self) -> str:
        if not self._maybe(0.12):
            return ""
        names = self.random.choice([["skip"], ["include"], ["skip", "include"]])
        return "".join(f" @{name}(if: {self._switch(stays=name == 'include')})" for name in names)

    def _switch(self, *, stays: bool) -> str:
        value = stays if self._maybe(0.7) else not stays
        return self._variable(_REQUIRED_BOOLEAN, value) if self._maybe(0.6) else json.dumps(value)

    def _arguments(self, definition: GraphQLField) -> str:
        written = [
            f"{name}: {self._argument(argument.type)}"
            for name, argument in definition.args.items()
            if is_required_argument(argument) or self._maybe(0.4)
        ]
        return f"({', '.join(written)})" if written else ""

    def _argument(self, type_: GraphQLInputType) -> str:
        value = self.value(type_)
        return self._variable(type_, value) if self._maybe(0.4) else self.literal(type_, value)

    def _variable(self, type_: GraphQLInputType, value: Any) -> str:
        """Declare a variable: with a default or without, given or left out."""
        name = f"v{len(self._declared)}"
        nullable = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        declared, given = str(type_), True
        if self._maybe(0.3):
            # With a default, what may be null stands where nothing may: null is an error of the field then.
            default = self.value(GraphQLNonNull(nullable))
            declared = f"{nullable} = {self.literal(nullable, default)}"
            given = self._maybe(0.6)
            value = None if self._maybe(0.03) else value
        elif nullable is type_:
            given = self._maybe(0.8)
        if self._maybe(0.004):
            value = {"no": ["value"]}
        self._declared.append(f"${name}: {declared}")
        if given:
            self._variables[name] = value
        return f"${name}"

    def value(self, type_: GraphQLInputType) -> Any:
        """Make a JSON value of a type."""
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        elif self._maybe(0.1):
            return None
        if isinstance(type_, GraphQLList):
            values = [self.value(type_.of_type) for _ in range(self.random.randint(0, 3))]
            return values[0] if len(values) == 1 and values[0] is not None else values
        if isinstance(type_, GraphQLEnumType):
            return self.random.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return {
                name: self.value(each.type)
                for name, each in type_.fields.items()
                if is_required_input_field(each) or self._maybe(0.4)
            }
        return _SCALARS.get(type_.name, lambda _random: "text")(self.random)  # type: ignore[union-attr]

    def literal(self, type_: GraphQLInputType, value: Any) -> str:
        """Write a JSON value as GraphQL does."""
        if value is None:
            return "null"
        if isinstance(type_, GraphQLNonNull):
            return self.literal(type_.of_type, value)
        if isinstance(type_, GraphQLList):
            if not isinstance(value, list):
                return self.literal(type_.of_type, value)
            return "[" + ", ".join(self.literal(type_.of_type, each) for each in value) + "]"
        if isinstance(type_, GraphQLInputObjectType):
            inner = (f"{key}: {self.literal(type_.fields[key].type, each)}" for key, each in value.items())
            return "{" + ", ".join(inner) + "}"
        return str(value) if isinstance(type_, GraphQLEnumType) else json.dumps(value, ensure_ascii=False)


_REQUIRED_BOOLEAN: Final = GraphQLNonNull(GraphQLBoolean)
