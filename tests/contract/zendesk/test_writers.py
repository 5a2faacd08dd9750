"""Who writes at Zendesk: users that are found, made, or not written for."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json

import msgspec
import pytest
from aiohttp import web

from gateway.auth.scope import AccountScope
from gateway.connectors.ports.support import Author, PersonKind
from gateway.connectors.testing import Wire
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import Forward, changed, fixed
from gateway.connectors.zendesk.connector import Connector
from gateway.errors import Code, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.data.desk import DeskUser
from sandbox.zendesk import stand_in
from tests.contract.zendesk.conftest import CLIENT_ID, CLIENT_SECRET, Ask, Clock, connected
from tests.contract.zendesk.writing import DRAFT, NEW, create


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
