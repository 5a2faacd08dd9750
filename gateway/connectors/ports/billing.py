"""Invoices, payments, subscriptions and balances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Annotated, ClassVar, Protocol

from typing_extensions import Doc

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import (
    CurrencyCode,
    DateRange,
    Direction,
    Kind,
    Listing,
    Money,
    Page,
    PostalAddress,
    Record,
    Selection,
    Url,
    Value,
)
from gateway.errors import GatewayError


class InvoiceKind(Enum):
    """What sort of document it is."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    PROFORMA = "PROFORMA"
    DEBIT_NOTE = "DEBIT_NOTE"


class InvoiceStatus(Enum):
    """Where an invoice stands."""

    DRAFT = "DRAFT"
    OPEN = "OPEN"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    VOID = "VOID"
    UNCOLLECTIBLE = "UNCOLLECTIBLE"
    UNKNOWN = "UNKNOWN"


class PaymentStatus(Enum):
    """Where a payment stands."""

    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    UNKNOWN = "UNKNOWN"


class SubscriptionStatus(Enum):
    """Where a subscription stands."""

    INCOMPLETE = "INCOMPLETE"
    TRIALING = "TRIALING"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    PAUSED = "PAUSED"
    UNPAID = "UNPAID"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class BillingInterval(Enum):
    """The unit of a billing period."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"
    UNKNOWN = "UNKNOWN"


class CollectionMethod(Enum):
    """How the money is asked for."""

    CHARGE_AUTOMATICALLY = "CHARGE_AUTOMATICALLY"
    SEND_INVOICE = "SEND_INVOICE"
    UNKNOWN = "UNKNOWN"


class InvoiceLine(Record, frozen=True, kw_only=True):
    """One position of an invoice."""

    id: str
    description: Annotated[str | None, Doc("What is charged for.")]
    quantity: Annotated[Decimal | None, Doc("How many units.")]
    unit: Annotated[str | None, Doc("Unit the quantity counts, in the system's own words.")]
    unit_price: Annotated[
        Decimal | None,
        Doc("Price of one unit in the line's currency, with as many decimals as were agreed."),
    ]
    discount_amount: Annotated[Money | None, Doc("What was taken off.")]
    tax_amount: Annotated[Money | None, Doc("Tax on this line.")]
    amount: Annotated[Money | None, Doc("What the line comes to, before tax unless tax is included.")]
    period_start: Annotated[dt.date | None, Doc("First day the line charges for (UTC).")]
    period_end: Annotated[dt.date | None, Doc("Last day the line charges for (UTC).")]


class InvoiceTax(Record, frozen=True, kw_only=True):
    """One tax on an invoice."""

    name: Annotated[str | None, Doc("Name of the tax, for example VAT.")]
    rate: Annotated[Decimal | None, Doc("Rate in percent.")]
    base: Annotated[Money | None, Doc("Amount the tax is levied on.")]
    amount: Annotated[Money | None, Doc("The tax.")]


class Invoice(Record, frozen=True, kw_only=True):
    """A demand for payment, or its reverse."""

    id: str
    number: Annotated[str | None, Doc("Invoice number, as printed on it.")]
    kind: Annotated[InvoiceKind | None, Doc("What sort of document it is.")]
    status: Annotated[InvoiceStatus | None, Doc("Where the invoice stands.")]
    status_label: Annotated[str | None, Doc("The status in the system's own words.")]
    is_overdue: Annotated[bool | None, Doc("Whether money is still due after the due day.")]
    issued_on: Annotated[dt.date | None, Doc("Day of issue (UTC).")]
    due_on: Annotated[dt.date | None, Doc("Last day to pay (UTC).")]
    paid_at: Annotated[dt.datetime | None, Doc("When it was paid in full.")]
    period_start: Annotated[dt.date | None, Doc("First day it charges for (UTC).")]
    period_end: Annotated[dt.date | None, Doc("Last day it charges for (UTC).")]
    currency_code: Annotated[CurrencyCode | None, Doc("Currency of all amounts, ISO 4217.")]
    subtotal: Annotated[Money | None, Doc("Sum of the lines before discounts and tax.")]
    discount_total: Annotated[Money | None, Doc("What was taken off in all.")]
    tax_total: Annotated[Money | None, Doc("Sum of the taxes.")]
    shipping_total: Annotated[Money | None, Doc("Cost of shipping.")]
    total: Annotated[Money | None, Doc("What the invoice comes to, tax included.")]
    amount_paid: Annotated[Money | None, Doc("What has been paid.")]
    amount_due: Annotated[Money | None, Doc("What is still to be paid.")]
    amount_credited: Annotated[Money | None, Doc("What credit notes have taken off.")]
    payable: Annotated[bool | None, Doc("Whether money can still be paid on it now.")]
    payment_terms: Annotated[str | None, Doc("When it is to be paid, in the system's own words.")]
    purchase_order_number: Annotated[str | None, Doc("The customer's own order number.")]
    memo: Annotated[str | None, Doc("What the seller wrote to the customer.")]
    billing_address: Annotated[PostalAddress | None, Doc("Whom it is addressed to.")]
    hosted_url: Annotated[
        Url | None, Doc("Page where it can be seen and paid. Whoever has the link can open it.")
    ]
    subscription_id: str | None
    payment_ids: tuple[str, ...] | None
    created_at: Annotated[dt.datetime | None, Doc("When the record was made in its system.")]
    updated_at: Annotated[
        dt.datetime | None,
        Doc("When the record itself was last changed in its system; a change of a line need not count."),
    ]
    lines: tuple[InvoiceLine | GatewayError, ...]
    lines_have_more: bool
    taxes: Annotated[tuple[InvoiceTax | GatewayError | None, ...] | None, Doc("The taxes, one by one.")]


class PaymentMethodDetails(Value, frozen=True, kw_only=True):
    """What a payment was made with."""

    type: Annotated[str | None, Doc("Sort of method, for example `card`.")]
    brand: Annotated[str | None, Doc("Brand of the card or name of the scheme.")]
    last4: Annotated[str | None, Doc("Last four digits.")]


class Payment(Record, frozen=True, kw_only=True):
    """Money received, or on its way."""

    id: str
    amount: Annotated[Money | None, Doc("What was paid.")]
    amount_refunded: Annotated[Money | None, Doc("What was given back.")]
    status: Annotated[PaymentStatus | None, Doc("Where the payment stands.")]
    status_label: Annotated[str | None, Doc("The status in the system's own words.")]
    method: Annotated[PaymentMethodDetails | None, Doc("What it was paid with.")]
    received_at: Annotated[dt.datetime | None, Doc("When the payment was made.")]
    reference: Annotated[str | None, Doc("What the payment says it is for.")]
    failure_code: Annotated[str | None, Doc("Why it failed, for programs.")]
    receipt_url: Annotated[Url | None, Doc("The receipt. Whoever has the link can open it.")]
    created_at: Annotated[dt.datetime | None, Doc("When the record was made in its system.")]
    updated_at: Annotated[dt.datetime | None, Doc("When the record was last changed in its system.")]


class SubscriptionItem(Record, frozen=True, kw_only=True):
    """One product in a subscription."""

    id: str
    product_name: Annotated[str | None, Doc("What is subscribed to.")]
    quantity: Annotated[Decimal | None, Doc("How many units.")]
    unit_price: Annotated[Money | None, Doc("Price of one unit per interval.")]
    interval: Annotated[BillingInterval | None, Doc("Unit of the billing period.")]
    interval_count: Annotated[int | None, Doc("How many such units one period lasts.")]
    current_period_start: Annotated[dt.datetime | None, Doc("When the running period began.")]
    current_period_end: Annotated[dt.datetime | None, Doc("When the running period ends.")]


class Subscription(Record, frozen=True, kw_only=True):
    """A standing agreement that is billed again and again."""

    id: str
    status: Annotated[SubscriptionStatus | None, Doc("Where the subscription stands.")]
    status_label: Annotated[str | None, Doc("The status in the system's own words.")]
    started_on: Annotated[dt.date | None, Doc("First day (UTC).")]
    trial_ends_on: Annotated[dt.date | None, Doc("Last day of the trial (UTC).")]
    cancel_at: Annotated[dt.datetime | None, Doc("When it will end.")]
    cancel_at_period_end: Annotated[bool | None, Doc("Whether it ends with the running period.")]
    ended_at: Annotated[dt.datetime | None, Doc("When it ended.")]
    collection_method: Annotated[CollectionMethod | None, Doc("How the money is asked for.")]
    created_at: Annotated[dt.datetime | None, Doc("When the record was made in its system.")]
    updated_at: Annotated[dt.datetime | None, Doc("When the record was last changed in its system.")]
    latest_invoice_id: str | None
    items: Annotated[tuple[SubscriptionItem | GatewayError | None, ...] | None, Doc("What is subscribed to.")]


class AccountBalance(Record, frozen=True, kw_only=True):
    """What an account owes and has in credit, per currency."""

    id: str
    outstanding: Annotated[tuple[Money, ...] | None, Doc("Still to be paid, one amount per currency.")]
    overdue: Annotated[tuple[Money, ...] | None, Doc("The part of it whose due day has passed.")]
    credit: Annotated[tuple[Money, ...] | None, Doc("What the business owes the account.")]
    as_of: Annotated[dt.datetime | None, Doc("When the figures were read.")]


class InvoiceFilter(Value, frozen=True, kw_only=True):
    """Which invoices to list. Conditions are joined by AND."""

    status: Annotated[tuple[InvoiceStatus, ...] | None, Doc("One of these.")] = None
    overdue: Annotated[bool | None, Doc("True: only those with money due after the due day.")] = None
    issued_on: Annotated[DateRange | None, Doc("Day of issue (UTC).")] = None
    due_on: Annotated[DateRange | None, Doc("Last day to pay (UTC).")] = None
    number: Annotated[str | None, Doc("Exactly this invoice number.")] = None


class InvoiceSortField(Enum):
    """What invoices can be sorted by."""

    ISSUED_ON = "ISSUED_ON"
    DUE_ON = "DUE_ON"
    NUMBER = "NUMBER"
    AMOUNT_DUE = "AMOUNT_DUE"


class InvoiceSort(Value, frozen=True, kw_only=True):
    """How to sort invoices. Equal rows keep one order."""

    field: Annotated[InvoiceSortField, Doc("What to compare.")] = InvoiceSortField.ISSUED_ON
    direction: Annotated[Direction, Doc("Which end comes first.")] = Direction.DESC


class InvoicesPort(Protocol):
    """Customers' invoices."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Invoice | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_invoices(
        self,
        scope: AccountScope,
        page: Page,
        filter: InvoiceFilter,  # noqa: A002  the field's standard term
        sort: InvoiceSort,
        fields: Selection,
    ) -> Listing[Invoice]:
        """List one account's invoices; UNSUPPORTED_CAPABILITY for what the system cannot do."""
        ...

    async def list_lines(self, invoice: Invoice, page: Page, fields: Selection) -> Listing[InvoiceLine]:
        """List the lines of an invoice that was loaded before. A line's cursor is its id.

        Called only when the invoice said `lines_have_more`.
        """
        ...


class PaymentsPort(Protocol):
    """Customers' payments."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Payment | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_payments(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Payment]:
        """List one account's payments, newest first."""
        ...


class SubscriptionsPort(Protocol):
    """Customers' subscriptions."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Subscription | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_subscriptions(
        self, scope: AccountScope, page: Page, fields: Selection
    ) -> Listing[Subscription]:
        """List one account's subscriptions, newest first."""
        ...


class BalancesPort(Protocol):
    """Balances, per account."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[AccountBalance | GatewayError | None]:
        """Give per account, in order, its balance. The id of a ref is the account's key."""
        ...
