"""Exact money: how many decimals a currency has (ISO 4217), and no floats anywhere."""

from __future__ import annotations

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation

from gateway.connectors.ports.common import CurrencyCode, Money

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG
YER ZAR ZMW ZWG
"""
_FOUR = "CLF UYW"
# Withdrawn, but old invoices are still in them.
_WITHDRAWN = "ANG BGN CUC HRK SLL ZWL"

EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_THREE.split(), 3),
    **dict.fromkeys(_FOUR.split(), 4),
    **dict.fromkeys(_WITHDRAWN.split(), 2),
}

# Looked up, since making one costs a call for each amount.
_CODES = {code: CurrencyCode(code) for code in EXPONENTS}

_MAX_DIGITS = 60
_EXACT = Context(prec=2 * _MAX_DIGITS, traps=[Inexact, InvalidOperation])
_ANY_SIZE = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation])


class MoneyError(ValueError):
    """An amount that cannot be exact: unknown currency, or more decimals than the currency has."""


def plain(number: Decimal) -> Decimal:
    """Pass a number of at most 60 places on each side of the point; MoneyError for any other.

    A wire can say 1E+1000000000 in a few bytes, which written out would fill the memory.
    """
    if number.is_finite() and len(text := str(number)) <= _MAX_DIGITS and "E" not in text:
        return number  # seen without taking it apart, which costs more
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MAX_DIGITS or number.adjusted() >= _MAX_DIGITS:
        raise MoneyError("not a number of reasonable size")
    return number


def from_minor(minor: int, currency: str, exponents: dict[str, int] = EXPONENTS) -> Money:
    """Read an integer count of the currency's smallest unit, exact at any size."""
    code = _CODES.get(currency.upper())
    if code is None or (exponent := exponents.get(code)) is None:
        raise MoneyError("unknown currency")
    return Money(amount=Decimal(minor).scaleb(-exponent, _ANY_SIZE), currency_code=code)


def from_major(major: Decimal, currency: str) -> Money:
    """Read an amount in major units; more decimals than the currency has is an error, not a rounding."""
    code = _CODES.get(currency.upper())
    if code is None:
        raise MoneyError("unknown currency")
    try:
        amount = plain(major).quantize(Decimal(1).scaleb(-EXPONENTS[code]), context=_EXACT)
    except (Inexact, InvalidOperation):
        raise MoneyError("more decimals than the currency has") from None
    return Money(amount=amount, currency_code=code)
