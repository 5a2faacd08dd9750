"""Ids and queries: what may go into them, and in which form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?", re.ASCII)
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT = 15
_ESCAPES = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t"})

ACCOUNT = "001"
CONTACT = "003"
USER = "005"
RELATION = "07k"
"""Prefixes that tell what an id is of."""


def normal(text: object, prefix: str) -> str | None:
    """Give the 18 characters of an id of this kind; None for what cannot be one.

    Ids come with 15 characters that matter, or with 3 more that tell which of those are upper case.
    """
    if not isinstance(text, str) or not text.startswith(prefix) or not _ID.fullmatch(text):
        return None
    short = text[:_SHORT]
    whole = short + "".join(_check(short[start : start + 5]) for start in (0, 5, 10))
    return whole if text in {short, whole} else None


def _check(part: str) -> str:
    return _CHECK[sum(1 << place for place, letter in enumerate(part) if letter.isupper())]


def quote(text: str) -> str:
    """Write a string literal."""
    return f"'{text.translate(_ESCAPES)}'"


def within(field: str, values: Iterable[str]) -> str:
    """Write that a field has one of these values; there must be one."""
    return f"{field} IN ({','.join(map(quote, values))})"


def select(fields: Sequence[str], kind: str, conditions: Iterable[str], order: str, limit: int) -> str:
    """Write a query for one page."""
    where = " AND ".join(conditions)
    return f"SELECT {','.join(fields)} FROM {kind} WHERE {where} ORDER BY {order} LIMIT {limit}"  # noqa: S608  built of literals and `quote`


def count(kind: str, conditions: Iterable[str]) -> str:
    """Write a query for the number of rows."""
    return f"SELECT COUNT() FROM {kind} WHERE {' AND '.join(conditions)}"  # noqa: S608  likewise
