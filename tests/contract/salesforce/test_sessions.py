"""Signing in to Salesforce: the assertion, sessions that end, and what the token endpoint may answer."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from joserfc.jwk import RSAKey

from gateway.connectors.ports.directory import DirectoryPort
from gateway.connectors.salesforce.connector import TOKEN_PATH, Connector
from gateway.connectors.testing import Wire
from gateway.connectors.testing.checks import assert_quiet
from gateway.connectors.testing.faults import FAULTS, Fault
from gateway.connectors.testing.wire import Forward, fixed
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.outbound import Outbound, deadline
from sandbox.data import DataSet
from sandbox.salesforce import stand_in
from sandbox.serve import StandIn
from tests.contract.salesforce.conftest import CLIENT_ID, USERNAME, connected, pem

LIMITED = b'[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'


def token_of(wire: Wire) -> str:
    return wire.calls[-1].headers["authorization"].removeprefix("Bearer ")


async def resolve(connector: Connector, *keys: str) -> Any:
    port: Any = connector.ports[DirectoryPort]
    return await port.resolve(keys)


async def test_many_calls_sign_in_once(
    wire: Wire, outbound: Outbound, private_key: RSAKey, data: DataSet
) -> None:
    fresh = connected("crm", wire.url, outbound, private_key)
    found = await asyncio.gather(*(resolve(fresh, key) for key in data.accounts))
    assert [list(one) for one in found] == [[key] for key in data.accounts]
    paths = [call.path for call in wire.calls]
    assert paths.count(TOKEN_PATH) == 1
    assert len(paths) == 1 + len(data.accounts)


async def test_a_session_that_ended_is_renewed(connector: Connector, wire: Wire) -> None:
    assert list(await resolve(connector, "acme")) == ["acme"]
    async with (
        aiohttp.ClientSession(wire.url) as http,
        http.post("/services/oauth2/revoke", data={"token": token_of(wire)}) as answer,
    ):
        assert answer.status == 200
    wire.reset()
    assert list(await resolve(connector, "acme")) == ["acme"]
    assert [(call.path, reply.status) for call, reply in zip(wire.calls, wire.replies, strict=True)] == [
        ("/services/data/v66.0/query", 401),
        (TOKEN_PATH, 200),
        ("/services/data/v66.0/query", 200),
    ]


async def test_sessions_end_by_themselves(data: DataSet, outbound: Outbound, private_key: RSAKey) -> None:
    shift = 0.0
    public = pem(private_key, private=False)
    async with stand_in(
        data,
        client_id=CLIENT_ID,
        public_key_pem=public,
        username=USERNAME,
        now=lambda: time.time() + shift,
    ) as system:
        made = connected("crm", system.url, outbound, private_key)
        await made.ping()
        shift = 7201.0
        with pytest.raises(UpstreamError) as caught:  # and this assertion comes too late for that clock
            await made.ping()
        assert caught.value.code is Code.UPSTREAM_AUTH_FAILED
        shift = 0.0
        await made.ping()
    assert [call.status for call in system.calls] == [200, 200, 401, 400, 200, 200]


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": None},  # the stand-in's own address, which no organisation accepts
        {"audience": "https://login.salesforce.com/"},
        {"client_id": "another"},
        {"username": "somebody@vendor.example"},
    ],
)
async def test_assertions_that_are_refused(
    system: StandIn, outbound: Outbound, private_key: RSAKey, changes: dict[str, Any]
) -> None:
    made = connected("crm", system.url, outbound, private_key, **changes)
    with pytest.raises(UpstreamError) as caught:
        await made.ping()
    assert caught.value.code is Code.UPSTREAM_AUTH_FAILED
    assert [(call.path, call.status) for call in system.calls] == [(TOKEN_PATH, 400)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_what_the_token_endpoint_may_answer(
    wire: Wire, outbound: Outbound, private_key: RSAKey, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    made = connected("crm", wire.url, outbound, private_key)
    wire.spoil = fault.spoil
    with deadline(fault.budget), pytest.raises(UpstreamError) as caught:
        await made.ping()
    # RFC 6749, 5.2: a refused grant is a 400.
    assert caught.value.code is (Code.UPSTREAM_AUTH_FAILED if fault.name == "400" else fault.code)
    assert {call.path for call in wire.calls} == {TOKEN_PATH}
    assert_quiet([caught.value], caplog, secrets=(pem(private_key, private=True),))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_what_the_directory_may_answer(
    connector: Connector, wire: Wire, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    wire.spoil = fault.spoil
    with deadline(fault.budget), pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme")
    assert (caught.value.code, caught.value.system) == (fault.code, "crm")
    assert_quiet([caught.value], caplog, secrets=(), ids=("acme",))


async def test_a_spent_allocation_limits_the_rate(connector: Connector, wire: Wire, system: StandIn) -> None:
    await system.fault("throttled")
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme")
    assert caught.value.code is Code.UPSTREAM_RATE_LIMITED
    assert [reply.status for reply in wire.replies] == [403]
    wire.reset()
    wire.spoil = fixed(403, LIMITED)  # as Salesforce has it: without Retry-After
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme")
    assert (caught.value.code, caught.value.retry_after) == (Code.UPSTREAM_RATE_LIMITED, None)
    assert len(wire.calls) == 1


@pytest.mark.parametrize(
    "body", [b'[{"message":"no","errorCode":"API_DISABLED_FOR_ORG"}]', b"[]", b"{}", b"\xff", b"[7]"]
)
async def test_other_refusals_are_not_limits(connector: Connector, wire: Wire, body: bytes) -> None:
    wire.spoil = fixed(403, body)
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme")
    assert caught.value.code is Code.UPSTREAM_AUTH_FAILED


async def test_a_spent_allocation_is_no_answer_with_status_200(connector: Connector, wire: Wire) -> None:
    wire.spoil = fixed(200, LIMITED)
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme")
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_new_session_that_is_refused_too_is_the_end(connector: Connector, wire: Wire) -> None:
    async def closed(request: web.Request, forward: Forward) -> web.StreamResponse:
        if request.path == TOKEN_PATH:
            reply = await forward()
            return reply.with_body(reply.body)
        return web.json_response([{"message": "no", "errorCode": "INVALID_SESSION_ID"}], status=401)

    wire.spoil = closed
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme")
    assert caught.value.code is Code.UPSTREAM_AUTH_FAILED
    assert [call.path for call in wire.calls].count(TOKEN_PATH) == 1
    assert len(wire.calls) == 3


async def test_the_connector_s_own_ids_are_not_configured(
    system: StandIn, outbound: Outbound, private_key: RSAKey
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connected("crm", system.url, outbound, private_key, natives={"crm": "Crm__c"})
    assert caught.value.key == "connectors.crm.natives.crm"
