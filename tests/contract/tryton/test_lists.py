"""Lists of the connector for Tryton: order, filters, pages and totals, against both systems."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors.ports.billing import (
    Invoice,
    InvoiceFilter,
    InvoiceSort,
    InvoiceSortField,
    InvoicesPort,
    InvoiceStatus,
)
from gateway.connectors.ports.common import DateRange, Direction, Listing, Page, Selection
from gateway.connectors.ports.orders import (
    Order,
    OrderFilter,
    OrderSort,
    OrderSortField,
    OrdersPort,
    OrderStatus,
    Product,
    ProductFilter,
    ProductsPort,
    Shipment,
    ShipmentsPort,
)
from gateway.connectors.testing import Wire
from gateway.connectors.tryton.connector import Connector
from gateway.connectors.tryton.paging import by_date
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import Order as DataOrder
from tests.contract.tryton.systems import DATA, NAME, ORDER_STATUS, Side

ALL = Page(first=100)
DAY, NEXT = dt.date(2026, 6, 12), dt.date(2026, 6, 13)
ORDER_ARGUMENTS = (OrderFilter(), OrderSort())


def nothing(_row: object) -> bool:
    return False


def anything(_row: object) -> bool:
    return True


async def listed(
    connector: Connector,
    port: type,
    side: Side,
    *arguments: object,
    page: Page = ALL,
    fields: Selection | None = None,
    keys: tuple[str, ...] = ("acme",),
) -> Listing[Any]:
    [method] = [name for name in vars(port) if name.startswith("list_") and name != "list_lines"]
    model = {OrdersPort: Order, ShipmentsPort: Shipment, ProductsPort: Product, InvoicesPort: Invoice}[port]
    chosen = {model: frozenset({"number", "sku"} & {*model.__struct_fields__})} if fields is None else fields
    return await getattr(connector.ports[port], method)(side.scope(*keys), page, *arguments, chosen)


def numbers(listing: Listing[Any]) -> list[str]:
    return [record.number for record, _ in listing.items]


@pytest.mark.parametrize("size", [1, 5])
async def test_orders_come_newest_first_and_those_of_one_day_by_id(
    connector: Connector, side: Side, size: int
) -> None:
    wanted = [row.number for row in side.shown("acme", "group")]
    assert len({row.placed_on for row in side.shown("acme")}) < len(side.shown("acme"))  # days with two
    came: list[str] = []
    page = Page(first=size)
    while True:
        listing = await listed(
            connector, OrdersPort, side, *ORDER_ARGUMENTS, page=page, keys=("acme", "group")
        )
        came += numbers(listing)
        if not listing.has_next:
            break
        page = Page(first=size, after=listing.items[-1][1])
    assert came == wanted


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("field", OrderSortField)
async def test_orders_can_be_sorted_by_every_field_and_paged_both_ways(
    connector: Connector, side: Side, field: OrderSortField, direction: Direction
) -> None:
    def key(row: DataOrder) -> tuple[Any, int]:
        value = {
            OrderSortField.PLACED_AT: row.placed_on,
            OrderSortField.NUMBER: (len(row.number or ""), row.number),
            OrderSortField.TOTAL: row.untaxed,
        }
        return value[field], side.orders[row.id]

    rows = sorted(side.shown("acme"), key=key, reverse=direction is Direction.DESC)
    wanted = [row.number for row in rows]
    sort = OrderSort(field=field, direction=direction)
    forward: list[str] = []
    after, more = None, True
    while more:
        listing = await listed(
            connector, OrdersPort, side, OrderFilter(), sort, page=Page(first=7, after=after)
        )
        assert listing.has_previous is (after is not None)
        forward += numbers(listing)
        after, more = listing.items[-1][1], listing.has_next
    backward: list[str] = []
    before, more = None, True
    while more:
        listing = await listed(
            connector, OrdersPort, side, OrderFilter(), sort, page=Page(last=7, before=before)
        )
        assert listing.has_next is (before is not None)
        backward = numbers(listing) + backward
        before, more = listing.items[0][1], listing.has_previous
    assert (forward, backward) == (wanted, wanted)


FILTERS = {
    "one day": (OrderFilter(placed_on=DateRange(gte=DAY, lt=NEXT)), lambda row: row.placed_on == DAY),
    "from a day on": (OrderFilter(placed_on=DateRange(gte=DAY)), lambda row: row.placed_on >= DAY),
    "before a day": (OrderFilter(placed_on=DateRange(lt=DAY)), lambda row: row.placed_on < DAY),
    "no day": (OrderFilter(placed_on=DateRange()), anything),
    "number": (OrderFilter(number="SO-101003"), lambda row: row.number == "SO-101003"),
    "another case": (OrderFilter(number="so-101003"), nothing),
    "a pattern": (OrderFilter(number="SO-%"), nothing),
    "no number": (OrderFilter(number=""), nothing),
    "blank number": (OrderFilter(number=" \t"), nothing),
    "customer's number": (
        OrderFilter(purchase_order_number="PO-ACME-5"), lambda row: row.reference == "PO-ACME-5",
    ),
    "somebody else's number": (OrderFilter(number="SO-102003"), nothing),
    "nul": (OrderFilter(number="SO\0"), nothing),
    "half a character": (OrderFilter(purchase_order_number="\ud800"), nothing),
    "no status": (OrderFilter(status=()), nothing),
    "both": (
        OrderFilter(status=(OrderStatus.COMPLETED,), placed_on=DateRange(gte=DAY)),
        lambda row: row.state == "done" and row.placed_on >= DAY,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
async def test_orders_can_be_filtered(connector: Connector, side: Side, name: str) -> None:
    wanted, matches = FILTERS[name]
    listing = await listed(connector, OrdersPort, side, wanted, OrderSort())
    assert numbers(listing) == [row.number for row in side.shown("acme") if matches(row)]


@pytest.mark.parametrize("argument", ["number", "purchase_order_number"])
async def test_a_text_too_long_for_an_address_is_refused(
    connector: Connector, side: Side, wire: Wire, argument: str
) -> None:
    with pytest.raises(RequestError) as caught:
        await listed(connector, OrdersPort, side, OrderFilter(**{argument: "x" * 201}), OrderSort())
    assert caught.value.code is Code.INVALID_INPUT
    assert wire.calls == []


async def test_each_status_finds_what_has_it(connector: Connector, side: Side) -> None:
    fields: Selection = {Order: frozenset({"number", "status"})}
    everything = await listed(connector, OrdersPort, side, *ORDER_ARGUMENTS, fields=fields)
    by_status: dict[OrderStatus, list[str]] = {}
    for record, _ in everything.items:
        by_status.setdefault(record.status, []).append(record.number)
    expected = {ORDER_STATUS[side.states[row.id]] for row in side.shown("acme")}
    assert set(by_status) == expected
    for status in (OrderStatus.CONFIRMED, OrderStatus.IN_PROGRESS, OrderStatus.PARTIALLY_SHIPPED,
                   OrderStatus.SHIPPED, OrderStatus.COMPLETED, OrderStatus.ON_HOLD):  # fmt: skip
        listing = await listed(connector, OrdersPort, side, OrderFilter(status=(status,)), OrderSort())
        assert numbers(listing) == by_status.get(status, [])
    two = OrderFilter(status=(OrderStatus.CONFIRMED, OrderStatus.COMPLETED, OrderStatus.CONFIRMED))
    listing = await listed(connector, OrdersPort, side, two, OrderSort())
    confirmed, completed = by_status[OrderStatus.CONFIRMED], by_status[OrderStatus.COMPLETED]
    assert sorted(numbers(listing)) == sorted(confirmed + completed)


async def test_the_total_is_counted_only_when_it_is_selected(
    connector: Connector, side: Side, wire: Wire
) -> None:
    page = Page(first=2)
    plain = await listed(connector, OrdersPort, side, *ORDER_ARGUMENTS, page=page)
    assert (plain.total, len(wire.calls)) == (None, 1)
    fields: Selection = {Order: frozenset({"number"}), Listing: frozenset({"Order"})}
    for after in (None, plain.items[-1][1]):
        wire.reset()
        page = Page(first=2, after=after)
        counted = await listed(connector, OrdersPort, side, *ORDER_ARGUMENTS, page=page, fields=fields)
        assert (counted.total, len(wire.calls)) == (len(side.shown("acme")), 2)
    assert sorted(call.method for call in wire.calls) == ["GET", "POST"]
    done = OrderFilter(status=(OrderStatus.COMPLETED,))
    counted = await listed(connector, OrdersPort, side, done, OrderSort(), page=Page(first=1), fields=fields)
    assert counted.total == sum(side.states[row.id][0] == "done" for row in side.shown("acme"))


async def test_rows_without_a_date_have_their_place_and_are_paged_over(
    side: Side, outbound: Outbound
) -> None:
    """Carts have no date: the same order with and without pages, forward and backward."""
    interface = side.connect(NAME, side.url, outbound)._interface
    mine = [["party", "in", [int(side.party("acme"))]]]

    async def fetch(beyond: list[Any], *, order: Any, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        return await interface.find(
            "sale.sale", ["sale_date"], [*mine, *beyond], order=order, limit=limit, offset=offset, context={}
        )

    async def count() -> int:
        return await interface.count("sale.sale", mine, context={})

    for sort in (by_date("sale_date"), by_date("sale_date", descending=False)):
        whole = (await sort.page(fetch, count, Page(first=100))).rows
        assert len(whole) == await count()
        undated = [row["sale_date"] is None for row, _ in whole]
        assert 0 < sum(undated) < len(undated)
        assert undated == sorted(undated, reverse=not sort.descending)
        for backward in (False, True):
            edge, came, more = None, [], True
            while more:
                page = Page(last=1, before=edge) if backward else Page(first=1, after=edge)
                part = await sort.page(fetch, count, page)
                edge, more = part.rows[0][1], part.has_previous if backward else part.has_next
                came = part.rows + came if backward else came + part.rows
            assert [row["id"] for row, _ in came] == [row["id"] for row, _ in whole]


async def test_shipments_come_newest_first(connector: Connector, side: Side) -> None:
    listing = await listed(connector, ShipmentsPort, side)
    wanted = sorted(side.shipments_of("acme"), key=int, reverse=True)
    assert [record.id for record, _ in listing.items] == wanted


PRODUCTS = {
    "everything": (ProductFilter(), anything),
    "sku": (ProductFilter(sku="W-100"), lambda row: row.sku == "W-100"),
    "part of a sku": (ProductFilter(sku="W-1"), nothing),
    "not for sale": (ProductFilter(sku="X-900"), nothing),
    "retired": (ProductFilter(sku="R-000"), nothing),
    "text in a name": (ProductFilter(text="gET"), lambda row: "get" in row.name.lower()),
    "text in a sku": (ProductFilter(text="-5"), lambda row: "-5" in row.sku),
    "text with a comma": (ProductFilter(text="Hose, 5"), lambda row: row.name == "Hose, 5 m"),
    "any text": (ProductFilter(text=""), anything),
    "percent sign": (ProductFilter(text="%"), nothing),
    "underscore": (ProductFilter(text="_"), nothing),
    "backslash": (ProductFilter(text="\\"), nothing),
    "quotes": (ProductFilter(text="'\""), nothing),
    "nul": (ProductFilter(text="\0"), nothing),
    "both": (ProductFilter(sku="P-500", text="pump"), lambda row: row.sku == "P-500"),
    "neither": (ProductFilter(sku="P-500", text="valve"), nothing),
}


@pytest.mark.parametrize("name", PRODUCTS)
async def test_products_can_be_filtered_and_come_by_sku(connector: Connector, side: Side, name: str) -> None:
    wanted, matches = PRODUCTS[name]
    rows = sorted(
        (row for row in DATA.products.values() if row.salable and matches(row)), key=lambda row: row.sku
    )
    listing = await listed(connector, ProductsPort, side, wanted)
    assert [record.sku for record, _ in listing.items] == [row.sku for row in rows]


@pytest.mark.parametrize("direction", Direction)
async def test_invoices_can_be_sorted_and_filtered(
    connector: Connector, side: Side, direction: Direction
) -> None:
    fields: Selection = {Invoice: frozenset({"number", "issued_on", "status", "total"})}

    async def ask(wanted: InvoiceFilter, by: InvoiceSortField = InvoiceSortField.ISSUED_ON) -> list[Any]:
        sort = InvoiceSort(field=by, direction=direction)
        found = await listed(connector, InvoicesPort, side, wanted, sort, fields=fields)
        return [record for record, _ in found.items]

    reverse = direction is Direction.DESC
    whole = await ask(InvoiceFilter())
    assert set(side.invoices["acme"]) <= {record.id for record in whole}
    assert whole == sorted(whole, key=lambda record: (record.issued_on, int(record.id)), reverse=reverse)
    by_number = await ask(InvoiceFilter(), InvoiceSortField.NUMBER)
    assert by_number == sorted(
        whole, key=lambda record: (len(record.number), record.number, int(record.id)), reverse=reverse
    )
    paid = await ask(InvoiceFilter(status=(InvoiceStatus.PAID,)))
    assert paid == [record for record in whole if record.status is InvoiceStatus.PAID]
    posted = await ask(InvoiceFilter(status=(InvoiceStatus.OPEN, InvoiceStatus.PARTIALLY_PAID)))
    assert posted == [record for record in whole if record.status is not InvoiceStatus.PAID]
    assert 0 < len(posted) < len(whole)
    middle = whole[len(whole) // 2]
    until = await ask(InvoiceFilter(issued_on=DateRange(lt=middle.issued_on)))
    assert until == [record for record in whole if record.issued_on < middle.issued_on]
    same = [record for record in whole if record.number == middle.number]  # each year counts anew
    assert await ask(InvoiceFilter(number=middle.number)) == same


@pytest.mark.parametrize("native", ["0101", " 101", "cus_1", "1.0", "-1", ""])
async def test_an_account_with_an_id_of_another_form_has_no_empty_lists(
    connector: Connector, side: Side, wire: Wire, native: str
) -> None:
    """Nothing found by an id that Tryton cannot have given would look like an answer."""
    party = side.scope("acme").owners(NAME)[0]
    scope = AccountScope("acme", frozenset(), {NAME: (party, native)})
    orders: Any = connector.ports[OrdersPort]
    with pytest.raises(UpstreamError) as caught:
        await orders.list_orders(scope, ALL, *ORDER_ARGUMENTS, {Order: frozenset({"number"})})
    assert (caught.value.system, caught.value.code) == ("identity", Code.UPSTREAM_CONTRACT_BROKEN)
    assert wire.calls == []
