"""Tryton's JSON encodings as converters: exact decimals, dates, quantities. Anything else is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Context, Decimal
from typing import Any

from gateway.connectors.converters import Converter, Env
from gateway.connectors.money import from_major, plain
from gateway.connectors.ports.common import Money

_WIDE = Context(prec=200)  # more digits than `plain` lets pass: nothing is rounded
_MOMENT = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def to_decimal(wire: object) -> Decimal:
    """Read `{"__class__": "Decimal", "decimal": "20.00"}`; ValueError for anything else."""
    if not isinstance(wire, dict) or wire.get("__class__") != "Decimal":
        raise ValueError("no Decimal")
    text = wire.get("decimal")
    if not isinstance(text, str):
        raise ValueError("no Decimal")  # noqa: TRY004  what the vendor sent is no programming error
    return plain(Decimal(text))


def to_date(wire: object) -> dt.date:
    """Read `{"__class__": "date", "year": 2026, "month": 6, "day": 30}`; ValueError for anything else."""
    if not isinstance(wire, dict) or wire.get("__class__") != "date":
        raise ValueError("no date")
    year, month, day = (wire.get(name) for name in ("year", "month", "day"))
    if not (type(year) is int and type(month) is int and type(day) is int):
        raise ValueError("no date")
    return dt.date(year, month, day)


def to_moment(wire: object) -> dt.datetime:
    """Read a datetime, which names its parts down to the microsecond and is in UTC without saying so."""
    if not isinstance(wire, dict) or wire.get("__class__") != "datetime":
        raise ValueError("no datetime")
    parts: dict[str, Any] = {name: wire.get(name) for name in _MOMENT}
    if not all(type(part) is int for part in parts.values()):
        raise ValueError("no datetime")
    return dt.datetime(**parts, tzinfo=dt.UTC)


def to_midnight(wire: object) -> dt.datetime:
    """Read a date as the moment its day begins, in UTC."""
    return dt.datetime.combine(to_date(wire), dt.time(), dt.UTC)


def to_quantity(wire: object) -> Decimal:
    """Read a Float, which was decoded as a decimal: `2.0` is 2, `0.25` stays."""
    if type(wire) not in (int, Decimal):
        raise ValueError("no number")
    return _trimmed(plain(Decimal(str(wire))))


def _trimmed(value: Decimal) -> Decimal:
    """Drop the zeros after the point."""
    whole = value.to_integral_value()
    return whole if value == whole else value.normalize(_WIDE)


def _amount(_env: Env, wire: Any, code: str) -> Money:
    return from_major(to_decimal(wire), code)


def _difference(_env: Env, whole: Any, rest: Any, code: str) -> Money:
    return from_major(_WIDE.subtract(to_decimal(whole), to_decimal(rest)), code)


def _percent(_env: Env, wire: Any) -> Decimal:
    return _trimmed(_WIDE.multiply(to_decimal(wire), Decimal(100)))


decimal = Converter((dict,), lambda _env, wire: to_decimal(wire))
date = Converter((dict,), lambda _env, wire: to_date(wire))
moment = Converter((dict,), lambda _env, wire: to_moment(wire))
midnight = Converter((dict,), lambda _env, wire: to_midnight(wire))
quantity = Converter((Decimal,), lambda _env, wire: to_quantity(wire))
amount = Converter((dict, str), _amount)
"""(Decimal, currency code) -> Money: Tryton writes a zero without decimals, Money has the currency's."""
difference = Converter((dict, dict, str), _difference)
"""(Decimal, Decimal, currency code) -> Money: the first without the second."""
percent = Converter((dict,), _percent)
"""A fraction, 0.19 -> 19."""
