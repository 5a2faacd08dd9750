"""Tickets: what a customer asks the business's helpdesk, and what is answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, ClassVar, Protocol

from typing_extensions import Doc

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import BigInt, Direction, Kind, Listing, Page, Record, Selection, Value
from gateway.errors import GatewayError


class TicketStatus(Enum):
    """Where a ticket stands. PENDING waits for the customer, ON_HOLD for somebody else."""

    NEW = "NEW"
    OPEN = "OPEN"
    PENDING = "PENDING"
    ON_HOLD = "ON_HOLD"
    SOLVED = "SOLVED"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


class TicketPriority(Enum):
    """How urgent a ticket is to the business."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"
    UNKNOWN = "UNKNOWN"


class TicketType(Enum):
    """What sort of request it is."""

    QUESTION = "QUESTION"
    INCIDENT = "INCIDENT"
    PROBLEM = "PROBLEM"
    TASK = "TASK"
    UNKNOWN = "UNKNOWN"


class PersonKind(Enum):
    """On whose side a person is."""

    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"
    SYSTEM = "SYSTEM"


class Person(Value, frozen=True, kw_only=True):
    """Somebody as the system at hand knows them: no record of their own, so without an id."""

    display_name: Annotated[str | None, Doc("Name to show.")]
    email: Annotated[str | None, Doc("Address for mail; null for staff.")]
    kind: Annotated[PersonKind | None, Doc("On whose side the person is.")]


class TicketAttachment(Record, frozen=True, kw_only=True):
    """A file that came with a comment."""

    id: str
    file_name: Annotated[str | None, Doc("Name of the file.")]
    mime_type: Annotated[str | None, Doc("Media type, as the sender named it.")]
    size_bytes: Annotated[BigInt | None, Doc("Size in bytes.")]


class TicketComment(Record, frozen=True, kw_only=True):
    """One public message of a ticket."""

    id: str
    author: Annotated[Person | None, Doc("Who wrote it.")]
    body: Annotated[str | None, Doc("The message as plain text.")]
    created_at: Annotated[dt.datetime | None, Doc("When it was written.")]
    attachments: tuple[TicketAttachment | GatewayError, ...]


class Ticket(Record, frozen=True, kw_only=True):
    """A request of a customer to the business's helpdesk."""

    id: str
    number: Annotated[str | None, Doc("Ticket number, as both sides say it.")]
    subject: Annotated[str | None, Doc("What it is about, in one line.")]
    description: Annotated[str | None, Doc("The first message, as plain text.")]
    status: Annotated[TicketStatus | None, Doc("Where the ticket stands.")]
    status_label: Annotated[str | None, Doc("The status in the system's own words.")]
    priority: Annotated[
        TicketPriority | None, Doc("How urgent it is to the business; null when not judged yet.")
    ]
    type: Annotated[TicketType | None, Doc("What sort of request it is; null when not judged yet.")]
    requester: Annotated[Person | None, Doc("Who asked.")]
    assignee: Annotated[Person | None, Doc("Who answers for the business; null when nobody does yet.")]
    created_at: Annotated[dt.datetime | None, Doc("When it was made.")]
    updated_at: Annotated[dt.datetime | None, Doc("When it was last changed in its system.")]
    last_activity_at: Annotated[dt.datetime | None, Doc("When something last happened to it.")]
    solved_at: Annotated[dt.datetime | None, Doc("When it was solved; null while it is not.")]
    can_comment: Annotated[bool | None, Doc("Whether a comment can still be added.")]


class TicketFilter(Value, frozen=True, kw_only=True):
    """Which tickets to list. Conditions are joined by AND."""

    status: Annotated[tuple[TicketStatus, ...] | None, Doc("One of these.")] = None


class TicketSortField(Enum):
    """What tickets can be sorted by."""

    UPDATED_AT = "UPDATED_AT"
    CREATED_AT = "CREATED_AT"


class TicketSort(Value, frozen=True, kw_only=True):
    """How to sort tickets. Equal rows keep one order."""

    field: Annotated[TicketSortField, Doc("What to compare.")] = TicketSortField.UPDATED_AT
    direction: Annotated[Direction, Doc("Which end comes first.")] = Direction.DESC


class Author(Value, frozen=True, kw_only=True):
    """The caller a write is made for. `subject` is the identity provider's and tells people apart.

    An address proves nothing about who somebody is in the helpdesk: a connector finds people by `subject`.
    """

    subject: str
    display_name: str | None = None
    email: str | None = None


class TicketDraft(Value, frozen=True, kw_only=True):
    """A ticket to be. `uploads` are what `upload` gave for its files."""

    author: Author
    subject: str
    body: str
    priority: TicketPriority | None = None
    type: TicketType | None = None
    uploads: tuple[str, ...] = ()


class CommentDraft(Value, frozen=True, kw_only=True):
    """A public comment to be. `uploads` are what `upload` gave for its files."""

    author: Author
    body: str
    uploads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in: `size` bytes in all, in `chunks` that can be read once."""

    file_name: str
    mime_type: str
    size: int
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Content:
    """A file on its way out. `size` is in bytes, None when the system does not say."""

    file_name: str
    mime_type: str
    size: int | None
    chunks: AsyncIterator[bytes]


class TicketsPort(Protocol):
    """Customers' tickets. What is internal to the business is never among them."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Ticket | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_tickets(
        self,
        scope: AccountScope,
        page: Page,
        filter: TicketFilter,  # noqa: A002  the field's standard term
        sort: TicketSort,
        fields: Selection,
    ) -> Listing[Ticket]:
        """List one account's tickets; UNSUPPORTED_CAPABILITY for what the system cannot do."""
        ...

    async def list_comments(self, ticket: Ticket, page: Page, fields: Selection) -> Listing[TicketComment]:
        """List the public comments of a ticket that was loaded before, oldest first."""
        ...

    def open_attachment(self, scope: AccountScope, native_id: str) -> AbstractAsyncContextManager[Content]:
        """Open a file that one of the account's public comments holds, to be passed on as it comes.

        Raises UPSTREAM_CONTRACT_BROKEN when the system no longer has it.
        """
        ...


class TicketWritesPort(Protocol):
    """Writing tickets. `key` is opaque, at most 64 characters, bound to account, caller and purpose.

    The same key never makes a second object, however the first try ended: a connector hands it to the system
    where the system honours such keys, and else looks for what carries it before it writes.

    An UpstreamError with `outcome_unknown` says that the system may have done what was asked. A draft that
    the system refuses is INVALID_INPUT, naming the draft's attribute.
    """

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def create_ticket(
        self, scope: AccountScope, draft: TicketDraft, key: str, fields: Selection
    ) -> Ticket:
        """Make a ticket; give it as the system answered, its owner read from that answer."""
        ...

    async def add_comment(
        self, ticket: Ticket, draft: CommentDraft, key: str, fields: Selection
    ) -> TicketComment:
        """Add a public comment to a ticket that was loaded before; give the comment."""
        ...

    async def upload(self, scope: AccountScope, file: Upload) -> str:
        """Hand a file in, for a later draft's `uploads`; give the system's name for it, a secret."""
        ...
