"""The page a portal opens with, its orders from a real Tryton: whole, and right by the seeded rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.data import ANCHOR, DataSet, Order, OrderLine, build
from sandbox.world import World
from tests.real.tryton.fixture import RealTryton
from tests.support.expected import Expected
from tests.support.marks import marks
from tests.support.portal import Portal, Raw, account_id, patient
from tests.support.queries import BILLING, ORDER_LISTS, VALUES
from tests.support.values import Wire, day, differences, plain

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("tryton")]


@pytest.fixture(scope="module")
def seeded() -> DataSet:
    """What the real system was filled with."""
    return build(ANCHOR)


@pytest.fixture
async def portal(tryton: RealTryton, seeded: DataSet, tmp_path: Path) -> AsyncIterator[Portal]:
    """A portal whose ERP is the real one; the accounts are called there as the database counts them."""
    natives = tryton.ids["accounts"]
    accounts = {key: replace(row, tryton_party=natives[key]) for key, row in seeded.accounts.items()}

    def real(raw: Raw) -> None:
        patient(raw)
        (tmp_path / "key").write_text(tryton.key)
        raw["connectors"]["erp"] |= {
            "base_url": tryton.url, "database": tryton.database, "key": "file:key",
            "company": tryton.ids["company"], "warehouses": [tryton.ids["warehouse"]],
        }  # fmt: skip

    async with Portal(World(replace(seeded, accounts=accounts)), tmp_path, configure=real) as running:
        yield running


class Real(Expected):
    """The rows under the ids that the real system gave them."""

    def __init__(self, data: DataSet, system: RealTryton, **sizes: int) -> None:
        super().__init__(data, **sizes)
        self._ids = system.ids

    def id(self, kind: str, connector: str, account: str, native: object) -> str:
        tables = {"Order": "orders", "Shipment": "shipments", "Product": "products"}
        if kind in tables:
            native = self._ids[tables[kind]][str(native)]
        return super().id(kind, connector, account, native)

    def order_line(self, line: OrderLine, order: Order) -> Wire:
        wire = super().order_line(line, order)
        wire["unitPrice"] = plain(line.unit_price)  # kept as it was written
        wire["quantityInvoiced"] = plain(line.quantity) if order.id in self._ids["billed"] else "0"
        if order.shipment_state in {"partially shipped", "sent"}:
            # Of what has left, Tryton tells the day it left instead of the plan.
            wire["promisedOn"] = day(order.shipments[0].effective_on)
        return wire


async def test_the_billing_page_with_orders_of_a_real_erp(
    portal: Portal, seeded: DataSet, tryton: RealTryton
) -> None:
    expected = Real(seeded, tryton, lines=3, shipments=5)
    rounds = portal.hold()

    answer = await portal.query("owner-a", BILLING, {"account": account_id("acme"), "orders": 100})

    wanted = expected.account("acme") | {
        "invoices": {"nodes": expected.invoices("acme")[:50]},
        "orders": {"nodes": expected.orders("acme")},
    }
    got = answer.data["account"]
    got["invoices"].pop("pageInfo")
    assert differences(got, wanted) == []
    assert len(got["orders"]["nodes"]) == 30
    assert rounds.depth == 1
    assert len(portal.calls("billing")) == 4
    assert portal.calls("erp") == []  # the stand-in's: nobody asked it


@pytest.mark.parametrize("key", ["acme", "bright", "group"])
async def test_every_field_of_a_real_erp(
    portal: Portal, seeded: DataSet, tryton: RealTryton, key: str
) -> None:
    expected = Real(seeded, tryton)
    text = f"query($a: ID!) {{ account(id: $a) {{ ...OrderLists }} }} {ORDER_LISTS}{VALUES}"
    text = text.replace("availability { available onHand precision }", "availability { onHand precision }")
    text = text.replace("createdAt updatedAt", "")  # of the day the real system was filled

    answer = await portal.query("staff", text, {"a": account_id(key)})

    got = answer.data["account"]
    names = ("orders", "products")
    wanted = expected.account(key) | {name: {"nodes": getattr(expected, name)(key)} for name in names}
    for name in names:
        got[name].pop("pageInfo")
    shipments = {node["id"]: node for node in got.pop("shipments")["nodes"]}
    assert differences(got, wanted) == []
    # Shipments come newest first by the real system's count; each is the one of its order.
    of_orders = {
        node["id"]: node for order in wanted["orders"]["nodes"] for node in order["shipments"]["nodes"]
    }
    assert shipments.keys() == of_orders.keys()
    assert differences(list(shipments.values()), [of_orders[text] for text in shipments]) == []


async def test_the_real_erp_keeps_accounts_apart(portal: Portal, seeded: DataSet, tryton: RealTryton) -> None:
    expected = Real(seeded, tryton)
    stolen = expected.orders("acme")[0]["id"]
    assert (await portal.query("owner-b", "query($i: ID!) { node(id: $i) { id } }", {"i": stolen})).raw == (
        b'{"data":{"node":null}}'
    )
    tampered = Expected.id(
        expected, "Order", "erp", "bright", tryton.ids["orders"][str(expected.order_rows("acme")[0].id)]
    )
    answer = await portal.query("owner-b", "query($i: ID!) { node(id: $i) { id } }", {"i": tampered})
    assert answer.raw == b'{"data":{"node":null}}'
    full = await portal.query("owner-b", BILLING, {"account": account_id("bright"), "orders": 100})
    assert len(full.data["account"]["orders"]["nodes"]) == 8
    assert [mark for mark in marks(seeded, without="bright") if mark in full.raw.decode()] == []
