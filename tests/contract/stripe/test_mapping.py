"""The tables for Stripe: every wire path exists, and every value is the data set's.

Paths are looked up in Stripe's published samples (the folder that SPECS_DIR names) and in the classes of
Stripe's own library.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ForwardRef, get_args

import pytest
import stripe

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.mapping import Reader, Table
from gateway.connectors.ports.billing import (
    BillingInterval,
    CollectionMethod,
    Invoice,
    InvoiceKind,
    InvoicesPort,
    InvoiceStatus,
    Payment,
    PaymentsPort,
    PaymentStatus,
    Subscription,
    SubscriptionsPort,
    SubscriptionStatus,
)
from gateway.connectors.ports.common import Money
from gateway.connectors.stripe import mapping
from gateway.connectors.stripe.connector import Connector
from gateway.connectors.testing import everything
from gateway.errors import Code
from sandbox.data import EXPONENTS, DataSet
from sandbox.data import Invoice as Row
from tests.contract.stripe.conftest import NOW, issued

TABLES: dict[str, Table[Any]] = {
    "invoice": mapping.INVOICE,
    "line_item": mapping.INVOICE_LINE,
    "payment_intent": mapping.PAYMENT,
    "subscription": mapping.SUBSCRIPTION,
    "subscription_item": mapping.SUBSCRIPTION_ITEM,
}
CLASSES: dict[str, type] = {
    "invoice": stripe.Invoice,
    "line_item": stripe.InvoiceLineItem,
    "payment_intent": stripe.PaymentIntent,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
}
# What the samples do not show, and why.
NOT_SHOWN = {
    "metadata.po_number": "a key of the merchant's choosing",
    "payments.data": "comes only when it is expanded",
    "payments.has_more": "likewise",
    "total_taxes.amount": "the sample has no taxes",
    "total_taxes.taxable_amount": "likewise",
    "last_payment_error.code": "optional, and the sample's error has none",
}
EXPANDED = {"latest_charge": "charge"}


def paths(table: Table[Any]) -> tuple[str, ...]:
    return table.paths(everything(table.model))


def shown(sample: Any, wire_path: str, samples: dict[str, Any]) -> bool:
    for step in wire_path.split("."):
        node = sample[0] if isinstance(sample, list) and sample else sample
        if not isinstance(node, dict) or step not in node:
            return False
        sample = samples[EXPANDED[step]] if step in EXPANDED else node[step]
    return True


def test_every_path_is_in_the_published_samples() -> None:
    folder = os.environ.get("SPECS_DIR")
    if not folder:
        pytest.skip("Set SPECS_DIR to the folder of the vendors' published specifications.")
    file = Path(folder) / "stripe" / "fixtures3.2026-08-21.json"
    samples = json.loads(file.read_text())["resources"]
    hidden = {
        wire_path
        for kind, table in TABLES.items()
        for wire_path in paths(table)
        if not shown(samples[kind], wire_path, samples)
    }
    assert hidden == set(NOT_SHOWN)
    assert {"id", "balance", "currency"} <= set(samples["customer"])  # what a balance's credit is read from


def classes_in(annotation: Any) -> Iterator[type]:
    """The library's classes that an annotation names."""
    name = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    if isinstance(name, str):
        annotation = getattr(stripe, name)
    if isinstance(annotation, type) and issubclass(annotation, stripe.StripeObject):
        yield annotation
    origin = getattr(annotation, "__origin__", None)
    if origin is stripe.ListObject:
        yield stripe.ListObject
    elif origin is not None:
        for part in get_args(annotation):
            yield from classes_in(part)


def declared(kind: type, wire_path: str) -> bool:
    """Whether the library's class has this path."""
    first, _, rest = wire_path.partition(".")
    annotation = kind.__annotations__.get(first)
    if annotation is None or not rest:
        return annotation is not None
    if getattr(annotation, "__origin__", None) is stripe.ListObject and rest.startswith("data."):
        [item] = get_args(annotation)
        return any(declared(one, rest.removeprefix("data.")) for one in classes_in(item))
    return any(declared(one, rest) for one in classes_in(annotation))


@pytest.mark.parametrize("kind", TABLES)
def test_every_path_is_declared_in_stripes_library(kind: str) -> None:
    unknown = {wire_path for wire_path in paths(TABLES[kind]) if not declared(CLASSES[kind], wire_path)}
    assert unknown <= {"metadata.po_number"}


@pytest.mark.parametrize(
    "wire_path", ["colour", "lines.data.colour", "total_taxes.colour", "customer_address.colour"]
)
def test_the_look_up_notices_what_is_wrong(wire_path: str) -> None:
    assert not declared(stripe.Invoice, wire_path)
    assert not shown({"lines": {"data": [{"id": "il"}]}, "total_taxes": None}, wire_path, {})


