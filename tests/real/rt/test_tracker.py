"""The tracker that ticket tests stand on: whose tickets it holds, what was said, and to whom it answers."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from sandbox.data import build
from sandbox.data.desk import HIDDEN_REMARK, Ticket
from tests.real.rt.fixture import RequestTracker, request_tracker
from tests.real.rt.seed import PRIORITIES, STATUSES, chosen

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("rt")]

__all__ = ["request_tracker"]

DATA = build()
TICKETS = chosen(DATA)
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
async def ask(request_tracker: RequestTracker) -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession(f"{request_tracker.url}/REST/2.0/") as session:

        async def get(path: str, *, token: str | None = request_tracker.token, **query: str) -> Any:
            headers = {"Authorization": f"token {token}"} if token else {}
            async with session.get(path, params=query, headers=headers) as answer:
                return await answer.json() if answer.status == 200 else answer.status

        yield get


def of(account: str) -> list[Ticket]:
    return [ticket for ticket in TICKETS if ticket.account == account and not ticket.deleted]


def first(*, deleted: bool) -> Ticket:
    return next(ticket for ticket in TICKETS if ticket.deleted is deleted)


@pytest.mark.parametrize("account", ["acme", "bright", "group"])
async def test_an_account_finds_its_own_tickets(
    request_tracker: RequestTracker, ask: Ask, account: str
) -> None:
    found = await ask(
        "tickets",
        query=f"'CF.{{{request_tracker.account_field}}}' = '{request_tracker.accounts[account]}'",
        fields="Subject,Status,Priority,Created,LastUpdated",
        per_page="100",
    )

    assert found["total"] == len(of(account)) > 0
    rows = {int(row["id"]): row for row in found["items"]}
    for ticket in of(account):
        row = rows[request_tracker.tickets[ticket.id]]
        assert (row["Subject"], row["Status"]) == (ticket.subject, STATUSES[ticket.status])
        assert int(row["Priority"]) == PRIORITIES[ticket.priority]
        assert row["Created"] == ticket.created.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert row["LastUpdated"] == ticket.updated.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_deleted_ticket_is_in_no_search_but_answers_to_its_id(
    request_tracker: RequestTracker, ask: Ask
) -> None:
    number = request_tracker.tickets[first(deleted=True).id]

    assert (await ask("tickets", query=f"id = {number}"))["total"] == 0
    assert (await ask(f"ticket/{number}"))["Status"] == "deleted"


async def test_a_ticket_holds_what_was_said_in_it_and_by_whom(
    request_tracker: RequestTracker, ask: Ask
) -> None:
    ticket = next(row for row in of("acme") if any(not comment.public for comment in row.comments))
    number = request_tracker.tickets[ticket.id]

    history = await ask(f"ticket/{number}/history", fields="Type,Creator,Created", per_page="100")

    rows = {int(row["id"]): row for row in history["items"]}
    for index, comment in enumerate(ticket.comments):
        row = rows[request_tracker.comments[comment.id]]
        kind = ("Correspond" if index else "Create") if comment.public else "Comment"
        assert row["Type"] == kind
        assert row["Creator"]["id"] == DATA.desk.users[comment.author].email
        assert row["Created"] == comment.created.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_internal_remarks_are_told_to_the_gateway(request_tracker: RequestTracker, ask: Ask) -> None:
    ticket = next(row for row in of("acme") if any(not comment.public for comment in row.comments))

    found = await ask(
        f"ticket/{request_tracker.tickets[ticket.id]}/attachments", fields="Content,ContentType"
    )

    texts = [row["Content"] for row in found["items"] if row["ContentType"] == "text/plain"]
    assert any(HIDDEN_REMARK in text for text in texts)


async def test_files_are_as_they_were_sent(request_tracker: RequestTracker, ask: Ask) -> None:
    files = [file for ticket in TICKETS for comment in ticket.comments for file in comment.attachments]
    assert files

    for file in files:
        row = await ask(f"attachment/{request_tracker.attachments[file.id]}")
        assert (row["Filename"], row["ContentType"]) == (file.file_name, file.content_type)
        assert base64.b64decode(row["Content"]) == file.content


async def test_who_has_no_rights_and_who_has_no_token_is_refused(
    request_tracker: RequestTracker, ask: Ask
) -> None:
    path = f"ticket/{request_tracker.tickets[first(deleted=False).id]}"

    assert await ask(path, token=request_tracker.powerless_token) == 403
    assert await ask(path, token=None) == 401
