"""Comments made at Zendesk: of all attempts with one key, one commits."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest
from aiohttp import ClientSession, web

from gateway.auth.scope import AccountScope
from gateway.connectors.ports.support import PersonKind, TicketStatus
from gateway.connectors.testing import Wire
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import Forward, changed, fixed
from gateway.connectors.zendesk.connector import Connector
from gateway.errors import Code, RequestError, UpstreamError
from sandbox.serve import StandIn
from tests.contract.zendesk.conftest import Ask
from tests.contract.zendesk.writing import KEY, REMARK, TICKET, bodies, comment, load


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
