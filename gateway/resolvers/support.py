"""Tickets, their comments and files."""

from __future__ import annotations

from typing import Any

from gateway.auth.principal import Membership
from gateway.connectors.ports.common import Listing, Page, key_of
from gateway.connectors.ports.support import (
    Ticket,
    TicketAttachment,
    TicketComment,
    TicketFilter,
    TicketSort,
    TicketsPort,
    TicketStatus,
)
from gateway.context import RequestContext
from gateway.errors import GatewayError
from gateway.passes import FilePass
from gateway.resolvers.connections import MAX_PAGE, Connection, PageArgs, listed
from gateway.resolvers.documents import DownloadLink, checked_seconds

UNSOLVED = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD)


async def tickets(
    membership: Membership,
    context: RequestContext,
    *,
    filter: TicketFilter | None = None,  # noqa: A002  the argument's name in the schema
    order_by: TicketSort | None = None,
    **page: Any,
) -> Connection:
    """List the account's tickets."""
    scope = await context.scope(membership)
    return await listed(
        context,
        TicketsPort.list_tickets,
        scope,
        PageArgs(**page),
        filter or TicketFilter(),
        order_by or TicketSort(),
    )


async def unsolved(membership: Membership, context: RequestContext) -> Listing[Ticket]:
    """List what is not solved, as much as one page holds: one call, whoever of the request asks."""
    return await _in_status(membership, context, UNSOLVED)


async def waiting(membership: Membership, context: RequestContext) -> Listing[Ticket]:
    """List what waits for the customer: from what is unsolved where that is one page, else by itself."""
    found = await unsolved(membership, context)
    if found.has_next:
        return await _in_status(membership, context, (TicketStatus.PENDING,))
    rows = [
        (ticket, cursor)
        for ticket, cursor in found.items
        if isinstance(ticket, GatewayError) or key_of(ticket.status) is TicketStatus.PENDING
    ]
    return Listing(rows, has_next=False, has_previous=False)


async def _in_status(
    membership: Membership, context: RequestContext, status: tuple[TicketStatus, ...]
) -> Listing[Ticket]:
    scope = await context.scope(membership)
    page = Page(first=MAX_PAGE)
    return await context.list(
        TicketsPort.list_tickets, scope, page, TicketFilter(status=status), TicketSort()
    )


async def comments(ticket: Ticket, context: RequestContext, **page: Any) -> Connection:
    """List the public comments of a ticket."""
    return await listed(context, TicketsPort.list_comments, ticket.scope, PageArgs(**page), parent=ticket)


def attachments(comment: TicketComment, _context: RequestContext) -> list[TicketAttachment | GatewayError]:
    """Answer the files that came with the comment."""
    found: tuple[TicketAttachment | GatewayError, ...] = key_of(comment.attachments)
    return list(found)


def attachment_download(
    attachment: TicketAttachment, context: RequestContext, *, ttl_seconds: int = 120
) -> DownloadLink:
    """Make a link of this gateway's own: the helpdesk's would open for whoever finds it, for ever."""
    seconds = checked_seconds(ttl_seconds)
    scope = attachment.scope
    issued = FilePass(
        attachment.connector,
        scope.key,
        scope.owners(attachment.connector),
        attachment.id,
        context.passes.expiry(seconds),
    )
    return DownloadLink.until(context.address(issued), issued.expires_at)
