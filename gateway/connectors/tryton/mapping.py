"""Tryton's records as tables (version 8.2; source: the models of its modules)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.connectors.converters import Converter, boolean, derive, derive_at, enum, number_id
from gateway.connectors.mapping import Part, Row, Table, each, part, path, row, shared, via_parent
from gateway.connectors.ports.accounts import AccountProfile, AccountStatus
from gateway.connectors.ports.billing import Invoice, InvoiceLine, InvoiceTax
from gateway.connectors.ports.common import PostalAddress
from gateway.connectors.ports.orders import (
    Availability,
    AvailabilityPrecision,
    Order,
    OrderLine,
    Product,
    ProductStatus,
    Shipment,
    ShipmentStatus,
)
from gateway.connectors.tryton import rules
from gateway.connectors.tryton.encodings import (
    amount,
    date,
    decimal,
    difference,
    midnight,
    moment,
    percent,
    quantity,
)

ITEM_FIELDS: Mapping[str, tuple[str, ...]] = {
    "lines.moves": ("quantity", "state", "shipment"),
    "lines.invoice_lines": ("quantity", "unit", "invoice.state"),
    "shipments": ("state",),
    "lines_to_pay": ("maturity_date",),
    "sales": ("reference",),
}
"""Lists that a row reads whole: what to ask for of each item."""

ORDERED = ("confirmed", "processing", "done")
"""States of a sale that is an order; the others are carts, quotes and cancelled rows."""
UNSENT = ("draft", "cancelled")
"""States of a shipment that customers do not see."""
BILLED = ("posted", "paid")
"""States of an invoice that customers see."""

_SHIPMENT = {
    "waiting": ShipmentStatus.WAITING,
    "assigned": ShipmentStatus.PREPARING,
    "picked": ShipmentStatus.PREPARING,
    "packed": ShipmentStatus.PREPARING,
    "shipped": ShipmentStatus.SHIPPED,
    "done": ShipmentStatus.DELIVERED,
}


def _address(field: str, *names: str) -> Part:
    """Map an address record. `names` are tried when it has no name of its own."""
    return part(
        PostalAddress,
        f"{field}.id",
        number_id,
        name=row(
            f"{field}.id",
            f"{field}.party_name",
            *names,
            derive(rules.addressee, int, str, *(str for _ in names)),
        ),
        line1=row(f"{field}.street", derive(rules.line1, str)),
        line2=row(f"{field}.street", derive(rules.line2, str)),
        city=row(f"{field}.city"),
        region=row(f"{field}.subdivision.name"),
        postal_code=row(f"{field}.postal_code"),
        country_code=row(f"{field}.country.code"),
    )


def _flag(yes: Any, no: Any) -> Converter:
    return derive(lambda value: None if value is None else yes if value else no, bool)


def _listed(*states: str) -> Row:
    return row("state", derive(lambda state: state in states, str))


_is_line = row("type", derive(lambda kind: kind == "line", str))  # not a title, subtotal or comment

ACCOUNT = Table(
    AccountProfile,
    owner=path("id", number_id),
    id=row("id", number_id),
    number=row("code"),
    name=row("name"),
    status=row("active", _flag(AccountStatus.ACTIVE, AccountStatus.INACTIVE)),
    currency_code=row("customer_currency.code", "currency.code", derive(rules.first, str, str)),
)

ORDER_LINE = Table(
    OrderLine,
    owner=via_parent("sale", number_id),
    visible=_is_line,
    id=row("id", number_id),
    product_id=row("product.id", number_id),
    description=row("description", "product.name", derive(rules.first, str, str)),
    quantity_ordered=row("quantity", quantity),
    quantity_shipped=row("quantity", "moves", "^.shipments", derive(rules.shipped, Decimal, list, list)),
    quantity_invoiced=row("unit.id", "invoice_lines", derive(rules.invoiced, int, list)),
    unit=row("unit.name"),
    unit_price=row("unit_price", decimal),
    amount=row("amount", "^.currency.code", amount),
    promised_on=row("shipping_date", date),
)

SHIPMENT = Table(
    Shipment,
    # In an order, goods sent to the party the order names are the ordering party's own.
    owner=path("customer", "^.party.id", "^.shipment_party.id", derive(rules.shipment_owner, int, int, int)),
    visible=row("state", derive(lambda state: state not in (None, *UNSENT), str)),
    id=row("id", number_id),
    number=row("number"),
    status=row("state", enum(_SHIPMENT, ShipmentStatus.UNKNOWN)),
    status_label=row("state:string"),
    tracking_numbers=row("reference", derive(rules.tracking_numbers, str)),
    shipped_at=row("state", "effective_date", derive(rules.shipped_at, str, dict)),
    created_at=row("create_date", moment),
    updated_at=row("write_date", "create_date", derive(rules.latest, dict, dict)),
)

ORDER = Table(
    Order,
    owner=path("party.id", number_id),
    visible=_listed(*ORDERED),
    id=row("id", number_id),
    number=row("number"),
    status=row("state", "shipment_state", "invoice_state", derive(rules.order_status, str, str, str)),
    status_label=row("state:string"),
    purchase_order_number=row("reference"),
    placed_at=row("sale_date", midnight),
    promised_on=row("shipping_date", date),
    currency_code=row("currency.code"),
    subtotal=row("untaxed_amount", "currency.code", amount),
    tax_total=row("tax_amount", "currency.code", amount),
    total=row("total_amount", "currency.code", amount),
    shipping_address=row(_address("shipment_address", "shipment_party.name", "party.name")),
    billing_address=row(_address("invoice_address", "invoice_party.name", "party.name")),
    created_at=row("create_date", moment),
    updated_at=row("write_date", "create_date", derive(rules.latest, dict, dict)),
    lines=row("lines", each(ORDER_LINE)),
    shipments=row("shipments", each(SHIPMENT)),
)

PRODUCT = Table(
    Product,
    owner=shared("salable", boolean),
    id=row("id", number_id),
    sku=row("code"),
    name=row("name"),
    description=row("description"),
    unit=row("sale_uom.name", "default_uom.name", derive(rules.first, str, str)),
    status=row("active", _flag(ProductStatus.ACTIVE, ProductStatus.DISCONTINUED)),
    created_at=row("create_date", moment),
    # Name and unit are the template's.
    updated_at=row(
        "write_date", "create_date", "template.write_date", derive(rules.latest, dict, dict, dict)
    ),
)

AVAILABILITY = Table(
    Availability,
    owner=shared("salable", boolean),
    visible=row("type", derive(lambda kind: kind not in (None, "service"), str)),  # services have no stock
    id=row("id", number_id),
    available=row("forecast_quantity", quantity),
    on_hand=row("quantity", quantity),
    as_of=row(derive_at(lambda now: now)),
    precision=row(derive(lambda: AvailabilityPrecision.EXACT)),
)

INVOICE_LINE = Table(
    InvoiceLine,
    owner=via_parent("invoice", number_id),
    visible=_is_line,
    id=row("id", number_id),
    description=row("description", "product.name", derive(rules.first, str, str)),
    quantity=row("quantity", quantity),
    unit=row("unit.name"),
    unit_price=row("unit_price", decimal),
    amount=row("amount", "^.currency.code", amount),
)

INVOICE_TAX = Table(
    InvoiceTax,
    owner=via_parent("invoice", number_id),
    name=row("description", "tax.name", derive(rules.first, str, str)),
    rate=row("tax.rate", percent),
    base=row("base", "^.currency.code", amount),
    amount=row("amount", "^.currency.code", amount),
)

INVOICE = Table(
    Invoice,
    owner=path("party.id", number_id),
    visible=_listed(*BILLED),
    id=row("id", number_id),
    number=row("number"),
    kind=row("total_amount", Converter((dict,), lambda _env, total: rules.invoice_kind(total))),
    status=row("state", "total_amount", "amount_to_pay", derive(rules.invoice_status, str, dict, dict)),
    status_label=row("state:string"),
    is_overdue=row("state", "amount_to_pay_today", "lines_to_pay", derive_at(rules.overdue, str, dict, list)),
    issued_on=row("invoice_date", date),
    due_on=row("lines_to_pay", derive(rules.due_on, list)),
    paid_at=row("reconciled", midnight),
    currency_code=row("currency.code"),
    subtotal=row("untaxed_amount", "currency.code", amount),
    tax_total=row("tax_amount", "currency.code", amount),
    total=row("total_amount", "currency.code", amount),
    amount_paid=row("total_amount", "amount_to_pay", "currency.code", difference),
    amount_due=row("amount_to_pay", "currency.code", amount),
    payable=row("state", "total_amount", "amount_to_pay", derive(rules.payable, str, dict, dict)),
    payment_terms=row("payment_term.name"),
    purchase_order_number=row("reference", "sales", derive(rules.purchase_order_number, str, list)),
    memo=row("comment"),
    billing_address=row(_address("invoice_address", "party.name")),
    created_at=row("create_date", moment),
    updated_at=row("write_date", "create_date", derive(rules.latest, dict, dict)),
    lines=row("lines", each(INVOICE_LINE)),
    lines_have_more=row(derive(lambda: False)),
    taxes=row("taxes", each(INVOICE_TAX)),
)
