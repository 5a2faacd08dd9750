"""Scalars, and their one text form each."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped

from gateway.connectors.ports.common import BigInt, CountryCode, CurrencyCode, Html, Url

_MAX_DIGITS = 100
"""Before or after the point: an exponent of a few characters must not become a text of gigabytes."""

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?([Ee][+-]?\d{1,3})?", re.ASCII)


def _datetime(value: dt.datetime) -> str:
    if value.tzinfo is not dt.UTC:  # as converters give it
        if value.tzinfo is None:
            raise ValueError("a naive time has no place in an answer")
        value = value.astimezone(dt.UTC)
    return value.isoformat()[: -len("+00:00")] + "Z"


def _parse_datetime(value: Any) -> dt.datetime:
    try:
        if isinstance(value, str) and _RFC3339.fullmatch(value):
            return dt.datetime.fromisoformat(value.upper()).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass  # no such day, or none in UTC
    raise GraphQLError('DateTime: write RFC 3339 with an offset, for example "2026-01-31T09:30:00Z".')


def _date(value: dt.date) -> str:
    if isinstance(value, dt.datetime):
        raise TypeError("a moment is no day: in which time zone?")
    return value.isoformat()


def _parse_date(value: Any) -> dt.date:
    try:
        parsed = dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        parsed = None
    # Python also reads "20260131" and "2026-W05-6".
    if parsed is None or parsed.isoformat() != value:
        raise GraphQLError('Date: write year-month-day, for example "2026-01-31".')
    return parsed


def _decimal(value: Any) -> str:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError("not an exact number")
    text = str(value)
    if "E" not in text and len(text) <= _MAX_DIGITS:
        return text  # as `format` would write it, in half the time
    if not _is_sized(value):
        raise ValueError("not a number of a sensible size")
    return format(value, "f")


def _parse_decimal(value: Any) -> Decimal:
    text = str(value) if type(value) is int and abs(value) < 10**_MAX_DIGITS else value
    if isinstance(text, str) and len(text) <= 2 * _MAX_DIGITS and _DECIMAL.fullmatch(text):
        parsed = Decimal(text)
        if _is_sized(parsed):
            return parsed
    raise GraphQLError('Decimal: write the number as a string, for example "12.30".')


def _is_sized(value: Decimal) -> bool:
    return abs(value.adjusted()) <= _MAX_DIGITS


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("Write a string.")
    return value


def _scalar(
    name: str,
    description: str,
    serialize: Callable[[Any], str] = str,
    parse: Callable[[Any], Any] = _parse_text,
    url: str | None = None,
) -> Any:
    def parse_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None  # so that it is located

    return strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=url,
        serialize=serialize,
        parse_value=parse,
        parse_literal=parse_literal,
    )


SCALARS: dict[object, Any] = {
    dt.datetime: _scalar(
        "DateTime",
        "A moment, RFC 3339 in UTC: `2026-01-31T09:30:00Z`.",
        _datetime,
        _parse_datetime,
        "https://www.rfc-editor.org/rfc/rfc3339",
    ),
    dt.date: _scalar("Date", "A day: `2026-01-31`.", _date, _parse_date),
    Decimal: _scalar(
        "Decimal", "An exact decimal number, written as a string: `12.30`.", _decimal, _parse_decimal
    ),
    CurrencyCode: _scalar("CurrencyCode", "ISO 4217 code: `EUR`."),
    CountryCode: _scalar("CountryCode", "ISO 3166-1 alpha-2 code: `DE`."),
    Url: _scalar("URL", "An absolute URL."),
    Html: _scalar("HTML", "A piece of HTML without scripts, forms, styles and event handlers."),
    BigInt: _scalar("BigInt", "A whole number of any size, written as a string: `5368709120`."),
}

CLASS_OF: dict[str, type] = {"DateTime": dt.datetime, "Date": dt.date, "Decimal": Decimal}
"""Scalar -> the class whose values it writes as a text; it raises for all others."""
