"""Exact money: how many decimals a currency has (ISO 4217), and no floats anywhere."""

from __future__ import annotations

from decimal import Decimal

from gateway.connectors.ports.common import CurrencyCode, Money

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_TWO = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY
COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR
MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD
SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG
"""

EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_THREE.split(), 3),
}


class MoneyError(ValueError):
    """An amount that cannot be exact: unknown currency, or more decimals than the currency has."""


def from_minor(minor: int, currency: str, exponents: dict[str, int] = EXPONENTS) -> Money:
    """Read an integer count of the currency's smallest unit, exact at any size."""
    code = currency.upper()
    exponent = exponents.get(code)
    if exponent is None:
        raise MoneyError("unknown currency")
    return Money(amount=Decimal(f"{minor}E-{exponent}"), currency_code=CurrencyCode(code))


def from_major(major: Decimal, currency: str) -> Money:
    """Read an amount in major units; more decimals than the currency has is an error, not a rounding."""
    code = currency.upper()
    exponent = EXPONENTS.get(code)
    if exponent is None:
        raise MoneyError("unknown currency")
    if not major.is_finite():
        raise MoneyError("not a number")
    amount = Decimal(f"{major:.{exponent}f}")
    if amount != major:
        raise MoneyError("more decimals than the currency has")
    return Money(amount=amount, currency_code=CurrencyCode(code))
