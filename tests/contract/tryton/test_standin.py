"""The stand-in against the real Tryton: the same requests must give the same answers.

Both hold the orders of the same accounts, so most answers are compared value by value, ids apart.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from sandbox.data import build
from sandbox.tryton import COMPANY, WAREHOUSE, stand_in
from tests.contract.tryton.asks import ASKS, DAY, Ask, b64
from tests.real.tryton.fixture import RealTryton, tryton

__all__ = ["tryton"]  # the fixture

DATA = build()
KEY = "key-of-the-stand-in"


@dataclass(frozen=True)
class Side:
    """One of the two systems, and what the data set's rows are called in it."""

    url: str
    key: str
    accounts: dict[str, int]
    orders: dict[str, int]
    company: int
    warehouse: int


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def simulated() -> AsyncIterator[Side]:
    async with stand_in(DATA, key=KEY) as served:
        accounts = {account.key: account.tryton_party for account in DATA.accounts.values()}
        own = {str(order.id): order.id for order in DATA.orders}
        yield Side(f"{served.url}/tryton", KEY, accounts, own, COMPANY, WAREHOUSE)


@pytest.fixture
def real(tryton: RealTryton) -> Side:
    ids = tryton.ids
    return Side(
        f"{tryton.url}/{tryton.database}",
        tryton.key,
        ids["accounts"],
        ids["orders"],
        ids["company"],
        ids["warehouse"],
    )


def native(side: Side, value: Any) -> Any:
    """Put the system's own ids into a domain."""
    if isinstance(value, list):
        return [native(side, item) for item in value]
    if value == "$acme":
        return side.accounts["acme"]
    return side.orders["101003"] if value == "$order" else value


async def answer(http: aiohttp.ClientSession, side: Side, ask: Ask) -> tuple[int, dict[str, str | None], Any]:
    query = [("f", name) for name in ask.f or ()] + list(ask.more.items())
    if ask.d is not None:
        query.append(("d", b64(native(side, ask.d))))
    if ask.o is not None:
        query.append(("o", b64(ask.o)))
    company = {"company": side.company}
    named = {"company": company, "stock": company | {"locations": [side.warehouse]}}
    context = named[ask.context] if isinstance(ask.context, str) else ask.context
    headers = {"Authorization": f"Bearer {side.key}"}
    if context is not None:
        headers["X-Tryton-Context"] = b64(context)
    headers |= {name: value.replace("$key", side.key) for name, value in ask.headers.items()}
    url = f"{side.url}/rest/model/{ask.model}?{urlencode(query)}"
    return await fetch(http, "GET", url, headers)


async def fetch(
    http: aiohttp.ClientSession, method: str, url: str, headers: dict[str, str], sent: bytes | None = None
) -> tuple[int, dict[str, str | None], Any]:
    async with http.request(method, url, headers=headers, data=sent) as response:
        body = await response.json() if response.content_type == "application/json" else await response.text()
        names = ("Content-Type", "Content-Range", "Accept-Ranges", "Content-Language")
        return response.status, {name: response.headers.get(name) for name in names}, body


def types(value: Any) -> Any:
    """Tell the JSON types of a value: of each key, and of a list's items together. Null is of any type."""
    if isinstance(value, dict):
        if "__class__" in value:
            return (value["__class__"], *sorted(value))
        return {name: types(item) for name, item in value.items()}
    if isinstance(value, list):
        merged: Any = None
        for item in value:
            merged = merge(merged, types(item))
        return [merged]
    return None if value is None else type(value).__name__


