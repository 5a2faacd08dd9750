"""A running stand-in for Stripe, a plain client and the connector for it, and what its data set says."""

import dataclasses
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors.stripe.config import Config
from gateway.connectors.stripe.connector import Connector, connect
from gateway.connectors.testing import Wire
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import ANCHOR, DataSet, Invoice, build
from sandbox.serve import StandIn
from sandbox.stripe import VERSION, stand_in

NOW = dt.datetime.combine(ANCHOR, dt.time(12), dt.UTC)


def connected(name: str, url: str, outbound: Outbound, api_key: str) -> Connector:
    return connect(name, Config(api_key=Secret(api_key), base_url=url), outbound, lambda: NOW)


def issued(data: DataSet, key: str) -> list[Invoice]:
    """An account's invoices as its customers are to see them: newest first, the first currency's first."""
    customers = list(data.accounts[key].stripe_customers.values())
    rows = [row for row in data.invoices if row.account == key and row.status != "draft"]
    return sorted(rows, key=lambda row: (-row.created.timestamp(), customers.index(row.customer), row.id))


@pytest.fixture(scope="session")
def api_key() -> str:
    return "rk_test_standin0123456789"


@pytest.fixture(scope="module")
def data() -> DataSet:
    built = build()
    first = built.subscriptions[0]
    for status in ("canceled", "incomplete_expired", "past_due"):
        built.subscriptions.append(dataclasses.replace(first, id=f"sub_{status}", status=status))
    return built


@pytest.fixture
def invoices_of(data: DataSet) -> Callable[[str, str], list[Invoice]]:
    """Give an account's invoices in one currency, in the order of Stripe's lists."""

    def find(key: str, currency: str) -> list[Invoice]:
        customer = data.accounts[key].stripe_customers[currency]
        rows = [row for row in data.invoices if row.customer == customer]
        return sorted(rows, key=lambda row: (-row.created.timestamp(), row.id))

    return find


@pytest.fixture
async def system(data: DataSet, api_key: str) -> AsyncIterator[StandIn]:
    async with stand_in(data, api_key=api_key, now=NOW.timestamp, rate_limit=None) as running:
        yield running


@pytest.fixture
async def http(system: StandIn, api_key: str) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {api_key}", "Stripe-Version": VERSION}
    async with aiohttp.ClientSession(system.url, headers=headers) as session:
        yield session


@pytest.fixture
def get(http: aiohttp.ClientSession) -> Callable[..., Any]:
    """Ask for a path with parameters and give the answer, or the error of an expected status."""

    async def ask(path: str, status: int = 200, /, **params: object) -> Any:
        pairs = [
            (name, str(one))
            for name, value in params.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        async with http.get(path, params=pairs) as response:
            body = await response.json()
            assert response.status == status, body
            return body if status == 200 else body["error"]

    return ask


@pytest.fixture
def connector(wire: Wire, outbound: Outbound, api_key: str) -> Connector:
    return connected("billing", wire.url, outbound, api_key)


@pytest.fixture
def scope_of(data: DataSet) -> Callable[[str], AccountScope]:
    def make(key: str) -> AccountScope:
        natives = tuple(data.accounts[key].stripe_customers.values())
        return AccountScope(key, frozenset(), {"billing": natives})

    return make


@pytest.fixture
def acme(scope_of: Callable[[str], AccountScope]) -> AccountScope:
    return scope_of("acme")
