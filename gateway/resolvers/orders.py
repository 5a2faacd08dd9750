"""Orders, shipments, products and stock."""

from __future__ import annotations

from typing import Any

from gateway.auth.principal import Membership
from gateway.auth.scope import Ref
from gateway.connectors.ports.common import key_of
from gateway.connectors.ports.orders import (
    Availability,
    AvailabilityPort,
    Order,
    OrderFilter,
    OrderLine,
    OrderSort,
    OrdersPort,
    Product,
    ProductFilter,
    ProductsPort,
    ShipmentsPort,
)
from gateway.context import RequestContext
from gateway.resolvers.connections import Connection, PageArgs, embedded, listed


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


async def order_lines(order: Order, context: RequestContext, **page: Any) -> Connection:
    """Answer the lines that came with the order."""
    return embedded(context, "Order.lines", order, order.lines, PageArgs(**page))


async def order_shipments(order: Order, context: RequestContext, **page: Any) -> Connection:
    """Answer the shipments that came with the order."""
    return embedded(context, "Order.shipments", order, order.shipments, PageArgs(**page))


async def line_product(line: OrderLine, context: RequestContext) -> Product | None:
    """Load the product of an order line; all lines of the operation in one batch."""
    product_id = key_of(line.product_id)
    if product_id is None:
        return None
    product: Product | None = await context.load(ProductsPort.get_many, Ref(line.scope, product_id))
    return product


async def availability(product: Product, context: RequestContext) -> Availability | None:
    """Load the stock of a product; all products of the operation in one batch."""
    stock: Availability | None = await context.load(AvailabilityPort.get_many, Ref(product.scope, product.id))
    return stock
