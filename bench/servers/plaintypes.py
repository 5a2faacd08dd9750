"""The types of plain Strawberry: the part of the schema that the bench asks for."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Any, NewType

import msgspec
import strawberry

pack = msgspec.msgpack.Encoder().encode
PROCESSING = {
    "none": "IN_PROGRESS",
    "waiting": "IN_PROGRESS",
    "partially shipped": "PARTIALLY_SHIPPED",
    "sent": "SHIPPED",
}
ORDERED = {"confirmed": "CONFIRMED", "done": "COMPLETED"}
OF_PROFILE = {"number", "name", "status", "currencyCode", "website", "phone", "billingAddress"}


AccountStatus = Enum("AccountStatus", "ACTIVE INACTIVE UNKNOWN")
InvoiceStatus = Enum("InvoiceStatus", "DRAFT OPEN PARTIALLY_PAID PAID VOID UNCOLLECTIBLE UNKNOWN")
TicketStatus = Enum("TicketStatus", "NEW OPEN PENDING ON_HOLD SOLVED CLOSED UNKNOWN")
TicketPriority = Enum("TicketPriority", "LOW NORMAL HIGH URGENT UNKNOWN")
OrderStatus = Enum("OrderStatus", "CONFIRMED IN_PROGRESS PARTIALLY_SHIPPED SHIPPED COMPLETED ON_HOLD UNKNOWN")
for words in (AccountStatus, InvoiceStatus, TicketStatus, TicketPriority, OrderStatus):
    strawberry.enum(words)


def _moment(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


DateTime = NewType("DateTime", dt.datetime)
SCALARS: dict[object, Any] = {DateTime: strawberry.scalar(name="DateTime", serialize=_moment)}


@strawberry.type
class Money:
    """An amount."""

    amount: Decimal
    currency_code: str


@strawberry.type
class InvoiceLine:
    """A line."""

    description: str | None
    quantity: Decimal
    amount: Money
    period_start: dt.date
    period_end: dt.date


@strawberry.type
class InvoiceLines:
    """Lines."""

    nodes: list[InvoiceLine]


@strawberry.type
class Invoice:
    """An invoice."""

    id: strawberry.ID
    number: str | None
    status: InvoiceStatus
    status_label: str
    is_overdue: bool
    issued_on: dt.date
    due_on: dt.date | None
    paid_at: DateTime | None
    currency_code: str
    subtotal: Money
    total: Money
    amount_paid: Money
    amount_due: Money
    payable: bool
    memo: str | None
    hosted_url: str | None
    all_lines: strawberry.Private[list[InvoiceLine]]

    @strawberry.field
    def lines(self, first: int = 20) -> InvoiceLines:
        """Give the first lines."""
        return InvoiceLines(nodes=self.all_lines[:first])


@strawberry.type
class Person:
    """Somebody."""

    display_name: str | None
    email: str | None


@strawberry.type
class Ticket:
    """A ticket."""

    id: strawberry.ID
    number: str
    subject: str | None
    status: TicketStatus
    priority: TicketPriority | None
    created_at: DateTime
    updated_at: DateTime
    last_activity_at: DateTime
    requester: Person | None


@strawberry.type
class Order:
    """A sale."""

    id: strawberry.ID
    number: str | None
    status: OrderStatus
    placed_at: DateTime
    total: Money


@strawberry.type
class Contact:
    """Somebody of the customer."""

    id: strawberry.ID
    display_name: str | None
    email: str | None
    job_title: str | None


@strawberry.type
class PostalAddress:
    """An address."""

    city: str | None


@strawberry.type
class Invoices:
    """A page of invoices."""

    nodes: list[Invoice]


@strawberry.type
class Tickets:
    """A page of tickets."""

    nodes: list[Ticket]


@strawberry.type
class Orders:
    """A page of orders."""

    nodes: list[Order]


@strawberry.type
class Contacts:
    """A page of people."""

    nodes: list[Contact]


@strawberry.input
class InvoiceFilter:
    """Which invoices."""

    status: list[InvoiceStatus] | None = None
