"""A table with every sort of row, and a wire object that fits it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope
from gateway.connectors.converters import (
    boolean,
    decimal_text,
    derive,
    derive_at,
    enum,
    minor_units,
    number,
    unix_date,
    unix_time,
)
from gateway.connectors.mapping import Reader, Table, each, part, path, row, via_parent
from gateway.connectors.ports.billing import Invoice, InvoiceLine, InvoiceStatus, InvoiceTax
from gateway.connectors.ports.common import Money, PostalAddress, Selection
from gateway.errors import Code, UpstreamError

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ACME = AccountScope("acme", frozenset({Permission.INVOICES_READ}), {"billing": ("cus_a", "cus_a2")})

LINE = Table(
    InvoiceLine,
    owner=via_parent("invoice"),
    visible=row("kind", derive(lambda kind: kind != "note", str)),
    id=row("id"),
    description=row("text"),
    quantity=row("quantity", number),
    amount=row("amount", "^.currency", minor_units),
)
TAX = Table(InvoiceTax, owner=via_parent(), name=row("name"), rate=row("rate", decimal_text))
INVOICE = Table(
    Invoice,
    owner=path("customer.id"),
    visible=row("status", derive(lambda status: status != "draft", str)),
    id=row("id"),
    number=row("number"),
    status=row("status", enum({"open": InvoiceStatus.OPEN}, InvoiceStatus.UNKNOWN)),
    is_overdue=row("due", derive_at(lambda now, due: due is not None and due < now.timestamp(), int)),
    issued_on=row("created", unix_date),
    paid_at=row("paid", unix_time),
    total=row("total", "currency", minor_units),
    amount_paid=row(
        "paid_total", "currency", minor_units, default=Money(amount=Decimal(0), currency_code="XXX")
    ),
    payment_ids=row(
        "payments", derive(lambda items: tuple(item["id"].lower() for item in items or ()), list)
    ),
    billing_address=row(part(PostalAddress, name=row("name"), city=row("to.city"), line1=row("to.street"))),
    lines=row("lines.data", each(LINE)),
    lines_have_more=row("lines.more", boolean, default=False),
    taxes=row("taxes", each(TAX)),
)
WIRE: dict[str, Any] = {
    "id": "in_1",
    "customer": {"id": "cus_a"},
    "status": "open",
    "number": "A-1",
    "currency": "eur",
    "total": 1250,
    "created": 1772323200,
    "due": 1,
    "name": "Acme",
    "to": {"city": "Bonn", "street": None},
    "lines": {
        "data": [
            {"id": "li_1", "invoice": "in_1", "text": "Seat", "quantity": 2, "amount": 1250},
            {"id": "li_2", "invoice": "in_1", "kind": "note"},
        ],
        "more": True,
    },
    "taxes": [{"name": "VAT", "rate": "19.0"}],
}
EVERYTHING: Selection = {
    Invoice: frozenset(INVOICE.rows) | {"memo"},
    InvoiceLine: frozenset(LINE.rows),
    InvoiceTax: frozenset(TAX.rows),
    PostalAddress: frozenset({"name", "city", "line1", "region"}),
}


def wire(**changes: Any) -> dict[str, Any]:
    return WIRE | changes


def read(given: object, fields: Selection = EVERYTHING, table: Table[Any] = INVOICE, **more: Any) -> Any:
    return Reader(table, fields, "billing", NOW).read(given, ACME, **more)


def broken(value: object, *places: str) -> bool:
    """Tell whether a value is the error that names these places, and nothing of the wire."""
    assert isinstance(value, UpstreamError), value
    assert (value.code, value.system) == (Code.UPSTREAM_CONTRACT_BROKEN, "billing")
    assert all(place in value.detail for place in places), value.detail
    return True
