"""Tryton's order: a list of [path, direction], where a direction may say where nulls go.

Without `NULLS FIRST` or `NULLS LAST` nulls are the smallest, as in SQLite. (PostgreSQL has them as
the greatest: a client that must work on both says where it wants them.)
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from sandbox.tryton.errors import Refused, unknown_field
from sandbox.tryton.rows import Context, Row
from sandbox.tryton.store import Store

Key = Callable[[Row], Any]

_DIRECTIONS = {"ASC", "DESC"} | {f"{way} NULLS {end}" for way in ("ASC", "DESC") for end in ("FIRST", "LAST")}
_NUMBERED = ("sale.sale", "stock.shipment.out", "account.invoice")
_DEFAULT: dict[str, list[list[str | None]]] = {
    "sale.sale": [["sale_date", "DESC NULLS FIRST"], ["id", "DESC"]],
    "stock.shipment.out": [["effective_date", "ASC NULLS LAST"], ["id", "ASC"]],
    "account.invoice": [["number", "DESC NULLS FIRST"], ["id", "DESC"]],
    "product.product": [["code", "ASC"], ["name", "ASC"], ["id", None]],
    "stock.move": [["id", "DESC"]],
    "party.party": [["name", "ASC"], ["id", None]],
    "currency.currency": [["code", "ASC"], ["id", None]],
}


def arrange(store: Store, model: str, rows: list[Row], order: Any, context: Context) -> list[Row]:
    """Give the records in the order asked for; None is the model's own order."""
    wanted = _DEFAULT.get(model, [["id", "ASC"]]) if order is None else order
    if not isinstance(wanted, list):
        raise Refused("not enough values to unpack (expected 2, got 0)")
    keys = [_read(store, model, item, context) for item in wanted]
    arranged = list(rows)
    for key, descending, nulls_first in reversed(keys):  # sorts are stable: the last key first
        empty = [row for row in arranged if key(row) is None]
        full = sorted((row for row in arranged if key(row) is not None), key=key, reverse=descending)
        arranged = empty + full if nulls_first else full + empty
    return arranged


def _read(store: Store, model: str, item: Any, context: Context) -> tuple[Key, bool, bool]:
    """Give the key, whether it descends, and whether nulls come first."""
    if not isinstance(item, list) or len(item) != 2 or not isinstance(item[0], str):
        raise Refused("not enough values to unpack (expected 2)")
    path, direction = item
    way = "ASC" if direction is None else str(direction).upper()
    if way not in _DIRECTIONS:
        raise Refused(repr(direction))
    descending = way.startswith("DESC")
    nulls_first = way.endswith("FIRST") or (not way.endswith("LAST") and not descending)
    return _key(store, model, path, context), descending, nulls_first


def _key(store: Store, model: str, path: str, context: Context) -> Key:
    name, _, rest = path.partition(".")
    field = store.fields(model).get(name)
    if field is None:
        raise unknown_field(name)
    if not field.sorted:
        raise Refused(f'Missing order function for field "{name}" in "{model}".')
    if field.kind == "many":
        raise Refused(f"no such column: a.{name}", HTTPStatus.SERVICE_UNAVAILABLE)
    if rest:
        if not field.target:
            raise Refused(f"{field.kind!r} object has no attribute 'get_target'")
        onward = _key(store, field.target, rest, context)
        targets = store.rows(field.target)
        return lambda row: None if row[name] is None else onward(targets[row[name]])
    if name == "number" and model in _NUMBERED:
        return lambda row: None if row[name] is None else (len(row[name]), row[name])
    if (model, name) == ("stock.shipment.out", "effective_date"):
        return lambda row: row["effective_date"] or row["planned_date"]
    return lambda row: row[name]
