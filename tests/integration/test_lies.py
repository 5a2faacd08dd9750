"""A system that lies: ignored filters, foreign rows, swapped parts. No foreign value gets through."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from sandbox.data import DataSet
from tests.support.expected import Expected
from tests.support.marks import foreign, marks
from tests.support.portal import Answer, Portal, account_id
from tests.support.queries import EVERYTHING
from tests.support.taps import Pairs
from tests.support.values import differences

Row = dict[str, Any]
_LIST = {
    "invoices": "nodes { id number total { amount } purchaseOrderNumber lines { nodes { description } } }",
    "payments": "nodes { id reference amount { amount } method { last4 } }",
    "subscriptions": "nodes { id status }",
    "balance": "outstanding { amount } overdue { amount } credit { amount }",
    "orders": "nodes { id number total { amount } shipments { nodes { number } } }",
    "shipments": "nodes { id number trackingNumbers }",
}


@pytest.mark.parametrize("name", _LIST)
async def test_a_customer_filter_that_is_ignored(
    portal: Portal, data: DataSet, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    portal.taps["billing"].ask = lambda _path, query: [pair for pair in query if pair[0] != "customer"]
    portal.taps["erp"].ask = _without_party
    text = f"query($a: ID!) {{ account(id: $a) {{ it: {name} {{ {_LIST[name]} }} }} }}"

    answer = await portal.query("owner-a", text, {"a": account_id("acme")})

    assert answer.json["data"] == {"account": {"it": None}}
    _clean(answer, data)
    system = "erp" if name in {"orders", "shipments"} else "billing"
    if name == "balance":  # loaded by id: what is not the account's is missing
        assert set(answer.codes) <= {"UPSTREAM_CONTRACT_BROKEN"}
    else:
        assert answer.error_at("account", "it")["extensions"] == {
            "code": "UPSTREAM_CONTRACT_BROKEN", "retryable": False, "system": system,
        }  # fmt: skip
    assert {(e["system"], e["account"]) for e in _violations(caplog)} == {(system, "acme")}


async def test_ignored_filters_spoil_their_own_fields_only(
    portal: Portal, data: DataSet, expected: Expected
) -> None:
    portal.taps["erp"].ask = _without_party
    answer = await portal.query("owner-a", EVERYTHING, {"account": account_id("acme")})
    account = answer.json["data"]["account"]
    assert (account["orders"], account["shipments"]) == (None, None)
    assert differences(account["invoices"]["nodes"], expected.invoices("acme")) == []
    assert differences(account["products"]["nodes"], expected.products("acme")) == []
    _clean(answer, data)


@pytest.mark.parametrize("kind", ["invoices", "payments", "subscriptions", "orders", "shipments"])
@pytest.mark.parametrize("keep_id", [True, False])
@pytest.mark.parametrize("many", [1, 8])
async def test_other_tenants_rows_in_the_place_of_those_asked_for(
    portal: Portal,
    data: DataSet,
    expected: Expected,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    keep_id: bool,  # noqa: FBT001  a case of the test
    many: int,
) -> None:
    """Rows of Bright come back for ids of Acme: whole, or with the id that was asked for."""
    stolen = await _wire_rows(portal, kind)
    system = "erp" if kind in {"orders", "shipments"} else "billing"
    portal.taps[system].tell = _replacing(stolen, keep_id=keep_id)
    ids = [row["id"] for row in getattr(expected, kind)("acme")[:many]]

    answer = await portal.query(
        "owner-a",
        "query($i: [ID!]!) { nodes(ids: $i) { __typename id ... on Invoice { number total { amount } }"
        " ... on Order { number purchaseOrderNumber } ... on Payment { reference }"
        " ... on Shipment { number } } }",
        {"i": ids},
    )

    assert answer.json["data"]["nodes"] == [None] * len(ids)
    assert set(answer.codes) <= {"UPSTREAM_CONTRACT_BROKEN"}
    _clean(answer, data)
    if keep_id:
        assert len(_violations(caplog)) == len(ids)
        assert {event["outcome"] for event in _violations(caplog)} == {"blocked"}


@pytest.mark.parametrize(
    "part",
    [
        "lines",
        "payments",
        "subscription",
        "latest_invoice",
        "latest_charge",
    ],
)
async def test_parts_of_another_tenants_billing(
    portal: Portal, data: DataSet, expected: Expected, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    """Own records come back with a part, or a link, of Bright's."""
    theirs = expected.invoice_rows("bright")
    bill = next(row for row in theirs if row.payment and row.subscription)
    whole = await _get(portal, f"/v1/invoices/{bill.id}?expand[]=payments")
    charge = (await _get(portal, f"/v1/payment_intents/{bill.payment}?expand[]=latest_charge"))[
        "latest_charge"
    ]

    def spoil(row: Row) -> Row:
        if row["object"] == "invoice" and part in {"lines", "payments"}:
            return row | {part: whole[part]}
        if row["object"] == "invoice" and part == "subscription":
            return row | {"parent": whole["parent"]}
        if row["object"] == "subscription" and part == "latest_invoice":
            return row | {"latest_invoice": bill.id}
        if row["object"] == "payment_intent" and part == "latest_charge":
            return row | {"latest_charge": charge}
        return row

    portal.taps["billing"].tell = _each_row(spoil)
    text = {
        "lines": "invoices { nodes { id lines { nodes { description amount { amount } unitPrice } } } }",
        "payments": "invoices { nodes { id payments { id reference amount { amount } } } }",
        "subscription": "invoices { nodes { id subscription { id status startedOn } } }",
        "latest_invoice": "subscriptions { nodes { id latestInvoice { id number } } }",
        "latest_charge": "payments { nodes { id amountRefunded { amount } method { last4 } receiptUrl } }",
    }[part]

    answer = await portal.query(
        "owner-a", f"query($a: ID!) {{ account(id: $a) {{ {text} }} }}", {"a": account_id("acme")}
    )

    _clean(answer, data)
    told = answer.raw.decode()
    for row in bill.lines:
        assert f'"{expected.invoice_lines(bill)[0]["amount"]["amount"]}"' not in told, row.description
    assert charge["payment_method_details"]["card"]["last4"] not in told
    assert _violations(caplog)


