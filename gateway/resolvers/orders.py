"""Orders, shipments, products and stock."""

from __future__ import annotations

from typing import Any

from gateway.auth.principal import Membership
from gateway.connectors.ports.orders import (
    AvailabilityPort,
    Order,
    OrderFilter,
    OrderSort,
    OrdersPort,
    ProductFilter,
    ProductsPort,
    ShipmentsPort,
)
from gateway.context import RequestContext
from gateway.resolvers.connections import Connection, PageArgs, embedded, listed
from gateway.resolvers.relations import by_key


async def orders(
    membership: Membership,
    context: RequestContext,
    *,
    filter: OrderFilter | None = None,  # noqa: A002  the argument's name in the schema
    order_by: OrderSort | None = None,
    **page: Any,
) -> Connection:
    """List the account's orders."""
    scope = await context.scope(membership)
    return await listed(
        context,
        OrdersPort.list_orders,
        scope,
        PageArgs(**page),
        filter or OrderFilter(),
        order_by or OrderSort(),
    )


async def shipments(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List the account's shipments."""
    scope = await context.scope(membership)
    return await listed(context, ShipmentsPort.list_shipments, scope, PageArgs(**page))


async def products(
    membership: Membership,
    context: RequestContext,
    *,
    filter: ProductFilter | None = None,  # noqa: A002  the argument's name in the schema
    **page: Any,
) -> Connection:
    """List what the account may buy."""
    scope = await context.scope(membership)
    return await listed(
        context, ProductsPort.list_products, scope, PageArgs(**page), filter or ProductFilter()
    )


def order_lines(order: Order, context: RequestContext, **page: Any) -> Connection:
    """Answer the lines that came with the order."""
    return embedded(context, "Order.lines", order, order.lines, PageArgs(**page))


def order_shipments(order: Order, context: RequestContext, **page: Any) -> Connection:
    """Answer the shipments that came with the order."""
    return embedded(context, "Order.shipments", order, order.shipments, PageArgs(**page))


line_product = by_key("product_id", ProductsPort.get_many)
availability = by_key("id", AvailabilityPort.get_many)
