"""Wire objects that hold only what is selected: decoded from the vendor's bytes by msgspec, in C.

Skipping the keys that nobody selected is most of what the fast reader saves. A `Wire` reads like the dict it
stands for: `row["id"]`, `row.get("created")`; null and missing are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

EXACT: Final[dict[type, Any]] = {str: str, int: int, bool: bool}
"""JSON types that msgspec tells apart by itself; others are decoded as they come and looked at later."""


class Wire(msgspec.Struct):
    """Base of all partial wire objects. `places`: wire key -> attribute."""

    places: ClassVar[Mapping[str, str]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of a key; `default` where there is none, or null."""
        value = getattr(self, self.places[key]) if key in self.places else None
        return default if value is None else value

    def put(self, key: str, value: Any) -> None:
        """Set the value of a key, where that is selected."""
        if key in self.places:
            setattr(self, self.places[key], value)

    def __getitem__(self, key: str) -> Any:
        """Give the value of a key; KeyError where there is none, or null."""
        if (value := self.get(key)) is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None


WireObject: TypeAlias = "dict[str, Any] | Wire"
"""What a connector gets for a row: reads the same either way."""


_OBJECTS = (dict, Wire)


def is_object(value: object) -> bool:
    """Whether a decoded value is a JSON object, whole or partial."""
    return isinstance(value, _OBJECTS)


@dataclass(frozen=True)
class Body:
    """Where the rows are in an answer, and what the connector itself reads.

    `rows`: the key of the list, None where the answer is one row. `keys`: types of what it reads of a row,
    `beside`: of the answer. Types are those of JSON in Python (`str`, `int`, `bool`), or Any.
    """

    rows: str | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)


class Layout:
    """Which wire paths of one object are read, as what: becomes a Struct, and expressions that read it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._leaves: dict[tuple[str, ...], Any] = {}
        self._linked: set[tuple[str, ...]] = set()
        self.attributes: dict[tuple[str, ...], str] = {}

    def add(self, path: str, expected: Any) -> None:
        """Note that a path is read; what is read as two types is decoded as it comes."""
        steps = tuple(path.split("."))
        known = self._leaves.setdefault(steps, expected)
        if known != expected:
            self._leaves[steps] = Any

    def link(self, place: str) -> None:
        """Note a place where the vendor puts an object in, or only its id."""
        self._linked.add(tuple(place.split(".")))

    def struct(self) -> type[Wire]:
        """Make the Struct."""
        return self._struct((), self._name)

    def _struct(self, at: tuple[str, ...], name: str) -> type[Wire]:
        keys: dict[str, Any] = {}
        for steps in (*self._leaves, *self._linked):
            if steps[: len(at)] == at and len(steps) > len(at):
                keys.setdefault(steps[len(at)])
        fields = []
        for place, key in enumerate(keys):
            here = (*at, key)
            self.attributes[here] = f"w{place}"
            kind = self._leaves.get(here, Any)
            if self.is_inner(here):  # what is asked for whole as well is decoded as it comes
                inner = self._struct(here, f"{name}_{place}") if here not in self._leaves else Any
                kind = inner | str if here in self._linked and inner is not Any else inner
            optional = kind if kind is Any else kind | None
            fields.append((f"w{place}", optional, msgspec.field(default=None, name=key)))
        places = {key: f"w{place}" for place, key in enumerate(keys)}
        return _wire(name, fields, places)

    def is_leaf(self, steps: tuple[str, ...]) -> bool:
        """Whether the value at a place is read as a whole."""
        return steps in self._leaves

    def is_exact(self, steps: tuple[str, ...], expected: type) -> bool:
        """Whether decoding makes sure that the value at a place is null or of this type."""
        kind = self._leaves[steps]
        return kind is not Any and not self.is_inner(steps) and (kind is expected or expected is list)

    def is_inner(self, steps: tuple[str, ...]) -> bool:
        """Whether something inside of this place is read."""
        return any(known[: len(steps)] == steps and len(known) > len(steps) for known in self._leaves)


def _wire(name: str, fields: list[Any], places: Mapping[str, str]) -> type[Wire]:
    made: Any = msgspec.defstruct(name, fields, bases=(Wire,), namespace={"places": places})
    return made  # type: ignore[no-any-return]


def body_type(body: Body, row: type[Wire]) -> Any:
    """Make the type that an answer is decoded as."""
    if body.rows is None:
        return row
    keys = {body.rows: list[row], **body.beside}  # type: ignore[valid-type]
    fields = [
        (f"w{place}", kind if kind is Any else kind | None, msgspec.field(default=None, name=key))
        for place, (key, kind) in enumerate(keys.items())
    ]
    places = {key: f"w{place}" for place, key in enumerate(keys)}
    return _wire("Body", fields, places)


def decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    """Make the strict decoder of a type; numbers with a point are exact."""
    return msgspec.json.Decoder(type_, float_hook=Decimal)