async def test_lines_of_another_tenants_invoice_on_a_later_page(
    portal: Portal, data: DataSet, expected: Expected
) -> None:
    mine = next(row for row in expected.invoice_rows("acme") if len(row.lines) == 14)
    theirs = next(row for row in expected.invoice_rows("bright") if len(row.lines) == 14)
    stolen = await _get(portal, f"/v1/invoices/{theirs.id}/lines?limit=100")
    portal.taps["billing"].tell = lambda path, body: stolen if path.endswith("/lines") else body
    text = (
        "query($i: ID!, $c: String) { node(id: $i) { ... on Invoice { lines(first: 10, after: $c) {"
        " nodes { description unitPrice amount { amount } } pageInfo { endCursor } } } } }"
    )
    native = {"i": expected.invoice(mine)["id"]}
    first = await portal.query("owner-a", text, native)
    end = first.data["node"]["lines"]["pageInfo"]["endCursor"]

    answer = await portal.query("owner-a", text, native | {"c": end})

    assert answer.json["data"]["node"] == {"lines": None}
    assert answer.codes == ["UPSTREAM_CONTRACT_BROKEN"]
    _clean(answer, data)


@pytest.mark.parametrize(
    "part",
    [
        "lines",
        "shipments",
    ],
)
async def test_parts_of_another_tenants_orders(
    portal: Portal, data: DataSet, expected: Expected, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    """Acme's orders come back with the lines or shipments of Bright's."""
    fields = {
        "lines": "lines { nodes { quantityOrdered unitPrice amount { amount } product { sku } } }",
        "shipments": "shipments { nodes { id number trackingNumbers } }",
    }[part]
    text = f"query($a: ID!) {{ account(id: $a) {{ orders(first: 5) {{ nodes {{ id {fields} }} }} }} }}"
    seen: list[Row] = []
    portal.taps["erp"].tell = _each_row(lambda row: (seen.append(row), row)[1])
    await portal.query("owner-b", text, {"a": account_id("bright")})
    stolen = next(row[part] for row in seen if row["__name__"] == "sale.sale" and row.get(part))
    portal.taps["erp"].tell = _each_row(
        lambda row: row | {part: stolen} if row["__name__"] == "sale.sale" else row
    )

    answer = await portal.query("owner-a", text, {"a": account_id("acme")})

    _clean(answer, data)
    assert answer.json["data"]["account"] == {"orders": None}
    assert answer.codes == ["UPSTREAM_CONTRACT_BROKEN"]
    assert {event["model"] for event in _violations(caplog)} == {"Order"}


async def test_another_customers_credit(portal: Portal, data: DataSet, expected: Expected) -> None:
    customer = next(iter(data.accounts["bright"].stripe_customers.values()))
    stolen = await _get(portal, f"/v1/customers/{customer}")
    stolen["balance"] = -77_777
    portal.taps["billing"].tell = lambda path, body: stolen if "/customers/" in path else body
    answer = await portal.query(
        "owner-a",
        "query($a: ID!) { account(id: $a) { balance { credit { amount } } } }",
        {"a": account_id("acme")},
    )
    assert answer.json["data"] == {"account": {"balance": None}}
    assert answer.codes == ["UPSTREAM_CONTRACT_BROKEN"]
    assert b"777" not in answer.raw


async def test_another_partys_master_record(
    portal: Portal, data: DataSet, caplog: pytest.LogCaptureFixture
) -> None:
    """The ERP answers Acme's and Bright's parties with Ledger's, once whole and once under their ids."""
    ledger = {"name": "Ledger & Partners", "code": "C-1003"}
    for told in (ledger | {"id": 103}, None):
        portal.taps["erp"].tell = _each_row(lambda row, told=told: row | (told or {"id": 103}))
        answer = await portal.query(
            "multi", "{ viewer { memberships { nodes { account { id name number } } } } }"
        )
        nodes = answer.json["data"]["viewer"]["memberships"]["nodes"]
        assert {node["account"]["name"] for node in nodes} == {None}
        assert b"Ledger" not in answer.raw
    assert marks(data, without="acme")  # the list of what to look for is not empty


def _clean(answer: Answer, data: DataSet) -> None:
    assert answer.status == 200
    assert foreign(answer.raw, answer.json["data"], data, account="acme") == []


def _violations(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    told = [json.loads(r.getMessage()) for r in caplog.records if r.name == "gateway.audit"]
    return [event for event in told if event["event"] == "TENANT_VIOLATION_BLOCKED"]


def _without_party(_path: str, query: Pairs) -> Pairs:
    """Take whose rows are wanted out of a Tryton search."""

    def open_(name: str, value: str) -> tuple[str, str]:
        if name != "d":
            return name, value
        domain = json.loads(base64.urlsafe_b64decode(value))
        kept = [clause for clause in domain if clause[0] not in {"party", "customer"}]
        return name, base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()

    return [open_(*pair) for pair in query]


def _each_row(change: Callable[[Row], Row]) -> Callable[[str, Any], Any]:
    """Change every record of an answer of either system."""

    def tell(_path: str, body: Any) -> Any:
        if isinstance(body, list):
            return [change(row) for row in body]
        if isinstance(body, dict) and body.get("object") == "list":
            return body | {"data": [change(row) for row in body["data"]]}
        return change(body) if isinstance(body, dict) else body

    return tell


def _replacing(stolen: list[Row], *, keep_id: bool) -> Callable[[str, Any], Any]:
    rows = iter(deepcopy(stolen) * 50)
    return _each_row(lambda row: next(rows) | ({"id": row["id"]} if keep_id else {}))


async def _wire_rows(portal: Portal, kind: str) -> list[Row]:
    """Give Bright's rows as the system sends them to the gateway."""
    seen: list[Row] = []
    for tap in portal.taps.values():
        tap.tell = _each_row(lambda row: (seen.append(row), row)[1])
    fields = "id ... on Invoice { number total { amount } } ... on Order { number purchaseOrderNumber }"
    fields += " ... on Payment { reference } ... on Shipment { number }"
    await portal.query(
        "staff",
        f"query($a: ID!) {{ account(id: $a) {{ {kind} {{ nodes {{ ... on Node {{ {fields} }} }} }} }} }}",
        {"a": account_id("bright")},
    )
    for tap in portal.taps.values():
        tap.tell = None
    # Drafts are shown to nobody, so of them the boundary never hears.
    return [row for row in seen if row.get("status") != "draft"]


async def _get(portal: Portal, path: str) -> Any:
    """Ask the billing system directly."""
    headers = {"Authorization": f"Bearer {portal.world.environ()['DEMO_STRIPE']}"}
    async with portal.session.get(portal.world.billing.url + path, headers=headers) as response:
        assert response.status == 200
        return await response.json()
