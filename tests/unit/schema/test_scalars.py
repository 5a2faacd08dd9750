"""Each scalar has one text form, and says what to write when it gets another."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLScalarType, parse_value

from gateway.schema.build import build

UTC = dt.UTC
BERLIN = dt.timezone(dt.timedelta(hours=2))


@pytest.fixture(scope="module")
def scalars() -> dict[str, GraphQLScalarType]:
    return {
        name: type_ for name, type_ in build()[0].type_map.items() if isinstance(type_, GraphQLScalarType)
    }


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("DateTime", dt.datetime(2026, 1, 31, 9, 30, tzinfo=UTC), "2026-01-31T09:30:00Z"),
        (
            "DateTime",
            dt.datetime(2026, 1, 31, 9, 30, 0, 120000, tzinfo=BERLIN),
            "2026-01-31T07:30:00.120000Z",
        ),
        ("Date", dt.date(2026, 1, 31), "2026-01-31"),
        ("Decimal", Decimal("12.30"), "12.30"),
        ("Decimal", Decimal("1E+3"), "1000"),
        ("Decimal", Decimal("1.5E-7"), "0.00000015"),
        ("Decimal", Decimal("0E-2"), "0.00"),
        ("Decimal", Decimal("-0.1"), "-0.1"),
        ("Decimal", Decimal("123456789012345678901234567890.12"), "123456789012345678901234567890.12"),
        ("CurrencyCode", "EUR", "EUR"),
        ("CountryCode", "DE", "DE"),
        ("URL", "https://invoice.example/i/1", "https://invoice.example/i/1"),
    ],
)
def test_answers(scalars: dict[str, GraphQLScalarType], name: str, value: Any, text: str) -> None:
    assert scalars[name].serialize(value) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DateTime", dt.datetime(2026, 1, 31)),  # noqa: DTZ001  the point
        ("Date", dt.datetime(2026, 1, 31, tzinfo=UTC)),
        ("Decimal", 0.1),
        ("Decimal", 1),
        ("Decimal", Decimal("NaN")),
        ("Decimal", Decimal("Infinity")),
        ("Decimal", Decimal("1E+999999")),
        ("Decimal", Decimal("1E-999999")),
    ],
)
def test_what_has_no_place_in_an_answer(scalars: dict[str, GraphQLScalarType], name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        scalars[name].serialize(value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("DateTime", '"2026-01-31T09:30:00Z"', dt.datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("DateTime", '"2026-01-31t09:30:00.5+02:00"', dt.datetime(2026, 1, 31, 7, 30, 0, 500000, tzinfo=UTC)),
        ("Date", '"2026-02-28"', dt.date(2026, 2, 28)),
        ("Decimal", '"12.30"', Decimal("12.30")),
        ("Decimal", '"-1.5e3"', Decimal(-1500)),
        ("Decimal", "7", Decimal(7)),
        ("CurrencyCode", '"EUR"', "EUR"),
        ("URL", '"https://a.example"', "https://a.example"),
    ],
)
def test_inputs(scalars: dict[str, GraphQLScalarType], name: str, text: str, value: Any) -> None:
    literal = parse_value(text)
    assert scalars[name].parse_literal(literal) == value


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        *[
            ("DateTime", value, 'write RFC 3339 with an offset, for example "2026-01-31T09:30:00Z"')
            for value in (
                "2026-01-31T09:30:00",
                "2026-01-31",
                "20260131T093000Z",
                "2026-W05-6T09:30:00Z",
                "",
                "2026-13-01T00:00:00Z",
                "2026-01-31T24:30:00Z",
                "0001-01-01T00:00:00+14:00",
                "٢026-01-31T09:30:00Z",
                5,
                None,
            )
        ],
        *[
            ("Date", value, 'write year-month-day, for example "2026-01-31"')
            for value in (
                "2026-02-30",
                "20260131",
                "2026-W05-6",
                "31.01.2026",
                "2026-01-31T00:00:00Z",
                "",
                5,
                None,
                True,
            )
        ],
        *[
            ("Decimal", value, 'write the number as a string, for example "12.30"')
            for value in (
                "12,30",
                "1_000",
                " 1",
                "1\n",
                "",
                "NaN",
                "Infinity",
                "1e999999999",
                "1e101",
                "9" * 300,
                "٣",
                1.5,
                True,
                None,
            )
        ],
        pytest.param("Decimal", 10**5000, "write the number as a string", id="Decimal-huge"),
        *[(name, 5, "Write a string") for name in ("CurrencyCode", "CountryCode", "URL")],
    ],
)
def test_inputs_that_are_not_understood(
    scalars: dict[str, GraphQLScalarType], name: str, value: Any, advice: str
) -> None:
    with pytest.raises(GraphQLError) as caught:
        scalars[name].parse_value(value)
    assert advice in caught.value.message


def test_a_literal_that_is_not_understood_is_located(scalars: dict[str, GraphQLScalarType]) -> None:
    literal = parse_value("  [1]")
    with pytest.raises(GraphQLError, match="Date: write year-month-day") as caught:
        scalars["Date"].parse_literal(literal)
    assert caught.value.nodes == [literal]
