"""Scalars, and their one text form each."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

import strawberry
from graphql import GraphQLError

from gateway.connectors.ports.common import CountryCode, CurrencyCode, Url


def _datetime(value: dt.datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a naive time has no place in an answer")
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _parse_datetime(value: Any) -> dt.datetime:
    try:
        parsed = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise GraphQLError('DateTime: write RFC 3339 with an offset, for example "2026-01-31T09:30:00Z".')
    return parsed.astimezone(dt.UTC)


def _parse_date(value: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError('Date: write year-month-day, for example "2026-01-31".') from None


def _parse_decimal(value: Any) -> Decimal:
    try:
        parsed = Decimal(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
    except InvalidOperation:
        parsed = None
    if parsed is None or not parsed.is_finite():
        raise GraphQLError('Decimal: write the number as a string, for example "12.30".')
    return parsed


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("Write a string.")
    return value


SCALARS: dict[object, Any] = {
    dt.datetime: strawberry.scalar(
        name="DateTime",
        description="A moment, RFC 3339 in UTC: `2026-01-31T09:30:00Z`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_datetime,
        parse_value=_parse_datetime,
    ),
    dt.date: strawberry.scalar(
        name="Date",
        description="A day: `2026-01-31`.",
        serialize=lambda value: value.isoformat(),
        parse_value=_parse_date,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number, written as a string: `12.30`.",
        serialize=lambda value: format(value, "f"),
        parse_value=_parse_decimal,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode", description="ISO 4217 code: `EUR`.", serialize=str, parse_value=_parse_text
    ),
    CountryCode: strawberry.scalar(
        name="CountryCode",
        description="ISO 3166-1 alpha-2 code: `DE`.",
        serialize=str,
        parse_value=_parse_text,
    ),
    Url: strawberry.scalar(
        name="URL", description="An absolute URL.", serialize=str, parse_value=_parse_text
    ),
}
