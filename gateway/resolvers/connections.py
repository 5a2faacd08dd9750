"""Relay connections: page arguments in, one page with cursors out."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import cached_property
from typing import Any

import msgspec

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope
from gateway.connectors.ports.common import Listing, Page, Record, native_id
from gateway.context import PortMethod, RequestContext
from gateway.errors import Code, GatewayError, RequestError
from gateway.ids import binding

_Rows = Sequence[tuple[Any, str]]

MAX_PAGE = 100
DEFAULT_PAGE = 20


class PageArgs(msgspec.Struct, frozen=True):
    """`first`, `after`, `last`, `before` as the client wrote them."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def page(self, context: RequestContext, bound: Bound) -> Page:
        """Check them and unwrap the cursors; INVALID_INPUT or INVALID_CURSOR names the argument."""
        if self.last is not None or self.before is not None:
            if self.first is not None or self.after is not None:
                raise RequestError(
                    Code.INVALID_INPUT,
                    "first, last: write first (with after) or last (with before), not both.",
                )
            size = _size("last", self.last)
            return Page(last=size, before=_native(context, bound, self.before, "before"))
        size = _size("first", self.first)
        return Page(first=size, after=_native(context, bound, self.after, "after"))


class PageInfo(msgspec.Struct, frozen=True):
    """Where a page stands in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Edge(msgspec.Struct, frozen=True):
    """One row (or the error in its place) and its cursor."""

    node: Any
    cursor: str


class Bound:
    """What the cursors of one list are bound to; digested only when a cursor is read or written."""

    def __init__(self, name: str, system: str, *parts: Any) -> None:
        """`name` tells the list, `parts` what else makes it another list."""
        self._parts = (name, system, *parts)

    @cached_property
    def digest(self) -> bytes:
        """What goes into the MAC."""
        return binding(*self._parts)


class Connection:
    """One page. `granted` is what the caller may do in `account`, which the rows belong to.

    What is not selected is not made: cursors cost more than all else of a row.
    """

    def __init__(
        self, context: RequestContext, listing: Listing[Any], bound: Bound, scope: AccountScope | None
    ) -> None:
        context.count_rows(len(listing.items))
        self._cursors = context.cursors
        self._listing = listing
        self._bound = bound
        self.account = scope.key if scope else ""
        self.granted = scope.permissions if scope else frozenset[Permission]()

    @property
    def nodes(self) -> list[Any]:
        """The rows (or errors in their places) without their cursors."""
        return [record for record, _ in self._listing.items]

    @property
    def edges(self) -> list[Edge]:
        """The rows with their cursors."""
        return [Edge(record, self._cursor(cursor)) for record, cursor in self._listing.items]

    @property
    def page_info(self) -> PageInfo:
        """Where this page stands in the list."""
        listing = self._listing
        start = self._cursor(listing.items[0][1]) if listing.items else None
        last = listing.end_cursor
        if last is None and listing.items:
            last = listing.items[-1][1]
        end = None if last is None else self._cursor(last)
        return PageInfo(listing.has_next, listing.has_previous, start, end)

    @property
    def total_count(self) -> int | None:
        """How many rows the whole list has."""
        return self._listing.total

    def _cursor(self, native: str) -> str:
        return self._cursors.encode(self._bound.digest, native)


async def listed(
    context: RequestContext,
    method: PortMethod,
    scope: AccountScope,
    args: PageArgs,
    *arguments: Any,
    parent: Record | None = None,
) -> Connection:
    """Answer a connection from a port's list method."""
    bound = _bound(method.__qualname__, context.system(method), scope, parent, *arguments)
    page = args.page(context, bound)
    listing = await context.list(method, scope, page, *arguments, parent=parent)
    return Connection(context, listing, bound, scope)


def embedded(
    context: RequestContext, name: str, parent: Record, items: Sequence[Any] | GatewayError, args: PageArgs
) -> Connection:
    """Answer a connection from rows that all came with their parent; the error, if they came broken."""
    if isinstance(items, GatewayError):
        raise items
    bound = _bound(name, parent.connector, parent.scope, parent)
    rows = [(item, str(place)) for place, item in enumerate(items)]
    return Connection(context, _slice(rows, args.page(context, bound)), bound, parent.scope)


