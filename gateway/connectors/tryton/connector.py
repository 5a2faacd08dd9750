"""Tryton as accounts, orders, shipments, products, stock and invoices. See README.md for limits and traps."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.identity import malformed_id
from gateway.connectors.mapping import Reader, Table
from gateway.connectors.ports.accounts import AccountProfile, AccountsPort
from gateway.connectors.ports.billing import Invoice, InvoiceFilter, InvoiceLine, InvoiceSort, InvoicesPort
from gateway.connectors.ports.common import Listing, Page, Record, Selection, counted
from gateway.connectors.ports.orders import (
    Availability,
    AvailabilityPort,
    Order,
    OrderFilter,
    OrderSort,
    OrdersPort,
    Product,
    ProductFilter,
    ProductsPort,
    Shipment,
    ShipmentsPort,
)
from gateway.connectors.tryton import conditions, mapping
from gateway.connectors.tryton.config import Config
from gateway.connectors.tryton.paging import ByPosition, NoSortValueError, Sort, by_id, cut
from gateway.connectors.tryton.query import Domain, Interface, Rows, Sorting, native_ids, wire_paths
from gateway.errors import Code, GatewayError, UpstreamError
from gateway.outbound import Outbound

R = TypeVar("R", bound=Record)

_BATCH = 100
"""Ids per call: servers in front of Tryton refuse URLs of more than 4 to 8 KB."""
_ARCHIVED: Mapping[str, object] = {"active_test": False}
"""Context that shows archived records too."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Connector:
    """One company in one Tryton database."""

    def __init__(
        self, interface: Interface, warehouses: Sequence[int], clock: Callable[[], dt.datetime] = _now
    ) -> None:
        self.name = interface.name
        self._interface = interface
        ports: dict[type, object] = {
            AccountsPort: Accounts(interface, clock),
            OrdersPort: Orders(interface, clock),
            ShipmentsPort: Shipments(interface, clock),
            ProductsPort: Products(interface, clock),
            InvoicesPort: Invoices(interface, clock),
        }
        if warehouses:  # without a location every stock figure is 0, which is not what is there
            ports[AvailabilityPort] = Stock(interface, clock, warehouses)
        self.ports: Mapping[type, object] = ports

    async def ping(self) -> None:
        """Find one sale of the company: proves address, database, key, access right and company.

        UPSTREAM_AUTH_FAILED when there is none: to a user outside the company, Tryton shows empty lists.
        """
        company: Domain = [["company", "=", self._interface.company]]
        found = await self._interface.find("sale.sale", ["id"], company, limit=1, context={})
        if not found:
            raise UpstreamError(
                Code.UPSTREAM_AUTH_FAILED,
                self.name,
                detail="no sale visible: the user is not in the company, or it has none yet",
            )


def connect(name: str, config: Config, outbound: Outbound) -> Connector:
    """Make the connector that is configured as `name`."""
    client = outbound.client(
        name,
        config.base_url,
        timeout=config.timeout_seconds,
        concurrency=config.concurrency,
        credentials={"Authorization": f"Bearer {config.key.reveal()}"},
    )
    return Connector(Interface(name, client, config.database, config.company), config.warehouses)


class _Resource(Generic[R]):
    """One model: records by id, and lists."""

    model: str
    table: Table[R]
    context: Mapping[str, object] = {}

    def __init__(self, interface: Interface, clock: Callable[[], dt.datetime]) -> None:
        self._interface = interface
        self._clock = clock

    def _visible(self) -> Domain:
        """Give the domain of what customers may see at all."""
        return []

    async def get_many(self, refs: Sequence[Ref], fields: Selection) -> Sequence[R | GatewayError | None]:
        """See the port. Refs of all accounts go in one call; whose a record is, the record itself says."""
        ids = native_ids(ref.native_id for ref in refs)
        batches = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
        paths = wire_paths(self.table, fields)
        visible = self._visible()
        found = await asyncio.gather(
            *(
                self._interface.find(self.model, paths, [["id", "in", batch], *visible], context=self.context)
                for batch in batches
            )
        )
        rows = {str(row["id"]): row for part in found for row in part}
        reader = Reader(self.table, fields, self._interface.name, self._clock())
        return [
            reader.read(rows[ref.native_id], ref.scope) if ref.native_id in rows else None for ref in refs
        ]

    async def _list(
        self, scope: AccountScope, domain: Domain, sort: Sort, page: Page, fields: Selection
    ) -> Listing[R]:
        """Read one page; the total costs a call of its own and is read only when it is selected."""
        paths = list(dict.fromkeys([*wire_paths(self.table, fields), sort.field]))
        whole: Domain = [*domain, *self._visible()]

        async def fetch(beyond: Domain, *, order: Sorting, limit: int, offset: int = 0) -> Rows:
            narrowed = [*whole, *beyond]
            return await self._interface.find(
                self.model, paths, narrowed, order=order, limit=limit, offset=offset, context=self.context
            )

        async def count() -> int:
            return await self._interface.count(self.model, whole, context=self.context)

        async def total() -> int | None:
            return await count() if counted(fields, self.table.model) else None

        try:
            part, number = await asyncio.gather(sort.page(fetch, count, page), total())
        except NoSortValueError as error:
            raise self._interface.broken(f"{self.model}.{error}: no value to sort by") from None
        reader = Reader(self.table, fields, self._interface.name, self._clock())
        read = [(reader.read(row, scope), cursor) for row, cursor in part.rows]
        items: list[tuple[R | GatewayError, str]] = [(one, cursor) for one, cursor in read if one is not None]
        return Listing(
            items,
            has_next=part.has_next,
            has_previous=part.has_previous,
            total=number,
            end_cursor=part.rows[-1][1] if len(items) < len(part.rows) else None,
        )

    def _of(self, scope: AccountScope, field: str) -> Domain:
        """Say whose records are meant; `field` holds the party. Without a party that is nothing."""
        owners = dict.fromkeys(scope.owners(self._interface.name))
        parties = native_ids(owners)
        if len(parties) < len(owners):
            raise malformed_id()
        return [[field, "in", parties]]


