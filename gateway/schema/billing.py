"""Invoices, payments, subscriptions and balances."""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.connectors.ports import billing as models
from gateway.resolvers import billing
from gateway.schema import values as _values  # noqa: F401  declares Money and PostalAddress
from gateway.schema.base import AccountScoped, Node, auto, connection, lazy, object_type, related

INVOICES = [Permission.INVOICES_READ]
PAYMENTS = [Permission.PAYMENTS_READ]
SUBSCRIPTIONS = [Permission.SUBSCRIPTIONS_READ]


@object_type(models.AccountBalance, requires=INVOICES)
class AccountBalance:
    """What an account owes and has in credit, per currency."""

    outstanding: auto
    overdue: auto
    credit: auto
    as_of: auto


@object_type(models.PaymentMethodDetails, requires=PAYMENTS)
class PaymentMethodDetails:
    """What a payment was made with."""

    type: auto
    brand: auto
    last4: auto


@object_type(models.Payment, requires=PAYMENTS)
class Payment(Node, AccountScoped):
    """Money received, or on its way."""

    amount: auto
    amount_refunded: auto
    status: auto
    status_label: auto
    method: auto
    received_at: auto
    reference: auto
    failure_code: auto
    receipt_url: auto
    created_at: auto
    updated_at: auto


@object_type(models.SubscriptionItem, requires=SUBSCRIPTIONS)
class SubscriptionItem:
    """One product in a subscription."""

    product_name: auto
    quantity: auto
    unit_price: auto
    interval: auto
    interval_count: auto
    current_period_start: auto
    current_period_end: auto


@object_type(models.Subscription, requires=SUBSCRIPTIONS)
class Subscription(Node, AccountScoped):
    """A standing agreement that is billed again and again."""

    status: auto
    status_label: auto
    started_on: auto
    trial_ends_on: auto
    cancel_at: auto
    cancel_at_period_end: auto
    ended_at: auto
    collection_method: auto
    items: auto
    created_at: auto
    updated_at: auto
    latest_invoice = related(
        lazy("Invoice", "billing") | None,
        billing.latest_invoice,
        description="Its newest invoice.",
        reads={models.Subscription: ["latest_invoice_id"]},
    )


@object_type(models.InvoiceLine, requires=INVOICES)
class InvoiceLine:
    """One position of an invoice."""

    description: auto
    quantity: auto
    unit: auto
    unit_price: auto
    discount_amount: auto
    tax_amount: auto
    amount: auto
    period_start: auto
    period_end: auto


@object_type(models.InvoiceTax, requires=INVOICES)
class InvoiceTax:
    """One tax on an invoice."""

    name: auto
    rate: auto
    base: auto
    amount: auto


@object_type(models.Invoice, requires=INVOICES)
class Invoice(Node, AccountScoped):
    """A demand for payment, or its reverse."""

    number: auto
    kind: auto
    status: auto
    status_label: auto
    is_overdue: auto
    issued_on: auto
    due_on: auto
    paid_at: auto
    period_start: auto
    period_end: auto
    currency_code: auto
    subtotal: auto
    discount_total: auto
    tax_total: auto
    shipping_total: auto
    total: auto
    amount_paid: auto
    amount_due: auto
    amount_credited: auto
    payable: auto
    payment_terms: auto
    purchase_order_number: auto
    memo: auto
    billing_address: auto
    hosted_url: auto
    taxes: auto
    created_at: auto
    updated_at: auto
    lines = connection(
        InvoiceLine,
        billing.invoice_lines,
        description="What is charged for. In a list of invoices, each gives the lines that came with it.",
        reads={models.Invoice: ["id", "lines", "lines_have_more"]},
    )
    payments = related(
        list[Payment | None] | None,
        billing.invoice_payments,
        description="What was paid on it.",
        reads={models.Invoice: ["payment_ids"]},
    )
    subscription = related(
        Subscription | None,
        billing.invoice_subscription,
        description="The subscription it was made for.",
        reads={models.Invoice: ["subscription_id"]},
    )
