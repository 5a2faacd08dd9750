"""Writing tickets and comments to Zendesk, as its tests do it."""

from __future__ import annotations

import hashlib
from typing import Any

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.support import (
    Author,
    CommentDraft,
    Ticket,
    TicketComment,
    TicketDraft,
    TicketsPort,
    TicketWritesPort,
)
from gateway.connectors.testing import everything
from gateway.connectors.zendesk.connector import Connector

KEY = hashlib.sha256(b"key").hexdigest()
ADA = Author(subject="usr_acme_0", display_name="Ada of acme", email="ada@acme.example")
NEW = Author(subject="usr_new", display_name="New Comer", email="new@comer.example")
DRAFT = TicketDraft(author=ADA, subject="Pump", body="It runs hot.")
REMARK = CommentDraft(author=ADA, body="It still does.")
TICKET = 1001  # of acme, pending


async def create(
    connector: Connector, scope: AccountScope, draft: TicketDraft = DRAFT, key: str = KEY
) -> Ticket:
    port: Any = connector.ports[TicketWritesPort]
    made: Ticket = await port.create_ticket(scope, draft, key, everything(Ticket))
    return made


async def load(connector: Connector, scope: AccountScope, ticket: int = TICKET) -> Any:
    port: Any = connector.ports[TicketsPort]
    [found] = await port.get_many([Ref(scope, str(ticket))], {Ticket: frozenset({"status"})})
    return found


async def comment(
    connector: Connector, ticket: Any, draft: CommentDraft = REMARK, key: str = KEY
) -> TicketComment:
    port: Any = connector.ports[TicketWritesPort]
    made: TicketComment = await port.add_comment(ticket, draft, key, everything(TicketComment))
    return made


async def bodies(connector: Connector, ticket: Any) -> list[str]:
    port: Any = connector.ports[TicketsPort]
    listing = await port.list_comments(ticket, Page(first=50), everything(TicketComment))
    return [record.body for record, _ in listing.items]
