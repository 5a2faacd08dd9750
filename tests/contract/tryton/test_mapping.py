"""Values of the connector for Tryton against the data set's rows, on both systems."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.scope import Ref
from gateway.connectors.money import from_major, from_minor
from gateway.connectors.ports.accounts import AccountProfile, AccountsPort, AccountStatus
from gateway.connectors.ports.billing import Invoice, InvoiceKind, InvoicesPort, InvoiceStatus
from gateway.connectors.ports.common import Record
from gateway.connectors.ports.orders import (
    Availability,
    AvailabilityPort,
    AvailabilityPrecision,
    Order,
    OrdersPort,
    Product,
    ProductsPort,
    ProductStatus,
    Shipment,
    ShipmentsPort,
    ShipmentStatus,
)
from gateway.connectors.testing import everything
from gateway.connectors.tryton.connector import Connector
from sandbox.data import Order as DataOrder
from sandbox.tryton.rows import address_of, promised_on
from tests.contract.tryton.systems import DATA, NAME, ORDER_STATUS, Side, installed
from tests.real.tryton.fixture import RealTryton


async def get(connector: Connector, port: Any, model: type[Record], scope: Any, ids: list[str]) -> list[Any]:
    found: list[Any] = await connector.ports[port].get_many(
        [Ref(scope, one) for one in ids], everything(model)
    )
    return found


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


# Orders and shipments


@pytest.mark.parametrize("account", ["acme", "bright", "group"])
async def test_orders_say_what_the_rows_say(connector: Connector, side: Side, account: str) -> None:
    rows = side.shown(account)
    ids = [str(side.orders[row.id]) for row in rows]
    found = await get(connector, OrdersPort, Order, side.scope(account), ids)
    for order, row in zip(found, rows, strict=True):
        assert (order.number, order.purchase_order_number) == (row.number, row.reference)
        assert order.status is ORDER_STATUS[side.states[row.id]]
        assert order.status_label == side.states[row.id][0].capitalize()
        assert (order.placed_at, order.promised_on) == (midnight(row.placed_on), promised_on(row))
        assert order.currency_code == row.currency
        assert order.total == order.subtotal == from_major(row.untaxed, row.currency)
        assert order.tax_total == from_major(Decimal(0), row.currency)
        # Exact to the digit: the currency's decimals, also where the system writes a bare zero.
        amounts = (order.total, order.subtotal, order.tax_total)
        assert {money.amount.as_tuple().exponent for money in amounts} == {-2}
        assert order.owners == frozenset({side.party(account)})
        check_lines(order, row, side)
        check_addresses(order, account)
        check_shipments(order.shipments, row, side)


def check_lines(order: Order, row: DataOrder, side: Side) -> None:
    for line, wanted in zip(order.lines, row.lines, strict=True):
        assert line.product_id == str(side.products[wanted.product])
        assert (line.description, line.unit) == (DATA.products[wanted.product].name, "Unit")
        assert (line.quantity_ordered, line.quantity_shipped) == (wanted.quantity, wanted.shipped)
        assert line.quantity_invoiced == (wanted.quantity if row.id in side.billed else 0)
        assert str(line.quantity_ordered) == str(wanted.quantity)
        assert line.unit_price == wanted.unit_price
        assert line.amount == from_major(wanted.quantity * wanted.unit_price, row.currency)


def check_addresses(order: Order, account: str) -> None:
    wanted = address_of(DATA.accounts[account])
    street, dock = wanted["street"].split("\n")
    for address in (order.shipping_address, order.billing_address):
        assert (address.name, address.line1, address.line2) == (DATA.accounts[account].name, street, dock)
        assert (address.city, address.postal_code) == (wanted["city"], wanted["postal_code"])
        assert (address.region, address.country_code) == (None, "DE")


def check_shipments(found: Any, row: DataOrder, side: Side) -> None:
    wanted = {str(side.shipments[shipment.id]): shipment for shipment in row.shipments}
    assert {shipment.id for shipment in found} == set(wanted)
    arrived = side.states[row.id] in {("done", "sent"), ("processing", "partially shipped")}
    for shipment in found:
        source = wanted[shipment.id]
        assert shipment.number == source.number
        assert shipment.tracking_numbers == ((source.reference,) if source.reference else ())
        assert shipment.shipped_at == (midnight(source.effective_on) if source.effective_on else None)
        if source.state == "waiting":
            assert shipment.status is ShipmentStatus.WAITING
        elif side.simulated:
            assert shipment.status.value == {"shipped": "SHIPPED", "done": "DELIVERED"}[source.state]
        else:
            assert shipment.status is (ShipmentStatus.DELIVERED if arrived else ShipmentStatus.SHIPPED)
        assert (shipment.carrier, shipment.tracking_url, shipment.estimated_delivery_on) == (None, None, None)


async def test_shipments_by_id_are_those_of_the_orders(connector: Connector, side: Side) -> None:
    ids = list(side.shipments_of("acme"))
    found = await get(connector, ShipmentsPort, Shipment, side.scope("acme"), ids)
    by_id = {shipment.id: shipment for shipment in found}
    for row in side.shown("acme"):
        check_shipments([by_id[str(side.shipments[one.id])] for one in row.shipments], row, side)


# Products and stock


async def test_products_say_what_the_rows_say(connector: Connector, side: Side) -> None:
    rows = list(DATA.products.values())
    ids = [str(side.products[row.id]) for row in rows]
    found = await get(connector, ProductsPort, Product, side.scope("acme"), ids)
    for product, row in zip(found, rows, strict=True):
        if not row.salable:
            assert product is None
            continue
        assert (product.sku, product.name, product.description) == (row.sku, row.name, row.description)
        assert (product.unit, product.status) == ("Unit", ProductStatus.ACTIVE)
        assert product.owners == frozenset()


async def test_stock_says_what_the_rows_say(connector: Connector, side: Side) -> None:
    rows = list(DATA.products.values())
    ids = [str(side.products[row.id]) for row in rows]
    before = dt.datetime.now(dt.UTC)
    found = await get(connector, AvailabilityPort, Availability, side.scope("acme"), ids)
    for stock, row in zip(found, rows, strict=True):
        if not row.salable:
            assert stock is None
            continue
        assert stock.on_hand == row.on_hand
        assert before <= stock.as_of <= dt.datetime.now(dt.UTC)
        assert stock.precision is AvailabilityPrecision.EXACT
        if side.simulated:
            assert stock.available == row.on_hand - row.reserved
        else:
            assert stock.available == row.on_hand - forecast(side, row.id)


def forecast(side: Side, product: int) -> Decimal:
    """Add up what the real system expects to leave: it does not count planned days that have passed."""
    today = dt.datetime.now(dt.UTC).date()
    leaving = Decimal(0)
    for order in DATA.orders:
        state = side.states.get(order.id, ("", ""))
        lines = [line for line in order.lines if line.product == product and state[0] == "processing"]
        planned = [one.planned_on for one in order.shipments if one.state == "waiting"]
        for line in lines:
            leaving += line.shipped if state[1] == "waiting" else 0  # packed, and not yet at the customer
            leaving += line.quantity - line.shipped if planned[0] >= today else 0
    return leaving


# When records were made and changed


async def test_moments_are_those_of_the_records(connector: Connector, side: Side) -> None:
    cases: list[tuple[Any, type[Record], str, list[str]]] = [
        (OrdersPort, Order, "sale.sale", list(side.orders_of("acme"))),
        (ShipmentsPort, Shipment, "stock.shipment.out", list(side.shipments_of("acme"))),
        (InvoicesPort, Invoice, "account.invoice", list(side.invoices["acme"])),
        (ProductsPort, Product, "product.product", [str(side.products[1])]),
    ]
    for port, model, table, ids in cases:
        found = await get(connector, port, model, side.scope("acme"), ids)
        rows = await raw(connector, table, ids, *["template.write_date"] * (model is Product))
        assert len(found) == len(rows) > 0
        for record in found:
            row = rows[int(record.id)]
            known = (row["create_date"], row["write_date"], row.get("template", {}).get("write_date"))
            moments = [told(one) for one in known if one]
            assert (record.created_at, record.updated_at) == (moments[0], max(moments))
            assert record.created_at.utcoffset() == dt.timedelta(0)


async def raw(connector: Connector, table: str, ids: list[str], *more: str) -> dict[int, dict[str, Any]]:
    """Read what the system itself says of these records."""
    rows = await connector._interface.find(
        table, ["create_date", "write_date", *more], [["id", "in", [int(one) for one in ids]]], context={}
    )
    return {row["id"]: row for row in rows}


def told(wire: dict[str, Any]) -> dt.datetime:
    return dt.datetime(**{name: part for name, part in wire.items() if name != "__class__"}, tzinfo=dt.UTC)


async def test_moments_of_the_stand_in_are_those_of_the_rows(connector: Connector, side: Side) -> None:
    if not side.simulated:
        pytest.skip("the real system was filled on some other day")
    rows = side.shown("acme")
    orders = await get(connector, OrdersPort, Order, side.scope("acme"), list(side.orders_of("acme")))
    for order, row in zip(orders, rows, strict=True):
        placed = midnight(row.placed_on)
        assert order.created_at == placed
        assert order.updated_at == placed + dt.timedelta(minutes=5, microseconds=250)
        gone = {one.number: one.effective_on or row.placed_on for one in row.shipments}
        for shipment in order.shipments:
            assert shipment.created_at == placed
            assert shipment.updated_at == midnight(gone[shipment.number])
    [product] = await get(connector, ProductsPort, Product, side.scope("acme"), ["1"])
    assert product.created_at == product.updated_at == midnight(DATA.anchor - dt.timedelta(days=500))
    for number, row in enumerate(DATA.invoices, 1):
        if str(number) in side.invoices["acme"]:
            [bill] = await get(connector, InvoicesPort, Invoice, side.scope("acme"), [str(number)])
            assert (bill.created_at, bill.updated_at) == (row.created, row.paid_at or row.created)


# Accounts


async def test_accounts_say_what_the_rows_say(connector: Connector, side: Side) -> None:
    rows = list(DATA.accounts.values())
    ids = [side.party(row.key) for row in rows]
    found = await get(connector, AccountsPort, AccountProfile, side.scope(*DATA.accounts), ids)
    for account, row in zip(found, rows, strict=True):
        assert (account.number, account.name, account.currency_code) == (row.number, row.name, row.currency)
        assert account.status is AccountStatus.ACTIVE
        assert boundary.admits(account)
        assert account.owners == frozenset({side.party(row.key)})


@pytest.mark.real
async def test_archived_records_are_told_apart(tryton: RealTryton, outbound: Any) -> None:
    side = installed(tryton)
    connector = side.connect(NAME, side.url, outbound)
    ids = tryton.ids
    [account] = await get(
        connector, AccountsPort, AccountProfile, side.scope("acme"), [str(ids["archived_party"])]
    )
    # Without a currency of its own the company's is taken.
    assert (account.status, account.currency_code) == (AccountStatus.INACTIVE, "EUR")
    [product] = await get(
        connector, ProductsPort, Product, side.scope("acme"), [str(ids["archived_product"])]
    )
    assert product is None  # it was never for sale


# Invoices


async def test_invoices_say_what_the_rows_say(connector: Connector, side: Side) -> None:
    if not side.simulated:
        pytest.skip("the real system's invoices come from its orders")
    for key in ("acme", "bright", "ledger"):
        rows = {
            str(n): row
            for n, row in enumerate(DATA.invoices, 1)
            if row.account == key and row.status not in ("draft", "void")
        }
        found = await get(connector, InvoicesPort, Invoice, side.scope(key), list(rows))
        for invoice, row in zip(found, rows.values(), strict=True):
            assert (invoice.number, invoice.kind) == (row.number, InvoiceKind.INVOICE)
            partly = row.status == "open" and row.paid_minor
            status = "PARTIALLY_PAID" if partly else "PAID" if row.status == "paid" else "OPEN"
            assert invoice.status is InvoiceStatus[status]
            assert (invoice.issued_on, invoice.due_on) == (row.created.date(), row.due.date())
            assert invoice.paid_at == (midnight(row.paid_at.date()) if row.paid_at else None)
            late = row.due.date() < dt.datetime.now(dt.UTC).date()
            assert invoice.is_overdue is (status != "PAID" and late)
            for name in ("subtotal", "total"):
                assert getattr(invoice, name) == from_minor(getattr(row, f"{name}_minor"), row.currency)
            assert invoice.tax_total == from_minor(row.tax_minor, row.currency)
            assert invoice.amount_due == from_minor(row.remaining_minor, row.currency)
            assert invoice.amount_paid == from_minor(row.paid_minor, row.currency)
            assert invoice.payable is (status != "PAID" and row.remaining_minor > 0)
            assert (invoice.payment_terms, invoice.amount_credited) == ("30 days", None)
            for line, wanted in zip(invoice.lines, row.lines, strict=True):
                assert (line.description, line.quantity) == (wanted.description, wanted.quantity)
                assert line.amount == from_minor(wanted.amount_minor, row.currency)
                assert line.unit_price == from_minor(wanted.unit_minor, row.currency).amount
            assert invoice.lines_have_more is False
            for tax in invoice.taxes:
                assert (tax.name, tax.rate) == ("VAT", 19)
                assert tax.base == from_minor(row.subtotal_minor, row.currency)
                assert tax.amount == from_minor(row.tax_minor, row.currency)


async def test_drafts_and_cancelled_invoices_are_not_shown(connector: Connector, side: Side) -> None:
    if not side.simulated:
        pytest.skip("the real system's invoices come from its orders")
    hidden = [str(n) for n, row in enumerate(DATA.invoices, 1) if row.account == "acme"]
    hidden = [one for one in hidden if one not in side.invoices["acme"]]
    assert len(hidden) > 2
    found = await get(connector, InvoicesPort, Invoice, side.scope("acme"), hidden)
    assert set(found) == {None}


@pytest.mark.real
async def test_the_real_systems_taxed_invoice(tryton: RealTryton, outbound: Any) -> None:
    side = installed(tryton)
    connector = side.connect(NAME, side.url, outbound)
    ids = [str(tryton.ids["taxed_invoice"]), side.invoices["acme"][0]]
    taxed, paid = await get(connector, InvoicesPort, Invoice, side.scope("acme"), ids)
    assert (taxed.subtotal, taxed.tax_total, taxed.total) == (
        from_major(Decimal("299.97"), "EUR"), from_major(Decimal("56.99"), "EUR"),
        from_major(Decimal("356.96"), "EUR"),
    )  # fmt: skip
    assert (taxed.amount_due, taxed.amount_paid) == (taxed.total, from_major(Decimal(0), "EUR"))
    assert (taxed.status, taxed.memo, taxed.paid_at) == (InvoiceStatus.OPEN, "Thank you.", None)
    assert taxed.issued_on == dt.date(2026, 6, 1)
    assert (taxed.payable, taxed.payment_terms) == (True, None)
    assert (paid.payable, paid.payment_terms) == (False, "30 days")
    [line] = taxed.lines
    assert (line.description, line.quantity, line.unit) == ("Consulting", 3, None)
    assert line.unit_price == Decimal("99.99")
    [tax] = taxed.taxes
    assert (tax.name, tax.rate, tax.base, tax.amount) == ("VAT", 19, taxed.subtotal, taxed.tax_total)
    assert (paid.status, paid.is_overdue, paid.amount_paid) == (InvoiceStatus.PAID, False, paid.total)
    assert paid.paid_at is not None
    assert paid.purchase_order_number.startswith("PO-ACME-")  # the sale's: the invoice has none
