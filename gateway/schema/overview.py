"""What an account's home page begins with: counts, and the one to-do list over all systems."""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership
from gateway.connectors.ports.billing import Invoice
from gateway.connectors.ports.support import Ticket
from gateway.resolvers import overview as resolve
from gateway.schema.base import Node, auto, field, object_type

INVOICE_ITEM = ["id", "number", "due_on", "is_overdue", "created_at"]
TICKET_ITEM = ["id", "subject", "status", "updated_at"]


@object_type(Membership, requires=[Permission.ACCOUNT_READ])
class AccountSummary:
    """Counts for a home page. Each is null by itself when its system is down or has more than 100."""

    open_invoices = field(
        int | None,
        resolve.open_invoices,
        description="Invoices that are still to be paid.",
        requires=[Permission.INVOICES_READ],
        reads={Invoice: ["id"]},
    )
    overdue_invoices = field(
        int | None,
        resolve.overdue_invoices,
        description="Invoices whose due day has passed with money still due.",
        requires=[Permission.INVOICES_READ],
        reads={Invoice: ["id", "is_overdue"]},
    )
    open_tickets = field(
        int | None,
        resolve.open_tickets,
        description="Tickets that are not solved.",
        requires=[Permission.TICKETS_READ],
        reads={Ticket: ["id"]},
    )
    open_orders = field(
        int | None,
        resolve.open_orders,
        description="Orders that are confirmed, in progress, partially shipped or on hold.",
        requires=[Permission.ORDERS_READ],
    )


@object_type(resolve.ActionItem, requires=[Permission.ACCOUNT_READ])
class ActionItem:
    """Something that waits for the customer. It is gone when that is done."""

    kind: auto
    title: auto
    due_at: auto
    is_overdue: auto
    created_at: auto
    subject = field(Node | None, resolve.subject, description="What is to be dealt with.")
