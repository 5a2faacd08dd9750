"""Reading records: which fields, through which relations, and how values look in JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sandbox.tryton.errors import Refused, unknown_field
from sandbox.tryton.rows import Context, Row
from sandbox.tryton.store import Store

Tree = dict[str, "Tree | None"]
"""Field names, with a tree for what is read behind a relation."""


def select(store: Store, model: str, paths: Iterable[str]) -> Tree:
    """Give the tree of dotted paths. Only the relations in it are checked, as in Tryton."""
    tree: Tree = {"id": None, "__name__": None}
    for path in paths:
        name, dot, rest = path.partition(".")
        if not dot:
            tree.setdefault(name, None)
            continue
        field = store.fields(model).get(name)
        if field is None or not field.target:
            raise Refused(f"type object {model!r} has no attribute {name!r}")
        below = select(store, field.target, [rest])
        known = tree.get(name)
        tree[name] = _merge(known, below) if known else below
    return tree


def _merge(one: Tree, other: Tree) -> Tree:
    merged = dict(one)
    for name, below in other.items():
        known = merged.get(name)
        merged[name] = _merge(known, below) if known and below else known or below
    return merged


def read(store: Store, model: str, row: Row, tree: Tree, context: Context) -> dict[str, Any]:
    """Give one record's selected values, relations as nested records or ids."""
    return {name: _value(store, model, row, name, below, context) for name, below in tree.items()}


def _value(store: Store, model: str, row: Row, name: str, below: Tree | None, context: Context) -> Any:
    if name == "__name__":
        return model
    plain, colon, suffix = name.partition(":")
    field = store.fields(model).get(plain)
    if field is None:
        raise unknown_field(name)
    found = row[plain]
    value = found(context) if callable(found) else found
    if colon:
        if suffix != "string" or field.kind != "selection":
            raise Refused(f"{field.kind!r} object has no attribute 'get_selection_string'")
        return value.title()  # the labels of all selections here are their values in title case
    if below is None or value is None:
        return value
    targets = store.rows(field.target)
    if field.kind == "one":
        return read(store, field.target, targets[value], below, context)
    return [read(store, field.target, targets[item], below, context) for item in value]


def encode(value: Any) -> str:
    """Give the JSON text of what was read."""
    return json.dumps(value, default=_encode)


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, dt.datetime):
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime"} | {name: getattr(value, name) for name in names}
    if isinstance(value, dt.date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def decode(text: str) -> Any:
    """Read JSON as Tryton does: objects with `__class__` become values. Raises Refused when it is broken."""
    try:
        return json.loads(text, object_hook=_decode)
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise Refused(error) from error


def _decode(found: dict[str, Any]) -> Any:
    match found.get("__class__"):
        case "Decimal":
            return Decimal(found["decimal"])
        case "date":
            return dt.date(found["year"], found["month"], found["day"])
        case "datetime":
            return dt.datetime(  # noqa: DTZ001  Tryton's timestamps are naive UTC
                *(found[name] for name in ("year", "month", "day", "hour", "minute", "second", "microsecond"))
            )
        case _:
            return found
