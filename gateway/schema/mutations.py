"""Mutations: what each gives back, and the errors that a form can show."""

from __future__ import annotations

import datetime as dt

import strawberry

from gateway.auth.permissions import Permission
from gateway.connectors.ports.common import Url
from gateway.resolvers import mutations as models
from gateway.resolvers import support_writes as write
from gateway.schema.base import auto, enum_of, mutation, object_type, plain
from gateway.schema.support import Ticket, TicketComment


@strawberry.interface(description="Why a mutation did not do what it was asked for.")
class UserError:
    """Types that list it describe one sort of failure each."""

    message: str = strawberry.field(description="What is wrong and what to write, for people.")
    code: enum_of(models.UserErrorCode) = strawberry.field(description="What is wrong, for programs.")  # type: ignore[valid-type]  # made at run time
    path: list[str] | None = strawberry.field(
        description="The part of the input that is wrong; null: none is."
    )
    retryable: bool = strawberry.field(description="Whether the same input may do later.")


@object_type(models.ValidationError, requires=[])
class ValidationError(UserError):
    """A value of the input cannot be taken."""

    message: auto
    code: auto
    path: auto
    retryable: auto


@object_type(models.NotFoundError, requires=[])
class NotFoundError(UserError):
    """Something that the input names is not there, or not for the caller."""

    message: auto
    code: auto
    path: auto
    retryable: auto


@object_type(models.PermissionError_, requires=[])
class PermissionError(UserError):  # noqa: A001  the name in the schema
    """The caller may not do that in this account."""

    message: auto
    code: auto
    path: auto
    retryable: auto
    requires: auto


@object_type(models.ConflictError, requires=[])
class ConflictError(UserError):
    """Somebody else is changing the same thing, or the same write is under way."""

    message: auto
    code: auto
    path: auto
    retryable: auto


@object_type(models.IdempotencyError, requires=[])
class IdempotencyError(UserError):
    """The idempotency key came with another input before."""

    message: auto
    code: auto
    path: auto
    retryable: auto


@object_type(models.RateLimitedError, requires=[])
class RateLimitedError(UserError):
    """A system limits the rate of calls."""

    message: auto
    code: auto
    path: auto
    retryable: auto
    system: auto
    retry_after_seconds: auto


@object_type(models.SystemError_, requires=[])
class UpstreamError(UserError):
    """A system did not do its part."""

    message: auto
    code: auto
    path: auto
    retryable: auto
    system: auto
    outcome_unknown: auto


@object_type(models.UnsupportedError, requires=[])
class UnsupportedError(UserError):
    """The system behind this cannot do that."""

    message: auto
    code: auto
    path: auto
    retryable: auto


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
