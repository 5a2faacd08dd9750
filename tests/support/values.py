"""How GraphQL writes values, and how an answer is compared with what is wanted."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sandbox.data import EXPONENTS

Wire = dict[str, Any]
_CURSORS = frozenset({"startCursor", "endCursor", "edges"})  # cannot be foreseen; paging tests follow them


def differences(actual: object, wanted: object, at: str = "$") -> list[str]:
    """Name every value of `actual` that is not as wanted; what was not selected is not looked at."""
    if isinstance(actual, dict) and isinstance(wanted, dict):
        found = []
        for key in (key for key in actual if key not in _CURSORS):
            if key in wanted:
                found += differences(actual[key], wanted[key], f"{at}.{key}")
            else:
                found.append(f"{at}.{key}: not expected to be here")
        return found
    if isinstance(actual, list) and isinstance(wanted, list):
        if len(actual) != len(wanted):
            return [f"{at}: {len(actual)} items, {len(wanted)} wanted"]
        return [
            d
            for i, pair in enumerate(zip(actual, wanted, strict=True))
            for d in differences(*pair, f"{at}[{i}]")
        ]
    return (
        [] if actual == wanted and type(actual) is type(wanted) else [f"{at}: {actual!r}, {wanted!r} wanted"]
    )


def whole(rows: Sequence[Wire]) -> Wire:
    """A list that one page holds."""
    return {"nodes": list(rows), "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}


def page(rows: Sequence[Wire], first: int, *, came: int | None = None) -> Wire:
    """The first page of a list whose rows come with their parent, `came` of them at most. No cursors."""
    known = list(rows[:came])
    return {
        "nodes": known[:first],
        "pageInfo": {"hasNextPage": len(rows) > len(known[:first]), "hasPreviousPage": False},
        "totalCount": len(rows) if len(rows) == len(known) else None,
    }


def money(minor: int, currency: str) -> Wire:
    """Minor units as Money."""
    return {"amount": plain(Decimal(minor).scaleb(-EXPONENTS[currency])), "currencyCode": currency}


def exact(amount: Decimal, currency: str) -> Wire:
    """A decimal amount as Money, with the currency's decimals."""
    return {
        "amount": plain(amount.quantize(Decimal(1).scaleb(-EXPONENTS[currency]))),
        "currencyCode": currency,
    }


def plain(number: Decimal) -> str:
    """A decimal without exponent."""
    return format(number, "f")


def moment(at: dt.datetime | None) -> str | None:
    """A moment in UTC."""
    return None if at is None else at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(at: dt.date | None) -> str | None:
    """A day."""
    if at is None:
        return None
    return (at.date() if isinstance(at, dt.datetime) else at).isoformat()


def midnight(on: dt.date | None) -> str | None:
    """A day's first moment in UTC."""
    return None if on is None else f"{on.isoformat()}T00:00:00Z"


def sums(amounts: Iterable[tuple[str, int]]) -> list[Wire]:
    """Minor units added up per currency."""
    totals: dict[str, int] = defaultdict(int)
    for currency, minor in amounts:
        totals[currency] += minor
    return [money(total, currency) for currency, total in sorted(totals.items())]
