"""Pages of the store's lists: prefixes walked one after the other, in the store's own order.

A cursor is `/` and the place below the account's own folder to go on after; where an account has several
folders of its own, the number of the folder stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.connectors.ports.common import Listing, Page
from gateway.connectors.s3.keys import is_segment
from gateway.errors import Code, RequestError

ROUNDS: Final = 10
"""Calls for one page at most, and so the most prefixes that one list can have."""

_CURSOR: Final = re.compile(r"(|[1-9]\d{0,2})/(.{1,1024})", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Walk:
    """A prefix to list; `root` is the account's own folder that it is in, `number` says the how manieth."""

    number: int
    root: str
    prefix: str

    def cursor(self, place: str) -> str:
        """Write the cursor of a key or prefix."""
        return f"{self.number or ''}/{place.removeprefix(self.root)}"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call gave: records, each with its key or prefix, the last one seen, and if more follow."""

    items: Sequence[tuple[Any, str]]
    last: str | None
    more: bool


Fetch = Callable[[Walk, str | None, int], Awaitable[Batch]]
"""`await fetch(walk, after, limit)`; `after` is a key or prefix."""


async def paged(fetch: Fetch, walks: Sequence[Walk], page: Page) -> Listing[Any]:
    """Fill a page, and look one row further to tell whether there is a next one.

    After ten calls that did not fill it, a page is shorter than asked, with `end_cursor` to go on from.
    """
    if page.first is None:
        raise unsupported("last, before: this list pages forward only. Write first and after.")
    number, place = _place(page.after)
    items: list[tuple[Any, str]] = []
    end = page.after
    calls = 0
    for walk in walks:
        if walk.number < number:
            continue
        after = walk.root + place if place is not None and walk.number == number else None
        if after is not None and not after.startswith(walk.prefix):
            if after > walk.prefix:
                continue  # all of it lies before the place to go on from
            after = None
        more = True
        while more:
            if calls == ROUNDS:
                return Listing(items, has_next=True, has_previous=page.after is not None, end_cursor=end)
            calls += 1
            batch = await fetch(walk, after, page.first + 1 - len(items))
            items += [(record, walk.cursor(where)) for record, where in batch.items]
            if len(items) > page.first:
                shown = items[: page.first]
                return Listing(
                    shown, has_next=True, has_previous=page.after is not None, end_cursor=shown[-1][1]
                )
            after, more = batch.last or after, batch.more
            # Past the end of a prefix there is nothing before its successor: "0" follows "/".
            end = walk.cursor(after if more and after else successor(walk.prefix))
    return Listing(
        items,
        has_next=False,
        has_previous=page.after is not None,
        end_cursor=items[-1][1] if items else page.after,
    )


def successor(prefix: str) -> str:
    """Give the first string after all that begin with a prefix that ends with a slash."""
    return prefix.removesuffix("/") + "0"


def unsupported(text: str) -> RequestError:
    """Refuse an argument that the store cannot serve, saying what to write."""
    return RequestError(Code.UNSUPPORTED_CAPABILITY, text)


def no_cursor() -> RequestError:
    """Refuse what is no cursor of this connector's lists."""
    return RequestError(Code.INVALID_CURSOR, "after: not a cursor of this list. Leave it out to start again.")


def _place(cursor: str | None) -> tuple[int, str | None]:
    if cursor is None:
        return 0, None
    found = _CURSOR.fullmatch(cursor)
    if found is None or not all(map(is_segment, found[2].removesuffix("/").split("/"))):
        raise no_cursor()
    return int(found[1] or 0), found[2]
