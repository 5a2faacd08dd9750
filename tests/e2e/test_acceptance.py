"""The page a portal opens with, whole: every value of the answer against the data set's rows."""

from __future__ import annotations

import datetime as dt

from sandbox.data import DataSet
from sandbox.personas import PERSONAS
from tests.support.expected import Expected
from tests.support.portal import Portal, account_id
from tests.support.queries import BILLING, EVERYTHING
from tests.support.values import differences, whole


async def test_the_billing_page_is_whole_and_right(portal: Portal, data: DataSet) -> None:
    expected = Expected(data, lines=3, shipments=5)
    wanted = expected.account("acme") | {
        "invoices": {"nodes": expected.invoices("acme")[:50]},
        "orders": {"nodes": expected.orders("acme")[:20]},
    }

    answer = await portal.query("owner-a", BILLING, {"account": account_id("acme")})

    assert answer.headers["content-type"] == "application/json"
    got = answer.data
    info = got["account"]["invoices"].pop("pageInfo")
    assert differences(got["account"], wanted) == []
    assert set(got["account"]) == {
        "name", "number", "type", "status", "currencyCode", "balance", "invoices", "orders",
    }  # fmt: skip
    assert info["hasNextPage"] is True
    assert got["viewer"] == {
        "user": {"displayName": PERSONAS["owner-a"].display_name},
        "currentAccount": {"id": account_id("acme")},
        "memberships": {
            "nodes": [
                {"account": {"id": account_id("acme"), "name": "Acme Manufacturing"}, "roles": ["owner"]}
            ]
        },
    }
    invoices = got["account"]["invoices"]["nodes"]
    assert len(invoices) == 50
    assert "DRAFT" not in {row["status"] for row in invoices}
    assert {row["isOverdue"] for row in invoices} == {True, False}
    assert len(got["account"]["orders"]["nodes"]) == 20


async def test_the_end_cursor_leads_to_the_rest(portal: Portal, data: DataSet) -> None:
    expected = Expected(data, lines=3, shipments=5)
    caller = portal.as_principal("owner-a")
    first = await caller.query(BILLING, account=account_id("acme"))
    end = first.data["account"]["invoices"]["pageInfo"]["endCursor"]

    rest = await caller.query(
        "query($a: ID!, $after: String) { account(id: $a) { invoices(first: 50, after: $after)"
        " { nodes { id number total { amount } } pageInfo { hasNextPage hasPreviousPage } } } }",
        a=account_id("acme"),
        after=end,
    )

    got = rest.data["account"]["invoices"]
    assert differences(got["nodes"], expected.invoices("acme")[50:]) == []
    assert got["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True}


async def test_every_field_of_every_type(portal: Portal, expected: Expected) -> None:
    wanted = expected.account("acme")
    for name in ("invoices", "payments", "subscriptions", "orders", "shipments", "products"):
        wanted[name] = whole(getattr(expected, name)("acme"))

    answer = await portal.query("owner-a", EVERYTHING, {"account": account_id("acme")})

    assert differences(answer.data["account"], wanted) == []


async def test_the_moments_of_reading_are_now(portal: Portal) -> None:
    before = dt.datetime.now(dt.UTC)
    answer = await portal.query(
        "owner-a",
        "query($a: ID!) { account(id: $a) { balance { asOf }"
        " products(first: 1) { nodes { availability { asOf } } } } }",
        {"a": account_id("acme")},
    )
    account = answer.data["account"]
    for text in (account["balance"]["asOf"], account["products"]["nodes"][0]["availability"]["asOf"]):
        assert before <= dt.datetime.fromisoformat(text) <= dt.datetime.now(dt.UTC)


async def test_an_account_without_rows_is_empty_and_no_error(portal: Portal) -> None:
    answer = await portal.query("staff", BILLING, {"account": account_id("empty")})
    account = answer.data["account"]
    assert account["name"] == "Empty Rooms"
    assert account["balance"] == {"outstanding": [], "overdue": []}
    assert account["invoices"] == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    assert account["orders"] == {"nodes": []}
