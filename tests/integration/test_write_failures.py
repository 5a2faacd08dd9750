"""What goes wrong around a write or a file: told as it is, remembered, and nobody else's trouble."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway import transfers
from tests.integration.test_files import attachments, begin, fetch, put
from tests.integration.test_ticket_writes import COMMENT, comment, create, first_open, listed, only_error
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
    written = False

    def cut(method: str, path: str) -> bool:
        nonlocal written
        written = written or method == "PUT"
        return written and method == "GET" and path.endswith("/show_many")

    portal.taps["helpdesk"].cut = cut
    tap = portal.taps["helpdesk"]
    given = {"accountId": account_id("acme"), "idempotencyKey": "c", "ticketId": ticket, "body": "Done."}
    # The gateway asks a second time after a lost connection: that is cut as well.
    original = tap.__class__.__call__

    async def twice(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if self is tap and written and self.cut is None:
            self.cut = cut
        await original(self, scope, receive, send)

    tap.__class__.__call__ = twice  # type: ignore[method-assign]
    try:
        answer = await portal.query("owner-a", COMMENT, {"input": given})
    finally:
        tap.__class__.__call__ = original  # type: ignore[method-assign]
        tap.cut = None
    made = answer.json["data"]["ticketComment"]
    assert made["comment"]["body"] == "Done."
    assert (made["ticket"], made["userErrors"]) == (None, [])
    assert answer.error_at("ticketComment", "ticket")["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"


async def test_a_retry_that_fails_does_not_forget_what_may_have_been_done(portal: Portal) -> None:
    ticket = await first_open(portal)
    portal.taps["helpdesk"].cut = lambda method, _path: method == "PUT"
    assert only_error(await comment(portal, ticket))["code"] == "OUTCOME_UNKNOWN"
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
