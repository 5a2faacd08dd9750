"""Orders, shipments, products and stock: what an ERP knows of a customer's purchases."""

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


class OrderStatus(Enum):
    """How far an order has come."""

    DRAFT = "DRAFT"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    CONFIRMED = "CONFIRMED"
    IN_PROGRESS = "IN_PROGRESS"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    COMPLETED = "COMPLETED"
    ON_HOLD = "ON_HOLD"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class ShipmentStatus(Enum):
    """How far a shipment has come."""

    WAITING = "WAITING"
    PREPARING = "PREPARING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class ProductStatus(Enum):
    """Whether a product can be ordered."""

    ACTIVE = "ACTIVE"
    DISCONTINUED = "DISCONTINUED"
    UNKNOWN = "UNKNOWN"


class AvailabilityPrecision(Enum):
    """How exact a stock figure is."""

    EXACT = "EXACT"
    BAND = "BAND"


class OrderLine(Record, frozen=True, kw_only=True):
    """One position of an order."""

    id: str
    product_id: str | None
    description: Annotated[str | None, Doc("What was ordered, in the words of the order.")]
    quantity_ordered: Annotated[Decimal | None, Doc("How many were ordered.")]
    quantity_shipped: Annotated[Decimal | None, Doc("How many have left the warehouse.")]
    quantity_invoiced: Annotated[
        Decimal | None,
        Doc("How many stand on invoices that were issued; credit notes take nothing off."),
    ]
    unit: Annotated[str | None, Doc("Unit the quantities count, in the system's own words.")]
    unit_price: Annotated[
        Decimal | None,
        Doc("Price of one unit in the order's currency, with as many decimals as were agreed."),
    ]
    amount: Annotated[Money | None, Doc("Price of the whole line.")]
    promised_on: Annotated[dt.date | None, Doc("Day on which the line shall be shipped.")]


class Shipment(Record, frozen=True, kw_only=True):
    """Goods on their way to the customer."""

    id: str
    number: Annotated[str | None, Doc("Shipment number.")]
    status: Annotated[ShipmentStatus | None, Doc("How far the shipment has come.")]
    status_label: Annotated[str | None, Doc("The status in the system's own words.")]
    carrier: Annotated[str | None, Doc("Name of the carrier.")]
    tracking_numbers: Annotated[
        tuple[str, ...] | None, Doc("The carrier's numbers to follow the parcels by.")
    ]
    tracking_url: Annotated[Url | None, Doc("Page of the carrier that shows where the parcels are.")]
    shipped_at: Annotated[
        dt.datetime | None,
        Doc("When the goods left. Midnight UTC where the system records the day only."),
    ]
    estimated_delivery_on: Annotated[dt.date | None, Doc("Day on which delivery is expected.")]
    created_at: Annotated[dt.datetime | None, Doc("When the record was made in its system.")]
    updated_at: Annotated[dt.datetime | None, Doc("When the record was last changed in its system.")]


class Order(Record, frozen=True, kw_only=True):
    """What a customer bought."""

    id: str
    number: Annotated[str | None, Doc("Order number.")]
    status: Annotated[OrderStatus | None, Doc("How far the order has come.")]
    status_label: Annotated[str | None, Doc("The status in the system's own words.")]
    purchase_order_number: Annotated[str | None, Doc("The customer's own number for this order.")]
    placed_at: Annotated[
        dt.datetime | None,
        Doc("When it was placed. Midnight UTC where the system records the day only."),
    ]
    promised_on: Annotated[dt.date | None, Doc("Day on which the goods shall be shipped.")]
    currency_code: Annotated[CurrencyCode | None, Doc("Currency of all amounts, ISO 4217.")]
    subtotal: Annotated[Money | None, Doc("Sum of the lines before tax.")]
    tax_total: Annotated[Money | None, Doc("Sum of the taxes.")]
    total: Annotated[Money | None, Doc("What the order costs, tax included.")]
    shipping_address: Annotated[PostalAddress | None, Doc("Where the goods go.")]
    billing_address: Annotated[PostalAddress | None, Doc("Where the invoice goes.")]
    created_at: Annotated[dt.datetime | None, Doc("When the record was made in its system.")]
    updated_at: Annotated[
        dt.datetime | None,
        Doc("When the record itself was last changed in its system; a change of a line need not count."),
    ]
    lines: tuple[OrderLine | GatewayError, ...]
    shipments: tuple[Shipment | GatewayError, ...]


