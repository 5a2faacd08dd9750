"""The desk that tests of writing stand at: drafts, writes and what can be read of them. See `writes.py`."""

# ruff: noqa: S101  assertions are how a suite speaks

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from gateway.auth.scope import Ref
from gateway.connectors.ports.common import Page, Record
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
    Upload,
)
from gateway.connectors.testing.bench import Bench
from gateway.connectors.testing.checks import errors_in
from gateway.connectors.testing.subject import NAME, Operation, everything
from gateway.connectors.testing.wire import Forward, Spoil
from gateway.errors import Code

WORDS = "words-of-the-caller-4712"
"""Stands in every draft; no log and no error may show it."""

_TICKETS = Operation(TicketsPort, "list_tickets")
FILE = b"\x89PNG" + bytes(range(256)) * 300


@dataclass(frozen=True, kw_only=True)
class Writing:
    """What is in the system for writing.

    `ticket` is one of account A's that takes comments and has internal ones, with the words `hidden`;
    `closed` takes none. `author` is known there by its subject; `staff_email` is an agent's address.
    `commits(method, path)` tells the calls that write the object itself. `refused` pairs an attribute with
    changes of a good ticket's draft that the system refuses for it, `refused_comments` those of a comment's.
    `faults` names errors that differ from the suite's table when the write itself meets them.
    """

    ticket: str
    closed: str | None
    hidden: str
    author: Author
    staff_email: str
    commits: Callable[[str, str], bool]
    refused: Sequence[tuple[str, Mapping[str, Any]]]
    refused_comments: Sequence[tuple[str, Mapping[str, Any]]] = ()
    faults: Mapping[str, Code] = field(default_factory=dict)


class Desk:
    """One connector's writing and reading, for account A."""

    def __init__(self, bench: Bench, writing: Writing) -> None:
        self.bench = bench
        self.writing = writing
        self.port: Any = bench.connector.ports[TicketWritesPort]
        self.reads: Any = bench.connector.ports[TicketsPort]

    def fresh(self) -> Desk:
        """Connect anew, as another process would."""
        made = Desk(self.bench, self.writing)
        connector = self.bench.subject.connect(NAME, self.bench.wire.url, self.bench.outbound)
        made.port, made.reads = connector.ports[TicketWritesPort], connector.ports[TicketsPort]
        return made

    def draft(self, **changes: Any) -> TicketDraft:
        """Make the draft of a ticket."""
        good = TicketDraft(
            author=self.writing.author,
            subject=f"A question ({WORDS})",
            body=f"How do I reset a valve?\n{WORDS}",
            priority=TicketPriority.HIGH,
            type=TicketType.QUESTION,
        )
        return msgspec.structs.replace(good, **changes)

    def remark(self, **changes: Any) -> CommentDraft:
        """Make the draft of a comment."""
        good = CommentDraft(author=self.writing.author, body=f"It is still so.\n{WORDS}")
        return msgspec.structs.replace(good, **changes)

    async def create(self, key: str, draft: TicketDraft | None = None) -> Ticket:
        """Make a ticket."""
        ticket: Ticket = await self.port.create_ticket(
            self.bench.a, draft or self.draft(), key_of(key), everything(Ticket)
        )
        return ticket

    async def comment(self, key: str, draft: CommentDraft | None = None, ticket: str = "") -> TicketComment:
        """Add a comment."""
        loaded = await self.load(ticket or self.writing.ticket)
        comment: TicketComment = await self.port.add_comment(
            loaded, draft or self.remark(), key_of(key), everything(TicketComment)
        )
        return comment

    async def load(self, ticket: str) -> Ticket:
        """Load one of A's tickets, by the connector that is not under fault."""
        [found] = await self.bench.get(TicketsPort, [Ref(self.bench.a, ticket)])
        assert isinstance(found, Record), found
        return found  # type: ignore[return-value]  # partial models are classes of their own

    async def tickets(self) -> list[str]:
        """List the ids of all of A's tickets."""
        rows: list[Any] = [record for record, _ in (await self.bench.walk(_TICKETS, 100)).items]
        return [record.id for record in rows]

    async def comments(self, ticket: str) -> list[TicketComment]:
        """List all comments of a ticket."""
        loaded = await self.load(ticket)
        found: list[TicketComment] = []
        page = Page(first=50)
        while True:
            listing = await self.reads.list_comments(loaded, page, everything(TicketComment))
            found += [record for record, _ in listing.items]
            if not listing.has_next:
                assert not list(errors_in(found))
                return found
            page = Page(first=50, after=listing.end_cursor)

    async def upload(self, content: bytes = FILE) -> str:
        """Hand a file in."""
        file = Upload("photo of it.png", "image/png", len(content), chunks(content))
        token: str = await self.port.upload(self.bench.a, file)
        return token

    def spoil_commits(self, spoil: Spoil) -> None:
        """Spoil the answers to the writes themselves only."""

        async def answer(request: web.Request, forward: Forward) -> web.StreamResponse:
            if self.writing.commits(request.method, request.path):
                return await spoil(request, forward)
            reply = await forward()
            return reply.with_body(reply.body)

        self.bench.wire.spoil = answer

    @property
    def committed(self) -> int:
        """How many writes were sent since the last `reset()`."""
        return sum(self.writing.commits(call.method, call.path) for call in self.bench.wire.calls)


def key_of(word: str) -> str:
    """Make a key as the gateway does: 64 hexadecimal digits."""
    return hashlib.sha256(word.encode()).hexdigest()


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    """Give a file in parts."""
    for start in range(0, len(content), 1000):
        yield content[start : start + 1000]


async def write(desk: Desk, made: str, key: str) -> str:
    """Write a ticket or a comment, and give its id."""
    return (await (desk.create(key) if made == "ticket" else desk.comment(key))).id


async def count(desk: Desk, made: str) -> int:
    """Count the tickets, or the comments of the ticket that is written to."""
    return len(await (desk.tickets() if made == "ticket" else desk.comments(desk.writing.ticket)))
