"""Writing tickets: `ticketCreate`, `ticketComment`, and handing in the files that go with them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from strawberry import ID
from typing_extensions import Doc

from gateway.auth.principal import Membership
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Value
from gateway.connectors.ports.support import (
    Author,
    CommentDraft,
    Ticket,
    TicketComment,
    TicketDraft,
    TicketPriority,
    TicketsPort,
    TicketType,
    TicketWritesPort,
)
from gateway.context import RequestContext
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.ids import decode_id
from gateway.passes import UploadPass
from gateway.resolvers.documents import DownloadLink
from gateway.resolvers.mutations import Refused, not_found
from gateway.state.once import Earlier

MAX_SUBJECT: Final = 200
MAX_BODY: Final = 20_000
MAX_FILES: Final = 10
MAX_BYTES: Final = 20_000_000
UPLOAD_SECONDS: Final = 300
_MAX_KEY: Final = 255
_MAX_NAME: Final = 200

AccountId = Annotated[ID, Doc("The account it is for.")]
IdempotencyKey = Annotated[
    str,
    Doc("A new value for each new object, at most 255 characters: the same one never makes a second object."),
]
UploadIds = Annotated[
    tuple[ID, ...], Doc("Files that were handed in for it: ids that `ticketUploadBegin` gave.")
]


class TicketCreateInput(Value, frozen=True, kw_only=True):
    """A ticket to be."""

    account_id: AccountId
    idempotency_key: IdempotencyKey
    subject: Annotated[str, Doc("What it is about, in one line of at most 200 characters.")]
    body: Annotated[str, Doc("The first message, as plain text of at most 20,000 characters.")]
    priority: Annotated[TicketPriority | None, Doc("How urgent it is to you.")] = None
    type: Annotated[TicketType | None, Doc("What sort of request it is.")] = None
    upload_ids: UploadIds = ()


class TicketCommentInput(Value, frozen=True, kw_only=True):
    """A public comment to be."""

    account_id: AccountId
    idempotency_key: IdempotencyKey
    ticket_id: Annotated[ID, Doc("The ticket it is added to.")]
    body: Annotated[str, Doc("The message, as plain text of at most 20,000 characters.")]
    upload_ids: UploadIds = ()


class TicketUploadBeginInput(Value, frozen=True, kw_only=True):
    """A file that shall go with a ticket or comment."""

    account_id: AccountId
    file_name: Annotated[str, Doc("Name of the file, without folders.")]
    mime_type: Annotated[str, Doc("Media type, such as `image/png`.")]
    size_bytes: Annotated[int, Doc("Size in bytes, exactly; at most 20,000,000.")]


async def create(membership: Membership, context: RequestContext, given: TicketCreateInput) -> dict[str, Any]:
    """Make a ticket, once for each idempotency key, and answer it as the system has it."""
    _check_text("subject", given.subject, MAX_SUBJECT)
    _check_text("body", given.body, MAX_BODY)
    scope = await context.scope(membership)
    key = _key(context, scope, "ticketCreate", given.idempotency_key)
    earlier = await context.once.begin(key, given)
    if earlier is not None and earlier.result is not None:
        ticket = await _read(context, Ref(scope, earlier.result))
        if ticket is None:
            raise Refused(not_found("idempotency_key", "the ticket that was made with it is gone"))
        return {"ticket": ticket}
    async with _Attempt(context, key, given, earlier) as attempt:
        draft = TicketDraft(
            author=_author(context),
            subject=given.subject,
            body=given.body,
            priority=given.priority,
            type=given.type,
            uploads=await _uploads(context, scope, given.upload_ids),
        )
        made: Ticket = await context.write(
            TicketWritesPort.create_ticket, scope, draft, key, loads=TicketsPort.get_many
        )
        attempt.result = made.id
    return {"ticket": made}


async def comment(
    membership: Membership, context: RequestContext, given: TicketCommentInput
) -> dict[str, Any]:
    """Add a comment, once for each idempotency key, and answer it with its ticket."""
    _check_text("body", given.body, MAX_BODY)
    scope = await context.scope(membership)
    key = _key(context, scope, "ticketComment", given.idempotency_key)
    identity = decode_id(given.ticket_id, "ticketId")
    known = (identity.type, identity.account, identity.connector)
    if known != ("Ticket", scope.key, context.system(TicketsPort.get_many)):
        raise Refused(not_found("ticket_id", "no such ticket in this account"))
    ref = Ref(scope, identity.native_id)
    ticket: Ticket | None = await context.load(TicketsPort.get_many, ref)
    if ticket is None:
        raise Refused(not_found("ticket_id", "no such ticket in this account"))
    # What it came to before is not looked at: the system is asked, and gives the comment that has the key.
    earlier = await context.once.begin(key, given)
    async with _Attempt(context, key, given, earlier) as attempt:
        done = earlier is not None and earlier.result is not None
        # Of a comment that was made the files are in place; what was handed in for it may be gone by now.
        uploads = () if done else await _uploads(context, scope, given.upload_ids)
        draft = CommentDraft(author=_author(context), body=given.body, uploads=uploads)
        made: TicketComment = await context.write(TicketWritesPort.add_comment, ticket, draft, key)
        attempt.result = made.id
    # Read anew: a comment changes a ticket's status and times.
    return {"comment": made, "ticket": await _read(context, ref)}


async def begin_upload(
    membership: Membership, context: RequestContext, given: TicketUploadBeginInput
) -> dict[str, Any]:
    """Give an address of this gateway to PUT one file to."""
    name = given.file_name
    if not name.strip() or len(name) > _MAX_NAME or any(ch in "/\\" or not ch.isprintable() for ch in name):
        raise RequestError(
            Code.INVALID_INPUT,
            f"fileName: write a name without folders or line ends, of at most {_MAX_NAME} characters.",
        )
    kind = given.mime_type
    if kind.count("/") != 1 or not kind.isascii() or not kind.isprintable() or len(kind) > _MAX_NAME:
        raise RequestError(Code.INVALID_INPUT, "mimeType: write a media type, such as image/png.")
    if not 0 < given.size_bytes <= MAX_BYTES:
        raise RequestError(Code.INVALID_INPUT, f"sizeBytes: write a number from 1 to {MAX_BYTES}.")
    scope = await context.scope(membership)
    context.check_known(TicketWritesPort.upload, scope)
    system = context.system(TicketWritesPort.upload)
    issued = UploadPass(
        system, scope.key, scope.owners(system), context.passes.new_upload(), name, kind, given.size_bytes,
        context.passes.expiry(UPLOAD_SECONDS),
    )  # fmt: skip
    link = DownloadLink.until(context.address(issued), issued.expires_at)
    return {"upload": UploadSession(issued.upload, link, given.size_bytes)}


async def _read(context: RequestContext, ref: Ref) -> Ticket | GatewayError | None:
    """Read a ticket after a write; an error stands in its place, since the write itself went well."""
    try:
        found: Ticket | None = await context.load(TicketsPort.get_many, ref)
    except GatewayError as error:
        return error
    return found


class UploadSession:
    """Where to send a file, and what to name it by afterwards."""

    def __init__(self, id: str, link: DownloadLink, max_bytes: int) -> None:  # noqa: A002  the field's name
        self.id = id
        self.url = link.url
        self.method = "PUT"
        self.max_bytes = max_bytes
        self.expires_at = link.expires_at


class _Attempt:
    """One try at a write: however it ends, the key's entry says what is known.

    What an `earlier` try came to is never forgotten for a later one that fails.
    """

    def __init__(self, context: RequestContext, key: str, given: object, earlier: Earlier | None) -> None:
        self.result: str | None = None
        self._once = context.once
        self._key = key
        self._given = given
        self._earlier = earlier

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            await self._once.done(self._key, self._given, self.result)
            return
        surely_not = isinstance(error, RequestError) or (
            isinstance(error, UpstreamError) and not error.outcome_unknown
        )
        if self._earlier is None and surely_not:
            await self._once.forget(self._key)
            return
        before = self._earlier.result if self._earlier else None
        if isinstance(error, UpstreamError) and before is None:
            error.outcome_unknown = True  # this try did nothing, but the one before may have
        await self._once.done(self._key, self._given, before)


def _author(context: RequestContext) -> Author:
    caller = context.principal
    return Author(subject=caller.subject, display_name=caller.display_name, email=caller.email)


def _key(context: RequestContext, scope: AccountScope, purpose: str, given: str) -> str:
    if not given or len(given) > _MAX_KEY:
        raise RequestError(
            Code.INVALID_INPUT,
            f"idempotencyKey: write a new value for each new object, of at most {_MAX_KEY} characters.",
        )
    caller = context.principal
    return context.once.key(scope.key, caller.issuer, caller.subject, purpose, given)


async def _uploads(context: RequestContext, scope: AccountScope, ids: tuple[str, ...]) -> tuple[str, ...]:
    if len(ids) > MAX_FILES:
        raise RequestError(Code.INVALID_INPUT, f"uploadIds: write at most {MAX_FILES}.")
    system = context.system(TicketWritesPort.upload)
    return tuple(
        [
            await context.passes.secret(one, scope.key, system, f"uploadIds[{place}]")
            for place, one in enumerate(ids)
        ]
    )


def _check_text(field: str, text: str, limit: int) -> None:
    if not text.strip() or len(text) > limit or "\0" in text:
        raise RequestError(Code.INVALID_INPUT, f"{field}: write at least one and at most {limit} characters.")
