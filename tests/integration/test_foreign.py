"""What belongs to another account does not exist: not by id, cursor or argument, and not by a byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.ids import GlobalId, decode_id, encode_id
from sandbox.data import DataSet
from tests.support.expected import Expected
from tests.support.portal import Answer, Portal, account_id
from tests.support.queries import EVERYTHING, values_of

_NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
_NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
_ACCOUNT = "query($id: ID!) { account(id: $id) { id number name balance { asOf } } }"
_LISTS = ("invoices", "payments", "subscriptions", "orders", "shipments", "products")
_EVERY_CURSOR = (
    "query($a: ID!, $c: String!) { account(id: $a) {"
    + "".join(
        f" {name}_after: {name}(first: 5, after: $c) {{ nodes {{ id }} }}"
        f" {name}_before: {name}(last: 5, before: $c) {{ nodes {{ id }} }}"
        for name in _LISTS
    )
    + " } viewer { memberships(first: 5, after: $c) { nodes { roles } }"
    " back: memberships(last: 5, before: $c) { nodes { roles } } } }"
)
_NESTED_CURSOR = """
query($i: ID!, $o: ID!, $c: String!) {
  invoice: node(id: $i) { ... on Invoice {
    after: lines(first: 5, after: $c) { nodes { description } }
    before: lines(last: 5, before: $c) { nodes { description } }
  } }
  order: node(id: $o) { ... on Order {
    after: lines(first: 5, after: $c) { nodes { description } }
    before: lines(last: 5, before: $c) { nodes { description } }
    shipmentsAfter: shipments(first: 5, after: $c) { nodes { number } }
    shipmentsBefore: shipments(last: 5, before: $c) { nodes { number } }
  } }
}
"""
_NOWHERE = GlobalId("Invoice", "billing", "nobody", "in_000000000000000000")


class Loot:
    """Every id and cursor in full answers that the owner of Acme got."""

    def __init__(self, *answers: Answer) -> None:
        found = [answer.data for answer in answers]
        self.ids = sorted(set(values_of(found, "id")))
        self.cursors = sorted(set(values_of(found, "cursor", "startCursor", "endCursor")))


@pytest.fixture
async def loot(portal: Portal) -> Loot:
    """Walk Acme's answers; the calls it took are forgotten."""
    caller = portal.as_principal("owner-a")
    small = EVERYTHING.replace("first: 100", "first: 7")  # end cursors that have a page after them
    found = Loot(
        await caller.query(EVERYTHING, account=account_id("acme")),
        await caller.query(small, account=account_id("acme")),
    )
    kinds = {decode_id(text).type for text in found.ids}
    assert kinds == {"Account", "Invoice", "Payment", "Subscription", "Order", "Shipment", "Product"}
    assert len(found.ids) > 180
    assert len(found.cursors) > 200
    await portal.query("owner-b", "{ viewer { user { email } } }")
    portal.reset()
    return found


async def test_every_id_is_as_one_that_does_not_exist(portal: Portal, loot: Loot) -> None:
    other = portal.as_principal("owner-b")
    missing = await other.query(_NODE, id=encode_id(_NOWHERE))
    assert missing.raw == b'{"data":{"node":null}}'
    no_account = await other.query(_ACCOUNT, id=account_id("nobody"))
    assert no_account.raw == b'{"data":{"account":null}}'

    for text in loot.ids:
        assert (await other.query(_NODE, id=text)).raw == missing.raw
        assert (await other.query(_ACCOUNT, id=text)).raw == no_account.raw
    for batch in _batches(loot.ids):
        nothing = await other.query(_NODES, ids=[encode_id(_NOWHERE)] * len(batch))
        assert (await other.query(_NODES, ids=batch)).raw == nothing.raw

    assert portal.world.calls() == 0
    assert portal.lookups == []


async def test_every_id_and_cursor_is_as_any_text_that_is_no_cursor(portal: Portal, loot: Loot) -> None:
    other = portal.as_principal("owner-b")
    wanted = await other.query(_EVERY_CURSOR, a=account_id("bright"), c="nonsense")
    assert wanted.codes == ["INVALID_CURSOR"] * (2 * len(_LISTS) + 2)
    assert wanted.json["data"]["account"] == {
        f"{name}_{way}": None for name in _LISTS for way in ("after", "before")
    }

    for text in loot.cursors + loot.ids:
        assert (await other.query(_EVERY_CURSOR, a=account_id("bright"), c=text)).raw == wanted.raw

    assert portal.world.calls() == 0
    assert set(portal.lookups) <= {"bright"}  # the caller's own account, never the other's


async def test_every_cursor_is_none_inside_a_record(portal: Portal, expected: Expected, loot: Loot) -> None:
    other = portal.as_principal("owner-b")
    long = next(row["id"] for row in expected.invoices("bright") if row["lines"]["pageInfo"]["hasNextPage"])
    own = {"i": long, "o": expected.orders("bright")[0]["id"]}
    wanted = await other.query(_NESTED_CURSOR, **own, c="nonsense")
    assert wanted.codes == ["INVALID_CURSOR"] * 6
    portal.reset()

    for text in loot.cursors[::5]:
        assert (await other.query(_NESTED_CURSOR, **own, c=text)).raw == wanted.raw

    # The caller's own invoice and order are read, and nothing else is.
    assert {call.path for call in portal.calls("billing")} == {f"/v1/invoices/{decode_id(long).native_id}"}
    assert {call.path for call in portal.calls("erp")} == {"/tryton/rest/model/sale.sale"}