class Product(Record, frozen=True, kw_only=True):
    """What the business sells. Products are shared: every account with the permission sees them."""

    id: str
    sku: Annotated[str | None, Doc("Stock keeping unit: the number the product is ordered by.")]
    name: Annotated[str | None, Doc("Name of the product.")]
    description: Annotated[str | None, Doc("What it is, in the seller's words.")]
    unit: Annotated[str | None, Doc("Unit it is sold in, in the system's own words.")]
    status: Annotated[ProductStatus | None, Doc("Whether it can be ordered.")]
    created_at: Annotated[dt.datetime | None, Doc("When the record was made in its system.")]
    updated_at: Annotated[dt.datetime | None, Doc("When the record was last changed in its system.")]


class Availability(Record, frozen=True, kw_only=True):
    """How much of a product is in stock."""

    id: str
    available: Annotated[Decimal | None, Doc("What can be promised: on hand less what is reserved.")]
    on_hand: Annotated[Decimal | None, Doc("What stands in the warehouses now.")]
    as_of: Annotated[dt.datetime | None, Doc("When the figures were read.")]
    precision: Annotated[AvailabilityPrecision | None, Doc("How exact the figures are.")]


class OrderFilter(Value, frozen=True, kw_only=True):
    """Which orders to list. Conditions are joined by AND."""

    status: Annotated[tuple[OrderStatus, ...] | None, Doc("One of these.")] = None
    placed_on: Annotated[DateRange | None, Doc("Day on which the order was placed (UTC).")] = None
    number: Annotated[str | None, Doc("Exactly this order number.")] = None
    purchase_order_number: Annotated[str | None, Doc("Exactly this number of the customer's.")] = None


class OrderSortField(Enum):
    """What orders can be sorted by."""

    PLACED_AT = "PLACED_AT"
    NUMBER = "NUMBER"
    TOTAL = "TOTAL"


class OrderSort(Value, frozen=True, kw_only=True):
    """How to sort orders. Equal rows keep one order."""

    field: Annotated[OrderSortField, Doc("What to compare.")] = OrderSortField.PLACED_AT
    direction: Annotated[Direction, Doc("Which end comes first.")] = Direction.DESC


class ProductFilter(Value, frozen=True, kw_only=True):
    """Which products to list. Conditions are joined by AND."""

    sku: Annotated[str | None, Doc("Exactly this SKU.")] = None
    text: Annotated[str | None, Doc("Part of the name or SKU, upper and lower case alike.")] = None


class OrdersPort(Protocol):
    """Customers' orders."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(self, refs: Sequence[Ref], fields: Selection) -> Sequence[Order | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_orders(
        self,
        scope: AccountScope,
        page: Page,
        filter: OrderFilter,  # noqa: A002  the field's standard term
        sort: OrderSort,
        fields: Selection,
    ) -> Listing[Order]:
        """List one account's orders; UNSUPPORTED_CAPABILITY for what the system cannot do."""
        ...


class ShipmentsPort(Protocol):
    """Shipments by id, and all of one account."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Shipment | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_shipments(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Shipment]:
        """List one account's shipments, newest first."""
        ...


class ProductsPort(Protocol):
    """The catalogue. The account of a ref is the audience."""

    kind: ClassVar[Kind] = Kind.SHARED

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Product | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_products(
        self,
        scope: AccountScope,
        page: Page,
        filter: ProductFilter,  # noqa: A002  the field's standard term
        fields: Selection,
    ) -> Listing[Product]:
        """List the products this account may buy, by SKU."""
        ...


class AvailabilityPort(Protocol):
    """Stock by product id. The account of a ref is the audience."""

    kind: ClassVar[Kind] = Kind.SHARED

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Availability | GatewayError | None]:
        """Give per product ref, in order: the stock, None when missing, or the error that broke it."""
        ...
