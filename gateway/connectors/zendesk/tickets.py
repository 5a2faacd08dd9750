"""Tickets and their public comments."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.mapping import Body, Reader, WireObject
from gateway.connectors.ports.common import Direction, Listing, Page, Selection, counted
from gateway.connectors.ports.support import (
    Content,
    Ticket,
    TicketComment,
    TicketFilter,
    TicketSort,
    TicketSortField,
    TicketStatus,
)
from gateway.connectors.zendesk.api import (
    MAX_ROWS,
    Api,
    Query,
    Users,
    is_id,
    joined,
    people,
    unsupported,
)
from gateway.connectors.zendesk.files import Files
from gateway.connectors.zendesk.mapping import COMMENT, STATUS, TICKET
from gateway.connectors.zendesk.paging import MAX_FOUND, Rows, by_cursor, page_number, paged, search
from gateway.errors import GatewayError
from gateway.outbound import Answer

_UNSOLVED: Final = frozenset(
    {TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD}
)
_WORDS: Final = {status: word for word, status in STATUS.items()}
_SORTS: Final = {TicketSortField.UPDATED_AT: "updated_at", TicketSortField.CREATED_AT: "created_at"}
_PEOPLE: Final = ("requester", "assignee")
_BESIDE: Final = {"users": Any, "meta": Any}
_TICKETS: Final = Body(
    "tickets", {"id": int, "status": str, "requester_id": int, "assignee_id": int}, _BESIDE
)
_COMMENTS: Final = Body("comments", {"id": int, "public": bool, "author_id": int}, _BESIDE)


class Tickets:
    """Serves `TicketsPort`."""

    def __init__(self, api: Api, files: Files) -> None:
        self._api = api
        self._files = files

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Ticket | GatewayError | None]:
        """See the port. One call per 100 ids, whatever accounts they belong to."""
        ids = sorted({ref.native_id for ref in refs if is_id(ref.native_id)}, key=int)
        parts = [ids[start : start + MAX_ROWS] for start in range(0, len(ids), MAX_ROWS)]
        reader = self._api.reader(TICKET, fields)
        found: dict[str, tuple[WireObject, dict[str, Any]]] = {}
        for rows in await asyncio.gather(*(self._by_id(part, fields, reader) for part in parts)):
            found |= rows

        def read(ref: Ref) -> Any:
            row, people = found[ref.native_id]
            return reader.read(row, ref.scope, joined=people)

        # Read once per ref: the same row under another account's scope is another record.
        return [read(ref) if ref.native_id in found else None for ref in refs]

    async def list_tickets(
        self,
        scope: AccountScope,
        page: Page,
        filter: TicketFilter,  # noqa: A002  the port's name
        sort: TicketSort,
        fields: Selection,
    ) -> Listing[Ticket]:
        """List by one organization's list, or by a search where that cannot do what is asked."""
        wanted = None if filter.status is None else frozenset(filter.status)
        if wanted is not None and TicketStatus.UNKNOWN in wanted:
            raise unsupported("filter.status", "there are no tickets to be found as UNKNOWN. Leave it out.")
        if page.first is None:
            raise unsupported("last, before", "tickets page forward only. Write first and after.")
        organizations = self._api.organizations(scope.owners(self._api.name))
        if not organizations or wanted == frozenset():
            return Listing([], has_next=False, has_previous=False, total=0)  # nobody's list is everybody's
        # The organization's list has no filter, no order by creation and knows one organization only.
        if wanted is None and sort.field is TicketSortField.UPDATED_AT and len(organizations) == 1:
            return await self._of_organization(scope, organizations[0], page, sort, fields)
        return await self._search(scope, organizations, page, wanted, sort, fields)

    async def list_comments(self, ticket: Ticket, page: Page, fields: Selection) -> Listing[TicketComment]:
        """List what is public of a ticket's comments; internal ones come in the same list."""
        path = f"/tickets/{ticket.id}/comments"
        query = [("include", "users")] if people(COMMENT.paths(fields), "author") else []
        reader = self._api.reader(COMMENT, fields)

        def read(row: WireObject, users: Users) -> Any:
            if type(row.get("public")) is not bool:
                raise self._api.broken("TicketComment.public: not told")
            return reader.read(row, ticket.scope, ticket, joined(row, users, "author"))

        def decode(answer: Answer) -> Any:
            return reader.decode(answer, _COMMENTS)

        fetch = by_cursor(self._api, path, "comments", query, "/tickets/{id}/comments", decode=decode)
        return await paged(fetch, page, read, hidden=True)

    def open_attachment(self, scope: AccountScope, native_id: str) -> AbstractAsyncContextManager[Content]:
        """See the port."""
        return self._files.open(scope, native_id)

    async def _by_id(
        self, ids: Sequence[str], fields: Selection, reader: Reader[Any]
    ) -> dict[str, tuple[WireObject, dict[str, Any]]]:
        query = [("ids", ",".join(ids)), *_sideloads(fields)]
        path = "/tickets/show_many"
        _, body = await self._api.get(path, query, path, decode=partial(_tickets, reader))
        rows, users = self._api.rows(body, "tickets"), self._api.users(body, query)
        found = {str(row["id"]): (row, joined(row, users, *_PEOPLE)) for row in rows}
        if not found.keys() <= set(ids):
            raise self._api.broken("tickets that were not asked for")
        return found

    async def _of_organization(
        self, scope: AccountScope, organization: str, page: Page, sort: TicketSort, fields: Selection
    ) -> Listing[Ticket]:
        minus = "-" if sort.direction is Direction.DESC else ""
        query = [("sort", f"{minus}{_SORTS[sort.field]}"), *_sideloads(fields)]
        path, route = f"/organizations/{organization}/tickets", "/organizations/{id}/tickets"
        reader = self._api.reader(TICKET, fields)
        fetch = by_cursor(self._api, path, "tickets", query, route, decode=partial(_tickets, reader))
        return await paged(fetch, page, self._reads(scope, reader, None))

    async def _search(
        self,
        scope: AccountScope,
        organizations: Sequence[str],
        page: Page,
        wanted: frozenset[TicketStatus] | None,
        sort: TicketSort,
        fields: Selection,
    ) -> Listing[Ticket]:
        terms = ["type:ticket", *(f"organization:{one}" for one in organizations), *_conditions(wanted)]
        query = [
            ("query", " ".join(terms)),
            ("sort_by", _SORTS[sort.field]),
            ("sort_order", sort.direction.value.lower()),
            *((name, f"tickets({value})") for name, value in _sideloads(fields)),
        ]
        read = self._reads(scope, self._api.reader(TICKET, fields), wanted)
        total: int | None = None

        async def fetch(token: str, _size: int) -> Rows:
            nonlocal total
            number = page_number(token)
            found = await search(self._api, "/search", query, number, MAX_ROWS)
            if number == 1 and counted(fields, Ticket):
                total = await self._count(query, found.page(1, MAX_ROWS), found.count, read)
            return found.page(number, MAX_ROWS)

        listing = await paged(fetch, page, read)
        return Listing(listing.items, listing.has_next, listing.has_previous, total, listing.end_cursor)

    async def _count(self, query: Query, first: Rows, count: int, read: Any) -> int | None:
        """Count what is for customers: exact, since Zendesk's own count has the internal tickets too."""
        if count > MAX_FOUND:
            return None
        more = await asyncio.gather(
            *(
                search(self._api, "/search", query, number, MAX_ROWS)
                for number in range(2, math.ceil(count / MAX_ROWS) + 1)
            )
        )
        pages = [(first.data, first.users), *((page.data, page.users) for page in more)]
        return sum(read(row, users) is not None for rows, users in pages for row in rows)

    def _reads(self, scope: AccountScope, reader: Reader[Any], wanted: frozenset[TicketStatus] | None) -> Any:
        def read(row: WireObject, users: Users) -> Any:
            record = reader.read(row, scope, joined=joined(row, users, *_PEOPLE))
            status = row.get("status")
            if record is None or wanted is None or (isinstance(status, str) and STATUS.get(status) in wanted):
                return record
            # The index lags, but what it gives is to be what was asked for.
            return self._api.broken("Ticket.status: not the one asked for")

        return read


def _tickets(reader: Reader[Any], answer: Answer) -> Any:
    return reader.decode(answer, _TICKETS)


def _conditions(wanted: frozenset[TicketStatus] | None) -> list[str]:
    """Write the statuses as a search does; several of one property are joined by OR."""
    if wanted is None:
        return []
    if wanted == _UNSOLVED:
        return ["status<solved"]
    return sorted(f"status:{_WORDS[status]}" for status in wanted)


def _sideloads(fields: Selection) -> Query:
    """Ask for what selected attributes are read from beside the ticket."""
    paths = TICKET.paths(fields)
    names = ["users"] if people(paths, *_PEOPLE) else []
    if people(paths, "dates"):
        names.append("dates")
    return [("include", ",".join(names))] if names else []
