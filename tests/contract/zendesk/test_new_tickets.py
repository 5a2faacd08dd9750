"""Tickets made at Zendesk: once for each key, in the account's organization."""

from __future__ import annotations

import json

import msgspec
import pytest
from aiohttp import web

from gateway.auth.scope import AccountScope
from gateway.connectors.testing import Wire
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import Forward, changed, fixed
from gateway.connectors.zendesk.connector import Connector
from gateway.errors import Code, RequestError, UpstreamError
from tests.contract.zendesk.conftest import Clock
from tests.contract.zendesk.writing import DRAFT, KEY, comment, create, load


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
