"""Writing tickets: making them, and changing them by comments and fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.zendesk import shapes
from sandbox.zendesk.asked import Asked, Endpoint, Reply, choice, reference, text, wrong
from sandbox.zendesk.errors import ApiError, bad_attribute, conflict, invalid
from sandbox.zendesk.files import Files
from sandbox.zendesk.state import API_USER, STATUSES, Answered, Audit, Comment, State, Ticket, User
from sandbox.zendesk.tickets import PRIORITIES, TYPES, Tickets

LONGEST_KEY = 255
KEY_SECONDS = 7200
"""Seconds for which the answer to an idempotency key is kept."""
_LONGEST_SUBJECT = 255
_LARGEST_NOTE = 1024  # bytes of `metadata`
_WAITING = frozenset({"pending", "hold", "solved"})  # a requester's answer opens such a ticket again


class Writes:
    """The addresses of tickets that write."""

    def __init__(self, state: State, tickets: Tickets, files: Files) -> None:
        self._state = state
        self._tickets = tickets
        self._files = files

    def endpoints(self) -> list[Endpoint]:
        """List the addresses."""
        return [
            Endpoint("POST", "/api/v2/tickets", self._post),
            Endpoint("PUT", "/api/v2/tickets/{id}", self._put),
            Endpoint("DELETE", "/api/v2/tickets/{id}", self._delete),
        ]

    def _post(self, asked: Asked) -> Reply:
        key = asked.headers.get("idempotency-key")
        if key is None:
            return self._create(asked)
        if not 0 < len(key) <= LONGEST_KEY:
            raise bad_attribute("Idempotency-Key", f"1 to {LONGEST_KEY} characters")
        known = self._state.answers.get(key)
        now = self._state.clock()
        if known is not None and now < known.until:
            if known.request != asked.body:
                reason = "Request parameters don't match the given idempotency key"
                raise ApiError(400, {"error": "IdempotentRequestError", "description": reason})
            headers = {"Location": known.location, "x-idempotency-lookup": "hit"}
            return Reply(known.body, 201, headers)
        reply = self._create(asked)
        assert isinstance(reply.body, dict)  # noqa: S101  a ticket is JSON
        location = reply.headers["Location"]
        self._state.answers[key] = Answered(now + KEY_SECONDS, asked.body, reply.body, location)
        return Reply(reply.body, reply.status, {**reply.headers, "x-idempotency-lookup": "miss"})

    def _create(self, asked: Asked) -> Reply:
        given = asked.json("ticket")
        comment = _object(given, "comment")
        subject = text(given, "subject", _LONGEST_SUBJECT)
        body = _body(comment)
        if not body.strip():
            raise invalid("base", "Description: cannot be blank", "BlankValue")
        requester = self._user(given, "requester_id", "requester", API_USER)
        org = reference(given, "organization_id")
        if org is None:
            org = requester.orgs[0] if requester.orgs else None
        elif org not in self._state.orgs or org not in requester.orgs:
            raise invalid(
                "organization", "Organization: is not an organization of the requester", "InvalidValue"
            )
        submitter = self._user(given, "submitter_id", "submitter", API_USER)
        author = self._user(comment, "author_id", "author", submitter.id)
        priority, kind = choice(given, "priority", PRIORITIES), choice(given, "type", TYPES)
        status = choice(given, "status", STATUSES) or "new"
        external_id = text(given, "external_id", 255) or None
        custom, tags, public = _note(given), _words(given, "tags"), _public(comment)
        # Uploads are the last thing that can be refused, so that nothing is half done.
        now = self._state.now()
        said = self._say(comment, author.id, body, now, public=public)
        row = Ticket(
            self._state.new_ticket_id(), external_id, org, subject or body[:80], status, priority, kind,
            requester.id, author.id, reference(given, "assignee_id"), now, now,
            now if status == "solved" else None, [], tags,
        )  # fmt: skip
        row.audits.append(Audit(said.audit, author.id, now, custom, said))
        self._state.add(row)
        reply = self._answer(asked, row, 201)
        return Reply(reply.body, 201, {"Location": f"{asked.base}/api/v2/tickets/{row.id}.json"})

    def _put(self, asked: Asked) -> Reply:
        row = self._tickets.find(asked.id())
        given = asked.json("ticket")
        if row.status == "closed":
            raise invalid("status", "Status: closed prevents ticket update", "InvalidValue")
        _check_stamp(given, row)
        comment = _object(given, "comment")
        body = _body(comment)
        author = self._user(comment, "author_id", "author", API_USER)
        changes = _changes(given)
        custom, public = _note(given), _public(comment)
        if body.strip() and public and author.role == "end-user" and row.status in _WAITING:
            changes.setdefault("status", "open")
        changes = {name: value for name, value in changes.items() if getattr(row, name) != value}
        # Later than the last one by a second at least, so that a stamp is good for one update.
        now = max(self._state.now(), row.updated + dt.timedelta(seconds=1))
        said = None
        if body.strip():  # a comment without words is passed over, like a key without a meaning
            said = self._say(comment, author.id, body, now, public=public)
        noted = tuple(
            (self._state.new_id(), _WIRE.get(name, name), value, getattr(row, name))
            for name, value in changes.items()
        )
        audit_id = said.audit if said else self._state.new_id()
        row.audits.append(Audit(audit_id, author.id if said else API_USER, now, custom, said, noted))
        for name, value in changes.items():
            setattr(row, name, value)
        if "status" in changes:
            row.solved = now if row.status in {"solved", "closed"} else None
        row.updated = now
        return self._answer(asked, row, 200)

    def _delete(self, asked: Asked) -> Reply:
        self._tickets.find(asked.id()).deleted = True
        return Reply(b"", 204)

    def _say(
        self, given: Mapping[str, Any], author: int, body: str, now: dt.datetime, *, public: bool
    ) -> Comment:
        uploads = self._files.take(_words(given, "uploads"))
        return Comment(self._state.new_id(), author, body, public, now, self._state.new_id(), uploads)

    def _user(self, given: Mapping[str, Any], name: str, label: str, default: int) -> User:
        user_id = reference(given, name)
        user = self._state.users.get(default if user_id is None else user_id)
        if user is None:
            raise invalid(label, f"{label.capitalize()}: is invalid", "InvalidValue")
        return user

    def _answer(self, asked: Asked, row: Ticket, status: int) -> Reply:
        audit = shapes.audit(row.audits[-1], row.id, asked.base)
        return Reply({"ticket": shapes.ticket(row, asked.base), "audit": audit}, status)


_WIRE = {"assignee": "assignee_id"}


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the fields that are to be changed."""
    changes: dict[str, Any] = {}
    for name, choices in (("priority", PRIORITIES), ("type", TYPES), ("status", STATUSES)):
        if (value := choice(given, name, choices)) is not None:
            changes[name] = value
    if "subject" in given:
        changes["subject"] = text(given, "subject", _LONGEST_SUBJECT)
    if "assignee_id" in given:
        changes["assignee"] = reference(given, "assignee_id")
    if "external_id" in given:
        changes["external_id"] = text(given, "external_id", 255) or None
    return changes


