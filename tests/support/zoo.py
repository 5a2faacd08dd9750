"""A small schema with one of everything: attributes, resolvers of all sorts, batches, unions, inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, cast

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from gateway.errors import Code, GatewayError, UpstreamError
from gateway.schema.base import META, Field
from gateway.schema.build import _resolver, _through
from tests.support.differential import counted, counted_source
from tests.support.odd_values import Thing

_TEXT: Final = Path(__file__).with_suffix(".graphql").read_text()


class Color(Enum):
    RED = 1
    GREEN = 2


@dataclass(frozen=True)
class Box:
    """What the input `Box` arrives as."""

    width_cm: int
    color: Any
    depth: int | None = -1
    tags: Sequence[str] | None = ("left out",)
    inner: Box | None = None


class Animal(Thing):
    """A Cat or a Dog; `type` says which."""


def tom(name: str = "Tom", **attributes: Any) -> Animal:
    """Make a cat that has everything."""
    given: dict[str, Any] = {
        "lives": 9,
        "food": "fish",
        "color": Color.RED,
        "friend": None,
        "mother": None,
    } | {"kittens": (), "rivals": ()}
    return Animal(name, type="Cat", name=name, **(given | attributes))


def rex(**attributes: Any) -> Animal:
    """Make a dog that has everything."""
    given: dict[str, Any] = {
        "name": "Rex",
        "lives": "once",
        "friend": tom("Friend"),
        "bone": Thing("bone", size=1, dog=None),
    }
    return Animal("Rex", type="Dog", **(given | attributes))


_MOST: Final = 1000
_BY_KIND: Final[dict[str | None, Any]] = {
    "cat": tom,
    "dog": rex,
    "none": lambda: None,
    "typeless": lambda: Thing("typeless", name="?"),
    "unknown": lambda: Thing("unknown", type="Unicorn", name="?"),
    "wrong": lambda: Thing("wrong", type="Bone", name="?"),
    "abstract": lambda: Thing("abstract", type="Named", name="?"),
    "ghost": lambda: Thing("ghost", type="Ghost", name="Boo", friend=None),
    "number": lambda: Thing("number", type=1, name="?"),
    "error": lambda: UpstreamError(Code.UPSTREAM_TIMEOUT, "zoo"),
    None: lambda: tom("Default"),
}


def _upper(value: Any) -> str:
    if not isinstance(value, str) or not value.isupper():
        raise GraphQLError("Write it in capitals.", extensions={"code": "QUIET"})
    return value


def _kind(_parent: Any, _info: Any, kind: str | None = None) -> Any:
    return _BY_KIND[kind]()


async def _pets(_parent: Any, _info: Any, first: int | None = None) -> Any:
    found = [
        tom(),
        rex(),
        None,
        GatewayError(Code.FORBIDDEN, "not this one"),
        tom("Kit", color="RED"),
        rex(bone=None),
    ]
    return found[:first]


def _cats(_parent: Any, _info: Any, count: int, broken: Sequence[int]) -> Any:
    if count > _MOST:
        raise GatewayError(Code.INVALID_INPUT, "count: that many do not live here.")
    return [tom(f"cat {at}", lives="many" if at in broken else at) for at in range(count)]


def _echo(_parent: Any, _info: Any, **arguments: Any) -> str:
    return repr(arguments)


def _fails(_parent: Any, _info: Any) -> Any:
    raise GraphQLError("refused", extensions={"code": "REFUSED"})


async def _fails_later(_parent: Any, _info: Any) -> Any:
    raise GatewayError(Code.CONFLICT, "too late")


def _friend(parent: Any, _context: Any) -> Any:
    return parent.friend


async def _mother(parent: Any, _context: Any) -> Any:
    if isinstance(parent.mother, Exception):
        raise parent.mother
    return parent.mother


async def _keepers(parents: Sequence[Any], _context: Any) -> Sequence[Any]:
    """Answer for many: every third has none, every name with an `e` in it fails."""
    found: list[Any] = []
    for parent in parents:
        failed = UpstreamError(Code.UPSTREAM_UNAVAILABLE, "staff")
        digit = parent.name[-1:]
        found.append(
            failed
            if "e" in parent.name
            else None
            if digit in "0369"
            else Thing(f"keeper of {parent.name}", name="Kay", pets=None)
        )
    return found


@counted_source
async def _papers(parents: Sequence[Any], _context: Any) -> Sequence[Any]:
    """Give the record that several fields are read from: none, or an error, for some."""
    return [
        None
        if "none" in parent.name
        else UpstreamError(Code.UPSTREAM_TIMEOUT, "papers")
        if "late" in parent.name
        else Thing(
            "papers",
            chip=f"chip of {parent.name}",
            weight="heavy",
            passport=None if "no" in parent.name else parent.name,
        )
        for parent in parents
    ]


async def _vets(_parents: Sequence[Any], _context: Any) -> Sequence[Any]:
    raise UpstreamError(Code.UPSTREAM_RATE_LIMITED, "vets")


def _sound(_parent: Any, _info: Any, *, loud: bool) -> str:
    return "MEOW" if loud else "meow"


def _children(_parent: Any, info: Any) -> Any:
    return info.context


async def _add(_parent: Any, info: Any, by: int) -> Any:
    return info.context.add(by)


def _fail(_parent: Any, info: Any) -> Any:
    info.context.add(100)
    raise ValueError("after it was done")


async def _seen(parent: Any, _context: Any) -> int:
    seen: int = parent.value
    return seen


class Counter:
    """What mutations change, and the context they run with; each answer holds what was true at its time."""

    label = "counter"

    def __init__(self) -> None:
        self.value = 0
        self.history: list[int] = []

    def add(self, by: int) -> Counter:
        """Add, and give itself: what is read of it too late is not what it was."""
        self.value += by
        self.history.append(by)
        return self


def _of_papers(attribute: str) -> Field:
    meta = Field(attribute=attribute, source=_papers)
    return replace(meta, ask_all=partial(_through, meta))


_RESOLVERS: Final[dict[str, Any]] = {
    "Query.cat": lambda _parent, _info, name: (
        None
        if name is None
        else tom(name, kittens=(tom("Kit"), tom("late Kat")), rivals=(tom("Ben"), tom("noname")))
    ),
    "Query.dog": lambda _parent, _info: rex(),
    "Query.pets": _pets,
    "Query.named": _kind,
    "Query.pet": _kind,
    "Query.cats": _cats,
    "Query.echo": _echo,
    "Query.must": _echo,
    "Query.defaulted": _echo,
    "Query.fails": _fails,
    "Query.failsLater": _fails_later,
    "Query.children": _children,
    "Mutation.add": _add,
    "Mutation.fail": _fail,
    "Mutation.mustFail": _fail,
    "Mutation.later": _add,
    "Cat.sound": _sound,
}
_ASKED: Final = {
    "Cat.friend": Field(resolve=_friend, ask=_friend),
    "Cat.mother": Field(resolve=_mother, ask=_mother),
    "Cat.mustMother": Field(resolve=_mother, ask=_mother),
    "Cat.keeper": Field(resolve_all=_keepers, ask_all=_keepers),
    "Cat.mustKeeper": Field(resolve_all=_keepers, ask_all=_keepers),
    "Dog.keeper": Field(resolve_all=_keepers, ask_all=_keepers),
    "Cat.vet": Field(resolve_all=_vets, ask_all=_vets),
    **{f"Cat.{name}": _of_papers(name) for name in ("chip", "passport", "weight")},
    "Counter.seen": Field(resolve=_seen, ask=_seen),
}


@cache
def schema() -> GraphQLSchema:
    """Make it: what is neither resolved nor asked is an attribute."""
    made = build_schema(_TEXT)
    for type_ in made.type_map.values():
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            type_.resolve_type = lambda value, _info, _type: getattr(value, "type", None)
        if not isinstance(type_, GraphQLObjectType) or type_.name.startswith("__"):
            continue
        for name, definition in type_.fields.items():
            coordinate = f"{type_.name}.{name}"
            definition.resolve = _RESOLVERS.get(coordinate)
            if definition.resolve is None:
                meta = _ASKED.get(coordinate, Field(attribute=name))
                definition.extensions = {META: meta}
                definition.resolve = _resolver(coordinate, meta)
    for name, value in cast("GraphQLEnumType", made.type_map["Color"]).values.items():
        value.value = Color[name]
    box = cast("GraphQLInputObjectType", made.type_map["Box"])
    box.fields["widthCm"].out_name = "width_cm"
    box.out_type = lambda values: Box(**values)  # type: ignore[method-assign]  # its documented hook
    upper = cast("GraphQLScalarType", made.type_map["Upper"])
    upper.coerce_input_value = _upper  # type: ignore[method-assign]  # likewise
    upper.coerce_input_literal = lambda node: _upper(getattr(node, "value", None))  # type: ignore[method-assign]
    return counted(made)
