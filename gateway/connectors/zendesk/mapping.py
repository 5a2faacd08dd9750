"""Zendesk's objects as our models.

Sources: developer.zendesk.com/api-reference, Ticketing (tickets, ticket comments, attachments, users) and
Help Center (articles, sections). Users stand in the place of their ids (`joined`), `readable` is computed
for each audience (see articles.py).
"""

from __future__ import annotations

import datetime as dt

from gateway.connectors.converters import boolean, derive, enum, html, integer, iso_time, number_id, text
from gateway.connectors.mapping import Row, Table, each, part, path, row, shared, via_parent
from gateway.connectors.ports.knowledge import Article, Section
from gateway.connectors.ports.support import (
    Person,
    PersonKind,
    Ticket,
    TicketAttachment,
    TicketComment,
    TicketPriority,
    TicketStatus,
    TicketType,
)

END_USER = "end-user"
STATUS = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.ON_HOLD,
    "solved": TicketStatus.SOLVED,
    "closed": TicketStatus.CLOSED,
}
PRIORITY = {
    "low": TicketPriority.LOW,
    "normal": TicketPriority.NORMAL,
    "high": TicketPriority.HIGH,
    "urgent": TicketPriority.URGENT,
}
TYPE = {
    "question": TicketType.QUESTION,
    "incident": TicketType.INCIDENT,
    "problem": TicketType.PROBLEM,
    "task": TicketType.TASK,
}


def _name(role: str | None, name: str | None, alias: str | None) -> str | None:
    """Give an agent's alias where there is one: it is what customers are to read."""
    return alias if alias and role != END_USER else name


def _email(role: str | None, email: str | None) -> str | None:
    return email if role == END_USER else None


def _side(role: str | None) -> PersonKind | None:
    if role is None:
        return None
    return PersonKind.CUSTOMER if role == END_USER else PersonKind.STAFF


def _visible(status: str | None, public: bool | None) -> bool:  # noqa: FBT001  wire values come by place
    """A ticket whose every comment is internal is the business's own."""
    return status != "deleted" and public is not False


def _description(
    submitter: int | None, requester: int | None, role: str | None, first: str | None
) -> str | None:
    """Give the first message only where a customer wrote it: an agent's may have been internal."""
    return first if submitter is not None and submitter == requester and role == END_USER else None


def _solved(status: str | None, at: str | None) -> dt.datetime | None:
    if at is None or status not in {"solved", "closed"}:
        return None
    return iso(at)


def _open(status: str | None) -> bool | None:
    return None if status is None else status != "closed"


def iso(value: str) -> dt.datetime:
    """Read a moment as Zendesk writes it."""
    found: dt.datetime = iso_time.read(None, value)
    return found


def _person(place: str) -> Row:
    return row(
        part(
            Person,
            place,
            derive(lambda user: user is not None, dict),
            display_name=row(
                f"{place}.role", f"{place}.name", f"{place}.alias", derive(_name, str, str, str)
            ),
            email=row(f"{place}.role", f"{place}.email", derive(_email, str, str)),
            kind=row(f"{place}.role", derive(_side, str)),
        )
    )


TICKET = Table(
    Ticket,
    owner=path("organization_id", number_id),
    visible=row("status", "is_public", derive(_visible, str, bool)),
    id=row("id", number_id),
    number=row("id", number_id),
    subject=row("subject"),
    description=row(
        "submitter_id",
        "requester_id",
        "requester.role",
        "description",
        derive(_description, int, int, str, str),
    ),
    status=row("status", enum(STATUS, TicketStatus.UNKNOWN)),
    status_label=row("status"),
    priority=row("priority", enum(PRIORITY, TicketPriority.UNKNOWN)),
    type=row("type", enum(TYPE, TicketType.UNKNOWN)),
    requester=_person("requester"),
    assignee=_person("assignee"),
    created_at=row("created_at", iso_time),
    updated_at=row("updated_at", iso_time),
    last_activity_at=row("updated_at", iso_time),
    solved_at=row("status", "dates.solved_at", derive(_solved, str, str)),
    can_comment=row("status", derive(_open, str)),
)

ATTACHMENT = Table(
    TicketAttachment,
    owner=via_parent(),
    visible=row("deleted", derive(lambda deleted: deleted is not True, bool)),
    id=row("id", number_id),
    file_name=row("file_name"),
    mime_type=row("content_type"),
    size_bytes=row("size", integer),
)

COMMENT = Table(
    TicketComment,
    owner=via_parent(),  # a comment does not name its ticket: the path that it was read from does
    visible=row("public", boolean, default=False),
    id=row("id", number_id),
    author=_person("author"),
    body=row("plain_body"),
    created_at=row("created_at", iso_time),
    attachments=row("attachments", each(ATTACHMENT)),
)


def _labels(found: list[object] | None) -> tuple[str, ...] | None:
    if found is None:
        return None
    words = tuple(one for one in found if isinstance(one, str))
    if len(words) != len(found):
        raise TypeError("a label is no text")
    return words


def _edited(edited: str | None, updated: str | None) -> dt.datetime | None:
    """`updated_at` moves with votes and comments too."""
    at = edited if edited is not None else updated
    return None if at is None else iso(at)


def _shown(draft: bool | None, readable: bool | None) -> bool:  # noqa: FBT001  wire values come by place
    return draft is False and readable is True


ARTICLE = Table(
    Article,
    owner=shared("draft", "readable", derive(_shown, bool, bool)),
    id=row("id", number_id),
    title=row("title"),
    body_html=row("body", html),
    locale=row("locale"),
    labels=row("label_names", derive(_labels, list)),
    section_id=row("section_id", number_id),
    web_url=row("html_url"),
    helpful_count=row("vote_sum", integer),
    created_at=row("created_at", iso_time),
    updated_at=row("edited_at", "updated_at", derive(_edited, str, str)),
)

SECTION = Table(
    Section,
    owner=shared("id", derive(lambda _id: True, int)),
    id=row("id", number_id),
    name=row("name"),
    description=row("description", text),
)
