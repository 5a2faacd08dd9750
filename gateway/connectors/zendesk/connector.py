"""Zendesk as tickets and help centre. See README.md for limits and traps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from gateway.connectors.oauth import TokenSource, client_credentials
from gateway.connectors.ports.knowledge import ArticlesPort, SectionsPort
from gateway.connectors.ports.support import TicketsPort, TicketWritesPort
from gateway.connectors.zendesk.api import Api
from gateway.connectors.zendesk.articles import Articles, Sections
from gateway.connectors.zendesk.config import Config
from gateway.connectors.zendesk.files import Files
from gateway.connectors.zendesk.tickets import Tickets
from gateway.connectors.zendesk.writes import Writes
from gateway.outbound import Credentials, Outbound

TOKEN_PATH = "/oauth/tokens"  # noqa: S105  an address


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Connector:
    """One Zendesk account of the business."""

    def __init__(self, api: Api, files: Files, config: Config) -> None:
        self.name = api.name
        self._api = api
        self.ports: Mapping[type, object] = {
            TicketsPort: Tickets(api, files),
            TicketWritesPort: Writes(api),
            ArticlesPort: Articles(api, config.locale, config.segments),
            SectionsPort: Sections(api, config.locale),
        }

    async def ping(self) -> None:
        """Ask who the token is: proves address and credentials, and reads no customer's data."""
        _, body = await self._api.get("/users/me", [], "/users/me")
        self._api.part(body, "user")  # somebody unknown is a user without an id, answered with 200


def connect(
    name: str, config: Config, outbound: Outbound, clock: Callable[[], dt.datetime] = _now
) -> Connector:
    """Make the connector that is configured as `name`; `clock` gives aware UTC."""
    grant = client_credentials(config.client_id, config.client_secret, config.scope)
    ask = outbound.client(name, config.base_url, timeout=config.timeout_seconds)
    return assemble(name, config, outbound, TokenSource(ask, TOKEN_PATH, grant), clock)


def assemble(
    name: str,
    config: Config,
    outbound: Outbound,
    credentials: Credentials,
    clock: Callable[[], dt.datetime] = _now,
) -> Connector:
    """Make the connector with credentials that were made elsewhere."""
    timeout, concurrency = config.timeout_seconds, config.concurrency
    client = outbound.client(
        name, config.base_url, timeout=timeout, concurrency=concurrency, credentials=credentials
    )
    # Slots of their own: files take long, and must not keep others from their tickets.
    bulk = outbound.client(
        name, config.base_url, timeout=timeout, concurrency=concurrency, credentials=credentials
    )
    api = Api(name, client, bulk, clock)
    files = Files(
        api,
        lambda origin: outbound.client(name, origin, timeout=timeout, concurrency=concurrency),
        config.content_hosts,
    )
    return Connector(api, files, config)
