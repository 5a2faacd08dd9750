"""The connector for Tryton, against the stand-in and against the real system: the contract suite."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from gateway.auth import boundary
from gateway.auth.scope import Ref
from gateway.connectors.ports.accounts import AccountsPort
from gateway.connectors.ports.billing import (
    InvoiceFilter,
    InvoiceSort,
    InvoiceSortField,
    InvoicesPort,
    InvoiceStatus,
)
from gateway.connectors.ports.common import DateRange, Selection
from gateway.connectors.ports.orders import (
    AvailabilityPort,
    Order,
    OrderFilter,
    OrderSort,
    OrdersPort,
    OrderStatus,
    ProductFilter,
    ProductsPort,
    ShipmentsPort,
)
from gateway.connectors.testing import Call, Case, ConnectorContract, ListCase, Subject, Wire, everything
from gateway.connectors.testing.wire import Forward, changed
from gateway.connectors.tryton.config import Config
from gateway.connectors.tryton.connector import Connector, connect
from gateway.connectors.tryton.mapping import ORDERED
from gateway.errors import Code, UpstreamError
from gateway.outbound import Outbound
from gateway.settings import Secret
from tests.contract.tryton.systems import DATA, NAME, Side, installed
from tests.real.tryton.fixture import RealTryton

DAY = dt.date(2026, 6, 12)
ORDER_ARGUMENTS = (OrderFilter(), OrderSort())
INVOICE_ARGUMENTS = (InvoiceFilter(), InvoiceSort())


def requested(calls: Sequence[Call]) -> set[str]:
    """Which fields were asked for, but for the one that a list is sorted by."""
    found = set()
    for call in calls:
        order = [json.loads(base64.urlsafe_b64decode(value)) for name, value in call.query if name == "o"]
        sorted_by = {order[0][0][0]} - {"id"} if order else set()
        found |= {value for name, value in call.query if name == "f"} - sorted_by
    return found


def missing(n: int) -> str:
    return str(900_000_000 + n)


def order_case(side: Side) -> Case:
    mine = ("id", "party.id", "state")
    refused = [
        ("filter.status", (OrderFilter(status=(status,)), OrderSort()))
        for status in (OrderStatus.DRAFT, OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.UNKNOWN)
    ]
    return Case(
        known=side.orders_of("acme"),
        foreign=side.orders_of("bright"),
        missing=missing,
        selects={
            "number": frozenset({*mine, "number"}),
            "status": frozenset({*mine, "shipment_state", "invoice_state"}),
            "total": frozenset({*mine, "total_amount", "currency.code"}),
        },
        lists={
            "list_orders": ListCase(
                arguments=ORDER_ARGUMENTS, rows=len(side.orders_of("acme") + side.orders_of("group-north")),
                refused=refused,
            )
        },
    )  # fmt: skip


def invoice_case(side: Side) -> Case:
    refused = [
        ("filter.overdue", (InvoiceFilter(overdue=True), InvoiceSort())),
        ("filter.dueOn", (InvoiceFilter(due_on=DateRange()), InvoiceSort())),
        ("filter.status", (InvoiceFilter(status=(InvoiceStatus.OPEN,)), InvoiceSort())),
        ("filter.status", (InvoiceFilter(status=(InvoiceStatus.VOID,)), InvoiceSort())),
        ("orderBy", (InvoiceFilter(), InvoiceSort(field=InvoiceSortField.DUE_ON))),
        ("orderBy", (InvoiceFilter(), InvoiceSort(field=InvoiceSortField.AMOUNT_DUE))),
    ]
    return Case(
        known=side.invoices["acme"],
        foreign=side.invoices["bright"],
        missing=missing,
        selects={"number": frozenset({"id", "party.id", "state", "number"})},
        lists={
            "list_invoices": ListCase(arguments=INVOICE_ARGUMENTS, refused=refused),
            "list_lines": ListCase(parent=side.invoices["acme"][0]),
        },
    )


class TestContract(ConnectorContract):
    ports = (AccountsPort, OrdersPort, ShipmentsPort, ProductsPort, AvailabilityPort, InvoicesPort)

    @pytest.fixture
    def subject(self, side: Side) -> Subject:
        products = tuple(str(side.products[row.id]) for row in DATA.products.values() if row.salable)
        shipments = side.shipments_of("acme")
        return Subject(
            url=side.url,
            connect=side.connect,
            denied=lambda name, url, outbound: side.connect(name, url, outbound, "wrong-key"),
            secrets=(side.key, "wrong-key"),
            a=(side.party("acme"), side.party("group-north")),
            b=(side.party("bright"),),
            empty=(side.party("empty"),),
            requested=requested,
            odd=frozenset({b"[]"}),
            cases={
                AccountsPort: Case(
                    known=(side.party("acme"), side.party("group-north")),
                    foreign=(side.party("bright"),),
                    missing=missing,
                    selects={
                        "name": frozenset({"id", "name"}),
                        "currency_code": frozenset({"id", "customer_currency.code", "currency.code"}),
                    },
                ),
                OrdersPort: order_case(side),
                ShipmentsPort: Case(
                    known=shipments,
                    foreign=side.shipments_of("bright"),
                    missing=missing,
                    selects={
                        "number": frozenset({"id", "customer", "state", "number"}),
                        "carrier": frozenset({"id", "customer", "state"}),
                    },
                    lists={
                        "list_shipments": ListCase(rows=len(shipments + side.shipments_of("group-north")))
                    },
                ),
                ProductsPort: Case(
                    known=products,
                    missing=missing,
                    selects={"name": frozenset({"id", "salable", "name"})},
                    lists={"list_products": ListCase(arguments=(ProductFilter(),), rows=len(products))},
                ),
                AvailabilityPort: Case(
                    known=products,
                    missing=missing,
                    selects={"on_hand": frozenset({"id", "salable", "type", "quantity"})},
                ),
                InvoicesPort: invoice_case(side),
            },
        )


async def test_carts_quotes_and_cancelled_sales_are_no_orders(
    connector: Connector, side: Side, wire: Wire
) -> None:
    traps = [row for row in DATA.orders if row.account == "acme" and row.state not in ORDERED]
    assert {row.state for row in traps} == {"draft", "quotation", "cancelled"}
    refs = [Ref(side.scope("acme"), str(side.orders[row.id])) for row in traps]
    fields: Selection = {Order: frozenset({"number"})}
    assert await connector.ports[OrdersPort].get_many(refs, fields) == [None] * 3
    assert await connector.ports[OrdersPort].get_many(refs, {}) == [None] * 3
    # Even if the system's filter did not work: what comes back is looked at again.
    wire.spoil = without_filter
    assert await connector.ports[OrdersPort].get_many(refs, fields) == [None] * 3


async def without_filter(request: web.Request, forward: Forward) -> web.StreamResponse:
    """Answer with a cart, a quote and a cancelled sale, whatever is asked."""
    reply = await forward()
    assert json.loads(reply.body) == []
    ids = json.loads(base64.urlsafe_b64decode(request.query["d"]))[0][2]
    states = ("draft", "quotation", "cancelled")
    rows = [
        {"id": row_id, "__name__": "sale.sale", "state": state, "number": "Q-1", "party": {"id": 1}}
        for row_id, state in zip(ids, states, strict=True)
    ]
    return reply.with_body(json.dumps(rows).encode())


async def test_refs_of_two_accounts_cost_one_call(connector: Connector, side: Side, wire: Wire) -> None:
    refs = [
        Ref(side.scope(key), str(side.orders[row.id]))
        for key in ("acme", "bright")
        for row in side.shown(key)
    ]
    refs += [Ref(side.scope("bright"), refs[0].native_id), Ref(side.scope("acme"), "draft")]
    found = await connector.ports[OrdersPort].get_many(refs, {Order: frozenset({"number"})})
    assert len(wire.calls) == 1
    assert [record.id for record in found[:-1]] == [ref.native_id for ref in refs[:-1]]
    assert [boundary.admits(record) for record in found[:-1]] == [True] * (len(refs) - 2) + [False]
    assert found[-1] is None


async def test_a_field_without_right_is_broken_in_its_place(
    connector: Connector, side: Side, wire: Wire
) -> None:
    """Tryton leaves out what the user may not read; that is not the same as empty."""

    def withheld(body: bytes) -> bytes:
        def visit(node: Any) -> Any:
            if isinstance(node, dict):
                return {
                    name: visit(value)
                    for name, value in node.items()
                    if name not in ("number", "product", "city")
                }
            return [visit(item) for item in node] if isinstance(node, list) else node

        return json.dumps(visit(json.loads(body))).encode()

    wire.spoil = changed(withheld)
    ref = Ref(side.scope("acme"), side.orders_of("acme")[0])
    [order] = await connector.ports[OrdersPort].get_many([ref], everything(Order))
    assert boundary.admits(order)
    assert order.total.amount > 0
    line = order.lines[0]
    broken = (order.number, line.product_id, line.description, order.shipping_address.city)
    assert {getattr(value, "code", value) for value in broken} == {Code.UPSTREAM_CONTRACT_BROKEN}
    assert line.quantity_ordered > 0


async def test_ping_asks_for_one_sale_of_the_company(
    connector: Connector, side: Side, wire: Wire, outbound: Outbound
) -> None:
    await connector.ping()
    assert len(wire.calls) == 1
    elsewhere = replace(side, company=999).connect(NAME, wire.url, outbound)
    with pytest.raises(UpstreamError) as caught:
        await elsewhere.ping()
    assert caught.value.code is Code.UPSTREAM_AUTH_FAILED
    unknown = replace(side, database="nothing").connect(NAME, wire.url, outbound)
    with pytest.raises(UpstreamError) as caught:
        await unknown.ping()
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.real
@pytest.mark.parametrize(
    ("user", "code"),
    [
        ("cancelled", Code.UPSTREAM_AUTH_FAILED),
        ("outsider", Code.UPSTREAM_AUTH_FAILED),
        ("powerless", Code.UPSTREAM_CONTRACT_BROKEN),
    ],
)
async def test_ping_notices_a_user_without_company_or_rights(
    tryton: RealTryton, outbound: Outbound, user: str, code: Code
) -> None:
    side = installed(tryton)
    with pytest.raises(UpstreamError) as caught:
        await side.connect(NAME, side.url, outbound, tryton.ids["keys"][user]).ping()
    assert caught.value.code is code


async def test_without_a_warehouse_stock_is_not_served(side: Side, outbound: Outbound) -> None:
    config = Config(base_url=side.url, database=side.database, key=Secret(side.key), company=side.company)
    assert AvailabilityPort not in connect(NAME, config, outbound).ports
