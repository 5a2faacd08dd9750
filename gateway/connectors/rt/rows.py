"""Plain rows for the tables, made of Request Tracker's answers; and which fields these are made of.

What is not of the form that is read here goes on as `False`: no table takes it, and tells that it is broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from gateway.connectors.rt.api import Pairs, Wire

_NOBODY: Final = "Nobody"
_SYSTEM: Final = frozenset({"RT_System", _NOBODY})
_SOURCES: Final = {
    "account": ("CustomFields",),
    "here": ("Queue",),
    # Whoever owns the ticket is staff, though they may have asked it themselves.
    "requester": ("Requestor", "Owner"),
    "assignee": ("Owner",),
    "description": (),
}
_PERSON: Final = "RealName,EmailAddress"
_INNER: Final = {"Queue": "Name", "Requestor": _PERSON, "Owner": "RealName", "Cc": "RealName"}


def shown(paths: Sequence[str], *more: str) -> Pairs:
    """Give the parameters that ask for what these wire paths of a ticket are made of."""
    heads = dict.fromkeys(path.split(".")[0] for path in paths)
    names = dict.fromkeys(one for head in heads if head != "id" for one in _SOURCES.get(head, (head,)))
    names |= dict.fromkeys(more)
    inner = [(f"fields[{name}]", _INNER[name]) for name in names if name in _INNER]
    return [("fields", ",".join(names)), *inner]


def ticket_row(row: Wire, queue: str, account_field: str) -> Wire:
    """Make a row of a ticket."""
    return row | {
        "account": _account(row.get("CustomFields"), account_field),
        "here": _in_queue(row.get("Queue"), queue),
        "requester": _requester(row),
        "assignee": _assignee(row.get("Owner")),
    }


class Sides:
    """Who is on whose side in one ticket, by the roles they have in it.

    Whether a user is one of the staff is not told in lists. Customers are whom the ticket names as such;
    addresses are given of those only who asked, since staff may stand among the others.
    """

    def __init__(self, ticket: Wire) -> None:
        owner = ticket.get("Owner")
        staff = {owner.get("id")} if isinstance(owner, dict) else set()
        self._asked = _names(ticket.get("Requestor")) - staff
        self._customers = (self._asked | _names(ticket.get("Cc"))) - staff

    def author(self, user: object) -> Any:
        """Make the row of somebody who said something."""
        if not isinstance(user, dict) or not isinstance(user.get("id"), str):
            return False
        name = user["id"]
        side = "system" if name in _SYSTEM else "customer" if name in self._customers else "staff"
        return user | {"side": side, "named": name in self._asked}


def well_formed(ticket: Wire) -> bool:
    """Tell whether the roles of a ticket can be read."""
    owner = ticket.get("Owner")
    return (
        _is_user(owner)
        and all(isinstance(ticket.get(role), list) for role in ("Requestor", "Cc"))
        and all(_is_user(user) for role in ("Requestor", "Cc") for user in ticket[role])
    )


def _account(fields: object, name: str) -> Any:
    if not isinstance(fields, list) or not all(isinstance(field, dict) for field in fields):
        return False
    found = [field.get("values") for field in fields if field.get("name") == name]
    # Without the field, or with two values of it, nobody can tell whose the ticket is.
    if len(found) != 1 or not isinstance(found[0], list) or len(found[0]) > 1:
        return False
    return found[0][0] if found[0] else None


def _in_queue(queue: object, name: str) -> Any:
    found = queue.get("Name") if isinstance(queue, dict) else None
    return found == name if isinstance(found, str) else "broken"


def _requester(row: Wire) -> Any:
    if "Requestor" not in row:
        return None
    owner = row.get("Owner")
    people = row["Requestor"]
    if not isinstance(people, list) or not all(map(_is_user, people)) or not _is_user(owner):
        return False
    if not people:
        return None
    staff = people[0]["id"] == owner["id"]  # type: ignore[index]  # it is a user: an object
    return people[0] | {"side": "staff" if staff else "customer", "named": not staff}


def _assignee(owner: object) -> Any:
    if owner is None:
        return None
    if not _is_user(owner):
        return False
    assert isinstance(owner, dict)  # noqa: S101  a user is an object
    return None if owner["id"] == _NOBODY else owner | {"side": "staff", "named": False}


def _names(users: object) -> set[str]:
    return {user["id"] for user in users if _is_user(user)} if isinstance(users, list) else set()


def _is_user(user: object) -> bool:
    return isinstance(user, dict) and isinstance(user.get("id"), str)
