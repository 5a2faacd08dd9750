"""A running stand-in for Template, and the connector for it behind a wire that records and spoils."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors._template.config import Config
from gateway.connectors._template.connector import Connector, connect
from gateway.connectors.testing import Wire
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox._template import stand_in
from sandbox.data import DataSet, build
from sandbox.serve import StandIn


def connected(name: str, url: str, outbound: Outbound, token: str) -> Connector:
    return connect(name, Config(token=Secret(token), base_url=url), outbound)


@pytest.fixture(scope="session")
def token() -> str:
    return "standin-token-0123456789"


@pytest.fixture(scope="module")
def data() -> DataSet:
    return build()


@pytest.fixture
async def system(data: DataSet, token: str) -> AsyncIterator[StandIn]:
    async with stand_in(data, token=token) as running:
        yield running


@pytest.fixture
def connector(wire: Wire, outbound: Outbound, token: str) -> Connector:
    return connected("crm", wire.url, outbound, token)


@pytest.fixture
def acme(data: DataSet) -> AccountScope:
    return AccountScope("acme", frozenset(), {"crm": (data.accounts["acme"].number,)})
