"""Stripe's objects as tables (API version 2026-08-26.dahlia; source: docs.stripe.com/api and its OpenAPI)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from gateway.connectors.converters import (
    Converter,
    boolean,
    currency,
    derive,
    derive_at,
    enum,
    integer,
    unix_date,
    unix_time,
)
from gateway.connectors.mapping import Table, each, part, path, row, via_parent
from gateway.connectors.money import EXPONENTS, MoneyError, from_minor, plain
from gateway.connectors.ports.billing import (
    BillingInterval,
    CollectionMethod,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceStatus,
    InvoiceTax,
    Payment,
    PaymentMethodDetails,
    PaymentStatus,
    Subscription,
    SubscriptionItem,
    SubscriptionStatus,
)
from gateway.connectors.ports.common import Money, PostalAddress

# Stripe counts these in hundredths though ISO 4217 gives them no decimals (docs.stripe.com/currencies).
_EXPONENTS = EXPONENTS | {"ISK": 2, "UGX": 2}

minor_units = Converter((int, str), lambda _env, minor, code: from_minor(minor, code, _EXPONENTS))

_INVOICE_STATUS = {
    "draft": InvoiceStatus.DRAFT,
    "open": InvoiceStatus.OPEN,
    "paid": InvoiceStatus.PAID,
    "void": InvoiceStatus.VOID,
    "uncollectible": InvoiceStatus.UNCOLLECTIBLE,
}
_PAYMENT_STATUS = {
    "requires_payment_method": PaymentStatus.REQUIRES_ACTION,
    "requires_confirmation": PaymentStatus.REQUIRES_ACTION,
    "requires_action": PaymentStatus.REQUIRES_ACTION,
    "requires_capture": PaymentStatus.PROCESSING,
    "processing": PaymentStatus.PROCESSING,
    "succeeded": PaymentStatus.SUCCEEDED,
    "canceled": PaymentStatus.CANCELLED,
}
_SUBSCRIPTION_STATUS = {
    "incomplete": SubscriptionStatus.INCOMPLETE,
    "incomplete_expired": SubscriptionStatus.CANCELLED,
    "trialing": SubscriptionStatus.TRIALING,
    "active": SubscriptionStatus.ACTIVE,
    "past_due": SubscriptionStatus.PAST_DUE,
    "paused": SubscriptionStatus.PAUSED,
    "unpaid": SubscriptionStatus.UNPAID,
    "canceled": SubscriptionStatus.CANCELLED,
}
_INTERVAL = {"day": BillingInterval.DAY, "week": BillingInterval.WEEK, "month": BillingInterval.MONTH,
             "year": BillingInterval.YEAR}  # fmt: skip
_COLLECTION = {
    "charge_automatically": CollectionMethod.CHARGE_AUTOMATICALLY,
    "send_invoice": CollectionMethod.SEND_INVOICE,
}


def _invoice_status(status: str | None, paid: int | None) -> InvoiceStatus | None:
    if status == "open" and paid:
        return InvoiceStatus.PARTIALLY_PAID
    return None if status is None else _INVOICE_STATUS.get(status, InvoiceStatus.UNKNOWN)


def _overdue(now: dt.datetime, status: str | None, due: int | None) -> bool | None:
    if status is None:
        return None
    # The due day itself is still in time, whatever the hour.
    return status == "open" and due is not None and dt.datetime.fromtimestamp(due, dt.UTC).date() < now.date()


def _payable(status: str | None, remaining: int | None) -> bool | None:
    if status is None or remaining is None:
        return None
    return status == "open" and remaining > 0


def _credited(before: int, after: int, code: str) -> Money:
    """Add up the credit notes from before and after the payment."""
    return from_minor(before + after, code, _EXPONENTS)


def _sum(parts: list[object] | None, code: str | None) -> Money | None:
    """Add up the `amount` of each part; None when Stripe does not say."""
    if parts is None or code is None:
        return None
    amounts = [item["amount"] for item in parts if isinstance(item, dict)]
    if len(amounts) != len(parts) or not all(type(amount) is int for amount in amounts):
        raise MoneyError("a part has no whole amount")
    return from_minor(sum(amounts), code, _EXPONENTS)


def _tax(total: int | None, before_tax: int | None, code: str | None) -> Money | None:
    if total is None or before_tax is None or code is None:
        return None
    return from_minor(total - before_tax, code, _EXPONENTS)


def _unit_price(minor: str, code: str) -> Decimal:
    """Read `unit_amount_decimal`: the smallest unit with up to 12 decimals, as text."""
    exponent = _EXPONENTS.get(code.upper())
    if exponent is None:
        raise MoneyError("unknown currency")
    return plain(Decimal(minor)).scaleb(-exponent)


def _quantity(exact: str | None, whole: int | None) -> Decimal | None:
    text = exact if exact is not None else whole
    if text is None:
        return None
    return plain(Decimal(text))


def _payment_ids(payments: list[object] | None, more: bool | None) -> tuple[str, ...] | None:  # noqa: FBT001  wire values come by place
    """Give the PaymentIntents of an invoice's `payments`; other kinds of payment have no id of their own."""
    if payments is None:
        return None
    if more:
        raise ValueError("more payments than came with the invoice")
    ids = []
    for entry in payments:
        payment = entry.get("payment") if isinstance(entry, dict) else None
        if not isinstance(payment, dict):
            raise TypeError("a payment is no object")
        intent = payment.get("payment_intent")
        if not isinstance(intent, str | None):
            raise TypeError("a PaymentIntent's id is no text")
        if intent is not None:
            ids.append(intent)
    return tuple(ids)


