"""Searching for tickets in Zendesk's words: `type:ticket organization:7 status<solved pump`.

Conditions on the same property with `:` are joined by OR, all others by AND; `-` before one turns it around.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.zendesk import shapes
from sandbox.zendesk.asked import Asked, Endpoint, Reply
from sandbox.zendesk.errors import ApiError
from sandbox.zendesk.paging import Order, paged
from sandbox.zendesk.state import STATUSES, State, Ticket
from sandbox.zendesk.tickets import PRIORITIES, TYPES, Tickets

MOST = 1000
"""Results that one search gives, over all of its pages."""
_TERM = re.compile(r'(-?)(\w+)(:|<=|>=|<|>)("[^"]*"|\S+)')
_SIDELOADS = re.compile(r"tickets\(([\w,\s]*)\)")
_SPACED = re.compile(r'\w+[:<>]=?\s|"[^"]*$')
_KEYS = {
    "created_at": lambda row: shapes.unix(row.created),
    "updated_at": lambda row: shapes.unix(row.updated),
    "priority": lambda row: PRIORITIES.index(row.priority) if row.priority else -1,
    "status": lambda row: STATUSES.index(row.status),
    "ticket_type": lambda row: TYPES.index(row.type) if row.type else -1,
    "relevance": lambda _: 0,
}
_ORDER: Order[Ticket] = Order(lambda row: row.id, _KEYS, _KEYS, default="relevance", both=True)
_RANKS = {"status": STATUSES, "priority": PRIORITIES}
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    ":": str.startswith,  # the day of a moment; ranks have one digit
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MOMENTS: dict[str, Callable[[Ticket], dt.datetime | None]] = {
    "created": lambda row: row.created,
    "updated": lambda row: row.updated,
    "solved": lambda row: row.solved,
}


@dataclass(frozen=True)
class _Term:
    negated: bool
    name: str
    operator: str
    value: str


class Search:
    """The addresses of the search."""

    def __init__(self, state: State, tickets: Tickets) -> None:
        self._state = state
        self._tickets = tickets

    def endpoints(self) -> list[Endpoint]:
        """List the addresses."""
        return [
            Endpoint("GET", "/api/v2/search", self._search),
            Endpoint("GET", "/api/v2/search/count", lambda asked: Reply({"count": len(self._found(asked))})),
        ]

    def _search(self, asked: Asked) -> Reply:
        rows = self._found(asked)
        if any(name.startswith("page[") for name in asked.params):
            # Pages by cursor are a matter of /search/export, which is not here.
            raise _invalid("Cursor pagination is not supported by this endpoint")
        cut = paged(asked, rows, _ORDER)
        page, size = int(asked.params.get("page", "1")), min(100, int(asked.params.get("per_page", "100")))
        if page * size > MOST:
            raise _invalid("Requested response size was greater than Search Response Limits")
        sideloads = _SIDELOADS.search(asked.params.get("include", ""))
        includes = {one.strip() for one in sideloads[1].split(",")} if sideloads else set()
        made, beside = self._tickets.shown(asked, cut.rows, includes)
        results = [wire | {"result_type": "ticket"} for wire in made]
        return Reply({"results": results, "facets": None, **beside, **cut.about})

    def _found(self, asked: Asked) -> list[Ticket]:
        query = asked.params.get("query", "")
        if not query.strip():
            raise _invalid("Query parameter is required")
        if _SPACED.search(query):
            raise _invalid("a property has no value")
        terms = [_Term(sign == "-", name, operator, value.strip('"'))
                 for sign, name, operator, value in _TERM.findall(query)]  # fmt: skip
        words = _TERM.sub(" ", query).lower().split()
        if _Term(negated=False, name="type", operator=":", value="ticket") not in terms:
            raise _invalid("this system finds tickets only: say type:ticket")
        groups: dict[str, list[_Term]] = {}
        for n, term in enumerate(terms):
            if term.name != "type":
                alike = term.operator == ":" and not term.negated
                groups.setdefault(term.name if alike else f"{n}", []).append(term)
        return [
            row
            for row in self._near(groups)
            if all(any(self._holds(row, term) for term in group) for group in groups.values())
            and all(word in _text(row) for word in words)
        ]

    def _near(self, groups: dict[str, list[_Term]]) -> list[Ticket]:
        """List the tickets of the organizations that are named by id, or all: what cannot be is not tried."""
        named = [term.value for term in groups.get("organization", [])]
        if not named or not all(value.isdigit() for value in named):
            return self._state.present()
        return [row for org in {int(value) for value in named} for row in self._state.present(org)]

    def _holds(self, row: Ticket, term: _Term) -> bool:
        return self._is(row, term) is not term.negated

    def _is(self, row: Ticket, term: _Term) -> bool:
        if term.name in _RANKS:
            ranks = _RANKS[term.name]
            if term.value not in ranks:
                raise _invalid(f"{term.name} has no such value")
            present = row.status if term.name == "status" else row.priority
            asked = f"{ranks.index(term.value)}"
            return present is not None and _OPERATORS[term.operator](f"{ranks.index(present)}", asked)
        if term.name in _MOMENTS:
            moment = _MOMENTS[term.name](row)
            return moment is not None and _OPERATORS[term.operator](
                shapes.moment(moment) or "", _moment(term.value)
            )
        if term.operator != ":":
            raise _invalid(f"{term.name} cannot be compared")
        return term.value.lower() in self._values(row, term.name)

    def _values(self, row: Ticket, name: str) -> set[str]:
        """Name what finds a ticket by this property."""
        match name:
            case "organization":
                org = self._state.orgs.get(row.org or 0)
                return {str(org.id), org.name.lower()} if org else set()
            case "requester" | "assignee" | "submitter":
                user = self._state.users.get(getattr(row, name) or 0)
                return {str(user.id), (user.email or "").lower(), user.name.lower()} if user else set()
            case "ticket_type":
                return {row.type or ""}
            case "external_id":
                return {(row.external_id or "").lower()}
            case "tags":
                return set(row.tags)
            case _:
                raise _invalid(f"unknown property {name}")


def _moment(value: str) -> str:
    try:
        return shapes.moment(dt.datetime.fromisoformat(value)) or "" if "T" in value else value
    except ValueError:
        raise _invalid("a date cannot be read") from None


def _text(row: Ticket) -> str:
    return " ".join([row.subject, *(comment.body for comment in row.comments)]).lower()


def _invalid(reason: str) -> ApiError:
    return ApiError(422, {"error": "invalid", "description": f"Invalid search: {reason}"})
