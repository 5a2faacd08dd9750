"""What a view asks with: parts of an account that it composes, and calls that stay within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page, Value
from gateway.context import PortMethod, RequestContext
from gateway.errors import Code, RequestError, UpstreamError
from gateway.resolvers.connections import MAX_PAGE

MAX_PAGES = 4
"""How many calls `every` makes for one list."""


class AccountPart(Value, frozen=True, kw_only=True):
    """Base of what a view answers: it belongs to one account, so what types require is checked on it."""

    scope: AccountScope

    @property
    def granted(self) -> frozenset[Permission]:
        """What the caller may do in the account."""
        return self.scope.permissions


def known(context: RequestContext, method: PortMethod, scope: AccountScope) -> bool:
    """Whether the system that serves a port knows the account; UNSUPPORTED_CAPABILITY when none serves it."""
    return bool(scope.owners(context.system(method)))


def selected(context: RequestContext, model: type, *attributes: str) -> bool:
    """Whether the operation selects one of these attributes, so that a call for them is worth it."""
    return not context.fields.get(model, frozenset()).isdisjoint(attributes)


async def every(
    context: RequestContext, method: PortMethod, scope: AccountScope, *arguments: Any
) -> list[Any]:
    """List all rows, an error in the place of a broken one; OPERATION_REFUSED when they are too many.

    Never a part of them: what a view says of the whole ("nothing is missing") would be wrong. The same list
    is read once in a request, however many fields ask.
    """
    rows: list[Any] = []
    page = Page(first=MAX_PAGE)
    for _ in range(MAX_PAGES):
        listing = await context.list(method, scope, page, *arguments)
        context.count_rows(len(listing.items))
        rows += [row for row, _ in listing.items]
        if not listing.has_next:
            return rows
        after = listing.end_cursor or next((cursor for _, cursor in reversed(listing.items)), None)
        if after is None:  # it would be the first page again
            name = context.system(method)
            raise UpstreamError(
                Code.UPSTREAM_CONTRACT_BROKEN, name, detail="an empty page with more after it"
            )
        page = Page(first=MAX_PAGE, after=after)
    raise RequestError(
        Code.OPERATION_REFUSED, f"There are more than {MAX_PAGE * MAX_PAGES} rows to look through."
    )


async def each(
    context: RequestContext, method: PortMethod, scope: AccountScope, ids: Iterable[str]
) -> list[Any]:
    """Load records by their ids in one batch, in order: record, None or error. Bound how many before."""
    return await context.load_many(method, [Ref(scope, native_id) for native_id in ids])
