"""Request Tracker as tickets. See README.md for limits and traps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from gateway.connectors.ports.support import TicketsPort
from gateway.connectors.rt.api import Api
from gateway.connectors.rt.config import Config
from gateway.connectors.rt.tickets import Tickets
from gateway.outbound import Outbound, segment


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Connector:
    """One queue of a Request Tracker of the business."""

    def __init__(self, api: Api) -> None:
        self.name = api.name
        self._api = api
        self.ports: Mapping[type, object] = {TicketsPort: Tickets(api)}

    async def ping(self) -> None:
        """Ask for the queue: proves address and credentials, and that its tickets have the field."""
        found = await self._api.get(f"/queue/{segment(self._api.queue)}", "/queue/{name}")
        if found.get("Name") != self._api.queue:
            raise self._api.broken("not the queue that is configured")
        fields = found.get("TicketCustomFields")
        named = fields if isinstance(fields, list) else []
        if not any(isinstance(one, dict) and one.get("name") == self._api.account_field for one in named):
            raise self._api.broken("a queue without the custom field that is configured as account_field")


def connect(
    name: str, config: Config, outbound: Outbound, clock: Callable[[], dt.datetime] = _now
) -> Connector:
    """Make the connector that is configured as `name`; `clock` gives aware UTC."""
    client = outbound.client(
        name,
        config.base_url,
        timeout=config.timeout_seconds,
        concurrency=config.concurrency,
        credentials={"Authorization": f"token {config.token.reveal()}"},
    )
    return Connector(Api(name, client, clock, config.queue, config.account_field))
