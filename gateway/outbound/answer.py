"""What a system answered, what its status means, and its JSON."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from gateway.errors import Code, UpstreamError

_MAX_WAIT: Final = 3600.0
_SECONDS: Final = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?", re.ASCII)
_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer. `headers` is case-insensitive, `body` is decompressed."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)  # upstream data: a stray repr must not print it


@dataclass(frozen=True, slots=True)
class Streamed:
    """An HTTP answer whose body is still to come, decompressed, in parts that can be read once."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    chunks: AsyncIterator[bytes] = field(repr=False)


def code_of(status: int) -> Code:
    """Give the error that an unexpected status means."""
    if status in {401, 403}:
        return Code.UPSTREAM_AUTH_FAILED
    if status == 429:  # noqa: PLR2004  Too Many Requests, RFC 6585
        return Code.UPSTREAM_RATE_LIMITED
    if status >= 500:  # noqa: PLR2004  the server failed, RFC 9110
        return Code.UPSTREAM_UNAVAILABLE
    return Code.UPSTREAM_CONTRACT_BROKEN


def retry_after(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3): seconds from `now` within 0..3600, None when it says nothing."""
    value = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), _MAX_WAIT)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:  # "-0000": the date is UTC and names no zone
        at = at.replace(tzinfo=dt.UTC)
    return min(max((at - now).total_seconds(), 0.0), _MAX_WAIT)


def decode(answer: Answer | bytes, system: str) -> Any:
    """Read JSON: dict, list, str, int, `Decimal` (exact, finite), bool or None.

    Raises UPSTREAM_CONTRACT_BROKEN for anything else: other content, a truncated document, invalid UTF-8,
    NaN, Infinity, numbers beyond what decimals and integers hold, nesting beyond the recursion limit.
    """
    body = answer.body if isinstance(answer, Answer) else answer
    try:
        return _JSON.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, DecimalException, RecursionError) as error:
        # Not chained: the original's text and arguments quote the content.
        detail = f"no JSON: {type(error).__name__}"
    raise UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, system, detail=detail)
