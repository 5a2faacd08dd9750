"""Lists of an account that has one Stripe customer or several (one per currency, say).

Stripe lists one customer at a time, newest first, and pages by "after this id". The lists of all
customers are merged by creation time; a cursor says, per customer, which row came last.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.auth.scope import AccountScope
from gateway.connectors.mapping import WireObject, is_object
from gateway.connectors.ports.common import Listing, Page
from gateway.errors import Code, RequestError, UpstreamError

MAX_LIMIT = 100
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of a Stripe list, and whether more follow."""

    data: list[WireObject]
    more: bool


Fetch = Callable[[str, str | None, int], Awaitable[Rows]]
"""`await fetch(customer, after, limit)` gives one page of a customer's list."""
Read = Callable[[WireObject, AccountScope], Any]
"""`read(row, scope)` gives the record, the error that broke it, or None for what is not for customers."""


def rows_of(answer: Any, system: str, after: str | None = None) -> Rows:
    """Read a Stripe list object: each row has an id, no id comes twice, none is the one to start after."""
    if is_object(answer):
        data, more = answer.get("data"), answer.get("has_more")
        if isinstance(data, list) and all(map(_is_row, data)) and type(more) is bool and (data or not more):
            ids = {row["id"] for row in data}
            if len(ids) == len(data) and after not in ids:
                return Rows(data, more)
    raise UpstreamError(
        Code.UPSTREAM_CONTRACT_BROKEN, system, detail="no list of objects with id and created"
    )


def _is_row(row: Any) -> bool:
    return is_object(row) and type(row.get("id")) is str and type(row.get("created", 0)) is int


class _Source:
    """One customer's list as far as it was fetched."""

    def __init__(self, customer: str, after: str | None) -> None:
        self.customer = customer
        self.last = after
        self.rows: deque[WireObject] = deque()
        self.more = True
        self._fetched = after

    async def fill(self, fetch: Fetch, limit: int) -> None:
        page = await fetch(self.customer, self._fetched, limit)
        self.rows.extend(page.data)
        self.more = page.more
        if page.data:
            self._fetched = page.data[-1]["id"]

    def take(self) -> WireObject:
        row = self.rows.popleft()
        self.last = row["id"]
        return row


async def merged(
    fetch: Fetch, customers: Sequence[str], scope: AccountScope, page: Page, read: Read, system: str
) -> Listing[Any]:
    """List `page.first` rows over all customers, newest first.

    Rows that are not for customers (drafts) are skipped; at most three rounds of calls are made to
    fill their places. A page may therefore be shorter than asked, with `end_cursor` to go on from.
    """
    if page.first is None:
        raise RequestError(
            Code.UNSUPPORTED_CAPABILITY, "last, before: this list pages forward only. Write first and after."
        )
    sources = _resume(customers, page.after)
    items: list[tuple[Any, str]] = []
    for _ in range(_ROUNDS):
        hungry = [source for source in sources if source.more and not source.rows]
        limit = min(MAX_LIMIT, page.first - len(items))
        await asyncio.gather(*(source.fill(fetch, limit) for source in hungry))
        if any("created" not in row for source in sources for row in source.rows):
            raise UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, system, detail="a row without created")
        # A customer whose rows ran out may have the next newest one: go on only when all are filled.
        while len(items) < page.first and (ready := [s for s in sources if s.rows]):
            if any(source.more and not source.rows for source in sources):
                break
            newest = max(ready, key=lambda source: source.rows[0]["created"])
            record = read(newest.take(), scope)
            if record is not None:
                items.append((record, _cursor(sources)))
        if len(items) == page.first or not any(source.more or source.rows for source in sources):
            break
    left = [read(row, scope) for source in sources for row in source.rows]
    return Listing(
        items,
        has_next=any(source.more for source in sources) or any(record is not None for record in left),
        has_previous=page.after is not None,
        end_cursor=_cursor(sources) if any(source.last for source in sources) else None,
    )


def _cursor(sources: Sequence[_Source]) -> str:
    return ",".join(f"{source.customer}={source.last}" for source in sources if source.last)


def _resume(customers: Sequence[str], after: str | None) -> list[_Source]:
    """Go on where the cursor says; a customer that joined the account since starts at its newest."""
    parts = [part.split("=") for part in after.split(",")] if after is not None else []
    if not all(len(part) == 2 and all(part) for part in parts):  # noqa: PLR2004  customer and row
        raise RequestError(
            Code.INVALID_CURSOR, "after: not a cursor of this list. Leave it out to start again."
        )
    last = dict(parts)
    return [_Source(customer, last.get(customer)) for customer in customers]
