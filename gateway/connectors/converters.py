"""Converters: how one row of a mapping table turns wire values into a model's value.

A converter is data: the JSON types it accepts, one per wire path, and `read`, its reference
meaning. `read(env, *values)` may raise ValueError (or an arithmetic, key or type error): that one
value is then answered as broken, never the whole record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

import nh3

from gateway.connectors import money
from gateway.connectors.ports.common import Html

_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Env:
    """What a conversion may know beside the wire: the moment of reading (aware UTC)."""

    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Converter:
    """`wire`: accepted JSON types, in path order. `nulls`: whether `read` wants to see null itself.

    Without `nulls`, null in the first path gives the row's default and null in another is an error.
    """

    wire: tuple[type, ...]
    read: Callable[..., Any]
    nulls: bool = False


def same(_env: Env, value: Any) -> Any:
    """Take a value as it is."""
    return value


def _unix_time(_env: Env, value: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(value, dt.UTC)


def _unix_date(_env: Env, value: int) -> dt.date:
    return _day(value // _SECONDS_OF_A_DAY)


@lru_cache(maxsize=4096)
def _day(number: int) -> dt.date:
    """Give the day that is so many days after 1970-01-01."""
    return dt.datetime.fromtimestamp(number * _SECONDS_OF_A_DAY, dt.UTC).date()


def _iso_time(_env: Env, value: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("no zone")
    return found.astimezone(dt.UTC)


def _decimal(_env: Env, value: int | Decimal | str) -> Decimal:
    return money.plain(Decimal(value))


def _upper(_env: Env, value: str) -> str:
    return value.upper()


def _html(_env: Env, value: str) -> Html:
    return Html(nh3.clean(value))


text = Converter((str,), same)
integer = Converter((int,), same)
boolean = Converter((bool,), same)
number = Converter((Decimal,), _decimal)
"""A JSON number, exact."""
decimal_text = Converter((str,), _decimal)
"""A decimal number in a JSON string."""
number_id = Converter((int,), lambda _env, value: str(value))
"""An id that the vendor counts: text to us."""
currency = Converter((str,), _upper)
"""A currency code in any case."""
html = Converter((str,), _html)
"""HTML from anybody -> without scripts, forms, styles and event handlers."""
unix_time = Converter((int,), _unix_time)
"""Seconds since 1970 -> aware UTC."""
unix_date = Converter((int,), _unix_date)
"""Seconds since 1970 -> the UTC day."""
iso_time = Converter((str,), _iso_time)
"""ISO 8601 with its zone (`2026-01-31T09:30:00.000+0000`) -> aware UTC."""
minor_units = Converter((int, str), lambda _env, minor, code: money.from_minor(minor, code))
"""(count of smallest units, currency) -> Money."""


def enum(values: Mapping[str, Enum], unknown: Enum) -> Converter:
    """Map the vendor's words; a word that is not in `values` is `unknown`, never an error."""
    return Converter((str,), lambda _env, value: values.get(value, unknown))


def derive(function: Callable[..., Any], *wire: type) -> Converter:
    """Compute from the wire values; `function` sees nulls as None."""
    return Converter(wire, lambda _env, *values: function(*values), nulls=True)


def derive_at(function: Callable[..., Any], *wire: type) -> Converter:
    """Like `derive`, with the moment of reading as first argument."""
    return Converter(wire, lambda env, *values: function(env.now, *values), nulls=True)
