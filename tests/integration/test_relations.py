"""From record to record: what leads where, how deep pages go, and how few calls it takes."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.data import DataSet
from tests.support.expected import Expected
from tests.support.portal import Portal, account_id
from tests.support.queries import INVOICE, MONEY, ORDER, PAYMENT, PRODUCT, SHIPMENT, SUBSCRIPTION, VALUES
from tests.support.values import differences

_LINE = "description quantity unit unitPrice amount { ...M } taxAmount { ...M } periodStart periodEnd"


async def test_lines_beyond_those_that_came_with_the_invoice(
    portal: Portal, expected: Expected, data: DataSet
) -> None:
    row = next(row for row in expected.invoice_rows("acme") if len(row.lines) == 14)
    wanted = expected.invoice_lines(row)
    text = (
        "query($id: ID!, $n: Int, $after: String) { node(id: $id) { ... on Invoice {"
        f" lines(first: $n, after: $after) {{ nodes {{ {_LINE} }} totalCount edges {{ cursor }}"
        " pageInfo { hasNextPage hasPreviousPage endCursor } } } } }"
        "fragment M on Money { amount currencyCode }"
    )
    native = {"id": expected.invoice(row)["id"]}

    first = (await portal.query("owner-a", text, native)).data["node"]["lines"]
    assert differences(first["nodes"], wanted[:10]) == []
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (None, True)
    assert len(portal.calls("billing")) == 1

    portal.reset()
    rest = await portal.query("owner-a", text, native | {"after": first["pageInfo"]["endCursor"]})
    assert differences(rest.data["node"]["lines"]["nodes"], wanted[10:]) == []
    assert rest.data["node"]["lines"]["pageInfo"]["hasNextPage"] is False
    assert [call.path for call in portal.calls("billing")] == [
        f"/v1/invoices/{row.id}", f"/v1/invoices/{row.id}/lines",
    ]  # fmt: skip

    # Any line's cursor leads on from that line, at any page size.
    walked, after = [], None
    while True:
        answer = await portal.query("owner-a", text, native | {"n": 3, "after": after})
        page = answer.data["node"]["lines"]
        walked += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert differences(walked, wanted) == []


async def test_lines_of_other_invoices_end_with_what_came(portal: Portal, expected: Expected) -> None:
    row = next(row for row in expected.invoice_rows("acme") if len(row.lines) == 5)
    text = (
        "query($id: ID!, $after: String, $before: String) { node(id: $id) { ... on Invoice {"
        " forward: lines(first: 2, after: $after) { nodes { description } totalCount edges { cursor } }"
        " backward: lines(last: 2, before: $before) { nodes { description } totalCount } } } }"
    )
    names = [line.description for line in row.lines]
    answer = await portal.query("owner-a", text, {"id": expected.invoice(row)["id"]})
    got = answer.data["node"]
    assert [line["description"] for line in got["forward"]["nodes"]] == names[:2]
    assert [line["description"] for line in got["backward"]["nodes"]] == names[3:]
    assert {got[way]["totalCount"] for way in ("forward", "backward")} == {5}
    end = got["forward"]["edges"][1]["cursor"]
    answer = await portal.query(
        "owner-a", text, {"id": expected.invoice(row)["id"], "after": end, "before": end}
    )
    got = answer.data["node"]
    assert [line["description"] for line in got["forward"]["nodes"]] == names[2:4]
    assert [line["description"] for line in got["backward"]["nodes"]] == names[:1]


async def test_invoice_to_payments_and_subscription_and_back(portal: Portal, expected: Expected) -> None:
    text = f"""
    query($a: ID!) {{ account(id: $a) {{
      invoices(first: 30) {{ nodes {{ ...InvoiceFields payments {{ ...PaymentFields }}
        subscription {{ ...SubscriptionFields latestInvoice {{ ...InvoiceFields }} }} }} }}
      subscriptions {{ nodes {{ ...SubscriptionFields latestInvoice {{ ...InvoiceFields }} }} }}
    }} }} {INVOICE}{PAYMENT}{SUBSCRIPTION}{VALUES}"""

    answer = await portal.query("owner-a", text, {"a": account_id("acme")})

    wanted = {"nodes": expected.invoices("acme")[:30]}, {"nodes": expected.subscriptions("acme")}
    got = answer.data["account"]
    assert differences(got, dict(zip(("invoices", "subscriptions"), wanted, strict=True))) == []
    paid = [node for node in got["invoices"]["nodes"] if node["payments"]]
    billed = [node for node in got["invoices"]["nodes"] if node["subscription"]]
    assert len(paid) > 10
    assert len(billed) > 5
    # All payments of the page are two lists (one per customer), whatever their number.
    paths = Counter("/".join(call.path.split("/")[:3]) for call in portal.calls("billing"))
    assert paths["/v1/payment_intents"] == 2


async def test_a_few_payments_are_read_one_by_one(portal: Portal, expected: Expected) -> None:
    row = next(row for row in expected.invoice_rows("acme") if row.payment)
    answer = await portal.query(
        "owner-a",
        f"query($id: ID!) {{ node(id: $id) {{ ... on Invoice {{ payments {{ ...PaymentFields }} }} }} }}"
        f"{PAYMENT}{MONEY}",
        {"id": expected.invoice(row)["id"]},
    )
    assert differences(answer.data["node"], expected.invoice(row)) == []
    assert [call.path for call in portal.calls("billing")] == [
        f"/v1/invoices/{row.id}", f"/v1/payment_intents/{row.payment}",
    ]  # fmt: skip


async def test_order_to_lines_to_products_to_stock(portal: Portal, expected: Expected) -> None:
    text = f"""
    query($a: ID!) {{ account(id: $a) {{ orders(first: 30) {{ nodes {{ ...OrderFields }} }} }} }}
    {ORDER.replace("totalCount", "")}{SHIPMENT}{PRODUCT}{VALUES}"""
    rounds = portal.hold()

    answer = await portal.query("owner-a", text, {"a": account_id("acme")})

    assert differences(answer.data["account"]["orders"]["nodes"], expected.orders("acme")[:30]) == []
    assert [path.rsplit("/", 1)[1] for calls in rounds.calls for path in calls] == [
        "sale.sale", "product.product", "product.product",
    ]  # fmt: skip


_FRAGMENTS = {
    "Invoice": INVOICE + VALUES,
    "Payment": PAYMENT + MONEY,
    "Subscription": SUBSCRIPTION + MONEY,
    "Order": ORDER + SHIPMENT + PRODUCT + VALUES,
    "Shipment": SHIPMENT,
    "Product": PRODUCT,
}


@pytest.mark.parametrize("kind", _FRAGMENTS)
async def test_every_record_is_found_by_its_id(portal: Portal, expected: Expected, kind: str) -> None:
    text = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename ...{kind}Fields }} }} {_FRAGMENTS[kind]}"
    rows = getattr(expected, f"{kind.lower()}s")("acme")
    for some in (rows[:1], rows[-2:], rows[:100], rows[:2] * 3):
        answer = await portal.query("owner-a", text, {"ids": [row["id"] for row in some]})
        assert differences(answer.data["nodes"], [row | {"__typename": kind} for row in some]) == []


async def test_records_of_all_types_in_one_operation(portal: Portal, expected: Expected) -> None:
    rows = [
        getattr(expected, f"{kind.lower()}s")("acme")[3 if kind != "Subscription" else 0]
        for kind in _FRAGMENTS
    ]
    spread = " ".join(f"... on {kind} {{ {kind.lower()}: status }}" for kind in _FRAGMENTS)
    rounds = portal.hold()
    answer = await portal.query(
        "owner-a",
        f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id {spread} }} }}",
        {"ids": [row["id"] for row in rows]},
    )
    assert answer.data["nodes"] == [
        {"id": row["id"], kind.lower(): row["status"]} for kind, row in zip(_FRAGMENTS, rows, strict=True)
    ]
    assert (rounds.depth, len(rounds.calls[0])) == (1, len(_FRAGMENTS))


async def test_what_is_not_for_customers_is_missing_by_id(
    portal: Portal, expected: Expected, data: DataSet
) -> None:
    drafts = [row for row in data.invoices if row.account == "acme" and row.status == "draft"]
    carts = [row for row in data.orders if row.account == "acme" and row not in expected.order_rows("acme")]
    hidden = [row for row in data.products.values() if not row.salable]
    ids = [expected.id("Invoice", "billing", "acme", row.id) for row in drafts]
    ids += [expected.id("Order", "erp", "acme", row.id) for row in carts]
    ids += [expected.id("Product", "erp", "acme", row.id) for row in hidden]
    assert len(ids) == 6
    answer = await portal.query("owner-a", "query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ids})
    assert answer.data["nodes"] == [None] * 6


async def test_a_record_leads_to_its_account(portal: Portal, expected: Expected) -> None:
    rows = [
        getattr(expected, name)("group-north")[0] for name in ("invoices", "payments", "orders", "shipments")
    ]
    answer = await portal.query(
        "multi",
        "query($i: [ID!]!) { nodes(ids: $i) { id ... on AccountScoped { account { id name type"
        " orders(first: 1) { nodes { number account { number } } } } } } }",
        {"i": [row["id"] for row in rows]},
    )
    account = expected.account("group-north")
    for node, row in zip(answer.data["nodes"], rows, strict=True):
        assert node["id"] == row["id"]
        assert node["account"].pop("orders") == {
            "nodes": [
                {
                    "number": expected.order_rows("group-north")[0].number,
                    "account": {"number": account["number"]},
                }
            ]
        }
        assert differences(node["account"], account) == []


async def test_the_same_list_with_different_arguments(portal: Portal, expected: Expected) -> None:
    text = """
    query($a: ID!) { account(id: $a) {
      few: invoices(first: 2) { nodes { ...I } }
      paid: invoices(first: 3, filter: {status: [PAID]}) { nodes { ...I } }
      many: invoices(first: 9) { nodes { ...I } }
      again: invoices(first: 2) { nodes { ...I } }
      newest: orders(first: 2) { nodes { number } }
      oldest: orders(first: 2, orderBy: {direction: ASC}) { nodes { number } }
    } }
    fragment I on Invoice { number a: lines(first: 1) { nodes { description } }
      b: lines(first: 2) { nodes { quantity } } }
    """
    answer = await portal.query("owner-a", text, {"a": account_id("acme")})
    rows = expected.invoice_rows("acme")
    paid = [row for row in rows if row.status == "paid"]
    got = answer.data["account"]
    for alias, wanted in {"few": rows[:2], "paid": paid[:3], "many": rows[:9], "again": rows[:2]}.items():
        assert got[alias]["nodes"] == [
            {
                "number": row.number,
                "a": {"nodes": [{"description": row.lines[0].description}]},
                "b": {"nodes": [{"quantity": str(line.quantity)} for line in row.lines[:2]]},
            }
            for row in wanted
        ]
    orders = [row.number for row in expected.order_rows("acme")]
    assert [node["number"] for node in got["newest"]["nodes"]] == orders[:2]
    assert [node["number"] for node in got["oldest"]["nodes"]] == orders[:-3:-1]


@pytest.mark.parametrize("selection", ["__typename", "line2", "region", "__typename city"])
async def test_an_address_that_is_there_is_not_null_whatever_is_selected(
    portal: Portal, selection: str
) -> None:
    text = f"""query($a: ID!) {{ account(id: $a) {{
        orders(first: 2) {{ nodes {{ shippingAddress {{ {selection} }} }} }}
        invoices(first: 2) {{ nodes {{ billingAddress {{ {selection} }} }} }} }} }}"""
    found = (await portal.query("owner-a", text, {"a": account_id("acme")})).data["account"]
    addresses = [node["shippingAddress"] for node in found["orders"]["nodes"]]
    addresses += [node["billingAddress"] for node in found["invoices"]["nodes"]]
    assert len(addresses) == 4
    assert None not in addresses