def merge(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        return {name: merge(one[name], other[name]) for name in one}
    if isinstance(one, list) and isinstance(other, list):
        return [merge(one[0], other[0])]
    assert one == other
    return one


def values(value: Any) -> Any:
    """Leave ids out, and count the decimals of no amount: Tryton writes a zero as it comes."""
    if isinstance(value, dict):
        if value.get("__class__") == "Decimal":
            return float(value["decimal"])
        return {name: values(item) for name, item in value.items() if name != "id"}
    return [values(item) for item in value] if isinstance(value, list) else value


@pytest.mark.real
@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.name)
async def test_answers_like_the_real_system(
    http: aiohttp.ClientSession, simulated: Side, real: Side, ask: Ask
) -> None:
    status, headers, body = await answer(http, real, ask)
    their_status, their_headers, their_body = await answer(http, simulated, ask)
    assert (status, their_status) == (ask.status, ask.status)
    assert their_headers == headers
    if status != 200 or ask.compare == "status":
        assert type(their_body) is type(body)
        return
    merge(types(body), types(their_body))
    if ask.compare == "values":
        assert values(their_body) == values(body)


PATHS = [
    ("GET", "/rest/model/sale.sale/$order?f=number&f=party.name", None),
    ("GET", "/rest/model/sale.sale/$order", None),
    ("GET", "/rest/model/sale.sale/999999?f=number", None),
    ("GET", "/rest/model/sale.sale/$order?f=bogus", None),
    ("GET", "/rest/model/no.model/1", None),
    ("GET", "/rest/model/sale.sale/x", None),
    ("GET", "/rest/model/sale.sale/", None),
    ("GET", "/rest", None),
    ("HEAD", "/rest/model/sale.sale?s=1", None),
    ("PATCH", "/rest/model/sale.sale", None),
    ("GET", "/../no_database/rest/model/sale.sale", None),
    ("POST", "/rest/model/sale.sale/search_count", {"domain": [["party", "in", ["$acme"]]]}),
    (
        "POST",
        "/rest/model/sale.sale/search_count",
        {"domain": [["party", "=", "$acme"], ["sale_date", "=", DAY]]},
    ),
    ("POST", "/rest/model/sale.sale/search_count", {"domain": [["bogus", "=", 1]]}),
    ("POST", "/rest/model/sale.sale/search_count", {}),
    ("POST", "/rest/model/no.model/search_count", {"domain": []}),
    ("GET", "/rest/model/sale.sale/search_count", None),
]


@pytest.mark.real
@pytest.mark.parametrize(("method", "path", "sent"), PATHS)
async def test_paths_and_methods_are_those_of_the_real_system(
    http: aiohttp.ClientSession, simulated: Side, real: Side, method: str, path: str, sent: Any
) -> None:
    answers = []
    for side in (real, simulated):
        url = side.url + path.replace("$order", str(side.orders["101003"]))
        body = None if sent is None else json.dumps({name: native(side, part) for name, part in sent.items()})
        headers = {"Authorization": f"Bearer {side.key}", "Content-Type": "application/json"}
        status, told, answered = await fetch(http, method, url, headers, body and body.encode())
        answers.append((status, told, values(answered) if status == 200 else None))
    assert answers[1] == answers[0]


@pytest.mark.real
async def test_pages_by_key_are_those_of_the_real_system(
    http: aiohttp.ClientSession, simulated: Side, real: Side
) -> None:
    walks = [[row["number"] async for row in walk(http, side)] for side in (real, simulated)]
    mine = [order.number for order in DATA.orders if order.account == "acme"]
    assert walks[1] == walks[0]
    assert sorted(map(str, walks[0])) == sorted(map(str, mine))


async def walk(http: aiohttp.ClientSession, side: Side) -> AsyncIterator[dict[str, Any]]:
    """Read all of acme's orders, newest first and those without a day last, four a page."""
    order = [["sale_date", "DESC NULLS LAST"], ["id", "DESC"]]
    after: list[Any] = []
    while True:
        domain = [["party", "=", "$acme"], after]
        ask = Ask("page", "sale.sale", ["number", "sale_date"], domain, order, more={"s": "4"})
        _, _, rows = await answer(http, side, ask)
        for row in rows:
            yield row
        if not rows:
            return
        day, row_id = rows[-1]["sale_date"], rows[-1]["id"]
        same = [["sale_date", "=", day], ["id", "<", row_id]]
        after = same if day is None else ["OR", ["sale_date", "<", day], same, ["sale_date", "=", None]]


