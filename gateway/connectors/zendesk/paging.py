"""Pages of any size over Zendesk's pages, with a cursor for each row.

Zendesk gives a token for the end of a page only (cursor paging), or counts pages (search). A cursor here is
`skip.row.token`: ask for the page at `token`, and go on after its first `skip` rows, the last of them `row`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from gateway.connectors.ports.common import Listing, Page
from gateway.connectors.zendesk.api import (
    BAD_REQUEST,
    MAX_ROWS,
    Api,
    Query,
    Users,
    Wire,
    unsupported,
)
from gateway.errors import Code, RequestError
from gateway.outbound import Answer

MAX_FOUND: Final = 1000  # rows that a search gives in all
_ROUNDS = 3
_CURSOR = re.compile(r"(\d{1,3})\.(\d{1,19})\.([\w+/=-]{0,500})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of Zendesk's, the users that came with it, and the token of the next page."""

    data: list[Any]
    users: Users
    following: str | None


Fetch = Callable[[str, int], Awaitable[Rows]]
"""`await fetch(token, size)` gives a page; the token is empty for the first one."""
Read = Callable[[Any, Users], Any]
"""`read(row, users)` gives the record, the error that broke it, or None for what is not for customers."""


async def paged(fetch: Fetch, page: Page, read: Read, *, hidden: bool = False) -> Listing[Any]:
    """List `page.first` rows; `hidden`: many rows are not for customers, so more are asked for at once.

    Rows that are not for customers are skipped, in at most three calls. A page may therefore be shorter than
    asked, with `end_cursor` to go on from.
    """
    if page.first is None:
        raise unsupported("last, before", "this list pages forward only. Write first and after.")
    skip, last, token = _place(page.after)
    items: list[tuple[Any, str]] = []
    end = page.after
    left = False
    for _ in range(_ROUNDS):
        need = page.first - len(items)
        rows = await fetch(token, min(MAX_ROWS, skip + (need * 2 + 5 if hidden else need)))
        if skip and (len(rows.data) < skip or rows.data[skip - 1]["id"] != last):
            raise gone()
        for place, row in enumerate(rows.data[skip:], skip + 1):
            record = read(row, rows.users)
            if len(items) == page.first:
                left = left or record is not None
                continue
            whole = place == len(rows.data) and rows.following is not None
            end = f"0.{row['id']}.{rows.following}" if whole else f"{place}.{row['id']}.{token}"
            if record is not None:
                items.append((record, end))
        if len(items) == page.first or rows.following is None:
            break
        token, skip = rows.following, 0
    more = rows.following is not None
    return Listing(items, has_next=more or left, has_previous=page.after is not None, end_cursor=end)


def by_cursor(
    api: Api,
    path: str,
    key: str,
    query: Query,
    route: str,
    also: tuple[int, ...] = (),
    *,
    decode: Callable[[Answer], Any] | None = None,
) -> Fetch:
    """Page by Zendesk's own tokens; a status in `also` (there is no such parent) is an empty list."""

    async def fetch(token: str, size: int) -> Rows:
        paging = [("page[size]", str(size)), *([("page[after]", token)] if token else [])]
        asked = [*query, *paging]
        errors = (*also, *((BAD_REQUEST,) if token else ()))
        status, body = await api.get(path, asked, route, errors, decode)
        if status == BAD_REQUEST:  # with a token only: it is none of this list
            raise no_cursor()
        if status in also:
            if body.get("error") != "RecordNotFound":
                raise api.broken(f"HTTP {status}")
            return Rows([], {}, None)
        rows, meta = api.rows(body, key), body.get("meta")
        more = meta.get("has_more") if isinstance(meta, dict) else None
        if type(more) is not bool or len(rows) > size:
            raise api.broken("not a page of a list")
        following = meta["after_cursor"] if isinstance(meta, dict) and more else None
        if more and (not rows or type(following) is not str or following == token):
            raise api.broken("a page that leads nowhere")
        return Rows(rows, api.users(body, asked), following)

    return fetch


def by_number(api: Api, path: str, query: Query, size: int) -> Fetch:
    """Page through a search: its pages have numbers, and one size."""

    async def fetch(token: str, _size: int) -> Rows:
        number = page_number(token)
        found = await search(api, path, query, number, size)
        return found.page(number, size)

    return fetch


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search, and how many rows there are in all."""

    data: list[Wire]
    users: Users
    count: int

    def page(self, number: int, size: int) -> Rows:
        """Give it as a page; what lies beyond the most that a search gives is not there."""
        more = number * size < min(self.count, MAX_FOUND)
        return Rows(self.data, self.users, str(number + 1) if more else None)


async def search(api: Api, path: str, query: Query, number: int, size: int) -> Found:
    """Ask for one page of a search, counted from 1."""
    asked = [*query, ("per_page", str(size)), ("page", str(number))]
    _, body = await api.get(path, asked, path)
    rows, count = api.rows(body, "results"), body.get("count")
    # A page is full unless it is the last one: a short one would shift all that follow.
    due = min(size, max(0, count - (number - 1) * size)) if type(count) is int else -1
    if type(count) is not int or len(rows) != due:
        raise api.broken("not a page of a search")
    return Found(rows, api.users(body, asked), count)


def page_number(token: str) -> int:
    """Read the number of a search's page from a cursor's token."""
    number = int(token) if token.isdecimal() and len(token) <= len(str(MAX_FOUND)) else 1 if not token else 0
    if not 1 <= number <= MAX_FOUND:
        raise no_cursor()
    return number


def _place(after: str | None) -> tuple[int, int, str]:
    if after is None:
        return 0, 0, ""
    found = _CURSOR.fullmatch(after)
    if found is None:
        raise no_cursor()
    skip, row, token = found.groups()
    if int(skip) > MAX_ROWS:
        raise no_cursor()
    return int(skip), int(row), token


def no_cursor() -> RequestError:
    """Refuse what is no cursor of this list."""
    return RequestError(Code.INVALID_CURSOR, "after: not a cursor of this list. Leave it out to start again.")


def gone() -> RequestError:
    """Refuse a cursor whose row is not where it was."""
    return RequestError(
        Code.INVALID_CURSOR, "after: the row this cursor points at has moved. Leave it out to start again."
    )
