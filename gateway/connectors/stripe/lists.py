"""Lists of an account that has one Stripe customer or several (one per currency, say).

Stripe lists one customer at a time, newest first, and pages by "after this id". The lists of all
customers are merged by creation time; a cursor says, per customer, which row came last.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from gateway.auth.scope import AccountScope
from gateway.connectors.mapping import Reader
from gateway.connectors.ports.common import Listing, Page, Record
from gateway.errors import Code, GatewayError, RequestError, UpstreamError

R = TypeVar("R", bound=Record)
Fetch = Callable[[str, str | None, int], Awaitable[dict[str, Any]]]
"""`await fetch(customer, after, limit)` gives one Stripe list object."""

MAX_LIMIT = 100
_ROUNDS = 3


class _Source:
    """One customer's list as far as it was fetched."""

    def __init__(self, customer: str, after: str | None) -> None:
        self.customer = customer
        self.last = after
        self.rows: deque[dict[str, Any]] = deque()
        self.more = True
        self._fetched = after

    async def fill(self, fetch: Fetch, limit: int, system: str) -> None:
        answer = await fetch(self.customer, self._fetched, limit)
        rows = data(answer, system)
        self.rows.extend(rows)
        self.more = answer.get("has_more") is True and bool(rows)
        if rows:
            self._fetched = rows[-1]["id"]

    def take(self) -> dict[str, Any]:
        row = self.rows.popleft()
        self.last = row["id"]
        return row


async def merged(
    fetch: Fetch, customers: Sequence[str], scope: AccountScope, page: Page, reader: Reader[R], system: str
) -> Listing[R]:
    """List `page.first` rows over all customers, newest first.

    Rows that are not for customers (drafts) are skipped; at most three rounds of calls are made to
    fill their places. A page may therefore be shorter than asked, with `end_cursor` to go on from.
    """
    if page.first is None:
        raise RequestError(
            Code.UNSUPPORTED_CAPABILITY, "last, before: this list pages forward only. Write first and after."
        )
    sources = _resume(customers, page.after)
    items: list[tuple[R | GatewayError, str]] = []
    for _ in range(_ROUNDS):
        hungry = [source for source in sources if source.more and not source.rows]
        limit = min(MAX_LIMIT, page.first - len(items))
        await asyncio.gather(*(source.fill(fetch, limit, system) for source in hungry))
        # A customer whose rows ran out may have the next newest one: go on only when all are filled.
        while len(items) < page.first and (ready := [s for s in sources if s.rows]):
            if any(source.more and not source.rows for source in sources):
                break
            newest = max(ready, key=lambda source: source.rows[0]["created"])
            record = reader.read(newest.take(), scope)
            if record is not None:
                items.append((record, _cursor(sources)))
        if len(items) == page.first or not any(source.more or source.rows for source in sources):
            break
    left = [reader.read(row, scope) for source in sources for row in source.rows]
    return Listing(
        items,
        has_next=any(source.more for source in sources) or any(record is not None for record in left),
        has_previous=page.after is not None,
        end_cursor=_cursor(sources) if any(source.last for source in sources) else None,
    )


def data(answer: object, system: str) -> list[dict[str, Any]]:
    """Give the rows of a Stripe list object; each has an id and a creation time."""
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("id"), str) and type(row.get("created", 0)) is int
        for row in rows
    ):
        raise UpstreamError(
            Code.UPSTREAM_CONTRACT_BROKEN, system, detail="no list of objects with id and created"
        )
    return rows


def _cursor(sources: Sequence[_Source]) -> str:
    return ",".join(f"{source.customer}={source.last}" for source in sources if source.last)


def _resume(customers: Sequence[str], after: str | None) -> list[_Source]:
    """Go on where the cursor says; a customer that joined the account since starts at its newest."""
    last = dict(part.split("=", 1) for part in after.split(",")) if after else {}
    return [_Source(customer, last.get(customer)) for customer in customers]