async def test_a_cursor_is_no_id(portal: Portal, loot: Loot) -> None:
    other = portal.as_principal("owner-b")
    wanted = await other.query(_NODE, id="nonsense")
    assert wanted.codes == ["INVALID_INPUT"]
    for text in loot.cursors:
        assert (await other.query(_NODE, id=text)).raw == wanted.raw
    assert portal.world.calls() == 0
    assert portal.lookups == []


async def test_ids_under_the_callers_own_account_are_missing(
    portal: Portal, data: DataSet, loot: Loot, caplog: pytest.LogCaptureFixture
) -> None:
    other = portal.as_principal("owner-b")
    for kind, text in _tampered(loot):
        if kind == "Product":  # the catalogue is shared: the same native id is the caller's too
            assert (await other.query(_NODE, id=text)).data["node"] == {"__typename": kind, "id": text}
            continue
        caplog.clear()
        portal.reset()
        never = await other.query(_NODE, id=_never(text))
        assert _violations(caplog) == []
        before = portal.world.calls()
        assert before > 0

        answer = await other.query(_NODE, id=text)

        assert answer.raw == never.raw == b'{"data":{"node":null}}'
        assert portal.world.calls() == 2 * before
        (event,) = _violations(caplog)
        assert (event["account"], event["model"], event["outcome"]) == ("bright", kind, "blocked")
        assert event["system"] == decode_id(text).connector
        # Whose it is stays out of the log, too.
        assert not any(account.name in json.dumps(event) for account in data.accounts.values())


async def test_a_batch_of_such_ids_is_missing_and_each_is_told(
    portal: Portal, loot: Loot, caplog: pytest.LogCaptureFixture
) -> None:
    texts = [text for kind, text in _tampered(loot, every=True) if kind != "Product"]
    assert len(texts) > 150
    for batch in _batches(texts):
        caplog.clear()
        answer = await portal.query("owner-b", _NODES, {"ids": batch})
        nothing = await portal.query("owner-b", _NODES, {"ids": [_never(text) for text in batch]})
        assert answer.raw == nothing.raw
        assert answer.data["nodes"] == [None] * len(batch)
        # A system that is asked for several at once by customer never sends the foreign ones.
        assert len(_violations(caplog)) <= len(batch)
        orders = [text for text in batch if decode_id(text).type in {"Order", "Shipment"}]
        assert len([e for e in _violations(caplog) if e["system"] == "erp"]) == len(orders)


async def test_an_account_id_with_anothers_key_is_no_account(portal: Portal) -> None:
    other = portal.as_principal("owner-b")
    for identity in (
        GlobalId("Account", "", "bright", "acme"),
        GlobalId("Account", "", "acme", "bright"),
        GlobalId("Account", "erp", "bright", "bright"),
        GlobalId("Invoice", "billing", "bright", "bright"),
    ):
        answer = await other.query(_ACCOUNT, id=encode_id(identity))
        assert answer.raw == b'{"data":{"account":null}}'
    assert portal.world.calls() == 0


async def test_an_id_of_another_system_or_type_is_missing(portal: Portal, loot: Loot) -> None:
    for text in loot.ids:
        identity = decode_id(text)
        for changed in (replace(identity, connector="elsewhere"), replace(identity, type="AccountBalance")):
            answer = await portal.query("owner-a", _NODE, {"id": encode_id(changed)})
            assert answer.raw == b'{"data":{"node":null}}'
    assert portal.world.calls() == 0


async def test_anothers_numbers_find_nothing(portal: Portal, data: DataSet, expected: Expected) -> None:
    text = (
        "query($a: ID!, $n: String!, $p: String!) { account(id: $a) {"
        " number: orders(filter: {number: $n}) { nodes { id } pageInfo { hasNextPage } totalCount }"
        " po: orders(filter: {purchaseOrderNumber: $p}) { nodes { id } pageInfo { hasNextPage } totalCount }"
        " } }"
    )
    own = {"a": account_id("bright")}
    nothing = await portal.query("owner-b", text, own | {"n": "SO-0", "p": "PO-0"})
    assert nothing.data["account"]["number"]["nodes"] == []
    for row in expected.order_rows("acme")[::4]:
        answer = await portal.query("owner-b", text, own | {"n": row.number, "p": row.reference})
        assert answer.raw == nothing.raw


def _tampered(loot: Loot, *, every: bool = False) -> Iterator[tuple[str, str]]:
    """Re-encode Acme's ids under Bright's key: all, or three of each type."""
    seen: dict[str, int] = {}
    for text in loot.ids:
        identity = decode_id(text)
        seen[identity.type] = seen.get(identity.type, 0) + 1
        if identity.type != "Account" and (every or seen[identity.type] <= 3):
            yield identity.type, encode_id(replace(identity, account="bright"))


def _never(text: str) -> str:
    """The id of a record of the same type that does not exist anywhere."""
    identity = decode_id(text)
    native = "99999999" if identity.connector == "erp" else identity.native_id[:-6] + "zzzzzz"
    return encode_id(replace(identity, native_id=native))


def _violations(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    told = [json.loads(r.getMessage()) for r in caplog.records if r.name == "gateway.audit"]
    return [event for event in told if event["event"] == "TENANT_VIOLATION_BLOCKED"]


def _batches(texts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), 100):
        yield texts[start : start + 100]
