"""Lists over HTTP: each row once and in order, totals exact or null, and plain words for what cannot be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sandbox.data import DataSet
from tests.support.expected import Expected
from tests.support.portal import Portal, account_id

_LISTS = ("invoices", "payments", "subscriptions", "orders", "shipments", "products")


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("name", _LISTS)
async def test_walking_a_list_gives_each_row_once_in_order(
    portal: Portal, expected: Expected, name: str, size: int
) -> None:
    wanted = [row["id"] for row in getattr(expected, name)("acme")]
    walked = await _walk(portal, name, size)
    assert [key for page in walked for key in page] == wanted
    assert all(len(page) <= size for page in walked)


@pytest.mark.parametrize("key", ["ledger", "group-north", "empty"])
@pytest.mark.parametrize("name", _LISTS)
async def test_so_it_is_in_small_accounts(portal: Portal, expected: Expected, name: str, key: str) -> None:
    wanted = [row["id"] for row in getattr(expected, name)(key)]
    assert [found for page in await _walk(portal, name, 2, key) for found in page] == wanted


async def test_the_same_row_has_the_same_cursor_whatever_the_page(portal: Portal) -> None:
    text = (
        "query($a: ID!, $n: Int!) { account(id: $a) { orders(first: $n) { edges { cursor node { id } } }"
        " invoices(first: $n) { edges { cursor node { id } } } } }"
    )
    small = (await portal.query("owner-a", text, {"a": account_id("acme"), "n": 3})).data["account"]
    large = (await portal.query("owner-a", text, {"a": account_id("acme"), "n": 9})).data["account"]
    assert large["orders"]["edges"][:3] == small["orders"]["edges"]
    # Any row's cursor leads on from that row.
    for name in ("orders", "invoices"):
        for place, edge in enumerate(large[name]["edges"][:6]):
            answer = await portal.query(
                "owner-a",
                f"query($a: ID!, $c: String) {{ account(id: $a) {{ {name}(first: 1, after: $c)"
                " { nodes { id } } } }",
                {"a": account_id("acme"), "c": edge["cursor"]},
            )
            (node,) = answer.data["account"][name]["nodes"]
            assert node == large[name]["edges"][place + 1]["node"]


@pytest.mark.parametrize("name", _LISTS)
async def test_total_count_is_exact_or_null(portal: Portal, expected: Expected, name: str) -> None:
    text = f"query($a: ID!) {{ account(id: $a) {{ {name}(first: 2) {{ totalCount nodes {{ id }} }} }} }}"
    answer = await portal.query("owner-a", text, {"a": account_id("acme")})
    exact = len(getattr(expected, name)("acme"))
    counts = {"orders": exact, "shipments": exact, "products": exact}  # Stripe cannot count
    assert answer.data["account"][name]["totalCount"] == counts.get(name)


@pytest.mark.parametrize("name", ["orders", "shipments", "products"])
async def test_walking_backward_where_the_system_can(portal: Portal, expected: Expected, name: str) -> None:
    wanted = [row["id"] for row in getattr(expected, name)("acme")]
    found: list[str] = []
    before = None
    while True:
        answer = await portal.query(
            "owner-a",
            f"query($a: ID!, $b: String) {{ account(id: $a) {{ {name}(last: 7, before: $b) {{ nodes {{ id }}"
            " pageInfo { hasPreviousPage hasNextPage startCursor } } } }",
            {"a": account_id("acme"), "b": before},
        )
        page = answer.data["account"][name]
        info = page["pageInfo"]
        assert info["hasNextPage"] is (before is not None)
        found = [node["id"] for node in page["nodes"]] + found
        if not info["hasPreviousPage"]:
            break
        before = info["startCursor"]
    assert found == wanted


@pytest.mark.parametrize("name", ["invoices", "payments", "subscriptions"])
@pytest.mark.parametrize("how", ["last: 5", "last: 5, before: $c"])
async def test_backward_is_refused_where_the_system_cannot(portal: Portal, name: str, how: str) -> None:
    forward = f"query($a: ID!) {{ account(id: $a) {{ {name}(first: 1) {{ pageInfo {{ endCursor }} }} }} }}"
    first = await portal.query("owner-a", forward, {"a": account_id("acme")})
    end = first.data["account"][name]["pageInfo"]["endCursor"]
    portal.reset()
    how = how.replace("$c", f'"{end}"')
    text = f"query($a: ID!) {{ account(id: $a) {{ {name}({how}) {{ nodes {{ id }} }} }} }}"
    answer = await portal.query("owner-a", text, {"a": account_id("acme")})
    assert answer.json["data"]["account"] == {name: None}
    error = answer.error_at("account", name)
    assert error["extensions"]["code"] == "UNSUPPORTED_CAPABILITY"
    assert error["message"].startswith("last, before: ")
    assert portal.world.calls() == 0


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        ("invoices(filter: {number: $text})", "UNSUPPORTED_CAPABILITY", "filter.number"),
        ("invoices(filter: {overdue: false})", "UNSUPPORTED_CAPABILITY", "filter.overdue"),
        ("invoices(filter: {status: [DRAFT]})", "UNSUPPORTED_CAPABILITY", "filter.status"),
        ("invoices(filter: {status: [OPEN]})", "UNSUPPORTED_CAPABILITY", "filter.status"),
        ("invoices(filter: {overdue: true, status: [PAID]})", "UNSUPPORTED_CAPABILITY", "filter.status"),
        ("invoices(orderBy: {field: DUE_ON})", "UNSUPPORTED_CAPABILITY", "orderBy"),
        ("invoices(orderBy: {direction: ASC})", "UNSUPPORTED_CAPABILITY", "orderBy"),
        ("orders(filter: {status: [COMPLETED, CANCELLED]})", "UNSUPPORTED_CAPABILITY", "filter.status"),
        ("orders(first: 1000)", "INVALID_INPUT", "first"),
        ("orders(first: 0)", "INVALID_INPUT", "first"),
        ("invoices(first: -1)", "INVALID_INPUT", "first"),
        ("invoices(first: 101)", "INVALID_INPUT", "first"),
        ("payments(last: 101)", "INVALID_INPUT", "last"),
        ("products(first: 5, last: 5)", "INVALID_INPUT", "first, last"),
        ("shipments(first: 5, before: $text)", "INVALID_INPUT", "first, last"),
        ("shipments(after: $text)", "INVALID_CURSOR", "after"),
        ("shipments(before: $text)", "INVALID_CURSOR", "before"),
    ],
)
async def test_what_cannot_be_is_said_and_costs_nothing(
    portal: Portal, arguments: str, code: str, named: str
) -> None:
    answer = await portal.query(
        "owner-a",
        'query($a: ID!, $text: String = "x") { account(id: $a) { it: ' + arguments + " { nodes { id } } }"
        " ok: account(id: $a) { type orders(filter: {number: $text}) { nodes { id } } } }",
        {"a": account_id("acme")},
    )
    assert answer.json["data"]["account"] == {"it": None}
    assert answer.json["data"]["ok"]["type"] == "CUSTOMER"
    (error,) = answer.errors
    assert error["extensions"] == {"code": code, "retryable": False}
    assert error["message"].startswith(f"{named}: ")
    assert error["path"] == ["account", "it"]
    if code == "INVALID_INPUT" and named in {"first", "last"}:
        assert "100" in error["message"]
    assert portal.calls("billing") == []
    assert len(portal.calls("erp")) == 1  # the other field's


async def test_nodes_takes_a_hundred_ids(portal: Portal) -> None:
    text = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    ids = [account_id("acme")] * 101
    assert len((await portal.query("owner-a", text, {"ids": ids[:100]})).data["nodes"]) == 100
    answer = await portal.query("owner-a", text, {"ids": ids})
    assert answer.codes == ["INVALID_INPUT"]
    assert answer.errors[0]["message"].startswith("ids: ")


async def test_a_number_beyond_32_bits_is_refused_before_anything_runs(portal: Portal) -> None:
    answer = await portal.query(
        "owner-a", "query($a: ID!) { account(id: $a) { orders(first: 2147483648) { nodes { id } } } }",
        {"a": account_id("acme")},
    )  # fmt: skip
    assert answer.codes == ["INVALID_INPUT"]
    assert "data" not in answer.json


async def test_filters_that_the_systems_have(portal: Portal, expected: Expected, data: DataSet) -> None:
    bills, sales = expected.invoice_rows("acme"), expected.order_rows("acme")
    now = dt.datetime.now(dt.UTC)
    day = data.anchor - dt.timedelta(days=60)
    middle = sales[len(sales) // 2]
    wanted = {
        "invoices(first: 100, filter: {status: [PAID]})": [r for r in bills if r.status == "paid"],
        "invoices(first: 100, filter: {status: [OPEN, PARTIALLY_PAID]})": [
            r for r in bills if r.status == "open"
        ],
        "invoices(first: 100, filter: {overdue: true})": [
            r for r in bills if r.status == "open" and r.due is not None and r.due.date() < now.date()
        ],
        f'invoices(first: 100, filter: {{issuedOn: {{gte: "{day}"}}}})': [
            r for r in bills if r.created.date() >= day
        ],
        f'invoices(first: 100, filter: {{dueOn: {{lt: "{day}"}}, status: [VOID]}})': [
            r for r in bills if r.status == "void" and r.due is not None and r.due.date() < day
        ],
        f'orders(first: 100, filter: {{number: "{middle.number}"}})': [middle],
        f'orders(first: 100, filter: {{purchaseOrderNumber: "{middle.reference}"}})': [middle],
        f'orders(first: 100, filter: {{placedOn: {{gte: "{day}", lt: "{data.anchor}"}}}})': [
            r for r in sales if day <= r.placed_on < data.anchor
        ],
        "orders(first: 100, filter: {status: [COMPLETED]})": [r for r in sales if r.state == "done"],
        "orders(first: 100, filter: {status: [CONFIRMED, COMPLETED]})": [
            r for r in sales if r.state in {"confirmed", "done"}
        ],
        "orders(first: 100, orderBy: {direction: ASC})": sorted(sales, key=lambda r: (r.placed_on, r.id)),
        "orders(first: 100, orderBy: {field: TOTAL})": sorted(
            sales, key=lambda r: (r.untaxed, r.id), reverse=True
        ),
    }
    fields = " ".join(f"f{i}: {text} {{ nodes {{ number }} }}" for i, text in enumerate(wanted))
    answer = await portal.query(
        "owner-a", f"query($a: ID!) {{ account(id: $a) {{ {fields} }} }}", {"a": account_id("acme")}
    )
    for i, (text, rows) in enumerate(wanted.items()):
        got = [node["number"] for node in answer.data["account"][f"f{i}"]["nodes"]]
        assert got == [row.number for row in rows], text
        assert rows, text


async def test_products_are_found_by_sku_and_text(portal: Portal) -> None:
    answer = await portal.query(
        "owner-a",
        'query($a: ID!) { account(id: $a) { sku: products(filter: {sku: "V-400"}) { nodes { name } }'
        ' text: products(filter: {text: "wIDg"}) { nodes { name } }'
        ' code: products(filter: {text: "p-5"}) { nodes { name } }'
        ' any: products(filter: {text: "%"}) { nodes { name } }'
        ' hidden: products(filter: {sku: "X-900"}) { nodes { name } } } }',
        {"a": account_id("acme")},
    )
    names = {alias: [n["name"] for n in page["nodes"]] for alias, page in answer.data["account"].items()}
    assert names == {"sku": ["Valve"], "text": ["Widget"], "code": ["Pump"], "any": [], "hidden": []}


async def test_a_cursor_belongs_to_its_filter_and_order(portal: Portal) -> None:
    text = (
        "query($a: ID!, $c: String) { account(id: $a) { it: orders(first: 2, after: $c ARGS)"
        " { nodes { id } pageInfo { endCursor } } } }"
    )
    args = {"a": account_id("acme")}
    first = await portal.query("owner-a", text.replace("ARGS", ""), args)
    end = first.data["account"]["it"]["pageInfo"]["endCursor"]
    for other in ("filter: {status: [COMPLETED]}", "orderBy: {direction: ASC}", "orderBy: {field: TOTAL}"):
        answer = await portal.query("owner-a", text.replace("ARGS", other), args | {"c": end})
        assert answer.codes == ["INVALID_CURSOR"], other
    # The default, written out, is the same list.
    same = text.replace("ARGS", "orderBy: {field: PLACED_AT, direction: DESC}")
    assert (await portal.query("owner-a", same, args | {"c": end})).errors == []


async def test_memberships_page_both_ways(portal: Portal, data: DataSet) -> None:
    keys = [account_id(key) for key in data.accounts]
    text = (
        "query($f: Int, $a: String, $l: Int, $b: String) { viewer { memberships(first: $f, after: $a,"
        " last: $l, before: $b) { nodes { account { id } } totalCount"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"
    )
    first = (await portal.query("staff", text, {"f": 3})).data["viewer"]["memberships"]
    info = first["pageInfo"]
    after = (await portal.query("staff", text, {"f": 3, "a": info["endCursor"]})).data["viewer"][
        "memberships"
    ]
    start = after["pageInfo"]["startCursor"]
    back = (await portal.query("staff", text, {"l": 2, "b": start})).data["viewer"]["memberships"]
    assert [_ids(page) for page in (first, after, back)] == [keys[:3], keys[3:6], keys[1:3]]
    assert {page["totalCount"] for page in (first, after, back)} == {len(keys)}
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)


def _ids(page: dict[str, Any]) -> list[str]:
    return [node["account"]["id"] for node in page["nodes"]]


async def _walk(portal: Portal, name: str, size: int, key: str = "acme") -> list[list[str]]:
    """Follow `after` to the end; give the ids of each page."""
    text = (
        f"query($a: ID!, $n: Int!, $c: String) {{ account(id: $a) {{ {name}(first: $n, after: $c)"
        " { nodes { id } edges { cursor }"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"
    )
    pages: list[list[str]] = []
    after = None
    while len(pages) < 200:
        answer = await portal.query("staff", text, {"a": account_id(key), "n": size, "c": after})
        page = answer.data["account"][name]
        info, edges = page["pageInfo"], page["edges"]
        assert info["hasPreviousPage"] is (after is not None)
        assert info["startCursor"] == (edges[0]["cursor"] if edges else None)
        pages.append([node["id"] for node in page["nodes"]])
        if not info["hasNextPage"]:
            return pages
        assert info["endCursor"] not in {None, after}
        after = info["endCursor"]
    raise AssertionError("the list does not end")