class Accounts(_Resource[AccountProfile]):
    """Parties; archived ones are inactive accounts."""

    model = "party.party"
    table = mapping.ACCOUNT
    context = _ARCHIVED


class Orders(_Resource[Order]):
    """Sales that were confirmed; carts, quotes and cancelled rows are not customers' orders."""

    model = "sale.sale"
    table = mapping.ORDER

    def _visible(self) -> Domain:
        return [["company", "=", self._interface.company], ["state", "in", list(mapping.ORDERED)]]

    async def list_orders(
        self,
        scope: AccountScope,
        page: Page,
        filter: OrderFilter,  # noqa: A002  the port's name
        sort: OrderSort,
        fields: Selection,
    ) -> Listing[Order]:
        """See the port."""
        domain = [*self._of(scope, "party"), *conditions.orders(filter)]
        return await self._list(scope, domain, conditions.order_sort(sort), page, fields)


class Shipments(_Resource[Shipment]):
    """Shipments to customers."""

    model = "stock.shipment.out"
    table = mapping.SHIPMENT

    def _visible(self) -> Domain:
        return [["company", "=", self._interface.company], ["state", "not in", list(mapping.UNSENT)]]

    async def list_shipments(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Shipment]:
        """List by id: Tryton's order by day takes the planned day for the effective one."""
        return await self._list(scope, self._of(scope, "customer"), by_id(), page, fields)


class Products(_Resource[Product]):
    """What is sold. By id archived products are found as discontinued; lists leave them out."""

    model = "product.product"
    table = mapping.PRODUCT
    context = _ARCHIVED

    def _visible(self) -> Domain:
        return [["salable", "=", True]]

    async def list_products(
        self,
        scope: AccountScope,
        page: Page,
        filter: ProductFilter,  # noqa: A002  the port's name
        fields: Selection,
    ) -> Listing[Product]:
        """List by SKU."""
        domain = [["active", "=", True], *conditions.products(filter)]
        return await self._list(scope, domain, ByPosition("code", descending=False), page, fields)


class Stock(_Resource[Availability]):
    """Products with their quantities in the configured warehouses."""

    model = "product.product"
    table = mapping.AVAILABILITY

    def __init__(
        self, interface: Interface, clock: Callable[[], dt.datetime], warehouses: Sequence[int]
    ) -> None:
        super().__init__(interface, clock)
        self.context = {**_ARCHIVED, "locations": list(warehouses)}

    def _visible(self) -> Domain:
        return [["salable", "=", True]]


class Invoices(_Resource[Invoice]):
    """Invoices to customers and their credit notes, once posted."""

    model = "account.invoice"
    table = mapping.INVOICE

    def _visible(self) -> Domain:
        billed = ["state", "in", list(mapping.BILLED)]
        return [["company", "=", self._interface.company], ["type", "=", "out"], billed]

    async def list_invoices(
        self,
        scope: AccountScope,
        page: Page,
        filter: InvoiceFilter,  # noqa: A002  the port's name
        sort: InvoiceSort,
        fields: Selection,
    ) -> Listing[Invoice]:
        """See the port."""
        domain = [*self._of(scope, "party"), *conditions.invoices(filter)]
        return await self._list(scope, domain, conditions.invoice_sort(sort), page, fields)

    async def list_lines(self, invoice: Invoice, page: Page, fields: Selection) -> Listing[InvoiceLine]:
        """Cut a page out of all lines: they come with the invoice, so it is read again."""
        [found] = await self.get_many(
            [Ref(invoice.scope, invoice.id)], {**fields, Invoice: frozenset({"lines"})}
        )
        lines = () if found is None else found if isinstance(found, GatewayError) else found.lines
        if isinstance(lines, GatewayError):
            raise lines
        return cut(lines, page)
