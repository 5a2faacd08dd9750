"""The connector for a running Request Tracker, and what its data set says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope
from gateway.connectors.rt.config import Config
from gateway.connectors.rt.connector import Connector, connect
from gateway.connectors.testing import Wire
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import DataSet, build
from sandbox.data.desk import Ticket as Row
from tests.real.rt.fixture import RequestTracker, request_tracker

__all__ = ["request_tracker"]


def connected(tracker: RequestTracker, name: str, url: str, outbound: Outbound, **changes: Any) -> Connector:
    given = {"token": Secret(tracker.token), "queue": tracker.queue, "account_field": tracker.account_field}
    return connect(name, Config(base_url=url, **(given | changes)), outbound)


def present(data: DataSet, account: str) -> list[Row]:
    """An account's tickets as it is to see them: last changed first."""
    rows = [row for row in data.desk.tickets if row.account == account and not row.deleted]
    return sorted(rows, key=lambda row: (row.updated, row.created, row.id), reverse=True)


@pytest.fixture(scope="module")
def data() -> DataSet:
    return build()


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    made = Outbound(backoff=(0.0, 0.0))
    yield made
    await made.close()


@pytest.fixture
async def wire(request_tracker: RequestTracker) -> AsyncIterator[Wire]:
    async with Wire(request_tracker.url) as running:
        yield running


@pytest.fixture
def connector(request_tracker: RequestTracker, wire: Wire, outbound: Outbound) -> Connector:
    return connected(request_tracker, "helpdesk", wire.url, outbound)


@pytest.fixture
def scope_of(request_tracker: RequestTracker) -> Callable[[str], AccountScope]:
    def make(account: str) -> AccountScope:
        natives = {"helpdesk": (request_tracker.accounts[account],)}
        return AccountScope(account, frozenset(Permission), natives)

    return make


@pytest.fixture
def acme(scope_of: Callable[[str], AccountScope]) -> AccountScope:
    return scope_of("acme")
