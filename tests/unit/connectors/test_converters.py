import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from gateway.connectors import converters
from gateway.connectors.converters import Converter, Env, derive, derive_at, enum
from gateway.connectors.ports.common import Money

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ENV = Env(NOW)


class Colour(Enum):
    RED = "RED"
    UNKNOWN = "UNKNOWN"


def same(value: object, expected: object) -> bool:
    """Equal and of one type: 1 is not True, and 1 is not Decimal(1)."""
    return type(value) is type(expected) and value == expected


@pytest.mark.parametrize(
    ("converter", "wire", "value"),
    [
        (converters.text, (" A ",), " A "),
        (converters.integer, (10**30,), 10**30),
        (converters.boolean, (False,), False),
        (converters.number, (5,), Decimal(5)),
        (converters.number, (Decimal("0.10"),), Decimal("0.10")),
        (converters.decimal_text, ("0.10",), Decimal("0.10")),
        (converters.decimal_text, ("-1E+2",), Decimal(-100)),
        (converters.number_id, (42,), "42"),
        (converters.currency, ("eur",), "EUR"),
        (converters.unix_time, (0,), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        (converters.unix_time, (-1,), dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC)),
        (converters.unix_date, (1772323199,), dt.date(2026, 2, 28)),
        (converters.unix_date, (1772323200,), dt.date(2026, 3, 1)),
        (converters.minor_units, (1050, "eur"), Money(amount=Decimal("10.50"), currency_code="EUR")),
        (enum({"red": Colour.RED}, Colour.UNKNOWN), ("red",), Colour.RED),
        (enum({"red": Colour.RED}, Colour.UNKNOWN), ("RED",), Colour.UNKNOWN),
        (enum({"red": Colour.RED}, Colour.UNKNOWN), ("",), Colour.UNKNOWN),
        (derive(lambda a, b: (a, b), str, int), ("x", None), ("x", None)),
        (derive_at(lambda now, a: (now, a), str), (None,), (NOW, None)),
    ],
)
def test_reads_what_the_wire_says(converter: Converter, wire: tuple[Any, ...], value: object) -> None:
    assert len(converter.wire) == len(wire)
    assert same(converter.read(ENV, *wire), value)


def test_a_moment_is_aware_utc() -> None:
    assert converters.unix_time.read(ENV, 1).tzinfo is dt.UTC


@pytest.mark.parametrize("converter", [converters.number, converters.decimal_text])
@pytest.mark.parametrize("text", ["NaN", "-Infinity", "sNaN", "1E+400", "1E+1000000000", "1E-1000000000"])
def test_a_number_without_reasonable_size_is_none(converter: Converter, text: str) -> None:
    value = text if converter is converters.decimal_text else Decimal(text)
    with pytest.raises(ValueError, match=r"^not a number of reasonable size$"):
        converter.read(ENV, value)


@pytest.mark.parametrize("text", ["", "abc", "1,5", "1.2.3", "0x10", "--1"])
def test_a_text_that_is_no_number_is_none(text: str) -> None:
    with pytest.raises(ArithmeticError):
        converters.decimal_text.read(ENV, text)


@pytest.mark.parametrize("seconds", [10**12, -(10**12), 10**30])
def test_a_moment_beyond_the_calendar_is_none(seconds: int) -> None:
    for converter in (converters.unix_time, converters.unix_date):
        with pytest.raises((ValueError, OverflowError, OSError)):
            converter.read(ENV, seconds)


def test_only_derived_values_see_null() -> None:
    assert derive(len, list).nulls
    assert derive_at(max, list).nulls
    plain = [value for value in vars(converters).values() if isinstance(value, Converter)]
    assert len(plain) > 8
    assert not any(converter.nulls for converter in plain)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T09:30:00.000+0000", dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)),
        ("2026-01-31T09:30:00.250+0200", dt.datetime(2026, 1, 31, 7, 30, 0, 250_000, tzinfo=dt.UTC)),
        ("2026-01-31T09:30:00Z", dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)),
    ],
)
def test_a_moment_with_its_zone_is_utc(text: str, moment: dt.datetime) -> None:
    found = converters.iso_time.read(ENV, text)
    assert (found, found.utcoffset()) == (moment, dt.timedelta(0))


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-01-31T09:30:00", "2026-01-31", "2026-02-30T09:30:00Z"]
)
def test_what_names_no_moment_is_none(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        converters.iso_time.read(ENV, text)


def test_a_moment_beyond_the_calendar_in_utc_is_none() -> None:
    with pytest.raises(OverflowError):
        converters.iso_time.read(ENV, "0001-01-01T00:00:00+14:00")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<p>One</p>", "<p>One</p>"),
        ('<p onclick="steal()">One</p><script>steal()</script>', "<p>One</p>"),
        ('<a href="javascript:steal()">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<form action="/x"><input name="y">z</form><style>p{}</style>', "z"),
        ("<iframe src='//x.example'></iframe><img src=x onerror=steal()>", '<img src="x">'),
        ("1 < 2", "1 &lt; 2"),
    ],
)
def test_html_is_made_harmless(given: str, shown: str) -> None:
    assert converters.html.read(ENV, given) == shown
