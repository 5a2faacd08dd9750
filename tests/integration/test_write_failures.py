"""What goes wrong around a write or a file: told as it is, remembered, and nobody else's trouble."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.responses import Response

from gateway import transfers
from tests.integration.test_files import attachments, begin, fetch, put
from tests.integration.test_ticket_writes import (
    COMMENT,
    SUBJECT,
    comment,
    create,
    first_open,
    listed,
    makes_a_ticket,
    only_error,
)
from tests.support.portal import Layout, Portal, account_id, five_systems

LARGE = bytes(8_000_000)


@pytest.fixture
def layout() -> Layout:
    return five_systems


async def raw(url: str, head: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin a request by hand."""
    parts = urlsplit(url)
    assert parts.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", parts.port, limit=2**16)
    writer.write(head.format(path=parts.path).encode() + body)
    await writer.drain()
    return reader, writer


async def tickets_of_bright(portal: Portal) -> Any:
    return await portal.query(
        "owner-b", "query($a: ID!) { account(id: $a) { tickets(first: 1) { nodes { id } } } }",
        {"a": account_id("bright")},
    )  # fmt: skip


async def test_a_comment_that_was_made_is_told_so_though_its_ticket_cannot_be_read(portal: Portal) -> None:
    ticket = await first_open(portal)
    calls: list[str] = []

    def cut(method: str, path: str) -> bool:
        calls.append(method)
        return "PUT" in calls and method == "GET" and path.endswith("/show_many")

    portal.taps["helpdesk"].cut = cut
    given = {"accountId": account_id("acme"), "idempotencyKey": "c", "ticketId": ticket, "body": "Done."}
    answer = await portal.query("owner-a", COMMENT, {"input": given})
    made = answer.json["data"]["ticketComment"]
    assert made["comment"]["body"] == "Done."
    assert (made["ticket"], made["userErrors"]) == (None, [])
    assert answer.error_at("ticketComment", "ticket")["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"


async def test_a_retry_that_fails_does_not_forget_what_may_have_been_done(portal: Portal) -> None:
    ticket = await first_open(portal)
    portal.taps["helpdesk"].cut = lambda method, _path: method == "PUT"
    assert only_error(await comment(portal, ticket))["code"] == "OUTCOME_UNKNOWN"
    portal.taps["helpdesk"].cut = None
    async with AsyncExitStack() as stack:
        await portal.world.helpdesk.fault("down")
        stack.push_async_callback(portal.world.helpdesk.fault, "ok")
        error = only_error(await comment(portal, ticket))
        # The ticket could not be read, so the write was not tried again, and its key is as it was.
        assert error["__typename"] == "UpstreamError"
    again = only_error(await comment(portal, ticket, body="Another text."))
    assert again["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (await comment(portal, ticket))["userErrors"] == []


async def test_a_made_tickets_key_outlives_a_failing_retry(portal: Portal) -> None:
    made = await create(portal)
    await portal.world.helpdesk.fault("down")
    with pytest.raises(AssertionError, match="UPSTREAM_UNAVAILABLE"):  # made, but not to be read now
        await create(portal)
    await portal.world.helpdesk.fault("ok")
    assert only_error(await create(portal, subject="Another"))["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (await create(portal))["ticket"] == made["ticket"]


class Pause:
    """Holds the answer to a call that made a ticket, from when the ticket is there."""

    def __init__(self, portal: Portal) -> None:
        self.made = asyncio.Event()
        self.over = asyncio.Event()
        portal.taps["helpdesk"].pause = self

    async def __call__(self, method: str, path: str) -> None:
        if makes_a_ticket(method, path):
            self.made.set()
            await self.over.wait()


async def test_a_write_whose_sender_has_left_is_made_once(portal: Portal) -> None:
    pause = Pause(portal)
    sending = asyncio.create_task(create(portal))
    await pause.made.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    while portal.server._state.connections:  # noqa: ASYNC110  it ends in one of the loop's next turns
        await asyncio.sleep(0)
    under_way = only_error(await create(portal))
    assert (under_way["__typename"], under_way["retryable"]) == ("ConflictError", True)

    pause.over.set()
    await asyncio.gather(*portal.server._state.tasks)
    portal.reset()
    assert (await create(portal))["userErrors"] == []
    assert [call.method for call in portal.calls("helpdesk")] == ["GET"]
    assert [row["subject"] for row in await listed(portal)].count(SUBJECT) == 1


async def test_a_write_that_is_cancelled_may_have_been_made(portal: Portal) -> None:
    """As when a gateway that is to stop waits no longer for what it has begun."""
    pause = Pause(portal)
    sending = asyncio.create_task(create(portal))
    await pause.made.wait()
    (task,) = portal.server._state.tasks
    task.cancel()
    error = only_error(await sending)
    assert (error["__typename"], error["code"]) == ("UpstreamError", "OUTCOME_UNKNOWN")
    assert (error["system"], error["outcomeUnknown"], error["retryable"]) == ("helpdesk", True, True)

    pause.over.set()
    assert only_error(await create(portal, subject="Another"))["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (await create(portal))["userErrors"] == []
    assert [row["subject"] for row in await listed(portal)].count(SUBJECT) == 1


async def test_a_refused_second_attempt_does_not_say_that_the_first_did_nothing(portal: Portal) -> None:
    told = [Response(status_code=503), Response(status_code=429)]
    portal.taps["helpdesk"].instead = lambda method, path: (
        told.pop(0) if told and makes_a_ticket(method, path) else None
    )
    error = only_error(await create(portal))
    assert told == []
    assert (error["__typename"], error["code"]) == ("UpstreamError", "OUTCOME_UNKNOWN")
    assert (error["outcomeUnknown"], error["retryable"]) == (True, True)
    assert (await create(portal))["userErrors"] == []
    assert [row["subject"] for row in await listed(portal)].count(SUBJECT) == 1


async def test_senders_that_leave_are_not_the_helpdesks_failure(portal: Portal) -> None:
    for _ in range(6):  # as many as would open the circuit
        upload = (await begin(portal))["upload"]
        head = "PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10240\r\n\r\n"
        _, writer = await raw(upload["url"], head, b"x" * 100)
        writer.close()
        await writer.wait_closed()
    assert (await tickets_of_bright(portal)).errors == []
    upload = (await begin(portal))["upload"]
    assert (await put(portal, upload["url"]))[0] == 201


async def test_a_sender_that_stalls_is_cut_off_and_is_not_the_helpdesks_failure(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "IDLE_SECONDS", 0.2)
    for _ in range(6):
        upload = (await begin(portal))["upload"]
        head = "PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10240\r\n\r\n"
        reader, writer = await raw(upload["url"], head, b"x" * 100)
        assert b" 408 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert (await tickets_of_bright(portal)).errors == []


async def test_readers_that_do_not_read_take_nothing_from_others(portal: Portal) -> None:
    upload = (await begin(portal, sizeBytes=len(LARGE)))["upload"]
    assert (await put(portal, upload["url"], LARGE))[0] == 201
    made = await create(portal, uploadIds=[upload["id"]])
    (file,) = await attachments(portal, made["ticket"]["id"])
    url = file["download"]["url"]
    held = [await raw(url, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(transfers.PER_ACCOUNT)]
    for reader, _ in held:
        assert b" 200 " in await reader.readline()
    status, _, _ = await fetch(portal, url)
    assert status == 429
    assert (await tickets_of_bright(portal)).errors == []
    assert len(await listed(portal)) > 20
    for _, writer in held:
        writer.close()
    for _ in range(1000):  # a connection ends in one of the event loop's next turns
        answer = await fetch(portal, url)
        if answer[0] != 429:
            break
    assert (answer[0], len(answer[2])) == (200, len(LARGE))


async def test_head_opens_no_file(portal: Portal) -> None:
    upload = (await begin(portal))["upload"]
    await put(portal, upload["url"])
    made = await create(portal, uploadIds=[upload["id"]])
    (file,) = await attachments(portal, made["ticket"]["id"])
    portal.reset()
    async with portal.session.head(file["download"]["url"]) as response:
        assert response.status == 405
    assert portal.calls("helpdesk") == []


async def test_a_ticket_that_is_gone_is_told_to_who_asks_again(portal: Portal) -> None:
    made = await create(portal)
    native = made["ticket"]["number"]

    def gone(path: str, body: Any) -> Any:
        if path.endswith("/show_many"):
            body["tickets"] = [row for row in body["tickets"] if str(row["id"]) != native]
        return body

    portal.taps["helpdesk"].tell = gone
    error = only_error(await create(portal))
    assert (error["__typename"], error["path"]) == ("NotFoundError", ["input", "idempotencyKey"])


async def test_a_cursor_of_the_to_do_list_whose_item_is_done_says_so(portal: Portal) -> None:
    text = """query($a: ID!, $c: String) { account(id: $a) {
        actionItems(first: 2, after: $c) { nodes { title } pageInfo { endCursor } } } }"""
    first = await portal.query("owner-a", text, {"a": account_id("acme")})
    end = first.data["account"]["actionItems"]["pageInfo"]["endCursor"]

    def paid(_path: str, body: Any) -> Any:
        if isinstance(body, dict) and isinstance(body.get("data"), list):
            title = first.data["account"]["actionItems"]["nodes"][1]["title"]
            body["data"] = [row for row in body["data"] if f"Invoice {row.get('number')}" != title]
        return body

    portal.taps["billing"].tell = paid
    answer = await portal.query("owner-a", text, {"a": account_id("acme"), "c": end})
    assert answer.codes == ["INVALID_CURSOR"]
