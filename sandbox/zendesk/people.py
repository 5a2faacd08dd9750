"""Users, organizations and who belongs to which."""

from __future__ import annotations

import re

from sandbox.zendesk import shapes
from sandbox.zendesk.asked import Asked, Endpoint, Reply, reference, text
from sandbox.zendesk.errors import invalid, not_found
from sandbox.zendesk.paging import Order, paged
from sandbox.zendesk.shapes import Wire
from sandbox.zendesk.state import Membership, Organization, State, User

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ROLES = ("end-user", "agent", "admin")
_MEMBERSHIPS: Order[Membership] = Order(
    lambda row: row.id, {"id": lambda row: row.id}, {"id": lambda row: row.id}
)


class People:
    """The addresses of users and organizations."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> list[Endpoint]:
        """List the addresses; those with fixed words come before those with an id there."""
        return [
            Endpoint("GET", "/api/v2/users/show_many", self._users),
            Endpoint("GET", "/api/v2/users/me", self._me),
            Endpoint("GET", "/api/v2/users/{id}", self._user),
            Endpoint("POST", "/api/v2/users", self._create),
            Endpoint("GET", "/api/v2/users/{id}/organization_memberships", self._memberships_of_user),
            Endpoint("GET", "/api/v2/organizations/show_many", self._organizations),
            Endpoint("GET", "/api/v2/organizations/{id}", self._organization),
            Endpoint("GET", "/api/v2/organizations/{id}/organization_memberships", self._memberships_of_org),
            Endpoint("POST", "/api/v2/organization_memberships", self._join),
        ]

    def _users(self, asked: Asked) -> Reply:
        users = self._state.users.values()
        found: list[User]
        if "external_ids" in asked.params:
            named = {
                one.lower() for one in asked.many("external_ids")
            }  # the case of external ids says nothing
            found = [row for row in users if (row.external_id or "").lower() in named]
        else:
            ids = set(asked.ids())
            found = [row for row in users if row.id in ids]
        made = [shapes.user(row, asked.base) for row in sorted(found, key=lambda row: row.id)]
        return Reply({"users": made, "next_page": None, "previous_page": None, "count": len(made)})

    def _me(self, asked: Asked) -> Reply:
        return Reply({"user": shapes.user(next(iter(self._state.users.values())), asked.base)})

    def _user(self, asked: Asked) -> Reply:
        return Reply({"user": shapes.user(self._found_user(asked.id()), asked.base)})

    def _found_user(self, user_id: int) -> User:
        if user_id not in self._state.users:
            raise not_found()
        return self._state.users[user_id]

    def _create(self, asked: Asked) -> Reply:
        given = asked.json("user")
        name, email = text(given, "name", 255), text(given, "email", 255) or None
        external_id, role = text(given, "external_id", 255) or None, given.get("role", "end-user")
        org = reference(given, "organization_id")
        if not name.strip():
            raise invalid("name", "Name: is too short (minimum is 1 characters)", "ValueTooShort")
        if email is not None and not _EMAIL.fullmatch(email):
            raise invalid("email", f"Email: {email} is not properly formatted", "InvalidFormat")
        if role not in _ROLES:
            raise invalid("role", "Role: is not a valid role", "InvalidValue")
        if org is not None and org not in self._state.orgs:
            raise invalid("organization", "Organization: is invalid", "InvalidValue")
        for other in self._state.users.values():
            if email is not None and (other.email or "").lower() == email.lower():
                taken = f"Email: {email} is already being used by another user"
                raise invalid("email", taken, "DuplicateValue")
            if external_id is not None and (other.external_id or "").lower() == external_id.lower():
                raise invalid("external_id", "External has already been taken", "DuplicateValue")
        row = User(self._state.new_id(), name, email, role, external_id, self._state.now())
        self._state.users[row.id] = row
        if org is not None:
            self._state.join(row.id, org)
        location = f"{asked.base}/api/v2/users/{row.id}.json"
        return Reply({"user": shapes.user(row, asked.base)}, 201, {"Location": location})

    def _organizations(self, asked: Asked) -> Reply:
        found: list[Organization]
        if "external_ids" in asked.params:
            named = set(asked.many("external_ids"))
            found = [row for row in self._state.orgs.values() if row.external_id in named]
        else:
            ids = set(asked.ids())
            found = [row for row in self._state.orgs.values() if row.id in ids]
        made = [shapes.organization(row, asked.base) for row in found]
        return Reply({"organizations": made, "next_page": None, "previous_page": None, "count": len(made)})

    def _organization(self, asked: Asked) -> Reply:
        return Reply({"organization": shapes.organization(self._found_org(asked.id()), asked.base)})

    def _found_org(self, org_id: int) -> Organization:
        if org_id not in self._state.orgs:
            raise not_found()
        return self._state.orgs[org_id]

    def _memberships_of_user(self, asked: Asked) -> Reply:
        user = self._found_user(asked.id())
        return self._memberships(asked, [row for row in self._state.memberships if row.user == user.id])

    def _memberships_of_org(self, asked: Asked) -> Reply:
        org = self._found_org(asked.id())
        return self._memberships(asked, [row for row in self._state.memberships if row.org == org.id])

    def _memberships(self, asked: Asked, rows: list[Membership]) -> Reply:
        cut = paged(asked, rows, _MEMBERSHIPS)
        made = [self._shaped(row, asked.base) for row in cut.rows]
        return Reply({"organization_memberships": made, **cut.about})

    def _join(self, asked: Asked) -> Reply:
        given = asked.json("organization_membership")
        user, org = reference(given, "user_id"), reference(given, "organization_id")
        if user not in self._state.users:
            raise invalid("user", "User: cannot be blank", "BlankValue")
        if org not in self._state.orgs:
            raise invalid("organization", "Organization: cannot be blank", "BlankValue")
        if any((row.user, row.org) == (user, org) for row in self._state.memberships):
            raise invalid("user_id", "User has already been taken", "DuplicateValue")
        made = self._state.join(user, org)
        return Reply({"organization_membership": self._shaped(made, asked.base)}, 201)

    def _shaped(self, row: Membership, base: str) -> Wire:
        return shapes.membership(row, base, default=self._state.users[row.user].orgs[0] == row.org)