@pytest.mark.real
@pytest.mark.parametrize(
    ("user", "status", "body"), [("outsider", 200, []), ("powerless", 400, None), ("cancelled", 401, None)]
)
async def test_what_other_users_of_the_real_system_get(
    http: aiohttp.ClientSession, tryton: RealTryton, user: str, status: int, body: Any
) -> None:
    headers = {"Authorization": f"Bearer {tryton.ids['keys'][user]}"}
    url = f"{tryton.url}/{tryton.database}/rest/model/sale.sale?f=number"
    found, _, answered = await fetch(http, "GET", url, headers)
    assert found == status
    assert body is None or answered == body


@pytest.mark.real
@pytest.mark.parametrize(
    ("model", "name"), [("party.party", "archived_party"), ("product.product", "archived_product")]
)
async def test_the_real_system_hides_archived_records(
    http: aiohttp.ClientSession, real: Side, tryton: RealTryton, model: str, name: str
) -> None:
    wanted = [["id", "=", tryton.ids[name]]]
    _, _, hidden = await answer(http, real, Ask("hidden", model, ["active"], wanted))
    all_of_them = {"active_test": False}
    _, _, shown = await answer(http, real, Ask("shown", model, ["active"], wanted, context=all_of_them))
    assert hidden == []
    assert [bool(row["active"]) for row in shown] == [False]


async def test_sells_as_the_data_set_does(http: aiohttp.ClientSession, simulated: Side) -> None:
    for account in DATA.accounts.values():
        own = [["party", "=", account.tryton_party]]
        ask = Ask("own", "sale.sale", ["number", "total_amount"], own, [["id", "ASC"]])
        _, _, rows = await answer(http, simulated, ask)
        mine = [order for order in DATA.orders if order.account == account.key]
        assert [row["number"] for row in rows] == [order.number for order in mine]
        assert [row["total_amount"]["decimal"] for row in rows] == [str(order.untaxed) for order in mine]


async def test_ships_as_the_data_set_does(http: aiohttp.ClientSession, simulated: Side) -> None:
    fields = ["shipments.state", "lines.moves.quantity", "lines.moves.shipment"]
    for order in DATA.orders:
        ask = Ask("shipped", "sale.sale", fields, [["id", "=", order.id]])
        _, _, (row,) = await answer(http, simulated, ask)
        left = [one["id"] for one in row["shipments"] if one["state"] in ("shipped", "done")]
        gone = {f"stock.shipment.out,{one}" for one in left}
        for line, known in zip(row["lines"], order.lines, strict=True):
            moved = [move["quantity"] for move in line["moves"] if move["shipment"] in gone]
            assert sum(moved) == known.shipped


async def test_bills_as_the_data_set_does(http: aiohttp.ClientSession, simulated: Side) -> None:
    fields = ["number", "total_amount", "amount_to_pay", "state", "currency.digits"]
    ask = Ask("bills", "account.invoice", fields, [["type", "=", "out"]], [["id", "ASC"]])
    _, _, rows = await answer(http, simulated, ask)
    of_orders = [order for order in DATA.orders if order.state == "done"]
    assert len(rows) == len(DATA.invoices) + len(of_orders)
    for row, order in zip(rows[len(DATA.invoices) :], of_orders, strict=True):
        assert (row["number"], row["state"]) == (f"INV-{order.id}", "paid")
        assert Decimal(row["total_amount"]["decimal"]) == order.untaxed
    for row, invoice in zip(rows, DATA.invoices, strict=False):
        unit = Decimal(1).scaleb(-row["currency"]["digits"])
        assert row["number"] == invoice.number
        assert Decimal(row["total_amount"]["decimal"]) == invoice.total_minor * unit
        owed = invoice.remaining_minor if row["state"] == "posted" else 0
        assert Decimal(row["amount_to_pay"]["decimal"]) == owed * unit