def _check_stamp(given: Mapping[str, Any], row: Ticket) -> None:
    """Refuse an update that was made from an older state of the ticket than there is."""
    if given.get("safe_update") not in {True, "true"}:
        return
    stamp = text(given, "updated_stamp")
    try:
        seen = dt.datetime.fromisoformat(stamp)
    except ValueError:
        raise wrong("updated_stamp") from None
    if seen.tzinfo is None:
        raise wrong("updated_stamp")
    if seen < row.updated:
        raise conflict()


def _object(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = given.get(name)
    if found is not None and not isinstance(found, dict):
        raise wrong(name)
    return found or {}


def _body(comment: Mapping[str, Any]) -> str:
    return text(comment, "body") or text(comment, "html_body")


def _public(comment: Mapping[str, Any]) -> bool:
    public = comment.get("public", True)
    if not isinstance(public, bool):
        raise wrong("public")
    return public


def _words(given: Mapping[str, Any], name: str) -> list[str]:
    found = given.get(name)
    if found is None:
        return []
    if isinstance(found, str):
        return [found]
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise wrong(name)
    return list(found)


def _note(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the writer wants to find in the audit."""
    note = _object(given, "metadata")
    if len(msgspec.json.encode(note)) > _LARGEST_NOTE:
        raise invalid("metadata", "Metadata: is too large", "ValueTooLong")
    return note
