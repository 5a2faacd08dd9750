"""Completing a value of a type, the fast way: no path, no location, one look at its class.

Every function here gives what goes into the answer, or raises; what was wrong is for `careful` to find out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLError,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_leaf_type,
    is_specified_scalar_type,
)

from gateway.operations.plan import Anomaly, Asked, ObjectPlan

Complete = Callable[[Any, Asked], Any]
Leaf = Callable[[Any], Any]
Objects = dict[str, ObjectPlan]

_PASSING: Final = {"String": str, "ID": str, "Boolean": bool}
_MAX_INT: Final = 2**31


def completer(type_: GraphQLOutputType, objects: Objects) -> Complete:
    """Make the function that completes a value, whoever read it; `objects`: the plans behind the type."""
    if isinstance(type_, GraphQLNonNull):
        return _required(completer(type_.of_type, objects))
    if isinstance(type_, GraphQLList):
        return _list(type_.of_type, objects)
    if is_leaf_type(type_):
        return _optional_leaf(leaf(type_))
    if isinstance(type_, GraphQLObjectType):
        return _object(objects[type_.name])
    return _abstract(cast("GraphQLAbstractType", type_), objects)


def _required(inner: Complete) -> Complete:
    def complete(value: Any, asked: Asked) -> Any:
        if value is None or value is Undefined:
            raise Anomaly
        return inner(value, asked)

    return complete


def _list(type_: GraphQLOutputType, objects: Objects) -> Complete:
    if isinstance(type_, GraphQLObjectType):
        return _list_of_objects(objects[type_.name])
    item = completer(type_, objects)

    def complete(value: Any, asked: Asked) -> Any:
        if value.__class__ is list or value.__class__ is tuple:
            return [item(each, asked) for each in value]
        if value is None:
            return None
        raise Anomaly

    return complete


def _list_of_objects(plan: ObjectPlan) -> Complete:
    read = plan.read

    def complete(value: Any, asked: Asked) -> Any:
        if value.__class__ is list or value.__class__ is tuple:
            return [None if each is None else read(each, asked) for each in value]
        if value is None:
            return None
        raise Anomaly

    return complete


def _object(plan: ObjectPlan) -> Complete:
    read = plan.read

    def complete(value: Any, asked: Asked) -> Any:
        return None if value is None else read(value, asked)

    return complete


def _abstract(type_: GraphQLAbstractType, objects: Objects) -> Complete:
    def complete(value: Any, asked: Asked) -> Any:
        if value is None:
            return None
        if type_.resolve_type is None or isinstance(value, Exception):
            raise Anomaly
        # Those of `schema/` look at the value alone; one that needs more fails, and is asked with it later.
        name = type_.resolve_type(value, cast("Any", None), type_)
        return objects[cast("str", name)].read(value, asked)

    return complete


def _optional_leaf(inner: Leaf) -> Complete:
    def complete(value: Any, _asked: Asked) -> Any:
        return None if value is None else inner(value)

    return complete


def passing(type_: GraphQLLeafType) -> tuple[type, str] | None:
    """Give the class whose values need no function, and the attribute that is written ("": themselves)."""
    if isinstance(type_, GraphQLEnumType):
        enum = _enum_class(type_)
        return None if enum is None else (enum, "._name_")
    if is_specified_scalar_type(type_):
        return (_PASSING[type_.name], "") if type_.name in _PASSING else None
    # A scalar that `str` alone writes.
    return (str, "") if cast("Any", type_.coerce_output_value) is str else None


def leaf(type_: GraphQLLeafType) -> Leaf:
    """Make the function that completes a leaf's value; null is none."""
    coerce = type_.coerce_output_value

    def complete(value: Any) -> Any:
        # A scalar may make a text of anything, also of an error that stands in a value's place.
        if value is None or value is Undefined or isinstance(value, Exception):
            raise Anomaly
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise Anomaly
        return coerced

    def whole(value: Any) -> Any:
        return value if value.__class__ is int and -_MAX_INT <= value < _MAX_INT else complete(value)

    def floating(value: Any) -> Any:
        return value if value.__class__ is float and math.isfinite(value) else complete(value)

    if is_specified_scalar_type(type_):
        return {"Int": whole, "Float": floating}.get(type_.name, complete)
    return complete


def _enum_class(type_: GraphQLEnumType) -> type[Enum] | None:
    """Give the Python enum whose members are written as they are named, where there is one."""
    enum = getattr(type_, "wrapped_cls", None)  # Strawberry's
    if not (isinstance(enum, type) and issubclass(enum, Enum)):
        return None
    try:
        written = [type_.coerce_output_value(member) for member in enum]
    except (GraphQLError, ValueError):
        return None
    return enum if written == [member.name for member in enum] else None
