"""Request Tracker's objects as our models.

Rows are made by `rows.py` of what was answered: `account` is the value of the custom field, `here` whether
the ticket is in the queue that is served, `side` tells customers from staff, and of those with `named` the
address is told. Source: REST 2.0 of RT 5.0.3.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from gateway.connectors.converters import Converter, derive, enum, iso_time
from gateway.connectors.mapping import Row, Table, each, part, path, row, via_parent
from gateway.connectors.ports.support import (
    Person,
    PersonKind,
    Ticket,
    TicketAttachment,
    TicketComment,
    TicketPriority,
    TicketStatus,
)

PUBLIC: Final = ("Create", "Correspond")
"""Transactions that customers read; a `Comment` is the business's own, and all others are no messages."""
STATUS: Final = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "stalled": TicketStatus.PENDING,
    "resolved": TicketStatus.SOLVED,
    "rejected": TicketStatus.CLOSED,
}
_DONE: Final = frozenset({TicketStatus.SOLVED, TicketStatus.CLOSED})
_SIDES: Final = {
    "customer": PersonKind.CUSTOMER,
    "staff": PersonKind.STAFF,
    "system": PersonKind.SYSTEM,
}
_PRIORITIES: Final = (
    (90, TicketPriority.URGENT),
    (70, TicketPriority.HIGH),
    (40, TicketPriority.NORMAL),
    (1, TicketPriority.LOW),
)
_NEVER: Final = "1970-01-01T00:00:00Z"


def _shown(here: bool | None, status: str | None) -> bool:  # noqa: FBT001  wire values come by place
    return here is True and status not in {None, "deleted"}


def _priority(_env: object, value: str) -> TicketPriority | None:
    """RT counts from 0, where nobody has judged yet, to 100 by default."""
    found = int(value)
    return next((priority for least, priority in _PRIORITIES if found >= least), None)


def _solved(status: str | None, at: str | None) -> dt.datetime | None:
    if at is None or at == _NEVER or STATUS.get(status or "") not in _DONE:
        return None
    found: dt.datetime = iso_time.read(None, at)
    return found


def _email(named: bool | None, email: str | None) -> str | None:  # noqa: FBT001  wire values come by place
    return email or None if named else None


def _filled(value: str | None) -> str | None:
    return value or None


_filled_text = derive(_filled, str)
_count = Converter((str,), lambda _env, value: int(value))


def _person(place: str) -> Row:
    return row(
        part(
            Person,
            place,
            derive(lambda user: user is not None, dict),
            display_name=row(f"{place}.RealName", _filled_text),
            email=row(f"{place}.named", f"{place}.EmailAddress", derive(_email, bool, str)),
            kind=row(f"{place}.side", derive(lambda side: _SIDES[side], str)),
        )
    )


TICKET = Table(
    Ticket,
    owner=path("account"),
    visible=row("here", "Status", derive(_shown, bool, str)),
    id=row("id"),
    number=row("id"),
    subject=row("Subject"),
    description=row("description"),
    status=row("Status", enum(STATUS, TicketStatus.UNKNOWN)),
    status_label=row("Status"),
    priority=row("Priority", Converter((str,), _priority)),
    requester=_person("requester"),
    assignee=_person("assignee"),
    created_at=row("Created", iso_time),
    updated_at=row("LastUpdated", iso_time),
    last_activity_at=row("LastUpdated", iso_time),
    solved_at=row("Status", "Resolved", derive(_solved, str, str)),
)

ATTACHMENT = Table(
    TicketAttachment,
    owner=via_parent("TransactionId"),
    id=row("id"),
    file_name=row("Filename", _filled_text),
    mime_type=row("ContentType", _filled_text),
    size_bytes=row("ContentLength", _count),
)

COMMENT = Table(
    TicketComment,
    owner=via_parent("ObjectId"),
    visible=row("Type", derive(lambda kind: kind in PUBLIC, str)),
    id=row("id"),
    author=_person("author"),
    body=row("body"),
    created_at=row("Created", iso_time),
    attachments=row("files", each(ATTACHMENT)),
)
