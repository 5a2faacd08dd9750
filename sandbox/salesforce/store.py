"""Queries over the objects: which rows, in which order, with which fields."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.data import DataSet
from sandbox.salesforce import soql
from sandbox.salesforce.errors import ApiError, malformed, no_field
from sandbox.salesforce.objects import Object, Row, build
from sandbox.salesforce.soql import Compare, Group, Literal, Query

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip
_EXPECTED = {"string": "string", "id": "string", "boolean": "boolean", "datetime": "moment"}
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class Store:
    """All objects, as one version of the API shows them."""

    def __init__(self, data: DataSet, version: str) -> None:
        self.objects = build(data)
        self._version = version

    def object(self, name: str) -> Object | None:
        """Find an object by its name in any case."""
        return next((one for one in self.objects.values() if one.name.lower() == name.lower()), None)

    def find(self, text: str) -> tuple[Query, list[Row]]:
        """Run a query: what was asked, and the records to show. Raises ApiError."""
        query = soql.parse(text)
        kind = self.object(query.kind)
        if kind is None:
            raise ApiError("INVALID_TYPE", f"sObject type '{query.kind}' is not supported.")
        paths = [self._path(kind, name) for name in query.fields or ()]
        test = self._test(kind, query.where) if query.where else (lambda _row: True)
        rows = [row for row in kind.rows.values() if not row.get("IsDeleted") and test(row)]
        for order in reversed(query.order):
            rows = self._sorted(kind, rows, order)
        rows = rows[: query.limit] if query.limit is not None else rows
        return query, [self._shape(kind, row, paths) for row in rows]

    def flat(self, kind: Object, names: Sequence[str]) -> list[list[str]]:
        """Check the names of an object's own fields."""
        found = [kind.canonical(name) for name in names]
        for name, known in zip(names, found, strict=True):
            if known is None:
                raise no_field(kind.name, name)
        return [[known] for known in found if known is not None]

    def get(self, kind: Object, row_id: str, paths: Sequence[Sequence[str]]) -> Row | None:
        """Give one record; None for an id of nothing, of another object, or of a deleted row."""
        row = kind.rows.get(whole(row_id))
        return None if row is None or row.get("IsDeleted") else self._shape(kind, row, paths)

    def _path(self, kind: Object, name: str) -> list[str]:
        """Give a field's path in its own spelling: relationship names, then the field."""
        *steps, last = name.split(".")
        found: list[str] = []
        here = kind
        if steps and steps[0].lower() == kind.name.lower():
            steps = steps[1:]
        for step in steps:
            parent = next((known for known in here.parents if known.lower() == step.lower()), None)
            if parent is None:
                text = f"Didn't understand relationship '{step}' in field path."
                raise ApiError("INVALID_FIELD", text)
            found.append(parent)
            here = self.objects[here.parents[parent][1]]
        known = here.canonical(last)
        if known is None:
            raise no_field(here.name, last)
        return [*found, known]

    def _value(self, kind: Object, row: Row, path: Sequence[str]) -> tuple[str, Any]:
        """Give the type and value at a path; a missing parent's fields are null."""
        here, current = kind, row
        for step in path[:-1]:
            link, name = here.parents[step]
            here = self.objects[name]
            current = here.rows.get(current.get(link) or "", {})
        kind_of = here.fields[path[-1]]
        # A checkbox of a parent that is not there is false.
        return kind_of, current.get(path[-1], False if kind_of == "boolean" else None)

    def _shape(self, kind: Object, row: Row, paths: Sequence[Sequence[str]]) -> Row:
        shaped: Row = {"attributes": self._attributes(kind, row)}
        for path in paths:
            if len(path) == 1:
                shaped[path[0]] = row[path[0]]
                continue
            link, name = kind.parents[path[0]]
            parent = self.objects[name].rows.get(row[link] or "")
            if parent is None:
                shaped[path[0]] = None
                continue
            inner = self._shape(self.objects[name], parent, [path[1:]])
            shaped[path[0]] = {**shaped.get(path[0], {}), **inner}
        return shaped

    def _attributes(self, kind: Object, row: Row) -> Row:
        return {
            "type": kind.name,
            "url": f"/services/data/{self._version}/sobjects/{kind.name}/{row['Id']}",
        }

    def _test(self, kind: Object, where: Compare | Group) -> Callable[[Row], bool]:
        if isinstance(where, Group):
            tests = [self._test(kind, one) for one in where.parts]
            join = all if where.word == "and" else any
            return lambda row: join(test(row) for test in tests)
        path = self._path(kind, where.field)
        kind_of, _ = self._value(kind, {}, path)
        wanted = [_comparable(kind_of, where.field, literal) for literal in where.values]

        def holds(row: Row) -> bool:
            value = key(kind_of, self._value(kind, row, path)[1])
            if where.operator == "IN":
                return value in wanted
            if where.operator in {"=", "!="}:
                return _COMPARE[where.operator](value, wanted[0])
            return value is not None and _COMPARE[where.operator](value, wanted[0])

        if where.operator not in {"=", "!=", "IN"} and (wanted[0] is None or kind_of == "boolean"):
            raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on field {where.field}")
        return holds

    def _sorted(self, kind: Object, rows: list[Row], order: soql.Order) -> list[Row]:
        path = self._path(kind, order.field)
        found = [(key(*self._value(kind, row, path)), row) for row in rows]
        there = [pair for pair in found if pair[0] is not None]
        there.sort(key=lambda pair: pair[0], reverse=order.descending)
        empty = [row for value, row in found if value is None]
        filled = [row for _, row in there]
        return filled + empty if order.nulls_last else empty + filled


def key(kind: str, value: Any) -> Any:
    """Give what a value is compared and sorted by: strings in any case, ids exactly."""
    if kind == "string" and value is not None:
        return value.casefold()
    if kind == "datetime" and value is not None:
        return dt.datetime.fromisoformat(value)
    return value


def _comparable(kind: str, name: str, literal: Literal) -> Any:
    if literal.kind == "null":
        return None
    if literal.kind != _EXPECTED[kind]:
        text = f"value of filter criterion for field '{name}' must be of type {kind}"
        raise ApiError("INVALID_FIELD", text)
    if kind == "id":
        if not literal.value.isalnum() or len(literal.value) not in (15, 18):
            raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.value}")
        return whole(literal.value)
    try:
        return key(kind, literal.value)
    except ValueError:
        raise malformed(f"not a date: {literal.value}") from None


def whole(row_id: str) -> str:
    """Give the 18 characters of an id that may have come with 15."""
    if len(row_id) != 15:
        return row_id
    parts = (row_id[start : start + 5] for start in (0, 5, 10))
    return row_id + "".join(
        _CHECK[sum(1 << place for place, letter in enumerate(part) if letter.isupper())] for part in parts
    )
