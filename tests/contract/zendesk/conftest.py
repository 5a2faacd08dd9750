"""A running stand-in for Zendesk, a plain client and the connector for it, and what its data set says."""

import dataclasses
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors.oauth import TokenSource, client_credentials
from gateway.connectors.ports.support import Ticket
from gateway.connectors.testing import Wire
from gateway.connectors.zendesk.config import Config
from gateway.connectors.zendesk.connector import TOKEN_PATH, Connector, assemble
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import ANCHOR, DataSet, build
from sandbox.data.desk import PARTNER_SEGMENT
from sandbox.data.desk import Ticket as Row
from sandbox.serve import StandIn
from sandbox.zendesk import stand_in

NOW = dt.datetime.combine(ANCHOR, dt.time(12), dt.UTC)
CLIENT_ID = "portal"
CLIENT_SECRET = "desk-secret-0123456789"
SUBJECTS = {Ticket: frozenset({"subject"})}

Ask = Callable[..., Awaitable[Any]]


def config(url: str, secret: str = CLIENT_SECRET, **changes: Any) -> Config:
    return Config(base_url=url, client_id=CLIENT_ID, client_secret=Secret(secret), **changes)


def connected(
    name: str, url: str, outbound: Outbound, system: StandIn, secret: str = CLIENT_SECRET, **changes: Any
) -> Connector:
    """Connect to `url`; tokens come from the system itself, so that only calls to the API are on a wire."""
    hosts = (system.url.removeprefix("http://"),)
    given = config(
        url, secret, **{"content_hosts": hosts, "segments": {"PARTNER": (PARTNER_SEGMENT,)}, **changes}
    )
    grant = client_credentials(given.client_id, given.client_secret, given.scope)
    tokens = TokenSource(outbound.client(name, system.url), TOKEN_PATH, grant)
    return assemble(name, given, outbound, tokens, lambda: NOW)


class Clock:
    """Unix seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.seconds = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds


def tickets_of(data: DataSet, key: str) -> list[Row]:
    """An account's tickets as its customers are to see them: last changed first."""
    rows = [row for row in data.desk.tickets if row.account == key and not row.deleted]
    return sorted(rows, key=lambda row: (row.updated, row.id), reverse=True)


def with_tickets(data: DataSet, rows: list[Row]) -> DataSet:
    return dataclasses.replace(data, desk=dataclasses.replace(data.desk, tickets=rows))


def running(data: DataSet) -> StandIn:
    return stand_in(data, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, now=Clock())


@pytest.fixture(scope="module")
def data() -> DataSet:
    return build()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(data: DataSet, clock: Clock) -> AsyncIterator[StandIn]:
    async with stand_in(data, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, now=clock) as running:
        yield running


@pytest.fixture
async def token(system: StandIn) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "expires_in": "172800",  # longer than any test moves the clock
    }
    async with aiohttp.ClientSession() as session, session.post(f"{system.url}/oauth/tokens", data=form) as r:
        assert r.status == 200
        given = await r.json()
    system.reset()
    return str(given["access_token"])


@pytest.fixture
async def http(system: StandIn, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(system.url, headers=headers) as session:
        yield session


@pytest.fixture
def get(http: aiohttp.ClientSession) -> Ask:
    """Ask for a path below /api/v2 with parameters; give the answer of an expected status."""

    async def ask(path: str, status: int = 200, /, **params: object) -> Any:
        pairs = {name: str(value) for name, value in params.items()}
        async with http.get(f"/api/v2{path}", params=pairs) as response:
            body = await response.json()
            assert response.status == status, body
            return body

    return ask


@pytest.fixture
def send(http: aiohttp.ClientSession) -> Ask:
    """Send JSON to a path below /api/v2; give the answer of an expected status."""

    async def ask(method: str, path: str, body: object, status: int, /, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with http.request(method, f"/api/v2{path}", json=body, headers=named) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer

    return ask


@pytest.fixture
def connector(wire: Wire, outbound: Outbound, system: StandIn) -> Connector:
    return connected("helpdesk", wire.url, outbound, system)


@pytest.fixture
def scope_of(data: DataSet) -> Callable[..., AccountScope]:
    def make(key: str, *audience: str) -> AccountScope:
        natives = {"helpdesk": (str(data.accounts[key].desk_org),)}
        return AccountScope(key, frozenset(), natives, frozenset(audience))

    return make


@pytest.fixture
def acme(scope_of: Callable[..., AccountScope]) -> AccountScope:
    return scope_of("acme", "CUSTOMER")
