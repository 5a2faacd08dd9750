"""Retry-After and JSON."""

import datetime as dt
from decimal import Decimal
from email.utils import format_datetime

import pytest

from gateway.errors import Code
from gateway.outbound import Answer, decode
from gateway.outbound.answer import retry_after
from tests.unit.outbound.misbehaving import SECRET, failure

NOW = dt.datetime(2026, 1, 31, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        (" 7 ", 7),
        ("99999", 3600),
        (format_datetime(NOW + dt.timedelta(seconds=90), usegmt=True), 90),
        ("Sat, 31 Jan 2026 12:01:30 -0000", 90),
        (format_datetime(NOW - dt.timedelta(days=1), usegmt=True), 0),
        (format_datetime(NOW + dt.timedelta(days=1), usegmt=True), 3600),
        ("Feb 99999999999 07:28:00 0", None),
        ("-1", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}, NOW) == seconds


def test_decode_is_exact() -> None:
    assert decode(b'{"a":[1.10,1e400,-0.0,2],"b":null,"c":123456789012345678901234567890}', "billing") == {
        "a": [Decimal("1.10"), Decimal("1e400"), Decimal("-0.0"), 2],
        "b": None,
        "c": 123456789012345678901234567890,
    }
    value = decode(Answer(200, {}, b"0.1"), "billing")
    assert isinstance(value, Decimal)
    assert value == Decimal("0.1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>" + SECRET.encode(),
        b'{"a":"' + SECRET.encode(),
        b'["' + SECRET.encode() + b'\xff"]',
        b"NaN",
        b"[Infinity]",
        b"1e99999999999999999999",
        b"[" * 100_000,
        b"{} " + SECRET.encode(),
        b"1" * 5000,
        b'"\\ud800"',
    ],
)
async def test_what_is_no_json_breaks_the_contract(body: bytes) -> None:
    async def call() -> None:
        decode(body, "billing")

    error = await failure(call())
    assert error.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert error.__context__ is None


def test_answers_do_not_print_their_content() -> None:
    assert SECRET not in repr(Answer(200, {"X": SECRET}, SECRET.encode()))
