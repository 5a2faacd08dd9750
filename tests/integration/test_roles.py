"""What a role may see: refused fields are null with FORBIDDEN, and nobody is called for them."""

from __future__ import annotations

import json

import pytest

from sandbox.personas import NAMED_ACCOUNTS
from tests.support.expected import Expected
from tests.support.portal import Portal, account_id
from tests.support.queries import BILLING, BILLING_LISTS, EVERYTHING, ORDER_LISTS, VALUES
from tests.support.values import differences, whole

_BILLING_FIELDS = ("balance", "invoices", "payments", "subscriptions")
_ORDER_FIELDS = ("orders", "shipments", "products")
_MONEY = f"query($a: ID!) {{ account(id: $a) {{ ...BillingLists }} }} {BILLING_LISTS}{VALUES}"


async def test_a_viewer_sees_orders_and_no_money(
    portal: Portal, expected: Expected, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await portal.query("viewer-a", EVERYTHING, {"account": account_id("acme")})

    wanted = expected.account("acme") | dict.fromkeys(_BILLING_FIELDS)
    wanted |= {name: whole(getattr(expected, name)("acme")) for name in _ORDER_FIELDS}
    assert differences(answer.json["data"]["account"], wanted) == []
    assert portal.calls("billing") == []
    for name, permission in {
        "balance": "INVOICES_READ", "invoices": "INVOICES_READ",
        "payments": "PAYMENTS_READ", "subscriptions": "SUBSCRIPTIONS_READ",
    }.items():  # fmt: skip
        error = answer.error_at("account", name)
        assert error["extensions"] == {"code": "FORBIDDEN", "retryable": False}
        assert permission in error["message"]
        assert error["locations"]
    assert len(answer.errors) == 4
    told = [json.loads(r.getMessage()) for r in caplog.records if r.name == "gateway.audit"]
    assert {event["coordinate"] for event in told} == {f"Account.{name}" for name in _BILLING_FIELDS}
    assert {(event["event"], event["account"]) for event in told} == {("ACCESS_DENIED", "acme")}


async def test_a_viewer_gets_the_billing_page_without_money(portal: Portal) -> None:
    answer = await portal.query("viewer-a", BILLING, {"account": account_id("acme")})
    account = answer.json["data"]["account"]
    assert (account["invoices"], account["balance"]) == (None, None)
    assert len(account["orders"]["nodes"]) == 20
    assert portal.calls("billing") == []


async def test_a_billing_clerk_sees_both(portal: Portal, expected: Expected) -> None:
    answer = await portal.query("billing-a", EVERYTHING, {"account": account_id("acme")})
    wanted = expected.account("acme")
    wanted |= {name: whole(getattr(expected, name)("acme")) for name in _ORDER_FIELDS + _BILLING_FIELDS[1:]}
    assert differences(answer.data["account"], wanted) == []


async def test_staff_see_every_account(portal: Portal, expected: Expected) -> None:
    for key in NAMED_ACCOUNTS:
        answer = await portal.query("staff", EVERYTHING, {"account": account_id(key)})
        wanted = expected.account(key)
        wanted |= {name: whole(getattr(expected, name)(key)) for name in _ORDER_FIELDS + _BILLING_FIELDS[1:]}
        assert differences(answer.data["account"], wanted) == []


async def test_a_partner_sees_the_customers_orders_only(portal: Portal, expected: Expected) -> None:
    orders = f"query($a: ID!) {{ account(id: $a) {{ ...OrderLists }} }} {ORDER_LISTS}{VALUES}"
    answer = await portal.query("partner", orders, {"a": account_id("ledger")})
    wanted = expected.account("ledger")
    wanted |= {name: whole(getattr(expected, name)("ledger")) for name in _ORDER_FIELDS}
    assert differences(answer.data["account"], wanted) == []

    portal.reset()
    answer = await portal.query("partner", _MONEY, {"a": account_id("ledger")})
    assert answer.json["data"] == {"account": dict.fromkeys(_BILLING_FIELDS)}
    assert answer.codes == ["FORBIDDEN"] * 4
    assert portal.world.calls() == 0


async def test_a_partner_owns_its_own_account(portal: Portal, expected: Expected) -> None:
    answer = await portal.query("partner", _MONEY, {"a": account_id("reach")})
    wanted = {name: whole(getattr(expected, name)("reach")) for name in _BILLING_FIELDS[1:]}
    assert differences(answer.data["account"], wanted | {"balance": expected.balance("reach")}) == []


@pytest.mark.parametrize("persona", ["viewer-a", "partner"])
async def test_node_is_refused_by_type(portal: Portal, expected: Expected, persona: str) -> None:
    key = "acme" if persona == "viewer-a" else "ledger"
    ids = [getattr(expected, name)(key)[0]["id"] for name in (*_BILLING_FIELDS[1:], "orders")]

    answer = await portal.query(
        persona, "query($i: [ID!]!) { nodes(ids: $i) { id ... on Invoice { number } } }", {"i": ids}
    )

    assert answer.json["data"]["nodes"] == [None, None, None, {"id": ids[3]}]
    assert answer.codes == ["FORBIDDEN"] * 3
    for place in range(3):
        assert answer.error_at("nodes", place)["extensions"]["code"] == "FORBIDDEN"


async def test_without_a_token_nothing_is_answered(portal: Portal) -> None:
    url = f"{portal.server.url}/graphql"
    for headers in ({}, {"Authorization": "Bearer no.token.this"}, {"Authorization": "Basic x"}):
        async with portal.session.post(
            url, json={"query": "{ viewer { user { email } } }"}, headers=headers
        ) as r:
            body = await r.json()
            assert r.status == 401
            assert r.headers["WWW-Authenticate"].startswith("Bearer")
            assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]
            assert "data" not in body
    assert portal.world.calls() == 0
