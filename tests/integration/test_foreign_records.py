"""Tickets, documents and people of another account: as missing, whoever asks and whatever systems say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from gateway.ids import decode_id, encode_id
from tests.support.portal import Layout, Portal, account_id, five_systems
from tests.support.queries import values_of

EVERYTHING = """
query All($account: ID!) { account(id: $account) {
  id
  contacts(first: 100) { nodes { id displayName account { id } } }
  members(first: 100) { nodes { roles contact { id } } }
  tickets(first: 100) { nodes { id account { id } } }
  documents(first: 100) { nodes { id account { id } folder { id } } }
  folders(first: 100) { nodes { id folders(first: 10) { nodes { id } } } }
  actionItems(first: 100) { nodes { subject { id } } }
} }
"""
NODE = "query($id: ID!) { node(id: $id) { id } }"
OWNED = {"Contact", "Ticket", "Document", "Folder"}


@pytest.fixture
def layout() -> Layout:
    return five_systems


async def ids_of(portal: Portal, persona: str, account: str) -> list[str]:
    answer = await portal.query(persona, EVERYTHING, {"account": account_id(account)})
    assert answer.errors == []
    found = sorted(set(values_of(answer.data, "id")))
    kinds = Counter(decode_id(text).type for text in found)
    assert not OWNED - set(kinds), kinds
    return found


async def test_ids_of_another_account_cost_nothing_and_say_nothing(portal: Portal) -> None:
    theirs = await ids_of(portal, "owner-a", "acme")
    portal.reset()
    answers = set()
    for text in theirs:
        answer = await portal.query("owner-b", NODE, {"id": text})
        answers.add(answer.raw)
    assert answers == {b'{"data":{"node":null}}'}
    assert portal.world.calls() == 0
    assert portal.lookups == []


async def test_ids_under_ones_own_account_are_as_missing(portal: Portal) -> None:
    theirs = [decode_id(text) for text in await ids_of(portal, "owner-a", "acme")]
    seen: Counter[str] = Counter()
    for identity in theirs:
        seen[identity.type] += 1
        if identity.type in OWNED and seen[identity.type] <= 4:
            answer = await portal.query(
                "owner-b", NODE, {"id": encode_id(replace(identity, account="bright"))}
            )
            assert answer.raw == b'{"data":{"node":null}}', identity


async def test_what_an_account_sees_names_no_other(portal: Portal) -> None:
    for persona, account, other in (("owner-a", "acme", "bright"), ("owner-b", "bright", "acme")):
        for text in await ids_of(portal, persona, account):
            identity = decode_id(text)
            assert identity.account == account
            assert other not in identity.native_id


def each_ticket(change: dict[str, Any]) -> Any:
    def tell(_path: str, body: Any) -> Any:
        if isinstance(body, dict) and isinstance(body.get("tickets"), list):
            body["tickets"] = [row | change for row in body["tickets"]]
        return body

    return tell


@pytest.mark.parametrize("change", [{"organization_id": 360_002}, {"organization_id": None}])
async def test_a_helpdesk_that_ignores_the_organization_is_found_out(
    portal: Portal, change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    portal.taps["helpdesk"].tell = each_ticket(change)
    answer = await portal.query(
        "owner-a",
        "query($a: ID!) { account(id: $a) { name tickets(first: 5) { nodes { id subject } } } }",
        {"a": account_id("acme")},
    )
    assert answer.json["data"]["account"] == {"name": "Acme Manufacturing", "tickets": None}
    assert answer.error_at("account", "tickets")["extensions"]["code"] == "UPSTREAM_CONTRACT_BROKEN"
    assert any("TENANT_VIOLATION_BLOCKED" in record.getMessage() for record in caplog.records)


async def test_a_helpdesk_that_swaps_a_ticket_gives_none_and_takes_no_comment(portal: Portal) -> None:
    mine = next(row for row in portal.world.data.desk.tickets if row.account == "acme")
    theirs = next(row for row in portal.world.data.desk.tickets if row.account == "bright")
    portal.taps["helpdesk"].tell = each_ticket({"id": mine.id, "organization_id": theirs.org})
    answer = await portal.query("owner-a", EVERYTHING, {"account": account_id("acme")})
    assert answer.json["data"]["account"]["tickets"] is None
    portal.reset()
    text = encode_id(
        replace(decode_id(account_id("acme")), type="Ticket", connector="helpdesk", native_id=str(mine.id))
    )
    made = await portal.query(
        "owner-a",
        "mutation($i: TicketCommentInput!) {"
        " ticketComment(input: $i) { comment { body } userErrors { code } } }",
        {"i": {"accountId": account_id("acme"), "idempotencyKey": "k", "ticketId": text, "body": "x"}},
    )
    assert made.data["ticketComment"] == {"comment": None, "userErrors": [{"code": "NOT_FOUND"}]}
    assert "PUT" not in {call.method for call in portal.calls("helpdesk")}


async def test_a_crm_that_answers_with_other_accounts_is_found_out(portal: Portal) -> None:
    def swapped(_path: str, body: Any) -> Any:
        if isinstance(body, dict) and "records" in body:
            theirs = portal.world.data.accounts["bright"]
            for row in body["records"]:
                if "Portal_Account_Key__c" in row:
                    row["Portal_Account_Key__c"] = theirs.key
        return body

    portal.taps["crm"].tell = swapped
    answer = await portal.query("owner-a", EVERYTHING, {"account": account_id("acme")})
    assert answer.json["data"]["account"] == {"id": account_id("acme")} | dict.fromkeys(
        ("contacts", "members", "tickets", "documents", "folders", "actionItems")
    )
    assert {error["extensions"]["system"] for error in answer.errors} <= {"crm", "identity"}
    assert sum(len(portal.calls(name)) for name in ("helpdesk", "files", "billing")) == 0
