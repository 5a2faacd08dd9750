"""What the floor decodes: only the wire values that its answers are made of."""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

import msgspec

T = TypeVar("T")


class _Wire(msgspec.Struct, gc=False):
    """Rows live for one request and hold no cycles."""


class Variables(_Wire):
    """`$id` of every operation."""

    id: str


class Body(_Wire):
    """A GraphQL request; its text is not looked at."""

    operationName: str  # noqa: N815  the wire's name
    variables: Variables


class Profile(_Wire):
    """Account."""

    Id: str
    IsDeleted: bool
    Name: str | None
    AccountNumber: str | None
    Portal_Status__c: str | None
    CurrencyIsoCode: str | None
    Website: str | None
    Phone: str | None
    BillingCity: str | None


class Contact(_Wire):
    """Contact."""

    Id: str
    AccountId: str
    IsDeleted: bool
    Portal_Left__c: bool
    Name: str | None
    Email: str | None
    Title: str | None


class Contacts(_Wire):
    """A query's answer."""

    records: list[Contact]


class Line(_Wire):
    """A line of an invoice."""

    description: str | None
    quantity_decimal: str
    amount: int
    currency: str


class Lines(_Wire):
    """Lines."""

    data: list[Line]


class Transitions(_Wire):
    """When an invoice became what."""

    paid_at: int | None


class Invoice(_Wire):
    """An invoice."""

    id: str
    customer: str
    number: str | None
    status: str
    currency: str
    created: int
    due_date: int | None
    total: int
    amount_paid: int
    amount_remaining: int
    status_transitions: Transitions
    lines: Lines


class Invoices(_Wire):
    """A page of invoices."""

    data: list[Invoice]


class User(_Wire):
    """A person of the helpdesk."""

    id: int
    name: str
    alias: str | None
    role: str


class Ticket(_Wire):
    """A ticket."""

    id: int
    organization_id: int
    requester_id: int
    subject: str | None
    status: str
    priority: str | None
    is_public: bool
    created_at: dt.datetime
    updated_at: dt.datetime


class Tickets(_Wire):
    """A page of tickets with their people."""

    tickets: list[Ticket]
    users: list[User]


class Party(_Wire):
    """A party."""

    id: int


class Currency(_Wire):
    """A currency."""

    code: str


class Day(_Wire):
    """A date, as Tryton writes it."""

    year: int
    month: int
    day: int


class Number(_Wire):
    """A decimal, likewise."""

    decimal: str


class Order(_Wire):
    """A sale."""

    id: int
    number: str
    state: str
    shipment_state: str
    invoice_state: str
    party: Party
    currency: Currency
    sale_date: Day
    total_amount: Number


profiles = msgspec.json.Decoder(list[Profile | None]).decode
contacts = msgspec.json.Decoder(Contacts).decode
invoices = msgspec.json.Decoder(Invoices).decode
tickets = msgspec.json.Decoder(Tickets).decode
orders = msgspec.json.Decoder(list[Order]).decode

PROFILE = [name for name in Profile.__struct_fields__ if name != "BillingCity"] + [
    f"Billing{name}" for name in ("Street", "City", "State", "PostalCode", "CountryCode")
]
CONTACTS = (
    f"SELECT {','.join(Contact.__struct_fields__)} FROM Contact "  # noqa: S608  names of this file
    "WHERE AccountId IN ('{account}') AND IsDeleted = false AND Portal_Left__c = false "
    "ORDER BY LastName, FirstName NULLS FIRST, Id LIMIT 21"
)
ACCOUNT_STATUS = {"Active": "ACTIVE", "Inactive": "INACTIVE"}
INVOICE_STATUS = {word: word.upper() for word in ("open", "paid", "void", "uncollectible")}
TICKET_STATUS = {word: word.upper() for word in ("new", "open", "pending", "solved", "closed")} | {
    "hold": "ON_HOLD"
}
_PROCESSING = {
    "none": "IN_PROGRESS",
    "waiting": "IN_PROGRESS",
    "partially shipped": "PARTIALLY_SHIPPED",
    "sent": "SHIPPED",
}


def order_status(state: str, shipments: str, bills: str) -> str:
    """Tell how far a sale has come."""
    if state == "processing":
        return "ON_HOLD" if "exception" in (shipments, bills) else _PROCESSING.get(shipments, "UNKNOWN")
    return {"confirmed": "CONFIRMED", "done": "COMPLETED"}.get(state, "UNKNOWN")
