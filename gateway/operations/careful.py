"""Completing a value again, with paths, locations and null propagation: where the fast way met an anomaly.

It reads what the fast way read, so nothing is asked twice, and tells exactly what graphql-core would tell
(GraphQL specification, 6.4.3 and 6.4.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    Undefined,
    is_leaf_type,
    located_error,
)
from graphql.execution.executor import default_type_resolver
from graphql.pyutils import inspect, is_iterable

from gateway.auth.directive import refusal
from gateway.operations.plan import Asked, FieldPlan, Plan

Place: TypeAlias = tuple[str | int, ...]
"""Where a value stands in the answer."""


class Errors:
    """The errors of one answer, and which places of it they made null."""

    def __init__(self) -> None:
        self.found: list[GraphQLError] = []
        self._nulled: set[Place] = set()

    def add(self, error: GraphQLError, place: Place) -> None:
        """Note that `error` made `place` null; what is below a place that is null already is not told."""
        if self._nulled and any(place[:end] in self._nulled for end in range(len(place) + 1)):
            return
        self._nulled.add(place)
        self.found.append(error)


class Careful:
    """Completes values of one execution; `info(field)` is for type resolvers of graphql-core's kind."""

    def __init__(self, plan: Plan, context: Any, errors: Errors, info: Any) -> None:
        self._schema = plan.schema
        self._context = context
        self._errors = errors
        self._info = info

    def complete(self, field: FieldPlan, value: Any, place: Place, asked: Asked) -> Any:
        """Complete the value of a field; a located GraphQLError is raised where null must go further up."""
        return self._guarded(field, field.type, value, place, asked)

    def _guarded(
        self, field: FieldPlan, type_: GraphQLOutputType, value: Any, place: Place, asked: Asked
    ) -> Any:
        before = {each: len(pairs) for each, pairs in asked.items()}
        try:
            return self._value(field, type_, value, place, asked)
        except Exception as error:
            undo(asked, before)
            located = located_error(error, field.nodes, list(place))
            if isinstance(type_, GraphQLNonNull):
                raise located from error
            self._errors.add(located, place)
            return None

    def _value(
        self, field: FieldPlan, type_: GraphQLOutputType, value: Any, place: Place, asked: Asked
    ) -> Any:
        if isinstance(value, Exception):
            raise value
        if isinstance(type_, GraphQLNonNull):
            completed = self._value(field, type_.of_type, value, place, asked)
            if completed is None:
                name = field.nodes[0].name.value
                raise TypeError(f"Cannot return null for non-nullable field {field.parent}.{name}.")
            return completed
        if value is None or value is Undefined:
            return None
        if isinstance(type_, GraphQLList):
            return [
                self._guarded(field, type_.of_type, item, (*place, at), asked)
                for at, item in enumerate(self._items(field, value))
            ]
        if is_leaf_type(type_):
            return _leaf(type_, value)
        if not isinstance(type_, GraphQLObjectType):
            type_ = self._type_of(field, cast("GraphQLAbstractType", type_), value)
        return self._object(field, type_, value, place, asked)

    def _items(self, field: FieldPlan, value: Any) -> Iterable[Any]:
        if is_iterable(value):
            return value
        name = field.nodes[0].name.value
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{field.parent}.{name}'.")

    def _object(
        self, field: FieldPlan, type_: GraphQLObjectType, value: Any, place: Place, asked: Asked
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for inner in field.objects[type_.name].fields:
            answer[inner.key] = None
            if inner.definition is None:
                answer[inner.key] = type_.name
            elif inner.plain:
                read = _read(inner, value, self._context)
                answer[inner.key] = self._guarded(inner, inner.type, read, (*place, inner.key), asked)
            else:
                asked[inner].append((value, answer))
        return answer

    def _type_of(self, field: FieldPlan, type_: GraphQLAbstractType, value: Any) -> GraphQLObjectType:
        """Find the object type of a value, with graphql-core's words where there is none."""
        info: GraphQLResolveInfo[Any] = self._info(field)
        name: Any = (type_.resolve_type or default_type_resolver)(value, info, type_)
        at = f"for field '{field.parent}.{info.field_name}'"
        must = f"Abstract type '{type_}' must resolve to an Object type at runtime {at}"
        if name is None:
            text = (
                f"{must}. Either the '{type_}' type should provide a 'resolve_type' function"
                " or each possible type should provide an 'is_type_of' function."
            )
        elif not isinstance(name, str):
            text = (
                f"{must} with value {inspect(value)}, received '{inspect(name)}',"
                " which is not a valid Object type name."
            )
        elif (found := self._schema.get_type(name)) is None:
            text = (
                f"Abstract type '{type_}' was resolved to a type '{name}'"
                " that does not exist inside the schema."
            )
        elif not isinstance(found, GraphQLObjectType):
            text = f"Abstract type '{type_}' was resolved to a non-object type '{name}'."
        elif not self._schema.is_sub_type(type_, found):
            text = f"Runtime Object type '{found}' is not a possible type for '{type_}'."
        else:
            return found
        raise GraphQLError(text, field.nodes)


def _read(field: FieldPlan, value: Any, context: Any) -> Any:
    """Read a plain field; an error in its place."""
    meta = field.meta
    assert meta is not None and field.definition is not None  # noqa: PT018, S101  what is plain says so
    if meta.needs and (
        error := refusal(value, context, meta.needs, f"{field.parent}.{field.nodes[0].name.value}")
    ):
        return error
    try:
        return meta.read(value)
    except Exception as error:  # noqa: BLE001  told in the value's place
        return error


def _leaf(type_: GraphQLLeafType, value: Any) -> Any:
    coerced = type_.coerce_output_value(value)
    if coerced is None or coerced is Undefined:
        raise TypeError(
            f"Expected `{inspect(type_)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
            f" returned: {inspect(coerced)}"
        )
    return coerced


def undo(asked: Asked, before: Mapping[FieldPlan, int]) -> None:
    """Take back what was to be asked for a value that is lost; `before`: how much there was without it."""
    for field, pairs in asked.items():
        del pairs[before.get(field, 0) :]


def objects(answer: Any) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Walk through all objects of an answer."""
    left: list[tuple[Place, Any]] = [((), answer)]
    while left:
        place, value = left.pop()
        if isinstance(value, dict):
            yield place, value
            left += [((*place, key), inner) for key, inner in value.items() if isinstance(inner, dict | list)]
        elif isinstance(value, list):
            left += [
                ((*place, at), inner) for at, inner in enumerate(value) if isinstance(inner, dict | list)
            ]