def _payment_status(
    status: str | None, amount: int | None, refunded: int | None, failure: str | None
) -> PaymentStatus | None:
    if status is None:
        return None
    if status == "succeeded" and refunded and amount is not None:
        return PaymentStatus.REFUNDED if refunded >= amount else PaymentStatus.PARTIALLY_REFUNDED
    if status == "requires_payment_method" and failure is not None:
        return PaymentStatus.FAILED
    return _PAYMENT_STATUS.get(status, PaymentStatus.UNKNOWN)


INVOICE_LINE = Table(
    InvoiceLine,
    owner=via_parent("invoice"),
    id=row("id"),
    description=row("description"),
    quantity=row("quantity_decimal", "quantity", derive(_quantity, str, int)),
    unit_price=row(
        "pricing.unit_amount_decimal", "currency", Converter((str, str), lambda _env, *v: _unit_price(*v))
    ),
    discount_amount=row("discount_amounts", "currency", derive(_sum, list, str)),
    tax_amount=row("taxes", "currency", derive(_sum, list, str)),
    amount=row("amount", "currency", minor_units),
    period_start=row("period.start", unix_date),
    period_end=row("period.end", unix_date),
)

INVOICE_TAX = Table(
    InvoiceTax,
    owner=via_parent(),
    base=row("taxable_amount", "^.currency", minor_units),
    amount=row("amount", "^.currency", minor_units),
)

