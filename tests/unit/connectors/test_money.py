import time
from collections.abc import Callable
from decimal import Decimal, localcontext

import pytest

from gateway.connectors.money import EXPONENTS, MoneyError, from_major, from_minor, plain
from gateway.connectors.ports.common import Money

Read = Callable[[], object]


def money(amount: str, code: str) -> Money:
    return Money(amount=Decimal(amount), currency_code=code)


def shown(value: Money) -> str:
    """What stands in the answer."""
    return f"{value.amount:f} {value.currency_code}"


@pytest.mark.parametrize(
    ("minor", "code", "text"),
    [
        (1999, "EUR", "19.99 EUR"),
        (1900, "eur", "19.00 EUR"),
        (5, "EUR", "0.05 EUR"),
        (0, "EUR", "0.00 EUR"),
        (-1, "EUR", "-0.01 EUR"),
        (-123456, "USD", "-1234.56 USD"),
        (500, "JPY", "500 JPY"),
        (0, "JPY", "0 JPY"),
        (-7, "KRW", "-7 KRW"),
        (1234, "KWD", "1.234 KWD"),
        (12345, "CLF", "1.2345 CLF"),
        (2**63 - 1, "EUR", "92233720368547758.07 EUR"),
        (10**40 + 1, "EUR", "1" + "0" * 37 + "0.01 EUR"),
        (10**40 + 1, "JPY", "1" + "0" * 39 + "1 JPY"),
    ],
)
def test_minor_units_are_exact_at_any_size(minor: int, code: str, text: str) -> None:
    assert shown(from_minor(minor, code)) == text


@pytest.mark.parametrize(
    ("major", "code", "text"),
    [
        ("19.99", "EUR", "19.99 EUR"),
        ("19.9", "eur", "19.90 EUR"),
        ("19", "EUR", "19.00 EUR"),
        ("19.990000", "EUR", "19.99 EUR"),
        ("1.999E+1", "EUR", "19.99 EUR"),
        ("2E+3", "JPY", "2000 JPY"),
        ("-0.01", "EUR", "-0.01 EUR"),
        ("500.000", "JPY", "500 JPY"),
        ("1.234", "KWD", "1.234 KWD"),
        ("1.2345", "UYW", "1.2345 UYW"),
        ("123456789012345678901234567890.12", "EUR", "123456789012345678901234567890.12 EUR"),
        ("9" * 60, "EUR", "9" * 60 + ".00 EUR"),
    ],
)
def test_major_units_are_exact_and_have_the_currencys_decimals(major: str, code: str, text: str) -> None:
    assert shown(from_major(Decimal(major), code)) == text


def test_the_ambient_precision_does_not_round() -> None:
    with localcontext(prec=3):
        assert shown(from_minor(123456789, "EUR")) == "1234567.89 EUR"
        assert shown(from_major(Decimal("1234567.89"), "EUR")) == "1234567.89 EUR"


@pytest.mark.parametrize(
    ("major", "code"),
    [
        ("0.001", "EUR"),
        ("19.995", "EUR"),
        ("0.5", "JPY"),
        ("1.2345", "KWD"),
        ("1E-60", "EUR"),
        ("12345678901234567890123456789.001", "EUR"),
    ],
)
def test_more_decimals_than_the_currency_has_are_no_amount(major: str, code: str) -> None:
    with pytest.raises(MoneyError, match=r"more decimals"):
        from_major(Decimal(major), code)


@pytest.mark.parametrize("code", ["", "EU", "EURO", "XXX", "XAU", "XTS", "BTC", "E U", "€", "EUR "])
@pytest.mark.parametrize("read", [lambda c: from_minor(1, c), lambda c: from_major(Decimal(1), c)])
def test_an_unknown_currency_is_no_amount(read: Callable[[str], Money], code: str) -> None:
    with pytest.raises(MoneyError, match=r"^unknown currency$"):
        read(code)


@pytest.mark.parametrize(
    "number",
    [
        "NaN", "sNaN", "-NaN", "Infinity", "-Infinity",
        "1E+60", "1E+400", "-1E+400", "1E+1000000000", "1E+999999999999999999", "0E+1000000000",
        "1E-61", "1E-1000000000", "0E-1000000000", "0." + "0" * 60 + "1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("read", [plain, lambda number: from_major(number, "EUR")], ids=["plain", "major"])
def test_a_number_that_would_fill_the_memory_is_refused_at_once(
    read: Callable[[Decimal], object], number: str
) -> None:
    started = time.perf_counter()
    with pytest.raises(MoneyError, match=r"^not a number of reasonable size$"):
        read(Decimal(number))
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("number", ["0", "-0", "9" * 60, "0." + "9" * 60, "1E+59", "1E-60", "12.50"])
def test_reasonable_numbers_pass_unchanged(number: str) -> None:
    assert plain(Decimal(number)).as_tuple() == Decimal(number).as_tuple()


def test_a_connector_can_count_otherwise() -> None:
    assert shown(from_minor(100, "ISK", EXPONENTS | {"ISK": 2})) == "1.00 ISK"
    assert shown(from_minor(100, "ISK")) == "100 ISK"


def test_the_table_is_that_of_iso_4217() -> None:
    # ISO 4217, list one of January 2026: every code that has a minor unit.
    by_exponent = {n: {code for code, e in EXPONENTS.items() if e == n} for n in set(EXPONENTS.values())}
    assert by_exponent.keys() == {0, 2, 3, 4}
    assert by_exponent[0] == {
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
        "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
    }  # fmt: skip
    assert by_exponent[3] == {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
    assert by_exponent[4] == {"CLF", "UYW"}
    withdrawn = {"ANG", "BGN", "CUC", "HRK", "SLL", "ZWL"}
    assert withdrawn < by_exponent[2]
    assert len(by_exponent[2] - withdrawn) == 139
    assert by_exponent[2] > {
        "EUR",
        "USD",
        "GBP",
        "CHF",
        "SEK",
        "PLN",
        "HUF",
        "CNY",
        "INR",
        "XAD",
        "XCG",
        "ZWG",
    }
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in EXPONENTS)
    assert not {"XXX", "XTS", "XAU", "XAG", "XDR"} & set(EXPONENTS)
