"""How often, how deep and for what the vendors are asked."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.serve import Call
from tests.support.portal import Portal, account_id
from tests.support.queries import BILLING, BILLING_LISTS, EVERYTHING, VALUES

# Acme has two Stripe customers (EUR, USD): two lists of invoices, two of open ones for the balance.
_BILLING_CALLS = {"/v1/invoices": 4}
_ERP_CALLS = {"/tryton/rest/model/party.party": 1, "/tryton/rest/model/sale.sale": 1}


@pytest.mark.parametrize("first", [5, 20, 50, 100])
async def test_calls_do_not_grow_with_the_lists(portal: Portal, first: int) -> None:
    rounds = portal.hold()
    variables = {"account": account_id("acme"), "invoices": first, "orders": first}

    answer = await portal.query("owner-a", BILLING, variables)

    assert answer.errors == []
    paths = Counter(call.path for call in portal.calls("billing"))
    # The two newest rows of the EUR customer are drafts, which are skipped. Only on a page so small that
    # the other customer's rows cannot stand in is that customer, and no other, asked once more.
    refill = {"/v1/invoices": 1} if first == 5 else {}
    assert paths == Counter(_BILLING_CALLS) + Counter(refill)
    assert Counter(call.path for call in portal.calls("erp")) == Counter(_ERP_CALLS)
    assert rounds.depth == 1 + len(refill)


async def test_the_refill_asks_for_the_missing_rows_only(portal: Portal) -> None:
    await portal.query("owner-a", BILLING, {"account": account_id("acme"), "invoices": 5})
    lists = [dict(call.query) for call in portal.calls("billing") if "status" not in dict(call.query)]
    assert [(query["limit"], "starting_after" in query) for query in lists] == [
        ("5", False),
        ("5", False),
        ("2", True),
    ]


async def test_everything_at_once_takes_three_calls_in_sequence_at_most(portal: Portal) -> None:
    rounds = portal.hold()

    answer = await portal.query("owner-a", EVERYTHING, {"account": account_id("acme")})

    assert answer.errors == []
    assert rounds.depth <= 3, rounds.calls
    assert portal.world.calls() <= 24, rounds.calls


async def test_asking_again_costs_the_same(portal: Portal) -> None:
    counts = []
    for _ in range(3):
        portal.reset()
        await portal.query("owner-a", BILLING, {"account": account_id("acme")})
        counts.append((len(portal.calls("billing")), len(portal.calls("erp"))))
    assert counts == [(4, 2)] * 3
    assert portal.calls("identity") == []


async def test_the_key_set_is_read_once(portal: Portal) -> None:
    for persona in ("owner-a", "owner-b", "staff"):
        await portal.query(persona, "{ viewer { user { displayName } } }")
    assert [call.path for call in portal.calls("identity")] == ["/.well-known/openid-configuration", "/jwks"]
    assert portal.world.calls() == 0


@pytest.mark.parametrize(
    "text",
    [
        "{ viewer { user { displayName email } memberships { nodes { account { id } roles } } } }",
        "query($a: ID!) { account(id: $a) { id } node(id: $a) { id } nodes(ids: [$a]) { id } }",
        "query($a: ID!) { account(id: $a) { type } }",
    ],
)
async def test_what_the_gateway_knows_by_itself_costs_no_call(portal: Portal, text: str) -> None:
    variables = {"a": account_id("acme")} if "$a" in text else {}
    answer = await portal.query("owner-a", text, variables)
    assert answer.errors == []
    assert portal.world.calls() == 0


async def test_the_same_list_twice_is_one_call(portal: Portal) -> None:
    await portal.query(
        "owner-b",
        "query($a: ID!) { x: account(id: $a) { invoices(first: 7) { nodes { id } } }"
        " y: account(id: $a) { invoices(first: 7) { nodes { number } } } }",
        {"a": account_id("bright")},
    )
    lists = portal.calls("billing")
    assert len({tuple(call.query) for call in lists}) == len(lists)


async def test_billing_expands_only_what_is_selected(portal: Portal) -> None:
    narrow = (
        "query($a: ID!) { account(id: $a) { invoices { nodes { id } } payments { nodes { reference } } } }"
    )
    await portal.query("owner-a", narrow, {"a": account_id("acme")})
    assert _expanded(portal.calls("billing")) == set()

    portal.reset()
    wide = f"query($account: ID!) {{ account(id: $account) {{ ...BillingLists }} }} {BILLING_LISTS}{VALUES}"
    await portal.query("owner-a", wide, {"account": account_id("acme")})
    assert _expanded(portal.calls("billing")) == {
        ("/v1/invoices", "data.payments"),
        ("/v1/invoices/{id}", "payments"),
        ("/v1/payment_intents", "data.latest_charge"),
    }


async def test_erp_fields_are_those_selected(portal: Portal) -> None:
    narrow = "query($a: ID!) { account(id: $a) { orders { nodes { number } } } }"
    await portal.query("owner-a", narrow, {"a": account_id("acme")})
    (call,) = portal.calls("erp")
    few = _fields(call)
    assert few - {"id", "party", "party.id", "state", "sale_date"} == {"number"}, few

    portal.reset()
    await portal.query("owner-a", EVERYTHING, {"account": account_id("acme")})
    sales = [call for call in portal.calls("erp") if call.path.endswith("/sale.sale")]
    many = set().union(*map(_fields, sales))
    assert few < many
    assert {"lines.quantity", "lines.unit_price", "total_amount", "shipments.number"} <= many


async def test_account_fields_are_those_selected(portal: Portal) -> None:
    await portal.query("owner-a", "query($a: ID!) { account(id: $a) { name } }", {"a": account_id("acme")})
    (call,) = portal.calls("erp")
    assert _fields(call) - {"id"} == {"name"}


async def test_many_products_are_one_batch_with_one_stock_call(portal: Portal) -> None:
    rounds = portal.hold()
    answer = await portal.query(
        "owner-a",
        "query($a: ID!) { account(id: $a) { orders(first: 100) { nodes { lines { nodes {"
        " product { sku availability { available } } } } } } } }",
        {"a": account_id("acme")},
    )
    assert answer.errors == []
    assert rounds.depth == 3
    assert len(portal.calls("erp")) == 3  # orders, their products, the stock of these


def _expanded(calls: list[Call]) -> set[tuple[str, str]]:
    found = set()
    for call in calls:
        parts = call.path.split("/")
        path = "/".join(["/v1", parts[2], "{id}"]) if len(parts) > 3 else call.path
        found |= {(path, value) for name, value in call.query if name == "expand[]"}
    return found


def _fields(call: Call) -> set[str]:
    return {value for name, value in call.query if name == "f"}