def begun(
    context: RequestContext,
    method: PortMethod,
    parent: Record,
    items: Sequence[Any] | GatewayError,
    args: PageArgs,
    *,
    more: bool | GatewayError,
) -> Connection | Awaitable[Connection]:
    """Answer a connection whose first rows came with their parent; `more`: the system has further ones.

    Only a page that starts beyond the first rows costs a call, so a list of parents never does. It may
    be shorter than asked: it ends with the rows at hand.
    """
    if isinstance(items, GatewayError):
        raise items
    if isinstance(more, GatewayError):
        raise more
    bound = _bound(method.__qualname__, context.system(method), parent.scope, parent)
    page = args.page(context, bound)
    # The rows' own ids are the cursors, so that the list method can go on from any of them.
    rows = [(item, getattr(item, "id", None) or f"#{place}") for place, item in enumerate(items)]
    if more and not _at_hand(rows, page):
        return listed(context, method, parent.scope, args, parent=parent)
    return Connection(context, _slice(rows, page, more=more), bound, parent.scope)


def gathered(
    context: RequestContext,
    name: str,
    scope: AccountScope,
    rows: _Rows,
    args: PageArgs,
    *,
    total: int | None,
) -> Connection:
    """Answer a connection from rows that were gathered from several systems, each with a key of its own.

    INVALID_CURSOR when the row that a cursor names is no longer among them: what came after it is unknown.
    """
    bound = Bound(name, "", scope.key)
    page = args.page(context, bound)
    for argument, cursor in (("after", page.after), ("before", page.before)):
        if cursor is not None and _place(rows, cursor) is None:
            raise RequestError(
                Code.INVALID_CURSOR,
                f"{argument}: what this cursor names is no longer in the list. Leave it out to start again.",
            )
    listing = msgspec.structs.replace(_slice(rows, page), total=total)
    return Connection(context, listing, bound, scope)


def held(context: RequestContext, name: str, items: Sequence[Any], args: PageArgs) -> Connection:
    """Answer a connection from rows that the caller's own token holds."""
    bound = Bound(name, context.principal.issuer, context.principal.subject)
    rows = [(item, str(place)) for place, item in enumerate(items)]
    return Connection(context, _slice(rows, args.page(context, bound)), bound, None)


def _size(argument: str, size: int | None) -> int:
    if size is None:
        return DEFAULT_PAGE
    if not 1 <= size <= MAX_PAGE:
        raise RequestError(
            Code.INVALID_INPUT,
            f"{argument}: write a number from 1 to {MAX_PAGE}; {size} was given. "
            "For more rows, follow pageInfo and ask for the next page.",
        )
    return size


def _native(context: RequestContext, bound: Bound, cursor: str | None, argument: str) -> str | None:
    return None if cursor is None else context.cursors.decode(bound.digest, cursor, argument)


def _bound(name: str, system: str, scope: AccountScope, parent: Record | None, *arguments: Any) -> Bound:
    return Bound(name, system, scope.key, parent and native_id(parent), arguments)


def _place(rows: _Rows, cursor: str) -> int | None:
    return next((place for place, (_, key) in enumerate(rows) if key == cursor), None)


def _at_hand(rows: _Rows, page: Page) -> bool:
    """Whether a page starts within the rows at hand."""
    if page.first is None:
        return page.before is not None and _place(rows, page.before) is not None
    return bool(rows) if page.after is None else _place(rows[:-1], page.after) is not None


def _slice(rows: _Rows, page: Page, *, more: bool = False) -> Listing[Any]:
    """Cut a page out of rows at hand; a cursor whose row is gone starts after the end."""
    start, end = 0, len(rows)
    if page.after is not None:
        found = _place(rows, page.after)
        start = end if found is None else found + 1
    if page.before is not None:
        end = _place(rows, page.before) or 0
    if page.first is not None:
        end = min(end, start + page.first)
    else:
        start = max(start, end - page.size)
    return Listing(
        list(rows[start:end]),
        has_next=end < len(rows) or more,
        has_previous=start > 0,
        total=None if more else len(rows),
    )
