"""What is Zendesk's own in writing: its two ways to keep a key, its users and its organizations."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, web

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.support import (
    Author,
    CommentDraft,
    PersonKind,
    Ticket,
    TicketComment,
    TicketDraft,
    TicketsPort,
    TicketStatus,
    TicketWritesPort,
    Upload,
)
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import Forward, changed, fixed
from gateway.connectors.zendesk.connector import Connector
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.data.desk import DeskUser
from sandbox.serve import StandIn
from sandbox.zendesk import stand_in
from tests.contract.zendesk.conftest import CLIENT_ID, CLIENT_SECRET, Clock, connected

Ask = Callable[..., Awaitable[Any]]
KEY = hashlib.sha256(b"key").hexdigest()
ADA = Author(subject="usr_acme_0", display_name="Ada of acme", email="ada@acme.example")
NEW = Author(subject="usr_new", display_name="New Comer", email="new@comer.example")
DRAFT = TicketDraft(author=ADA, subject="Pump", body="It runs hot.")
REMARK = CommentDraft(author=ADA, body="It still does.")
TICKET = 1001  # of acme, pending


async def create(
    connector: Connector, scope: AccountScope, draft: TicketDraft = DRAFT, key: str = KEY
) -> Ticket:
    port: Any = connector.ports[TicketWritesPort]
    made: Ticket = await port.create_ticket(scope, draft, key, everything(Ticket))
    return made


async def load(connector: Connector, scope: AccountScope, ticket: int = TICKET) -> Any:
    port: Any = connector.ports[TicketsPort]
    [found] = await port.get_many([Ref(scope, str(ticket))], {Ticket: frozenset({"status"})})
    return found


async def comment(
    connector: Connector, ticket: Any, draft: CommentDraft = REMARK, key: str = KEY
) -> TicketComment:
    port: Any = connector.ports[TicketWritesPort]
    made: TicketComment = await port.add_comment(ticket, draft, key, everything(TicketComment))
    return made


async def bodies(connector: Connector, ticket: Any) -> list[str]:
    port: Any = connector.ports[TicketsPort]
    listing = await port.list_comments(ticket, Page(first=50), everything(TicketComment))
    return [record.body for record, _ in listing.items]


# Tickets


async def test_a_ticket_is_three_calls(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    await create(connector, acme)
    assert sorted((call.method, call.path) for call in wire.calls[:2]) == [
        ("GET", "/api/v2/tickets"),
        ("GET", "/api/v2/users/show_many"),
    ]
    call = wire.calls[2]
    assert (call.method, call.path, call.headers["idempotency-key"]) == ("POST", "/api/v2/tickets", KEY)
    sent = json.loads(call.body)["ticket"]
    assert sent == {
        "subject": "Pump",
        "comment": {"body": "It runs hot.", "public": True, "author_id": 3600010, "uploads": []},
        "requester_id": 3600010,
        "submitter_id": 3600010,
        "organization_id": 360001,
        "external_id": KEY,
    }
    assert len(wire.calls) == 3


async def test_a_key_outlives_zendesks_memory(
    connector: Connector, acme: AccountScope, wire: Wire, clock: Clock
) -> None:
    first = await create(connector, acme)
    clock.seconds += 3 * 3600
    wire.reset()
    again = await create(connector, acme)
    assert (again.id, again.subject) == (first.id, first.subject)
    assert [call.method for call in wire.calls] == ["GET"] * 4  # two were refused, since the token ended too


async def test_a_key_that_came_with_another_input(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    """Zendesk tells it, where it is not found by its external id already."""
    await create(connector, acme)

    async def forget(request: web.Request, forward: Forward) -> web.StreamResponse:
        if (request.method, request.path) == ("GET", "/api/v2/tickets"):
            return await fixed(200, b'{"tickets": []}')(request, forward)
        reply = await forward()
        return reply.with_body(reply.body)

    wire.spoil = forget
    with pytest.raises(RequestError) as caught:
        await create(connector, acme, msgspec.structs.replace(DRAFT, body="Another."))
    assert caught.value.code is Code.IDEMPOTENCY_KEY_REUSED


async def test_a_look_for_a_key_that_finds_others(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    """Were Zendesk to pass over the filter, some ticket would be taken for the one that was made."""
    wire.spoil = changed(replaced("tickets", lambda _: [{"id": 1001, "external_id": None}]))
    with pytest.raises(UpstreamError) as caught:
        await create(connector, acme)
    assert (caught.value.code, caught.value.outcome_unknown) == (Code.UPSTREAM_CONTRACT_BROKEN, False)
    assert all(call.method == "GET" for call in wire.calls)


async def test_a_ticket_made_for_another_account_is_told(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    async def elsewhere(request: web.Request, forward: Forward) -> web.StreamResponse:
        reply = await forward()
        if request.method == "POST":
            return reply.with_body(replaced("organization_id", lambda _: 360002)(reply.body))
        return reply.with_body(reply.body)

    wire.spoil = elsewhere
    with pytest.raises(UpstreamError) as caught:
        await create(connector, acme)
    assert (caught.value.code, caught.value.outcome_unknown) == (Code.UPSTREAM_CONTRACT_BROKEN, True)


async def test_an_account_that_the_helpdesk_does_not_know(connector: Connector, wire: Wire) -> None:
    scope = AccountScope("nobody", frozenset(), {"helpdesk": ()})
    with pytest.raises(RequestError) as caught:
        await create(connector, scope)
    assert caught.value.code is Code.UNSUPPORTED_CAPABILITY
    assert wire.calls == []


@pytest.mark.parametrize("key", ["", "x" * 65, "a,b", "a\r\nX-Evil: 1", "é"])
async def test_keys_that_the_gateway_does_not_make(
    connector: Connector, acme: AccountScope, wire: Wire, key: str
) -> None:
    ticket = await load(connector, acme)
    wire.reset()
    for call in (create(connector, acme, key=key), comment(connector, ticket, key=key)):
        with pytest.raises(ValueError, match="not a key"):
            await call
    assert wire.calls == []


# Comments


async def test_a_comment_is_four_calls(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    ticket = await load(connector, acme)
    wire.reset()
    made = await comment(connector, ticket)
    assert [(call.method, call.path) for call in wire.calls] == [
        ("GET", "/api/v2/users/show_many"),
        ("GET", f"/api/v2/tickets/{TICKET}"),
        ("GET", f"/api/v2/tickets/{TICKET}/audits"),
        ("PUT", f"/api/v2/tickets/{TICKET}"),
    ]
    sent = json.loads(wire.calls[-1].body)["ticket"]
    assert (sent["safe_update"], sent["metadata"]) == (True, {"portal_key": KEY})
    assert made.author is not None
    assert made.author.kind is PersonKind.CUSTOMER
    wire.reset()
    assert (await comment(connector, ticket)).id == made.id
    assert [call.method for call in wire.calls] == ["GET"] * 3
    assert (await load(connector, acme)).status is TicketStatus.OPEN  # it was pending


class Late:
    """Keeps the first update back, as a network may, and delivers it when told."""

    def __init__(self, system: StandIn) -> None:
        self._system = system
        self._kept: tuple[str, bytes, dict[str, str]] | None = None
        self.delivered = 0

    async def spoil(self, request: web.Request, forward: Forward) -> web.StreamResponse:
        if request.method == "PUT" and self._kept is None:
            headers = {name: request.headers[name] for name in ("Authorization", "Content-Type")}
            self._kept = (request.path, await request.read(), headers)
            return await fixed(503)(request, forward)
        reply = await forward()
        return reply.with_body(reply.body)

    async def deliver(self) -> int:
        assert self._kept is not None
        path, body, headers = self._kept
        async with (
            ClientSession() as session,
            session.put(f"{self._system.url}{path}", data=body, headers=headers) as answer,
        ):
            self.delivered += 1
            return answer.status


async def test_a_late_first_try_cannot_make_a_second_comment(
    connector: Connector, acme: AccountScope, wire: Wire, system: StandIn
) -> None:
    ticket, late = await load(connector, acme), Late(system)
    before = await bodies(connector, ticket)
    wire.spoil = late.spoil
    with pytest.raises(UpstreamError) as caught:
        await comment(connector, ticket)
    assert caught.value.outcome_unknown
    await comment(connector, ticket)
    assert await late.deliver() == 409
    assert await bodies(connector, ticket) == [*before, REMARK.body]


@pytest.mark.parametrize("after", ["", "/audits"])
async def test_a_first_try_that_arrives_during_the_second_is_found(
    connector: Connector, acme: AccountScope, wire: Wire, system: StandIn, after: str
) -> None:
    """Whether it commits after the stamp was read or after the audits were."""
    ticket, late = await load(connector, acme), Late(system)
    before = await bodies(connector, ticket)
    wire.spoil = late.spoil
    with pytest.raises(UpstreamError):
        await comment(connector, ticket)

    async def arrive(request: web.Request, forward: Forward) -> web.StreamResponse:
        reply = await forward()
        if (
            request.method == "GET"
            and request.path == f"/api/v2/tickets/{TICKET}{after}"
            and not late.delivered
        ):
            assert await late.deliver() == 200
        return reply.with_body(reply.body)

    wire.spoil = arrive
    made = await comment(connector, ticket)
    assert made.body == REMARK.body
    assert await bodies(connector, ticket) == [*before, REMARK.body]


async def test_somebody_elses_change_is_no_hindrance(
    connector: Connector, acme: AccountScope, wire: Wire, send: Ask
) -> None:
    ticket = await load(connector, acme)
    changes = 0

    async def change(request: web.Request, forward: Forward) -> web.StreamResponse:
        nonlocal changes
        reply = await forward()
        if request.path.endswith("/audits") and changes < 2:
            changes += 1
            await send(
                "PUT", f"/tickets/{TICKET}", {"ticket": {"priority": ["low", "high"][changes % 2]}}, 200
            )
        return reply.with_body(reply.body)

    wire.spoil = change
    assert (await comment(connector, ticket)).body == REMARK.body
    assert [call.method for call in wire.calls].count("PUT") == 3


async def test_a_ticket_that_never_rests(
    connector: Connector, acme: AccountScope, wire: Wire, send: Ask
) -> None:
    ticket = await load(connector, acme)
    before = await bodies(connector, ticket)

    async def change(request: web.Request, forward: Forward) -> web.StreamResponse:
        reply = await forward()
        if request.path.endswith("/audits"):
            await send("PUT", f"/tickets/{TICKET}", {"ticket": {"subject": f"{len(wire.calls)}"}}, 200)
        return reply.with_body(reply.body)

    wire.spoil = change
    with pytest.raises(RequestError) as caught:
        await comment(connector, ticket)
    assert caught.value.code is Code.CONFLICT
    assert await bodies(connector, ticket) == before


async def test_a_key_is_found_beyond_the_first_audits(
    connector: Connector, acme: AccountScope, wire: Wire, send: Ask
) -> None:
    ticket = await load(connector, acme)
    made = await comment(connector, ticket)
    for n in range(101):
        await send("PUT", f"/tickets/{TICKET}", {"ticket": {"subject": f"{n}"}}, 200)
    wire.reset()
    assert (await comment(connector, ticket)).id == made.id
    assert [call.path.rpartition("/")[2] for call in wire.calls].count("audits") == 2


async def test_audits_in_another_order_are_not_trusted(
    connector: Connector, acme: AccountScope, wire: Wire, send: Ask
) -> None:
    """Were Zendesk to list the oldest first, a key could be on a page that is not looked at."""
    ticket = await load(connector, acme)
    for n in range(101):
        await send("PUT", f"/tickets/{TICKET}", {"ticket": {"subject": f"{n}"}}, 200)
    wire.spoil = changed(replaced("audits", lambda rows: rows[::-1]))
    with pytest.raises(UpstreamError) as caught:
        await comment(connector, ticket)
    assert (caught.value.code, caught.value.outcome_unknown) == (Code.UPSTREAM_CONTRACT_BROKEN, False)


async def test_a_deleted_ticket_takes_no_comment(
    connector: Connector, acme: AccountScope, http: ClientSession
) -> None:
    ticket = await load(connector, acme)
    async with http.delete(f"/api/v2/tickets/{TICKET}") as answer:
        assert answer.status == 204
    with pytest.raises(RequestError) as caught:
        await comment(connector, ticket)
    assert caught.value.code is Code.CONFLICT


async def test_another_accounts_ticket_takes_no_comment(
    connector: Connector, acme: AccountScope, scope_of: Callable[..., AccountScope], wire: Wire
) -> None:
    """Should the boundary before it ever fail."""
    ticket = await load(connector, acme)
    theirs = msgspec.structs.replace(ticket, scope=scope_of("bright"))
    wire.reset()
    with pytest.raises(UpstreamError) as caught:
        await comment(connector, theirs)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert wire.calls == []


# People


async def test_a_newcomer_is_made_with_what_is_known(
    connector: Connector, acme: AccountScope, wire: Wire, get: Ask
) -> None:
    ticket = await create(connector, acme, msgspec.structs.replace(DRAFT, author=NEW))
    [made] = [json.loads(call.body)["user"] for call in wire.calls if call.path == "/api/v2/users"]
    assert made == {
        "name": "New Comer",
        "role": "end-user",
        "external_id": "usr_new",
        "organization_id": 360001,
        "skip_verify_email": True,
        "email": "new@comer.example",
    }
    assert len(wire.calls) == 4
    found = (await get("/users/show_many", external_ids="usr_new"))["users"]
    assert [user["organization_id"] for user in found] == [360001]
    assert ticket.requester is not None


@pytest.mark.parametrize("email", ["ada@acme.example", "vogt@vendor.example", "no address"])
async def test_an_address_that_is_taken_or_none_stays_where_it_is(
    connector: Connector, acme: AccountScope, get: Ask, email: str
) -> None:
    before = await get("/users/show_many", ids="3600010,9001")
    author = Author(subject="usr_other", display_name="Other", email=email)
    ticket = await create(connector, acme, msgspec.structs.replace(DRAFT, author=author))
    assert ticket.requester is not None
    assert (ticket.requester.display_name, ticket.requester.email) == ("Other", None)
    assert await get("/users/show_many", ids="3600010,9001") == before


async def test_somebody_of_another_organization_joins(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    ben = Author(subject="usr_bright_1")
    for n in range(2):
        wire.reset()
        ticket = await create(connector, acme, msgspec.structs.replace(DRAFT, author=ben), f"{n}" * 64)
        assert ticket.requester is not None
        assert ticket.requester.display_name == "Ben of bright"
        assert [call.path for call in wire.calls].count("/api/v2/organization_memberships") == 1


async def test_an_agents_subject_writes_as_a_customer(
    outbound: Outbound, acme: AccountScope, data: DataSet
) -> None:
    """An agent's comment could be internal, and would be shown as the business's word."""
    agent = DeskUser(9001, "Agent Vogt", "vogt@vendor.example", None, "usr_agent")
    desk = dataclasses.replace(data.desk, users=data.desk.users | {9001: agent})
    clock = Clock()
    known = dataclasses.replace(data, desk=desk)
    async with stand_in(known, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, now=clock) as system:
        made = connected("helpdesk", system.url, outbound, system)
        author = Author(subject="usr_agent", display_name="Vogt", email="vogt@vendor.example")
        for n in range(2):
            ticket = await create(made, acme, msgspec.structs.replace(DRAFT, author=author), f"{n}" * 64)
            assert ticket.requester is not None
            assert (ticket.requester.display_name, ticket.requester.kind) == ("Vogt", PersonKind.CUSTOMER)
        posts = [call for call in system.calls if (call.method, call.path) == ("POST", "/api/v2/users")]
    assert len(posts) == 2  # with the address, which is taken, and without; the second ticket finds the user


async def test_zendesk_passes_over_the_case_of_external_ids(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    """It answers `USR_ACME_0` with the user of `usr_acme_0`."""
    author = Author(subject="USR_ACME_0", display_name="Loud Ada")
    ticket = await create(connector, acme, msgspec.structs.replace(DRAFT, author=author))
    assert ticket.requester is not None
    assert ticket.requester.display_name == "Loud Ada"
    [made] = [json.loads(call.body)["user"] for call in wire.calls if call.path == "/api/v2/users"]
    assert made["external_id"] == "portal:" + hashlib.sha256(b"USR_ACME_0").hexdigest()


async def test_two_first_writes_make_one_user(connector: Connector, acme: AccountScope, get: Ask) -> None:
    draft = msgspec.structs.replace(DRAFT, author=NEW)
    tickets = await asyncio.gather(*(create(connector, acme, draft, f"{n}" * 64) for n in range(4)))
    assert len({ticket.id for ticket in tickets}) == 4
    assert len((await get("/users/show_many", external_ids="usr_new"))["users"]) == 1


@pytest.mark.parametrize("answer", [b'{"users": [{"id": 1}]}', b'{"users": [{"id": 1, "external_id": "x"}]}'])
async def test_users_that_were_not_asked_for(
    connector: Connector, acme: AccountScope, wire: Wire, answer: bytes
) -> None:
    async def others(request: web.Request, forward: Forward) -> web.StreamResponse:
        if request.path.endswith("/users/show_many"):
            return await fixed(200, answer)(request, forward)
        reply = await forward()
        return reply.with_body(reply.body)

    wire.spoil = others
    with pytest.raises(UpstreamError) as caught:
        await create(connector, acme)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert all(call.method == "GET" for call in wire.calls)


# Files


async def test_an_upload_says_name_and_type_and_nothing_odd(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    async def chunks() -> Any:
        yield b"ab"

    port: Any = connector.ports[TicketWritesPort]
    await port.upload(acme, Upload("a & b?.txt", "text/plain\r\nX: y", 2, chunks()))
    [call] = wire.calls
    assert (call.method, call.path, call.query) == ("POST", "/api/v2/uploads", [("filename", "a & b?.txt")])
    assert (call.headers["content-type"], call.body) == ("application/octet-stream", b"ab")


@pytest.mark.parametrize("status", [413, 422])
async def test_a_file_that_zendesk_does_not_take(
    connector: Connector, acme: AccountScope, wire: Wire, status: int
) -> None:
    async def chunks() -> Any:
        yield b"a"

    wire.spoil = fixed(status, b'{"error": "AttachmentTooLarge"}')
    port: Any = connector.ports[TicketWritesPort]
    with pytest.raises(RequestError, match=r"^uploads: ") as caught:
        await port.upload(acme, Upload("a.bin", "application/zip", 1, chunks()))
    assert caught.value.code is Code.INVALID_INPUT


async def test_a_deleted_user_is_not_written_for(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    """It keeps its external id, so that somebody new is made under another."""
    wire.spoil = changed(replaced("active", lambda _: False))
    ticket = await create(connector, acme)
    assert ticket.requester is not None
    assert (ticket.requester.display_name, ticket.requester.email) == ("Ada of acme", None)
    made = [json.loads(call.body)["user"] for call in wire.calls if call.path == "/api/v2/users"]
    assert {user["external_id"] for user in made} == {"portal:" + hashlib.sha256(b"usr_acme_0").hexdigest()}
