"""What was said in tickets: public messages only, with their texts and files.

A message is a transaction; its words and files are attachments of it. RT lists internal remarks among both,
so attachments are asked for by public transactions only, and never by their ticket.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import html
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import nh3

from gateway.auth import boundary
from gateway.auth.scope import AccountScope
from gateway.connectors.ports.common import Listing, Page, Selection
from gateway.connectors.ports.support import Content, Ticket, TicketComment
from gateway.connectors.rt.api import MAX_ROWS, Api, Found, Pairs, Wire, either, is_id
from gateway.connectors.rt.mapping import COMMENT, PUBLIC, TICKET
from gateway.connectors.rt.paging import Order
from gateway.connectors.rt.rows import Sides, shown, ticket_row, well_formed
from gateway.errors import UpstreamError

_SPOKEN: Final = either([f"Type = '{kind}'" for kind in PUBLIC])
_TRANSACTION: Final = "Type,Created,ObjectType,ObjectId"
_TICKET: Final = "RT::Ticket"
_LINES: Final = frozenset({"br", "p", "div", "li", "tr"})

Parts = dict[str, list[Wire]]
"""Attachments by their transaction."""


class Messages:
    """Reads public messages of tickets."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def listed(self, ticket: Ticket, page: Page, fields: Selection) -> Listing[TicketComment]:
        """List the public messages of a ticket, oldest first."""
        if not is_id(ticket.id):
            raise self._api.broken("a ticket's id of another form")
        heads = {path.split(".")[0] for path in COMMENT.paths(fields)}
        author = [("fields[Creator]", "RealName,EmailAddress")] if "author" in heads else []
        asked = [("fields", _TRANSACTION + ",Creator" * bool(author)), *author]

        async def ask(condition: str, order: Pairs, size: int) -> Found:
            terms = [f"ObjectType = '{_TICKET}'", f"TicketId = {ticket.id}", _SPOKEN, condition]
            found = await self._api.search("transactions", _all(terms), asked, order, size)
            self._check(found.rows, {ticket.id})
            return found

        part, sides = await asyncio.gather(
            Order(None, descending=False).page(self._api, ask, page),
            self._sides(ticket.id) if author else _nobody(),
        )
        parts = await self._parts([row["id"] for row, _ in part.rows], heads)
        reader = self._api.reader(COMMENT, fields)
        items: list[Any] = []
        for row, cursor in part.rows:
            more = {"author": sides.author(row.get("Creator")), **parts.get(row["id"], {})}
            items.append((reader.read(row | more, ticket.scope, ticket), cursor))
        return Listing(items, has_next=part.has_next, has_previous=part.has_previous)

    async def first(self, tickets: Sequence[str]) -> dict[str, str | None]:
        """Give the first message of each ticket, as plain text."""
        found: dict[str, str | None] = {}
        for start in range(0, len(tickets), MAX_ROWS):
            found |= await self._first(tickets[start : start + MAX_ROWS])
        return found

    async def _first(self, tickets: Sequence[str]) -> dict[str, str | None]:
        terms = [f"ObjectType = '{_TICKET}'", "Type = 'Create'", either([f"TicketId = {t}" for t in tickets])]
        found = await self._api.search(
            "transactions", _all(terms), [("fields", _TRANSACTION)], [("orderby", "id")], MAX_ROWS
        )
        self._check(found.rows, set(tickets))
        tickets_of = {row["id"]: row["ObjectId"] for row in found.rows}
        parts = await self._parts(list(tickets_of), {"body"})
        return {tickets_of[one]: part["body"] for one, part in parts.items()}

    @asynccontextmanager
    async def open(self, scope: AccountScope, native_id: str) -> AsyncIterator[Content]:
        """Open a file; see the port. It is a public message's, in a ticket of this account's."""
        if not is_id(native_id):
            raise self._api.broken("an attachment's id of another form")
        files = await self._api.attachments("id", [native_id], [("fields", "TransactionId")])
        transaction = files[0].get("TransactionId") if files else None
        if not isinstance(transaction, str) or not is_id(transaction):
            raise self._api.broken("an attachment that is gone")
        await self._check_account(scope, transaction)
        found = await self._api.get(f"/attachment/{native_id}", "/attachment/{id}")
        content, of = found.get("Content"), found.get("TransactionId")
        if str(found.get("id")) != native_id or not isinstance(of, dict) or of.get("id") != transaction:
            raise self._api.broken("not the attachment asked for")
        try:
            read = base64.b64decode("".join(content.split()), validate=True) if content else b""
        except (AttributeError, binascii.Error, ValueError):
            raise self._api.broken("an attachment's content") from None
        yield Content(
            file_name=_text(found.get("Filename"), "file"),
            mime_type=_text(found.get("ContentType"), "application/octet-stream"),
            size=len(read),
            chunks=_once(read),
        )

    async def _check_account(self, scope: AccountScope, transaction: str) -> None:
        terms = [f"ObjectType = '{_TICKET}'", _SPOKEN, f"id = {transaction}"]
        said = await self._api.search("transactions", _all(terms), [("fields", _TRANSACTION)], (), 1)
        self._check(said.rows, None)
        if [row["id"] for row in said.rows] != [transaction]:
            raise self._api.broken("an attachment that is no public message's")
        ticket = said.rows[0]["ObjectId"]
        fields: Selection = {Ticket: frozenset()}
        found = await self._api.search("tickets", f"id = {ticket}", shown(TICKET.paths(fields)), (), 1)
        if [row["id"] for row in found.rows] != [ticket]:
            raise self._api.broken("an attachment without its ticket")
        row = ticket_row(found.rows[0], self._api.queue, self._api.account_field)
        record = self._api.reader(TICKET, fields).read(row, scope)
        if isinstance(record, UpstreamError):
            raise record
        if record is None or not boundary.admits(record):
            raise self._api.broken("an attachment of another account's ticket")

    def _check(self, rows: Sequence[Wire], tickets: set[str] | None) -> None:
        """Believe none that is internal, or of something else than these tickets."""
        for row in rows:
            there = row.get("ObjectId")
            if row.get("ObjectType") != _TICKET or not isinstance(there, str) or not is_id(there):
                raise self._api.broken("transactions: not of a ticket")
            if row.get("Type") not in PUBLIC or (tickets is not None and there not in tickets):
                raise self._api.broken("transactions that were not asked for")

    async def _sides(self, ticket: str) -> Sides:
        fields = shown((), "Requestor", "Cc", "Owner")
        found = await self._api.search("tickets", f"id = {ticket}", fields, (), 1)
        if [row["id"] for row in found.rows] != [ticket] or not well_formed(found.rows[0]):
            raise self._api.broken("not the people of the ticket asked for")
        return Sides(found.rows[0])

    async def _parts(self, transactions: Sequence[str], heads: set[str]) -> dict[str, Wire]:
        """Give `body` and `files` of each transaction, as far as `heads` name them."""
        if not heads & {"body", "files"}:
            return {}
        asked = [("fields", "TransactionId,Filename,ContentType,ContentLength")]
        parts: Parts = {one: [] for one in transactions}
        for row in await self._api.attachments("TransactionId", transactions, asked):
            if not isinstance(row.get("ContentType"), str) or not isinstance(row.get("Filename"), str):
                raise self._api.broken("attachments: without type or name")
            parts[row["TransactionId"]].append(row)
        chosen = {one: _body(rows) for one, rows in parts.items()} if "body" in heads else {}
        wanted = [row["id"] for row in chosen.values() if row is not None]
        found: dict[str, object] = {}
        for start in range(0, len(wanted), MAX_ROWS):
            ids = wanted[start : start + MAX_ROWS]
            rows = await self._api.attachments("id", ids, [("fields", "Content")])
            found |= {row["id"]: row.get("Content") for row in rows}
        return {
            one: {"body": _plain(chosen.get(one), found), "files": list(filter(_is_file, rows))}
            for one, rows in parts.items()
        }


