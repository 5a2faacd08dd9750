"""Several accounts in one operation: each record is its own account's, and batches are shared."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.ids import GlobalId, encode_id
from sandbox.data import DataSet
from tests.support.expected import Expected
from tests.support.portal import Portal, account_id
from tests.support.queries import BILLING_LISTS, ORDER_LISTS, VALUES
from tests.support.values import Wire, differences, whole

_LISTS = "id ...BillingLists ...OrderLists"
_FRAGMENTS = BILLING_LISTS + ORDER_LISTS + VALUES
_BY_ALIAS = f"""
query($a: ID!, $b: ID!, $c: ID!) {{
  a: account(id: $a) {{ {_LISTS} }} b: account(id: $b) {{ {_LISTS} }} c: account(id: $c) {{ {_LISTS} }}
}}
{_FRAGMENTS}"""
_BY_MEMBERSHIP = f"{{ viewer {{ memberships {{ nodes {{ account {{ {_LISTS} }} roles }} }} }} }} {_FRAGMENTS}"
_BY_NODES = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Account {{ {_LISTS} }} }} }} {_FRAGMENTS}"


def _account(expected: Expected, key: str, *, billing: bool = True) -> Wire:
    names = ["orders", "shipments", "products"] + ["invoices", "payments", "subscriptions"] * billing
    lists = {name: whole(getattr(expected, name)(key)) for name in names}
    withheld = {} if billing else dict.fromkeys(("invoices", "payments", "subscriptions", "balance"))
    return expected.account(key) | lists | withheld


async def test_aliases_of_account(portal: Portal, expected: Expected) -> None:
    keys = {"a": "acme", "b": "bright", "c": "ledger"}
    answer = await portal.query("staff", _BY_ALIAS, {alias: account_id(key) for alias, key in keys.items()})
    wanted = {alias: _account(expected, key) for alias, key in keys.items()}
    assert differences(answer.data, wanted) == []


async def test_memberships_of_one_with_different_roles(portal: Portal, expected: Expected) -> None:
    answer = await portal.query("multi", _BY_MEMBERSHIP)
    nodes = answer.json["data"]["viewer"]["memberships"]["nodes"]
    assert [node["roles"] for node in nodes] == [["billing"], ["viewer"], ["owner"], ["owner"], ["owner"]]
    keys = ["acme", "bright", "group", "group-north", "group-south"]
    wanted = [_account(expected, key, billing=key != "bright") for key in keys]
    assert differences([node["account"] for node in nodes], wanted) == []
    place = ["viewer", "memberships", "nodes", 1, "account"]
    denied = ("balance", "invoices", "payments", "subscriptions")
    assert sorted(e["path"] for e in answer.errors) == [[*place, name] for name in denied]
    assert set(answer.codes) == {"FORBIDDEN"}


async def test_memberships_of_staff(portal: Portal, expected: Expected, data: DataSet) -> None:
    answer = await portal.query("staff", _BY_MEMBERSHIP)
    got = [node["account"] for node in answer.data["viewer"]["memberships"]["nodes"]]
    assert differences(got, [_account(expected, key) for key in data.accounts]) == []


async def test_nodes_of_accounts(portal: Portal, expected: Expected) -> None:
    keys = ["group", "acme", "group-south"]
    answer = await portal.query("multi", _BY_NODES, {"ids": [account_id(key) for key in keys]})
    assert differences(answer.data["nodes"], [_account(expected, key) for key in keys]) == []


async def test_nodes_of_records_of_three_accounts(portal: Portal, expected: Expected) -> None:
    keys = ("acme", "ledger", "group")
    rows = [row for key in keys for row in expected.invoices(key)[:5] + expected.orders(key)[:3]]
    rows += [expected.payments(key)[0] for key in keys]
    ids = [row["id"] for row in rows]

    answer = await portal.query(
        "staff",
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on AccountScoped { account { id } }"
        " ... on Invoice { number } ... on Order { number } ... on Payment { reference } } }",
        {"ids": ids},
    )

    assert differences(answer.data["nodes"], rows) == []
    # One call for the orders of all three accounts.
    assert Counter(call.path for call in portal.calls("erp")) == {"/tryton/rest/model/sale.sale": 1}


async def test_master_records_of_all_accounts_are_one_call(portal: Portal, data: DataSet) -> None:
    answer = await portal.query(
        "staff", "{ viewer { memberships { nodes { account { id name number status currencyCode } } } } }"
    )
    names = [node["account"]["name"] for node in answer.data["viewer"]["memberships"]["nodes"]]
    assert names == [account.name for account in data.accounts.values()]
    assert len(portal.calls("erp")) == 1
    assert portal.calls("billing") == []


async def test_products_and_stock_of_three_accounts_are_one_call_each(
    portal: Portal, expected: Expected
) -> None:
    ids = [row["id"] for key in ("acme", "group", "bright") for row in expected.products(key)]
    answer = await portal.query(
        "multi",
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Product { sku availability { available } } } }",
        {"ids": ids},
    )
    assert [row["id"] for row in answer.data["nodes"]] == ids
    assert len(portal.calls("erp")) == 2


@pytest.mark.parametrize("kind", ["Invoice", "Payment", "Subscription", "Order", "Shipment"])
async def test_a_native_id_answers_under_its_own_account_only(
    portal: Portal, expected: Expected, data: DataSet, kind: str
) -> None:
    rows = {
        "Invoice": expected.invoices, "Payment": expected.payments, "Subscription": expected.subscriptions,
        "Order": expected.orders, "Shipment": expected.shipments,
    }  # fmt: skip
    native = {
        "Invoice": lambda key: expected.invoice_rows(key)[0].id,
        "Payment": lambda key: next(row.id for row in data.payments if row.account == key),
        "Subscription": lambda key: next(row.id for row in data.subscriptions if row.account == key),
        "Order": lambda key: str(expected.order_rows(key)[0].id),
        "Shipment": lambda key: str(max(s.id for o in expected.order_rows(key) for s in o.shipments)),
    }[kind]
    connector = "erp" if kind in {"Order", "Shipment"} else "billing"
    keys = ("acme", "group", "group-north", "group-south")
    asked = [encode_id(GlobalId(kind, connector, seen, native(own))) for own in keys for seen in keys]
    own_ids = {row["id"] for key in keys for row in rows[kind](key)}

    answer = await portal.query("multi", "query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": asked})

    wanted = [{"id": text} if text in own_ids else None for text in asked]
    assert sum(node is not None for node in wanted) == len(keys)
    assert answer.data["nodes"] == wanted
