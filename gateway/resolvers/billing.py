"""Invoices, payments, subscriptions and balances."""

from __future__ import annotations

from collections.abc import Awaitable
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
    SubscriptionsPort,
)
from gateway.context import RequestContext
from gateway.resolvers.connections import Connection, PageArgs, begun, listed
from gateway.resolvers.relations import by_key, by_keys


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


def invoice_lines(
    invoice: Invoice, context: RequestContext, **page: Any
) -> Connection | Awaitable[Connection]:
    """Answer the lines that came with the invoice; ask the system only to page beyond them."""
    return begun(
        context,
        InvoicesPort.list_lines,
        invoice,
        invoice.lines,
        PageArgs(**page),
        more=invoice.lines_have_more,
    )


invoice_payments = by_keys("payment_ids", PaymentsPort.get_many)
invoice_subscription = by_key("subscription_id", SubscriptionsPort.get_many)
latest_invoice = by_key("latest_invoice_id", InvoicesPort.get_many)