# Values


def money(minor: int, currency: str) -> Money:
    return Money(amount=Decimal(minor).scaleb(-EXPONENTS[currency]), currency_code=currency)


def status_of(row: Row) -> InvoiceStatus:
    partial = row.status == "open" and row.paid_minor > 0
    return InvoiceStatus.PARTIALLY_PAID if partial else InvoiceStatus[row.status.upper()]


async def load(
    connector: Connector, port: type, scope: AccountScope, ids: list[str], model: type
) -> list[Any]:
    implementation: Any = connector.ports[port]
    found = await implementation.get_many([Ref(scope, one) for one in ids], everything(model))
    assert [record.id for record in found] == ids
    return list(found)


@pytest.mark.parametrize(
    ("key", "currencies"),
    [("acme", {"EUR", "USD"}), ("bright", {"USD", "JPY"}), ("ledger", {"USD", "KWD"})],
)
async def test_invoices(
    connector: Connector,
    scope_of: Callable[[str], AccountScope],
    data: DataSet,
    key: str,
    currencies: set[str],
) -> None:
    rows = issued(data, key)
    assert {row.currency for row in rows} == currencies
    found = await load(connector, InvoicesPort, scope_of(key), [row.id for row in rows], Invoice)
    for row, invoice in zip(rows, found, strict=True):
        assert (invoice.number, invoice.kind) == (row.number, InvoiceKind.INVOICE)
        assert (invoice.status, invoice.status_label) == (status_of(row), row.status)
        assert invoice.is_overdue is (
            row.status == "open" and row.due is not None and row.due.date() < NOW.date()
        )
        assert (invoice.issued_on, invoice.due_on) == (row.created.date(), row.due and row.due.date())
        assert invoice.paid_at == row.paid_at
        assert invoice.currency_code == row.currency
        amounts = {
            "subtotal": row.subtotal_minor,
            "discount_total": 0,
            "tax_total": row.tax_minor,
            "total": row.total_minor,
            "amount_paid": row.paid_minor,
            "amount_due": row.remaining_minor,
            "amount_credited": 0,
        }
        for name, minor in amounts.items():
            assert getattr(invoice, name) == money(minor, row.currency), name
            assert str(getattr(invoice, name).amount) == str(money(minor, row.currency).amount), name
        assert invoice.payable is (row.status == "open" and row.remaining_minor > 0)
        assert (invoice.created_at, invoice.updated_at, invoice.payment_terms) == (row.created, None, None)
        assert invoice.purchase_order_number == row.po_number
        assert invoice.billing_address.name == data.accounts[key].name
        assert invoice.hosted_url.endswith(row.id)
        assert invoice.subscription_id == row.subscription
        assert invoice.payment_ids == ((row.payment,) if row.payment else ())
        assert sum(tax.amount.amount for tax in invoice.taxes) == invoice.tax_total.amount
    assert {"OPEN", "PARTIALLY_PAID", "PAID"} <= {invoice.status.value for invoice in found} or key != "acme"


@pytest.mark.parametrize(
    ("status", "remaining", "payable"),
    [
        ("open", 1, True), ("open", 0, False), ("open", -1, False), ("paid", 0, False), ("void", 5, False),
        ("uncollectible", 5, False), ("a new status", 5, False), ("open", None, None), (None, 5, None),
    ],
)  # fmt: skip
def test_what_can_be_paid(status: Any, remaining: Any, payable: Any) -> None:
    wire = {"id": "in", "customer": "cus", "status": status, "amount_remaining": remaining}
    assert read_invoice(wire, "payable").payable is payable


@pytest.mark.parametrize(
    ("before", "after", "code", "credited"),
    [
        (100, 25, "eur", "1.25"),
        (0, 7, "jpy", "7"),
        (1, 0, "kwd", "0.001"),
        (10**15, 1, "usd", "10000000000000.01"),
    ],
)
def test_credit_notes_of_before_and_after_the_payment(
    before: int, after: int, code: str, credited: str
) -> None:
    names = ("pre_payment_credit_notes_amount", "post_payment_credit_notes_amount")
    wire = {"id": "in", "customer": "cus", "status": "open", "currency": code}
    amount = read_invoice(wire | dict(zip(names, (before, after), strict=True)), "amount_credited")
    assert str(amount.amount_credited.amount) == credited
    assert amount.amount_credited.currency_code == code.upper()
    broken = read_invoice(wire | dict(zip(names, (before, None), strict=True)), "amount_credited")
    assert broken.amount_credited.code is Code.UPSTREAM_CONTRACT_BROKEN


def read_invoice(wire: dict[str, Any], attribute: str) -> Any:
    scope = AccountScope("acme", frozenset(), {})
    return Reader(mapping.INVOICE, {Invoice: frozenset({attribute})}, "billing", NOW).read(wire, scope)


