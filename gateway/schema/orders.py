"""Orders, shipments, products and stock."""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.connectors.ports import orders as models
from gateway.resolvers import orders
from gateway.schema import values as _values  # noqa: F401  declares Money and PostalAddress
from gateway.schema.base import AccountScoped, Node, auto, connection, object_type, related

ORDERS = [Permission.ORDERS_READ]
PRODUCTS = [Permission.PRODUCTS_READ]


@object_type(models.Availability, requires=PRODUCTS)
class Availability:
    """How much of a product is in stock."""

    available: auto
    on_hand: auto
    as_of: auto
    precision: auto


@object_type(models.Product, requires=PRODUCTS)
class Product(Node):
    """What the business sells."""

    sku: auto
    name: auto
    description: auto
    unit: auto
    status: auto
    created_at: auto
    updated_at: auto
    availability = related(
        Availability | None,
        orders.availability,
        description="How much of it is in stock.",
        reads={models.Product: ["id"]},
    )


@object_type(models.OrderLine, requires=ORDERS)
class OrderLine:
    """One position of an order."""

    description: auto
    quantity_ordered: auto
    quantity_shipped: auto
    quantity_invoiced: auto
    unit: auto
    unit_price: auto
    amount: auto
    promised_on: auto
    product = related(
        Product | None,
        orders.line_product,
        description="The product of the catalogue; null when it is no longer sold.",
        reads={models.OrderLine: ["product_id"]},
    )


@object_type(models.Shipment, requires=ORDERS)
class Shipment(Node, AccountScoped):
    """Goods on their way to the customer."""

    number: auto
    status: auto
    status_label: auto
    carrier: auto
    tracking_numbers: auto
    tracking_url: auto
    shipped_at: auto
    estimated_delivery_on: auto
    created_at: auto
    updated_at: auto


@object_type(models.Order, requires=ORDERS)
class Order(Node, AccountScoped):
    """What a customer bought."""

    number: auto
    status: auto
    status_label: auto
    purchase_order_number: auto
    placed_at: auto
    promised_on: auto
    currency_code: auto
    subtotal: auto
    tax_total: auto
    total: auto
    shipping_address: auto
    billing_address: auto
    created_at: auto
    updated_at: auto
    lines = connection(
        OrderLine,
        orders.order_lines,
        description="What was ordered.",
        reads={models.Order: ["id", "lines"]},
    )
    shipments = connection(
        Shipment,
        orders.order_shipments,
        description="The goods that were sent, or will be.",
        reads={models.Order: ["id", "shipments"]},
    )
