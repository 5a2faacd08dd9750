"""The connector for a running Request Tracker, and what its data set says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Listing, Page
from gateway.connectors.ports.support import (
    Ticket,
    TicketComment,
    TicketFilter,
    TicketPriority,
    TicketSort,
    TicketsPort,
    TicketStatus,
)
from gateway.connectors.rt.config import Config
from gateway.connectors.rt.connector import Connector, connect
from gateway.connectors.testing import Wire, everything
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import DataSet, build
from sandbox.data.desk import Ticket as Row
from tests.real.rt.fixture import RequestTracker, request_tracker

__all__ = ["request_tracker"]


STATUSES = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.PENDING,
    "solved": TicketStatus.SOLVED,
    "closed": TicketStatus.SOLVED,
}
PRIORITIES = {
    None: None,
    "low": TicketPriority.LOW,
    "normal": TicketPriority.NORMAL,
    "high": TicketPriority.HIGH,
    "urgent": TicketPriority.URGENT,
}
ALL = everything(Ticket, TicketComment)
COUNTED = {Ticket: frozenset({"subject"}), Listing: frozenset({"Ticket"})}
Make = Callable[..., Awaitable[str]]
Say = Callable[..., Awaitable[Any]]


def port_of(connector: Connector) -> Any:
    return connector.ports[TicketsPort]


def scope(account: str) -> AccountScope:
    return AccountScope("made", frozenset(Permission), {"helpdesk": (account,)})


async def load(connector: Connector, whose: AccountScope, *ids: object) -> list[Any]:
    found: list[Any] = await port_of(connector).get_many([Ref(whose, str(one)) for one in ids], ALL)
    return found


async def comments(connector: Connector, ticket: Any) -> list[Any]:
    listing = await port_of(connector).list_comments(ticket, Page(first=100), ALL)
    return [record for record, _ in listing.items]


async def listed(
    connector: Connector, whose: AccountScope, filter_: TicketFilter, sort: TicketSort, page: Page
) -> Any:
    return await port_of(connector).list_tickets(whose, page, filter_, sort, COUNTED)


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
def system(request_tracker: RequestTracker) -> RequestTracker:
    return request_tracker


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


@pytest.fixture
async def say(request_tracker: RequestTracker) -> AsyncIterator[Say]:
    """Speak in a ticket, as somebody: all have one password."""
    async with aiohttp.ClientSession(f"{request_tracker.url}/REST/2.0/") as session:

        async def speak(path: str, *, who: str | None = None, method: str = "POST", **body: Any) -> Any:
            auth = aiohttp.encode_basic_auth(who or request_tracker.user, request_tracker.password)
            headers = {"Authorization": auth}
            async with session.request(method, path, json=body, headers=headers) as answer:
                assert answer.status in {200, 201}, await answer.text()
                return await answer.json()

        yield speak


@pytest.fixture
def make(request_tracker: RequestTracker, say: Say) -> Make:
    """Make a ticket of an account that no other test has, and give its id."""

    async def made(account: str | None, **more: Any) -> str:
        fields = {} if account is None else {request_tracker.account_field: account}
        given = {"Queue": request_tracker.queue, "Subject": "Pump", "ContentType": "text/plain"}
        found = await say("ticket", **(given | {"Content": "It is hot.", "CustomFields": fields} | more))
        return str(found["id"])

    return made