async def test_lines(connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet) -> None:
    rows = [row for row in issued(data, "ledger") + issued(data, "bright") if len(row.lines) <= 10]
    for row in rows:
        [invoice] = await load(connector, InvoicesPort, scope_of(row.account), [row.id], Invoice)
        for line, found in zip(row.lines, invoice.lines, strict=True):
            exponent = EXPONENTS[row.currency]
            assert (found.id, found.description, found.quantity) == (line.id, line.description, line.quantity)
            assert found.unit_price == Decimal(line.unit_minor).scaleb(-exponent)
            assert found.amount == money(line.amount_minor, row.currency)
            assert found.discount_amount == money(0, row.currency)
            assert (found.period_start, found.period_end) == line.period
            assert found.unit is None  # Stripe has none
        taxes = sum(found.tax_amount.amount for found in invoice.lines)
        assert taxes == money(row.tax_minor, row.currency).amount


@pytest.mark.parametrize("key", ["acme", "bright", "ledger"])
async def test_payments(
    connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet, key: str
) -> None:
    """Also: an invoice leads to its payments."""
    bills = [row for row in issued(data, key) if row.payment]
    invoices = await load(connector, InvoicesPort, scope_of(key), [row.id for row in bills], Invoice)
    ids = [payment for invoice in invoices for payment in invoice.payment_ids]
    rows = {row.id: row for row in data.payments if row.account == key}
    assert set(ids) == set(rows)
    found = await load(connector, PaymentsPort, scope_of(key), ids, Payment)
    for invoice, payment in zip(invoices, found, strict=True):
        row = rows[payment.id]
        assert payment.amount == money(row.amount_minor, row.currency) == invoice.amount_paid
        assert payment.amount_refunded == money(row.refunded_minor, row.currency)
        expected = PaymentStatus.PARTIALLY_REFUNDED if row.refunded_minor else PaymentStatus.SUCCEEDED
        assert (payment.status, payment.status_label) == (expected, row.status)
        assert (payment.method.type, payment.method.brand, payment.method.last4) == (
            "card",
            row.brand,
            row.last4,
        )
        assert (payment.received_at, payment.reference) == (row.created, row.description)
        assert (payment.created_at, payment.updated_at) == (row.created, None)
        assert payment.failure_code is None
        assert payment.receipt_url.startswith("https://")
    assert {payment.status for payment in found} == {
        PaymentStatus.PARTIALLY_REFUNDED,
        PaymentStatus.SUCCEEDED,
    }


async def test_subscriptions(
    connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet
) -> None:
    """Those that ended, too."""
    words = {
        "active": SubscriptionStatus.ACTIVE,
        "past_due": SubscriptionStatus.PAST_DUE,
        "canceled": SubscriptionStatus.CANCELLED,
        "incomplete_expired": SubscriptionStatus.CANCELLED,
    }
    rows = [row for row in data.subscriptions if row.account == "acme"]
    assert {row.status for row in rows} == set(words)
    found = await load(connector, SubscriptionsPort, scope_of("acme"), [row.id for row in rows], Subscription)
    newest = {row.subscription: row.id for row in reversed(issued(data, "acme")) if row.subscription}
    for row, agreement in zip(rows, found, strict=True):
        assert (agreement.status, agreement.status_label) == (words[row.status], row.status)
        assert agreement.started_on == row.started.date()
        assert (agreement.created_at, agreement.updated_at) == (row.started, None)
        assert agreement.ended_at == (
            row.period[1] if words[row.status] is SubscriptionStatus.CANCELLED else None
        )
        assert (agreement.cancel_at, agreement.cancel_at_period_end, agreement.trial_ends_on) == (
            None,
            False,
            None,
        )
        assert agreement.collection_method is CollectionMethod.SEND_INVOICE
        assert agreement.latest_invoice_id == (row.latest_invoice or newest.get(row.id))
        [item] = agreement.items
        assert (item.quantity, item.unit_price) == (row.quantity, money(row.unit_minor, row.currency))
        assert (item.interval, item.interval_count) == (BillingInterval.MONTH, 1)
        assert (item.current_period_start, item.current_period_end) == row.period


@pytest.mark.parametrize(
    ("moment", "overdue"),
    [("2026-03-31T00:00:00", False), ("2026-03-31T23:59:59", False), ("2026-04-01T00:00:00", True)],
)
def test_the_due_day_itself_is_in_time(moment: str, overdue: bool) -> None:  # noqa: FBT001  a parameter
    now = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
    due = int(dt.datetime(2026, 3, 31, 9, tzinfo=dt.UTC).timestamp())
    assert mapping._overdue(now, "open", due) is overdue
    assert mapping._overdue(now, "paid", due) is False
