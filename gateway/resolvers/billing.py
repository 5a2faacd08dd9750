"""Invoices, payments, subscriptions and balances."""

from __future__ import annotations

from typing import Any

from gateway.auth.principal import Membership
from gateway.auth.scope import Ref
from gateway.connectors.ports.billing import (
    AccountBalance,
    BalancesPort,
    Invoice,
    InvoiceFilter,
    InvoiceSort,
    InvoicesPort,
    PaymentsPort,
    Subscription,
    SubscriptionsPort,
)
from gateway.connectors.ports.common import key_of
from gateway.context import RequestContext
from gateway.resolvers.connections import Connection, PageArgs, begun, listed


async def invoices(
    membership: Membership,
    context: RequestContext,
    *,
    filter: InvoiceFilter | None = None,  # noqa: A002  the argument's name in the schema
    order_by: InvoiceSort | None = None,
    **page: Any,
) -> Connection:
    """List the account's invoices."""
    scope = await context.scope(membership)
    return await listed(
        context,
        InvoicesPort.list_invoices,
        scope,
        PageArgs(**page),
        filter or InvoiceFilter(),
        order_by or InvoiceSort(),
    )


async def payments(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List the account's payments."""
    scope = await context.scope(membership)
    return await listed(context, PaymentsPort.list_payments, scope, PageArgs(**page))


async def subscriptions(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List the account's subscriptions."""
    scope = await context.scope(membership)
    return await listed(context, SubscriptionsPort.list_subscriptions, scope, PageArgs(**page))


async def balance(membership: Membership, context: RequestContext) -> AccountBalance | None:
    """Load the account's balance."""
    scope = await context.scope(membership)
    found: AccountBalance | None = await context.load(BalancesPort.get_many, Ref(scope, scope.key))
    return found


async def invoice_lines(invoice: Invoice, context: RequestContext, **page: Any) -> Connection:
    """Answer the lines that came with the invoice; ask the system only to page beyond them."""
    return await begun(
        context,
        InvoicesPort.list_lines,
        invoice,
        invoice.lines,
        PageArgs(**page),
        more=invoice.lines_have_more,
    )


async def invoice_payments(invoice: Invoice, context: RequestContext) -> list[Any] | None:
    """Load what was paid on the invoice; all payments of the operation in one batch."""
    payment_ids = key_of(invoice.payment_ids)
    if payment_ids is None:
        return None
    refs = [Ref(invoice.scope, payment_id) for payment_id in payment_ids]
    return await context.load_many(PaymentsPort.get_many, refs)


async def invoice_subscription(invoice: Invoice, context: RequestContext) -> Subscription | None:
    """Load the subscription the invoice was made for."""
    subscription_id = key_of(invoice.subscription_id)
    if subscription_id is None:
        return None
    found: Subscription | None = await context.load(
        SubscriptionsPort.get_many, Ref(invoice.scope, subscription_id)
    )
    return found


async def latest_invoice(subscription: Subscription, context: RequestContext) -> Invoice | None:
    """Load the subscription's newest invoice."""
    invoice_id = key_of(subscription.latest_invoice_id)
    if invoice_id is None:
        return None
    found: Invoice | None = await context.load(InvoicesPort.get_many, Ref(subscription.scope, invoice_id))
    return found
