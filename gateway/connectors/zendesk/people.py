"""The end user that a caller is in Zendesk: found by the identity provider's subject, else made.

Zendesk's own `create_or_update` finds people by their address, and would hand somebody else's user, or an
agent's, to whoever says that address. An address is therefore never looked for here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from gateway.connectors.ports.support import Author
from gateway.connectors.zendesk.api import OK, REFUSED, Api, Wire
from gateway.connectors.zendesk.mapping import END_USER
from gateway.errors import UpstreamError

CREATED: Final = 201
JSON: Final = "application/json"
_PLAIN: Final = re.compile(r"[\w.@:|+/=~-]{1,255}", re.ASCII)  # a comma would ask for two users


class People:
    """Finds and makes end users."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def end_user(self, author: Author, organization: str) -> Wire:
        """Give the author's user, a member of the organization. What fails here has written no ticket."""
        names = _names(author.subject)
        with nothing_written():
            known = await self._named(names)
            user = _exact(known, names) or await self._create(author, organization, names, known)
            if user.get("organization_id") != int(organization):
                await self._join(user["id"], organization)
            return user

    async def _named(self, names: list[str]) -> list[Wire]:
        """Give the users with these external ids, whatever their case and role."""
        query = [("external_ids", ",".join(names))]
        _, body = await self._api.get("/users/show_many", query, "/users/show_many")
        rows = self._api.rows(body, "users")
        if not all(isinstance(row.get("external_id"), str) for row in rows):
            raise self._api.broken("users without the external ids asked for")
        if not {row["external_id"].lower() for row in rows} <= {name.lower() for name in names}:
            raise self._api.broken("users that were not asked for")
        return rows

    async def _create(self, author: Author, organization: str, names: list[str], known: list[Wire]) -> Wire:
        taken = {row["external_id"].lower() for row in known}
        name = next((one for one in names if one.lower() not in taken), names[-1])
        given: dict[str, Any] = {
            "name": author.display_name or author.email or "Customer",
            "role": END_USER,
            "external_id": name,
            "organization_id": int(organization),
            "skip_verify_email": True,
        }
        refused: set[str] = {"email"}
        if author.email is not None:
            made, refused = await self._post(given | {"email": author.email})
            if made is not None:
                return made
        if "email" in refused:  # somebody has that address: it stays theirs
            made, refused = await self._post(given)
            if made is not None:
                return made
        # Made by another call since it was looked for.
        found = _exact(await self._named(names), names) if "external_id" in refused else None
        if found is None:
            raise self._api.broken("a user that can be neither found nor made")
        return found

    async def _post(self, given: Wire) -> tuple[Wire | None, set[str]]:
        """Make a user; else name what of it was refused."""
        body = msgspec.json.encode({"user": given})
        answer = await self._api.client.post(
            "/api/v2/users",
            body,
            content_type=JSON,
            idempotent=False,
            route="/api/v2/users",
            accept=frozenset({OK, CREATED, REFUSED}),
        )
        found = self._api.body(answer)
        if answer.status == REFUSED:
            details = found.get("details")
            return None, set(details) if isinstance(details, dict) else set()
        user = self._api.part(found, "user")
        if user.get("external_id") != given["external_id"] or user.get("role") != END_USER:
            raise self._api.broken("not the user that was to be made")
        return user, set()

    async def _join(self, user: int, organization: str) -> None:
        """Make the user a member; 422 says that it is one already."""
        member = {"user_id": user, "organization_id": int(organization)}
        answer = await self._api.client.post(
            "/api/v2/organization_memberships",
            msgspec.json.encode({"organization_membership": member}),
            content_type=JSON,
            idempotent=True,
            route="/api/v2/organization_memberships",
            accept=frozenset({OK, CREATED, REFUSED}),
        )
        self._api.body(answer)


def _exact(rows: list[Wire], names: list[str]) -> Wire | None:
    """Zendesk compares external ids without their case, but two subjects may differ by it."""
    usable = [row for row in rows if row.get("role") == END_USER and row.get("active") is not False]
    exact = {row["external_id"]: row for row in usable}
    return next((exact[name] for name in names if name in exact), None)


def _names(subject: str) -> list[str]:
    """Give the external ids that a subject may have, the first one that is right for it first.

    The second is for a subject that Zendesk could not hold or tell from another, or that is an agent's.
    """
    hashed = f"portal:{hashlib.sha256(subject.encode()).hexdigest()}"
    return [subject, hashed] if _PLAIN.fullmatch(subject) else [hashed]


@contextmanager
def nothing_written() -> Iterator[None]:
    """What goes on here comes before a write: when it fails, the write was surely not made."""
    try:
        yield
    except UpstreamError as error:
        error.outcome_unknown = False
        raise
