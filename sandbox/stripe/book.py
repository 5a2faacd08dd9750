"""The data set as Stripe would hold it: one table per kind of object."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from sandbox.data import Account, DataSet, Invoice, Payment, Subscription
from sandbox.stripe.table import Table


def sibling(row_id: str, prefix: str) -> str:
    """Name the object that belongs to another: `pi_1a` has the charge `ch_1a`."""
    return f"{prefix}_{row_id.partition('_')[2]}"


def product_id(name: str) -> str:
    """Name the product that is called so."""
    return f"prod_{hashlib.blake2b(name.encode(), digest_size=7).hexdigest()}"


@dataclass(frozen=True)
class Customer:
    """A customer of Stripe: an account has one per currency."""

    id: str
    account: Account
    currency: str
    created: dt.datetime


@dataclass(frozen=True)
class InvoicePayment:
    """What a payment intent paid of an invoice."""

    id: str
    invoice: Invoice
    payment: Payment

    @property
    def created(self) -> dt.datetime:
        """When the money came."""
        return self.payment.created


@dataclass(frozen=True)
class Agreement:
    """A subscription and the newest invoice that it issued."""

    row: Subscription
    latest_invoice: str | None

    @property
    def id(self) -> str:
        """The subscription's."""
        return self.row.id

    @property
    def created(self) -> dt.datetime:
        """When it started."""
        return self.row.started


@dataclass(frozen=True)
class Product:
    """What a line or a subscription charges for."""

    id: str
    name: str
    created: dt.datetime


class Book:
    """All tables. Lists with a customer touch that customer's rows only."""

    def __init__(self, data: DataSet) -> None:
        long_ago = dt.datetime.combine(data.anchor - dt.timedelta(days=500), dt.time(), dt.UTC)
        self.customers = Table(
            Customer(customer, account, currency, long_ago)
            for account in data.accounts.values()
            for currency, customer in account.stripe_customers.items()
        )
        self.invoices = Table(
            data.invoices, customer=lambda row: row.customer, subscription=lambda row: row.subscription
        )
        self.payments = Table(data.payments, customer=lambda row: row.customer)
        self.subscriptions = Table(
            (
                Agreement(row, row.latest_invoice or self._newest_invoice(row.id))
                for row in data.subscriptions
            ),
            customer=lambda agreement: agreement.row.customer,
        )
        payments = {payment.id: payment for payment in data.payments}
        self.invoice_payments = Table(
            (
                InvoicePayment(sibling(row.id, "inpay"), row, payments[row.payment])
                for row in data.invoices
                if row.payment
            ),
            invoice=lambda link: link.invoice.id,
            payment_intent=lambda link: link.payment.id,
        )
        names = {line.description for row in data.invoices for line in row.lines}
        names |= {row.product for row in data.subscriptions}
        self.products = Table(Product(product_id(name), name, long_ago) for name in names)

    def _newest_invoice(self, subscription: str) -> str | None:
        issued = self.invoices.where(subscription=subscription)
        return issued[0].id if issued else None