def _all(terms: Sequence[str]) -> str:
    return " AND ".join(term for term in terms if term)


def _body(rows: Sequence[Wire]) -> Wire | None:
    """Give the part that is the message itself: plain text where there is some."""
    texts = [row for row in rows if not row["Filename"]]
    for kind in ("text/plain", "text/html"):
        for row in texts:
            if row["ContentType"] == kind:
                return row
    return None


def _is_file(row: Wire) -> bool:
    """A part with a name, or one that is neither text nor a bundle of parts."""
    return bool(row["Filename"]) or not row["ContentType"].startswith(("text/", "multipart/"))


def _plain(row: Wire | None, found: dict[str, object]) -> object:
    if row is None:
        return None
    content = found.get(row["id"])
    if not isinstance(content, str):
        return False  # no text: its reader tells that it is broken
    return content if row["ContentType"] == "text/plain" else _stripped(content)


def _stripped(content: str) -> str:
    """Give HTML's words, a line for each block."""
    kept = nh3.clean(content, tags=set(_LINES), attributes={})
    for tag in _LINES:
        kept = kept.replace(f"</{tag}>", "\n").replace(f"<{tag}>", "\n" if tag == "br" else "")
    return html.unescape(kept).strip()


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default


async def _nobody() -> Sides:
    return Sides({})


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
