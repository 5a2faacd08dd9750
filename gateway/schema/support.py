"""Tickets, their comments and files."""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.connectors.ports import support as models
from gateway.resolvers import support as resolve
from gateway.schema.base import AccountScoped, Node, auto, connection, field, object_type
from gateway.schema.documents import TTL, DownloadLink

TICKETS = [Permission.TICKETS_READ]


@object_type(models.Person, requires=[])
class Person:
    """Somebody as the system at hand knows them."""

    display_name: auto
    email: auto
    kind: auto


@object_type(models.TicketAttachment, requires=TICKETS)
class TicketAttachment:
    """A file that came with a comment."""

    file_name: auto
    mime_type: auto
    size_bytes: auto
    download = field(
        DownloadLink | None,
        resolve.attachment_download,
        description="A link to the file.",
        args=[TTL],
        reads={models.TicketAttachment: ["id"]},
    )


@object_type(models.TicketComment, requires=TICKETS)
class TicketComment:
    """One public message of a ticket."""

    author: auto
    body: auto
    created_at: auto
    attachments = field(
        list[TicketAttachment | None] | None,
        resolve.attachments,
        description="The files that came with it.",
        reads={models.TicketComment: ["attachments"]},
    )


@object_type(models.Ticket, requires=TICKETS)
class Ticket(Node, AccountScoped):
    """A request of the customer to the business's helpdesk."""

    number: auto
    subject: auto
    description: auto
    status: auto
    status_label: auto
    priority: auto
    type: auto
    requester: auto
    assignee: auto
    created_at: auto
    updated_at: auto
    last_activity_at: auto
    solved_at: auto
    can_comment: auto
    comments = connection(
        TicketComment,
        resolve.comments,
        description="What was written, oldest first. What is internal to the business is not among it.",
        reads={models.Ticket: ["id"]},
    )
