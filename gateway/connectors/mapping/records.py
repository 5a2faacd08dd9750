"""Models with only some of their attributes: what readers make."""

from __future__ import annotations

from functools import cache, lru_cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from gateway.connectors.ports.common import Record, Value

_STAMPS = {"scope", "connector", "owners"}


# Bounded: clients choose the selections, and each makes a class.
@lru_cache(maxsize=4096)
def partial(model: type[msgspec.Struct], names: frozenset[str]) -> type[Any]:
    """The model with only these attributes: reading another one raises AttributeError."""
    base = Record if issubclass(model, Record) else Value
    return msgspec.defstruct(
        model.__name__,
        [(name, Any) for name in sorted(names)],
        bases=(base,),
        namespace={"model": model},
        frozen=True,
    )


@cache
def attributes_of(model: type[msgspec.Struct]) -> frozenset[str]:
    """Give the attributes of a model that come from the wire."""
    return frozenset(field.name for field in msgspec.structs.fields(model)) - _STAMPS


@cache
def required_of(model: type[msgspec.Struct]) -> frozenset[str]:
    """Give the attributes of a model that are never null."""
    hints = get_type_hints(model)
    return frozenset(name for name in attributes_of(model) if not _nullable(hints[name]))


def _nullable(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType) and type(None) in get_args(hint)
