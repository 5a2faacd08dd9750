"""What an account's home page begins with: counts, and the one to-do list over all systems.

Both are computed from what the request has loaded or would load anyway, and are stored nowhere.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from typing_extensions import Doc

from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership
from gateway.auth.scope import AccountScope
from gateway.connectors.ports.billing import Invoice, InvoiceFilter, InvoiceSort, InvoicesPort, InvoiceStatus
from gateway.connectors.ports.common import Listing, Page, Record, Value, key_of, native_id
from gateway.connectors.ports.orders import OrderFilter, OrderSort, OrdersPort, OrderStatus
from gateway.connectors.ports.support import Ticket, TicketsPort
from gateway.context import PortMethod, RequestContext
from gateway.errors import Code, GatewayError, RequestError
from gateway.resolvers.connections import MAX_PAGE, Connection, PageArgs, gathered
from gateway.resolvers.support import unsolved, waiting

_UNPAID = (InvoiceStatus.OPEN, InvoiceStatus.PARTIALLY_PAID)
_UNFINISHED = (
    OrderStatus.CONFIRMED,
    OrderStatus.IN_PROGRESS,
    OrderStatus.PARTIALLY_SHIPPED,
    OrderStatus.ON_HOLD,
)


class ActionItemKind(Enum):
    """What is waited for."""

    PAY_INVOICE = "PAY_INVOICE"
    ANSWER_TICKET = "ANSWER_TICKET"


class ActionItem(Value, frozen=True, kw_only=True):
    """Something that waits for the customer. It is gone when that is done."""

    kind: Annotated[ActionItemKind, Doc("What is waited for.")]
    title: Annotated[str | None, Doc("What it is about, to be shown.")]
    due_at: Annotated[
        dt.datetime | None, Doc("Until when: midnight UTC of the last day; null: no day is set.")
    ]
    is_overdue: Annotated[bool | None, Doc("Whether that day has passed.")]
    created_at: Annotated[dt.datetime | None, Doc("Since when it waits.")]
    scope: AccountScope
    subject: Record

    @property
    def granted(self) -> frozenset[Permission]:
        """What the caller may do in the account."""
        return self.scope.permissions


# Counts


async def open_invoices(membership: Membership, context: RequestContext) -> int | None:
    """Count what is to be paid; null when it is more than one page."""
    return _count(await _unpaid(membership, context))


async def overdue_invoices(membership: Membership, context: RequestContext) -> int | None:
    """Count what should have been paid; null when the unpaid ones are more than one page."""
    found = await _unpaid(membership, context)
    if _count(found) is None:
        return None
    return sum(key_of(invoice.is_overdue) is True for invoice in _rows(found))


async def open_tickets(membership: Membership, context: RequestContext) -> int | None:
    """Count the tickets that are not solved; null when it is more than one page."""
    return _count(await unsolved(membership, context))


async def open_orders(membership: Membership, context: RequestContext) -> int | None:
    """Count the orders that are under way; null when it is more than one page."""
    scope = await context.scope(membership)
    found = await context.list(
        OrdersPort.list_orders, scope, Page(first=MAX_PAGE), OrderFilter(status=_UNFINISHED), OrderSort()
    )
    return _count(found)


def _count(found: Listing[Any]) -> int | None:
    """Count what one page holds whole; beyond it no figure is exact."""
    return None if found.has_next or found.has_previous else len(found.items)


def _rows(found: Listing[Any]) -> list[Any]:
    """Give the records; one that came broken spoils what is told of all."""
    return [key_of(record) for record, _ in found.items]


# The to-do list


async def action_items(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List what waits for the customer, what is due first before what has no day.

    What the caller may not see is left out. A source that failed, or has more than one page holds, is told by
    an error in the list's last places: then there is no total.
    """
    scope = await context.scope(membership)
    sources = [source for source in _SOURCES if _bound(source, membership, context)]
    found = await asyncio.gather(
        *(_ask(source, membership, context) for source in sources), return_exceptions=True
    )
    items: list[tuple[ActionItem, str]] = []
    failed: list[tuple[GatewayError, str]] = []
    for source, part in zip(sources, found, strict=True):
        if isinstance(part, GatewayError):
            failed.append((part, source.kind.value))
        elif isinstance(part, BaseException):
            raise part
        else:
            items += [(item, f"{source.kind.value}:{native_id(item.subject)}") for item in part.items]
            if part.cut:
                failed.append((_cut(source), source.kind.value))
    items.sort(key=lambda row: _urgency(*row))
    total = None if failed else len(items)
    return gathered(context, "Account.actionItems", scope, [*items, *failed], PageArgs(**page), total=total)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one source has; `cut`: it has more than that."""

    items: list[ActionItem]
    cut: bool


async def _ask(source: _Source, membership: Membership, context: RequestContext) -> _Part:
    listing = await source.rows(membership, context)
    return _Part([source.item(record) for record in _rows(listing)], cut=listing.has_next)


def _cut(source: _Source) -> RequestError:
    return RequestError(
        Code.UNSUPPORTED_CAPABILITY,
        f"More wait than fit here ({source.kind.value}): only {MAX_PAGE} are shown. List them by themselves.",
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """Where items of one kind come from, and what a caller must be allowed to see for it."""

    kind: ActionItemKind
    requires: Permission
    method: PortMethod
    rows: Callable[[Membership, RequestContext], Awaitable[Listing[Any]]]
    item: Callable[[Any], ActionItem]


def _bound(source: _Source, membership: Membership, context: RequestContext) -> bool:
    return source.requires in membership.permissions and context.serves(source.method)


def _urgency(item: ActionItem, key: str) -> tuple[Any, ...]:
    """What is due first comes first, then what has no day, the longest waiting first."""
    late = dt.datetime.max.replace(tzinfo=dt.UTC)
    return (item.due_at or late, item.created_at or late, key)


async def _unpaid(membership: Membership, context: RequestContext) -> Listing[Invoice]:
    scope = await context.scope(membership)
    return await context.list(
        InvoicesPort.list_invoices, scope, Page(first=MAX_PAGE), InvoiceFilter(status=_UNPAID), InvoiceSort()
    )


def _of_invoice(invoice: Invoice) -> ActionItem:
    due_on = key_of(invoice.due_on)
    number = key_of(invoice.number)
    return ActionItem(
        kind=ActionItemKind.PAY_INVOICE,
        title=f"Invoice {number}" if number else "Invoice",
        due_at=dt.datetime.combine(due_on, dt.time(), dt.UTC) if due_on else None,
        is_overdue=key_of(invoice.is_overdue),
        created_at=key_of(invoice.created_at),
        scope=invoice.scope,
        subject=invoice,
    )


def _of_ticket(ticket: Ticket) -> ActionItem:
    return ActionItem(
        kind=ActionItemKind.ANSWER_TICKET,
        title=key_of(ticket.subject),
        due_at=None,
        is_overdue=None,
        created_at=key_of(ticket.updated_at),
        scope=ticket.scope,
        subject=ticket,
    )


def subject(item: ActionItem, _context: RequestContext) -> Record:
    """Answer what is to be dealt with."""
    return item.subject


_SOURCES = (
    _Source(
        ActionItemKind.PAY_INVOICE, Permission.INVOICES_READ, InvoicesPort.list_invoices, _unpaid, _of_invoice
    ),
    _Source(
        ActionItemKind.ANSWER_TICKET, Permission.TICKETS_READ, TicketsPort.list_tickets, waiting, _of_ticket
    ),
)
