"""Mutations: what each gives back, and the errors that a form can show."""

from __future__ import annotations

import datetime as dt
from typing import Any

import strawberry

from gateway.auth.permissions import Permission
from gateway.connectors.ports.common import Url
from gateway.resolvers import mutations as models
from gateway.resolvers import support_writes as write
from gateway.schema.base import auto, enum_of, mutation, object_type, plain, text_of
from gateway.schema.support import Ticket, TicketComment


def _told(type_: Any, attribute: str) -> Any:
    return plain(type_, attribute, text_of(models.Problem, attribute))


@strawberry.interface(description=models.Problem.__doc__)
class UserError:
    """Types that list it describe one sort of failure each, and have its fields."""

    message = _told(str, "message")
    code = _told(enum_of(models.UserErrorCode), "code")
    path = _told(list[str] | None, "path")
    retryable = _told(bool, "retryable")


@object_type(models.ValidationError, requires=[])
class ValidationError(UserError):
    """A value of the input cannot be taken."""


@object_type(models.NotFoundError, requires=[])
class NotFoundError(UserError):
    """Something that the input names is not there, or not for the caller."""


@object_type(models.PermissionError_, requires=[])
class PermissionError(UserError):  # noqa: A001  the name in the schema
    """The caller may not do that in this account."""

    requires: auto


@object_type(models.ConflictError, requires=[])
class ConflictError(UserError):
    """Somebody else is changing the same thing, or the same write is under way."""


@object_type(models.IdempotencyError, requires=[])
class IdempotencyError(UserError):
    """The idempotency key came with another input before."""


@object_type(models.RateLimitedError, requires=[])
class RateLimitedError(UserError):
    """A system limits the rate of calls."""

    system: auto
    retry_after_seconds: auto


@object_type(models.SystemError_, requires=[])
class UpstreamError(UserError):
    """A system did not do its part."""

    system: auto
    outcome_unknown: auto


@object_type(models.UnsupportedError, requires=[])
class UnsupportedError(UserError):
    """The system behind this cannot do that."""


USER_ERRORS = (
    ValidationError,
    NotFoundError,
    PermissionError,
    ConflictError,
    IdempotencyError,
    RateLimitedError,
    UpstreamError,
    UnsupportedError,
)


def _errors() -> object:
    return plain(list[UserError], "user_errors", "Why it was not done; empty when it was.")


@object_type(write.UploadSession, requires=[])
class UploadSession:
    """Where to send a file, and what to name it by afterwards."""

    id = plain(strawberry.ID, "id", "What `uploadIds` names it by, once the PUT was answered 201.")
    url = plain(Url, "url", "Address to send the file to; no header but Content-Length is needed.")
    method = plain(str, "method", "HTTP method to use.")
    max_bytes = plain(int, "max_bytes", "How many bytes to send, exactly.")
    expires_at = plain(dt.datetime, "expires_at", "When the address stops working.")


@object_type(requires=[])
class TicketCreatePayload:
    """What `ticketCreate` came to."""

    ticket = plain(Ticket | None, "ticket", "The ticket as its system has it now.")
    user_errors = _errors()


@object_type(requires=[])
class TicketCommentPayload:
    """What `ticketComment` came to."""

    comment = plain(TicketComment | None, "comment", "The comment as its system has it now.")
    ticket = plain(Ticket | None, "ticket", "The ticket, read anew.")
    user_errors = _errors()


@object_type(requires=[])
class TicketUploadBeginPayload:
    """What `ticketUploadBegin` came to."""

    upload = plain(UploadSession | None, "upload", "Where to send the file.")
    user_errors = _errors()


@object_type(requires=[])
class Mutation:
    """Everything that can be done."""

    ticket_create = mutation(
        TicketCreatePayload,
        write.create,
        write.TicketCreateInput,
        name="ticketCreate",
        description="Make a ticket. The same `idempotencyKey` never makes a second one.",
        requires=[Permission.TICKETS_CREATE],
    )
    ticket_comment = mutation(
        TicketCommentPayload,
        write.comment,
        write.TicketCommentInput,
        name="ticketComment",
        description="Add a public comment to a ticket. The same `idempotencyKey` never adds a second one.",
        requires=[Permission.TICKETS_COMMENT],
    )
    ticket_upload_begin = mutation(
        TicketUploadBeginPayload,
        write.begin_upload,
        write.TicketUploadBeginInput,
        name="ticketUploadBegin",
        description="Ask where to send a file that shall go with a ticket or comment.",
        requires=[Permission.TICKETS_COMMENT],
    )
