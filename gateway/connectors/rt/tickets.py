"""Tickets of one queue, found by the custom field that says whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from gateway.auth.scope import AccountScope, Ref
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
from gateway.connectors.rt.api import MAX_ROWS, Api, Found, Pairs, Wire, either, is_id, quoted
from gateway.connectors.rt.mapping import STATUS, TICKET
from gateway.connectors.rt.messages import Messages
from gateway.connectors.rt.paging import Order
from gateway.connectors.rt.rows import shown, ticket_row
from gateway.errors import GatewayError

_SORTS: Final = {TicketSortField.UPDATED_AT: "LastUpdated", TicketSortField.CREATED_AT: "Created"}
_FIRST: Final = "description"


class Tickets:
    """Serves `TicketsPort`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._messages = Messages(api)

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Ticket | GatewayError | None]:
        """See the port. One call per 100 ids, whatever accounts they belong to; deleted ones are missing."""
        ids = sorted({ref.native_id for ref in refs if is_id(ref.native_id)}, key=int)
        batches = [ids[start : start + MAX_ROWS] for start in range(0, len(ids), MAX_ROWS)]
        found: dict[str, Wire] = {}
        for rows in await asyncio.gather(*(self._by_id(batch, fields) for batch in batches)):
            found |= rows
        reader = self._api.reader(TICKET, fields)
        # Read once per ref: the same row under another account's scope is another record.
        return [
            reader.read(found[ref.native_id], ref.scope) if ref.native_id in found else None for ref in refs
        ]

    async def list_tickets(
        self,
        scope: AccountScope,
        page: Page,
        filter: TicketFilter,  # noqa: A002  the port's name
        sort: TicketSort,
        fields: Selection,
    ) -> Listing[Ticket]:
        """List by key in any order, and both ways."""
        wanted = None if filter.status is None else frozenset(filter.status)
        accounts = self._api.accounts(scope.owners(self._api.name))
        statuses = None if wanted is None else _statuses(wanted)
        if not accounts or statuses == []:
            return Listing([], has_next=False, has_previous=False, total=0)  # nobody's list is everybody's
        api = self._api
        field = f"'CF.{{{api.account_field}}}'"
        terms = [f"Queue = {quoted(api.queue)}", either([f"{field} = {quoted(one)}" for one in accounts])]
        if statuses is not None:
            terms.append(either(statuses))
        query = " AND ".join(terms)
        order = Order(_SORTS[sort.field], descending=sort.direction is Direction.DESC)
        asked = shown(TICKET.paths(fields), _SORTS[sort.field])

        async def ask(condition: str, by: Pairs, size: int) -> Found:
            whole = f"{query} AND {condition}" if condition else query
            return await api.search("tickets", whole, asked, by, size)

        async def count() -> int | None:
            # What comes with a page that starts at a cursor is the number of those after it.
            return (await api.search("tickets", query, (), (), 1)).total

        later = (page.after or page.before) is not None
        part, total = await asyncio.gather(
            order.page(api, ask, page), count() if later and counted(fields, Ticket) else _untold()
        )
        rows = await self._described([row for row, _ in part.rows], fields)
        reader = api.reader(TICKET, fields)
        items: list[Any] = []
        for row, (_, cursor) in zip(rows, part.rows, strict=True):
            record = reader.read(row, scope)
            if record is None:
                raise api.broken("a ticket of another queue")
            items.append((record if _meets(row, wanted) else _other_status(api), cursor))
        return Listing(items, part.has_next, part.has_previous, total=part.total if not later else total)

    async def list_comments(self, ticket: Ticket, page: Page, fields: Selection) -> Listing[TicketComment]:
        """See the port."""
        return await self._messages.listed(ticket, page, fields)

    def open_attachment(self, scope: AccountScope, native_id: str) -> AbstractAsyncContextManager[Content]:
        """See the port. The whole file is held in memory: RT sends it within JSON."""
        return self._messages.open(scope, native_id)

    async def _by_id(self, ids: Sequence[str], fields: Selection) -> dict[str, Wire]:
        query = either([f"id = {one}" for one in ids])
        found = await self._api.search("tickets", query, shown(TICKET.paths(fields)), (), len(ids))
        if not {row["id"] for row in found.rows} <= set(ids):
            raise self._api.broken("tickets that were not asked for")
        return {row["id"]: row for row in await self._described(found.rows, fields)}

    async def _described(self, rows: Sequence[Wire], fields: Selection) -> list[Wire]:
        """Make the tables' rows, with the first message where that is selected."""
        api = self._api
        made = [ticket_row(row, api.queue, api.account_field) for row in rows]
        if _FIRST not in TICKET.selected(fields):
            return made
        first = await self._messages.first([row["id"] for row in made])
        return [row | {_FIRST: first.get(row["id"])} for row in made]


def _statuses(wanted: frozenset[TicketStatus]) -> list[str]:
    """Write the statuses as conditions; what is UNKNOWN is every word that is not known."""
    found = [f"Status = '{word}'" for word, status in STATUS.items() if status in wanted]
    if TicketStatus.UNKNOWN in wanted:
        others = " AND ".join(f"Status != '{word}'" for word in STATUS)
        found.append(f"( {others} )")
    return found


def _meets(row: Wire, wanted: frozenset[TicketStatus] | None) -> bool:
    status = row["Status"]  # without, the row would not have been shown
    found = STATUS.get(status, TicketStatus.UNKNOWN) if isinstance(status, str) else None
    return wanted is None or found in wanted


def _other_status(api: Api) -> GatewayError:
    return api.broken("Ticket.status: not the one asked for")


async def _untold() -> int | None:
    return None
