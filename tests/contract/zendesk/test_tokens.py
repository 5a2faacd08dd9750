"""The connector's own access tokens at Zendesk, and its faults in its own words."""

from __future__ import annotations

import pytest

from gateway.connectors.testing import Wire
from gateway.connectors.testing.wire import fixed
from gateway.connectors.zendesk.connector import Connector, connect
from gateway.errors import Code, UpstreamError
from gateway.outbound import Outbound
from sandbox.serve import StandIn
from tests.contract.zendesk.conftest import config


async def test_tokens_are_fetched_once_and_renewed(outbound: Outbound, wire: Wire) -> None:
    made = connect("helpdesk", config(wire.url), outbound)
    await made.ping()
    await made.ping()
    assert [call.path for call in wire.calls] == ["/oauth/tokens", *["/api/v2/users/me"] * 2]
    assert b"client_credentials" in wire.calls[0].body
    assert b"read+write" in wire.calls[0].body


async def test_a_token_of_nobody_is_no_answer(connector: Connector, wire: Wire) -> None:
    wire.spoil = fixed(200, b'{"user": {"id": null, "name": "Anonymous user"}}')
    with pytest.raises(UpstreamError) as caught:
        await connector.ping()
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(
    ("mode", "code"), [("throttled", Code.UPSTREAM_RATE_LIMITED), ("broken", Code.UPSTREAM_UNAVAILABLE)]
)
async def test_faults_in_zendesks_own_words(
    connector: Connector, system: StandIn, mode: str, code: Code
) -> None:
    await connector.ping()
    await system.fault(mode)
    with pytest.raises(UpstreamError) as caught:
        await connector.ping()
    assert (caught.value.code, caught.value.system) == (code, "helpdesk")
    assert caught.value.retry_after == (2.0 if mode == "throttled" else None)