INVOICE = Table(
    Invoice,
    owner=path("customer"),
    visible=row("status", derive(lambda status: status != "draft", str)),
    id=row("id"),
    number=row("number"),
    kind=row("object", derive(lambda _object: InvoiceKind.INVOICE, str)),
    status=row("status", "amount_paid", derive(_invoice_status, str, int)),
    status_label=row("status"),
    is_overdue=row("status", "due_date", derive_at(_overdue, str, int)),
    issued_on=row("created", unix_date),
    due_on=row("due_date", unix_date),
    paid_at=row("status_transitions.paid_at", unix_time),
    currency_code=row("currency", currency),
    subtotal=row("subtotal", "currency", minor_units),
    discount_total=row("total_discount_amounts", "currency", derive(_sum, list, str)),
    tax_total=row("total", "total_excluding_tax", "currency", derive(_tax, int, int, str)),
    shipping_total=row("shipping_cost.amount_total", "currency", minor_units),
    total=row("total", "currency", minor_units),
    amount_paid=row("amount_paid", "currency", minor_units),
    amount_due=row("amount_remaining", "currency", minor_units),
    amount_credited=row(
        "pre_payment_credit_notes_amount",
        "post_payment_credit_notes_amount",
        "currency",
        Converter((int, int, str), lambda _env, *v: _credited(*v)),
    ),
    payable=row("status", "amount_remaining", derive(_payable, str, int)),
    purchase_order_number=row("metadata.po_number"),
    memo=row("description"),
    billing_address=row(
        part(
            PostalAddress,
            "customer_name",
            "customer_address",
            derive(lambda name, address: name is not None or address is not None, str, dict),
            name=row("customer_name"),
            line1=row("customer_address.line1"),
            line2=row("customer_address.line2"),
            city=row("customer_address.city"),
            region=row("customer_address.state"),
            postal_code=row("customer_address.postal_code"),
            country_code=row("customer_address.country"),
        )
    ),
    hosted_url=row("hosted_invoice_url"),
    subscription_id=row("parent.subscription_details.subscription"),
    payment_ids=row("payments.data", "payments.has_more", derive(_payment_ids, list, bool)),
    lines=row("lines.data", each(INVOICE_LINE)),
    lines_have_more=row("lines.has_more", boolean, default=False),
    taxes=row("total_taxes", each(INVOICE_TAX)),
    created_at=row("created", unix_time),
)

PAYMENT = Table(
    Payment,
    owner=path("customer"),
    linked={"latest_charge": row("latest_charge.customer")},
    id=row("id"),
    amount=row("amount", "currency", minor_units),
    amount_refunded=row("latest_charge.amount_refunded", "currency", minor_units),
    status=row(
        "status",
        "amount",
        "latest_charge.amount_refunded",
        "last_payment_error.code",
        derive(_payment_status, str, int, int, str),
    ),
    status_label=row("status"),
    method=row(
        part(
            PaymentMethodDetails,
            "latest_charge.payment_method_details.type",
            type=row("latest_charge.payment_method_details.type"),
            brand=row("latest_charge.payment_method_details.card.brand"),
            last4=row("latest_charge.payment_method_details.card.last4"),
        )
    ),
    received_at=row("created", unix_time),
    reference=row("description"),
    failure_code=row("last_payment_error.code"),
    receipt_url=row("latest_charge.receipt_url"),
    created_at=row("created", unix_time),
)

SUBSCRIPTION_ITEM = Table(
    SubscriptionItem,
    owner=via_parent("subscription"),
    id=row("id"),
    product_name=row("price.product"),
    quantity=row("quantity", derive(lambda whole: _quantity(None, whole), int)),
    unit_price=row("price.unit_amount", "price.currency", minor_units),
    interval=row("price.recurring.interval", enum(_INTERVAL, BillingInterval.UNKNOWN)),
    interval_count=row("price.recurring.interval_count", integer),
    current_period_start=row("current_period_start", unix_time),
    current_period_end=row("current_period_end", unix_time),
)

SUBSCRIPTION = Table(
    Subscription,
    owner=path("customer"),
    id=row("id"),
    status=row("status", enum(_SUBSCRIPTION_STATUS, SubscriptionStatus.UNKNOWN)),
    status_label=row("status"),
    started_on=row("start_date", unix_date),
    trial_ends_on=row("trial_end", unix_date),
    cancel_at=row("cancel_at", unix_time),
    cancel_at_period_end=row("cancel_at_period_end", boolean),
    ended_at=row("ended_at", unix_time),
    collection_method=row("collection_method", enum(_COLLECTION, CollectionMethod.UNKNOWN)),
    created_at=row("created", unix_time),
    latest_invoice_id=row("latest_invoice"),
    items=row("items.data", each(SUBSCRIPTION_ITEM)),
)
