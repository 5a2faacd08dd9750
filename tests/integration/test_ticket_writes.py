"""Writing tickets through the gateway: once, in one's own account, and honest about what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.ids import GlobalId, encode_id
from tests.support.home import HIDDEN_REMARK
from tests.support.portal import Answer, Layout, Portal, account_id, five_systems

CREATE = """
mutation Create($input: TicketCreateInput!) {
  ticketCreate(input: $input) {
    ticket { id number subject status priority requester { displayName } account { id } }
    userErrors { __typename message code path retryable
      ... on UpstreamError { system outcomeUnknown } ... on PermissionError { requires } }
  }
}
"""
COMMENT = """
mutation Comment($input: TicketCommentInput!) {
  ticketComment(input: $input) {
    comment { body author { displayName kind } }
    ticket { id comments(first: 50) { nodes { body } } }
    userErrors { __typename message code path retryable ... on UpstreamError { system outcomeUnknown } }
  }
}
"""
LIST = """
query List($account: ID!) {
  account(id: $account) {
    tickets(first: 100) { nodes { id subject canComment comments(first: 50) { nodes { body } } } }
  }
}
"""
SUBJECT = "The pump of hall 3 stands still"


@pytest.fixture
def layout() -> Layout:
    return five_systems


async def create(portal: Portal, persona: str = "owner-a", account: str = "acme", **changes: Any) -> Any:
    given = {
        "accountId": account_id(account), "idempotencyKey": "k-1", "subject": SUBJECT,
        "body": "Since this morning.", "priority": "HIGH",
    } | changes  # fmt: skip
    answer = await portal.query(persona, CREATE, {"input": given})
    return answer.data["ticketCreate"]


async def comment(portal: Portal, ticket: str, persona: str = "owner-a", **changes: Any) -> Any:
    given = {
        "accountId": account_id("acme"), "idempotencyKey": "c-1", "ticketId": ticket,
        "body": "It runs again.",
    } | changes  # fmt: skip
    answer = await portal.query(persona, COMMENT, {"input": given})
    return answer.data["ticketComment"]


async def listed(portal: Portal) -> list[Any]:
    answer: Answer = await portal.query("owner-a", LIST, {"account": account_id("acme")})
    found: list[Any] = answer.data["account"]["tickets"]["nodes"]
    return found


def only_error(payload: Any) -> Any:
    (error,) = payload["userErrors"]
    return error


def makes_a_ticket(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("/tickets")


def lose_answers(portal: Portal, count: int) -> list[str]:
    """Cut off the answers to the next calls that make a ticket; give the methods of those that were."""
    lost: list[str] = []

    def cut(method: str, path: str) -> bool:
        if len(lost) == count or not makes_a_ticket(method, path):
            return False
        lost.append(method)
        return True

    portal.taps["helpdesk"].cut = cut
    return lost


async def first_open(portal: Portal) -> str:
    for ticket in await listed(portal):
        if ticket["canComment"]:
            found: str = ticket["id"]
            return found
    raise AssertionError


async def test_a_ticket_is_made_and_read_at_once(portal: Portal) -> None:
    made = await create(portal)
    assert made["userErrors"] == []
    ticket = made["ticket"]
    assert (ticket["subject"], ticket["status"], ticket["priority"]) == (SUBJECT, "NEW", "HIGH")
    assert ticket["requester"]["displayName"] == "Owner of Acme Manufacturing"
    assert ticket["account"]["id"] == account_id("acme")
    found = [row for row in await listed(portal) if row["id"] == ticket["id"]]
    assert [row["subject"] for row in found] == [SUBJECT]
    assert [row["body"] for row in found[0]["comments"]["nodes"]] == ["Since this morning."]
    again = await portal.query("owner-a", "query($id: ID!) { node(id: $id) { id } }", {"id": ticket["id"]})
    assert again.data["node"] == {"id": ticket["id"]}


async def test_the_same_key_makes_one_ticket_without_asking_to_make_another(portal: Portal) -> None:
    first = await create(portal)
    portal.reset()
    second = await create(portal)
    assert second == first
    assert [call.method for call in portal.calls("helpdesk")] == ["GET"]
    assert [row["subject"] for row in await listed(portal)].count(SUBJECT) == 1


async def test_a_key_that_comes_with_another_input_is_refused(portal: Portal) -> None:
    await create(portal)
    portal.reset()
    refused = await create(portal, subject="Another")
    assert refused["ticket"] is None
    error = only_error(refused)
    assert (error["__typename"], error["code"]) == ("IdempotencyError", "IDEMPOTENCY_KEY_REUSED")
    assert error["path"] == ["input", "idempotencyKey"]
    assert portal.calls("helpdesk") == []


async def test_two_callers_may_use_one_key(portal: Portal) -> None:
    first = await create(portal)
    second = await create(portal, persona="owner-b", account="bright")
    assert second["userErrors"] == []
    assert second["ticket"]["id"] != first["ticket"]["id"]
    assert second["ticket"]["account"]["id"] == account_id("bright")


async def test_an_answer_lost_after_the_system_has_made_the_ticket(portal: Portal) -> None:
    """The gateway's own second attempt carries the system's key, and finds the ticket."""
    lost = lose_answers(portal, 1)
    made = await create(portal)
    assert lost == ["POST"]
    assert made["userErrors"] == []
    assert made["ticket"]["subject"] == SUBJECT
    assert [row["subject"] for row in await listed(portal)].count(SUBJECT) == 1


async def test_two_answers_lost_after_the_system_has_made_the_ticket(portal: Portal) -> None:
    lost = lose_answers(portal, 2)
    error = only_error(await create(portal))
    assert lost == ["POST", "POST"]
    assert (error["code"], error["outcomeUnknown"], error["retryable"]) == ("OUTCOME_UNKNOWN", True, True)
    made = await create(portal)
    assert made["userErrors"] == []
    assert made["ticket"]["subject"] == SUBJECT
    assert [row["subject"] for row in await listed(portal)].count(SUBJECT) == 1


async def test_a_ticket_of_unknown_outcome_is_found_by_a_gateway_that_remembers_nothing(
    portal: Portal,
) -> None:
    first = await create(portal)
    portal.gateway.state._entries.clear()  # type: ignore[attr-defined]  as after a restart
    second = await create(portal)
    assert second["userErrors"] == []
    assert second["ticket"]["id"] == first["ticket"]["id"]
    assert [row["subject"] for row in await listed(portal)].count(SUBJECT) == 1


async def test_a_comment_is_added_once(portal: Portal) -> None:
    ticket = await first_open(portal)
    first = await comment(portal, ticket)
    assert first["userErrors"] == []
    assert first["comment"]["body"] == "It runs again."
    assert first["comment"]["author"] == {"displayName": "Owner of Acme Manufacturing", "kind": "CUSTOMER"}
    bodies = [row["body"] for row in first["ticket"]["comments"]["nodes"]]
    assert bodies[-1] == "It runs again."
    assert not any(HIDDEN_REMARK in body for body in bodies)
    second = await comment(portal, ticket)
    assert second == first


async def test_a_comment_whose_answer_was_lost_is_not_added_twice(portal: Portal) -> None:
    ticket = await first_open(portal)
    portal.taps["helpdesk"].cut = lambda method, _path: method == "PUT"
    lost = only_error(await comment(portal, ticket))
    assert (lost["__typename"], lost["code"]) == ("UpstreamError", "OUTCOME_UNKNOWN")
    assert (lost["system"], lost["outcomeUnknown"]) == ("helpdesk", True)
    portal.taps["helpdesk"].cut = None
    portal.gateway.state._entries.clear()  # type: ignore[attr-defined]  as after a restart
    found = await comment(portal, ticket)
    assert found["userErrors"] == []
    bodies = [row["body"] for row in found["ticket"]["comments"]["nodes"]]
    assert bodies.count("It runs again.") == 1


@pytest.mark.parametrize("account", ["bright", "nobody"])
async def test_another_account_is_not_found_existing_or_not(portal: Portal, account: str) -> None:
    payload = await create(portal, account=account)
    assert payload["ticket"] is None
    error = only_error(payload)
    assert (error["__typename"], error["message"]) == (
        "NotFoundError",
        "accountId: not one of your accounts.",
    )
    assert portal.world.calls() == 0


async def test_another_accounts_ticket_is_as_missing(portal: Portal) -> None:
    theirs = next(row for row in portal.world.data.desk.tickets if row.account == "bright")
    told = []
    for account, native in (("acme", str(theirs.id)), ("bright", str(theirs.id)), ("acme", "1")):
        portal.reset()
        foreign = encode_id(GlobalId("Ticket", "helpdesk", account, native))
        payload = await comment(portal, foreign)
        assert (payload["comment"], payload["ticket"]) == (None, None)
        told.append(only_error(payload))
        assert {call.path for call in portal.calls("helpdesk")} <= {
            "/oauth/tokens",
            "/api/v2/tickets/show_many",
        }
    assert told[0] == told[1] == told[2]
    assert told[0]["path"] == ["input", "ticketId"]


async def test_who_may_not_write_is_told_what_is_missing_before_anything_is_done(portal: Portal) -> None:
    error = only_error(await create(portal, persona="viewer-a"))
    assert (error["__typename"], error["code"]) == ("PermissionError", "PERMISSION_DENIED")
    assert error["requires"] == ["TICKETS_CREATE"]
    assert portal.world.calls() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"body": ""}, "body"),
        ({"body": "nul \0"}, "body"),
        ({"idempotencyKey": ""}, "idempotencyKey"),
        ({"idempotencyKey": "k" * 256}, "idempotencyKey"),
        ({"accountId": "garbage"}, "accountId"),
    ],
)
async def test_a_wrong_value_is_named(portal: Portal, changes: dict[str, Any], field: str) -> None:
    error = only_error(await create(portal, **changes))
    assert error["__typename"] == "ValidationError"
    assert error["path"] == ["input", field]
    assert error["message"].startswith(f"{field}: ")
    assert portal.calls("helpdesk") == []


async def test_a_helpdesk_that_is_down_did_nothing(portal: Portal) -> None:
    await portal.world.helpdesk.fault("down")
    error = only_error(await create(portal))
    assert (error["__typename"], error["code"], error["retryable"]) == (
        "UpstreamError",
        "UPSTREAM_FAILED",
        True,
    )
    assert error["outcomeUnknown"] is False
    await portal.world.helpdesk.fault("ok")
    assert [row["subject"] for row in await listed(portal)].count(SUBJECT) == 0


async def test_two_writes_of_one_operation_are_made_in_order(portal: Portal) -> None:
    ticket = await first_open(portal)
    text = """
    mutation Two($one: TicketCommentInput!, $two: TicketCommentInput!) {
      one: ticketComment(input: $one) { ...After }
      two: ticketComment(input: $two) { ...After }
    }
    fragment After on TicketCommentPayload {
      ticket { comments(first: 50) { nodes { body } } }
      userErrors { message }
    }
    """
    given = {"accountId": account_id("acme"), "ticketId": ticket}
    answer = await portal.query(
        "owner-a",
        text,
        {
            "one": given | {"idempotencyKey": "1", "body": "First."},
            "two": given | {"idempotencyKey": "2", "body": "Second."},
        },
    )
    after = [
        [row["body"] for row in answer.data[name]["ticket"]["comments"]["nodes"]] for name in ("one", "two")
    ]
    assert after[0][-1] == "First."
    assert after[1] == [*after[0], "Second."]
