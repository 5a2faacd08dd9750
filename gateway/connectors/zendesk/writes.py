"""Writing tickets and comments, each once for its key.

A ticket carries its key as `Idempotency-Key`, which Zendesk honours for hours, and as `external_id`, by which
it is looked for before. A comment is an update of its ticket, and Zendesk has no keys for updates: it carries
its key in the audit's metadata, and a stamp of the ticket's last change.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import msgspec

from gateway.auth.scope import AccountScope
from gateway.connectors.ports.common import Selection
from gateway.connectors.ports.support import (
    CommentDraft,
    Ticket,
    TicketComment,
    TicketDraft,
    Upload,
)
from gateway.connectors.zendesk.api import (
    BAD_REQUEST,
    CONFLICT,
    NOT_FOUND,
    OK,
    REFUSED,
    Api,
    Wire,
    joined,
    people,
)
from gateway.connectors.zendesk.mapping import COMMENT, PRIORITY, TICKET, TYPE
from gateway.connectors.zendesk.paging import by_cursor
from gateway.connectors.zendesk.people import CREATED, JSON, People, nothing_written
from gateway.connectors.zendesk.refusals import check_text, closed, refusal, word
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Answer

_ROUNDS: Final = 3
_AUDIT_PAGES: Final = 10
_TOO_LARGE: Final = 413
_NOTE: Final = "portal_key"
_KEY: Final = re.compile(r"[\w.:~-]{1,64}", re.ASCII)
_MIME: Final = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
_PRIORITIES: Final = {value: word for word, value in PRIORITY.items()}
_TYPES: Final = {value: word for word, value in TYPE.items()}


class Writes:
    """Serves `TicketWritesPort`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._people = People(api)

    async def create_ticket(
        self, scope: AccountScope, draft: TicketDraft, key: str, fields: Selection
    ) -> Ticket:
        """See the port. The first of an account's organizations gets the ticket."""
        _check_key(key)
        check_text("subject", draft.subject)
        check_text("body", draft.body)
        organizations = self._api.organizations(scope.owners(self._api.name))
        if not organizations:
            raise RequestError(Code.UNSUPPORTED_CAPABILITY, "The helpdesk does not know this account.")
        reader = self._api.reader(TICKET, fields)
        with nothing_written():
            before, user = await asyncio.gather(
                self._made(key), self._people.end_user(draft.author, organizations[0])
            )
        row = before or await self._create(draft, key, user["id"], organizations[0])
        # The boundary would hide a ticket of another account; that it was made there must be told.
        if str(row.get("organization_id")) not in organizations:
            raise self._api.broken("Ticket.organization_id: not the account's", outcome_unknown=True)
        record = reader.read(row, scope, joined=joined(row, {user["id"]: user}, "requester", "assignee"))
        if record is None or isinstance(record, UpstreamError):
            raise self._api.broken("a ticket that cannot be read", outcome_unknown=True)
        ticket: Ticket = record
        return ticket

    async def add_comment(
        self, ticket: Ticket, draft: CommentDraft, key: str, fields: Selection
    ) -> TicketComment:
        """See the port."""
        _check_key(key)
        check_text("body", draft.body)
        allowed = self._api.organizations(ticket.scope.owners(self._api.name))
        [organization] = self._api.organizations(sorted(ticket.owners))
        if organization not in allowed:
            raise self._api.broken("Ticket.organization_id: not the account's")
        user = await self._people.end_user(draft.author, organization)
        comment = {"body": draft.body, "public": True, "author_id": user["id"], "uploads": [*draft.uploads]}
        for _ in range(_ROUNDS):
            # The stamp is read first. What commits after it, our own first attempt that is late among the
            # rest, makes the update fail; and once this update is made, the late attempt's stamp is old. So
            # of all attempts with one key, one commits.
            with nothing_written():
                present = await self._present(ticket, organization)
                audit = await self._noted(ticket.id, key)
            if audit is None:
                if present.get("status") == "closed":
                    raise closed()
                audit = await self._update(ticket.id, comment, key, present["updated_at"])
            if audit is not None:
                return self._comment(audit, ticket, user, fields)
        raise RequestError(Code.CONFLICT, "The ticket changes all the time. Try again in a moment.")

    async def upload(self, _scope: AccountScope, file: Upload) -> str:
        """See the port. What is not attached within an hour is dropped by Zendesk."""
        answer = await self._api.bulk.upload(
            "/api/v2/uploads",
            file.chunks,
            file.size,
            content_type=file.mime_type if _MIME.fullmatch(file.mime_type) else "application/octet-stream",
            query=[("filename", file.file_name or "file")],
            route="/api/v2/uploads",
            accept=frozenset({OK, CREATED, _TOO_LARGE, REFUSED}),
        )
        if answer.status in {_TOO_LARGE, REFUSED}:
            raise RequestError(Code.INVALID_INPUT, "uploads: the helpdesk does not take a file like this.")
        found = self._written(answer).get("upload")
        token = found.get("token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token:
            raise self._api.broken("an upload without a token", outcome_unknown=True)
        return token

    # Tickets

    async def _made(self, key: str) -> Wire | None:
        """Look for the ticket that has the key: an idempotency key is forgotten after some hours."""
        query = [("external_id", key), ("page[size]", "2")]
        _, body = await self._api.get("/tickets", query, "/tickets")
        rows = self._api.rows(body, "tickets")
        if any(row.get("external_id") != key for row in rows):
            raise self._api.broken("tickets that were not asked for")
        return rows[0] if rows else None

    async def _create(self, draft: TicketDraft, key: str, user: int, organization: str) -> Wire:
        given: dict[str, Any] = {
            "subject": draft.subject,
            "comment": {"body": draft.body, "public": True, "author_id": user, "uploads": [*draft.uploads]},
            "requester_id": user,
            "submitter_id": user,
            "organization_id": int(organization),
            "external_id": key,
        }
        if draft.priority is not None:
            given["priority"] = word(_PRIORITIES, draft.priority, "priority")
        if draft.type is not None:
            given["type"] = word(_TYPES, draft.type, "type")
        answer = await self._api.client.post(
            "/api/v2/tickets",
            msgspec.json.encode({"ticket": given}),
            content_type=JSON,
            idempotent=True,  # the same key gives the same ticket
            headers={"Idempotency-Key": key},
            route="/api/v2/tickets",
            accept=frozenset({OK, CREATED, BAD_REQUEST, REFUSED}),
        )
        if answer.status in {BAD_REQUEST, REFUSED}:
            raise refusal(self._api, answer)
        return self._api.part(self._written(answer), "ticket")

    # Comments

    async def _present(self, ticket: Ticket, organization: str) -> Wire:
        status, body = await self._api.get(f"/tickets/{ticket.id}", [], "/tickets/{id}", (NOT_FOUND,))
        if status == NOT_FOUND and body.get("error") == "RecordNotFound":
            raise RequestError(Code.CONFLICT, "The ticket was deleted meanwhile.")
        row = self._api.part(body, "ticket")
        if str(row["id"]) != ticket.id or str(row.get("organization_id")) != organization:
            raise self._api.broken("not the ticket asked for")
        if not isinstance(row.get("updated_at"), str):
            raise self._api.broken("Ticket.updated_at is missing")
        return row

    async def _noted(self, ticket_id: str, key: str) -> Wire | None:
        """Look for the update that carries the key, newest first."""
        path = f"/tickets/{ticket_id}/audits"
        fetch = by_cursor(self._api, path, "audits", [("sort", "-created_at")], "/tickets/{id}/audits")
        token = ""
        for _ in range(_AUDIT_PAGES):
            rows = await fetch(token, 100)
            found: list[Wire] = [audit for audit in rows.data if _note_of(audit) == key]
            if found:
                return found[0]
            if rows.following is None:
                return None
            if rows.data[0]["id"] < rows.data[-1]["id"]:
                raise self._api.broken("audits: not newest first")
            token = rows.following
        return None  # a thousand updates ago

    async def _update(self, ticket_id: str, comment: Wire, key: str, stamp: str) -> Wire | None:
        """Write the comment and give its audit; None when the ticket changed since the stamp."""
        given = {
            "comment": comment,
            "metadata": {_NOTE: key},
            "safe_update": True,
            "updated_stamp": stamp,
        }
        answer = await self._api.client.put(
            f"/api/v2/tickets/{ticket_id}",
            msgspec.json.encode({"ticket": given}),
            content_type=JSON,
            route="/api/v2/tickets/{id}",
            accept=frozenset({OK, CONFLICT, REFUSED}),
        )
        if answer.status == CONFLICT:
            return None
        if answer.status == REFUSED:
            raise refusal(self._api, answer)
        audit = self._api.part(self._written(answer), "audit")
        if _note_of(audit) != key:
            raise self._api.broken("an update without its key", outcome_unknown=True)
        return audit

    def _comment(self, audit: Wire, ticket: Ticket, user: Wire, fields: Selection) -> TicketComment:
        events = audit.get("events")
        found = [
            event
            for event in (events if isinstance(events, list) else [])
            if isinstance(event, dict) and event.get("type") == "Comment"
        ]
        names = people(COMMENT.paths(fields), "author")
        rows = [
            event | joined(event, {user["id"]: user}, *names) | {"created_at": audit.get("created_at")}
            for event in found
        ]
        reader = self._api.reader(COMMENT, fields)
        records = [reader.read(row, ticket.scope, ticket) for row in rows]
        if len(records) != 1 or records[0] is None or isinstance(records[0], UpstreamError):
            raise self._api.broken("no comment in the update", outcome_unknown=True)
        comment: TicketComment = records[0]
        return comment

    # Answers

    def _written(self, answer: Answer) -> Wire:
        """Read the answer to a write that was made; when it cannot be read, it was made all the same."""
        try:
            body: Wire = self._api.body(answer)
        except UpstreamError as error:
            error.outcome_unknown = True
            raise
        return body


def _note_of(audit: Wire) -> object:
    metadata = audit.get("metadata")
    custom = metadata.get("custom") if isinstance(metadata, dict) else None
    return custom.get(_NOTE) if isinstance(custom, dict) else None


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError("not a key of the gateway's")  # it makes them itself
