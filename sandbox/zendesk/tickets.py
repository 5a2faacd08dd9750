"""Reading tickets: singly, by ids, in lists, with their comments and audits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sandbox.zendesk import shapes
from sandbox.zendesk.asked import Asked, Endpoint, Reply
from sandbox.zendesk.errors import not_found
from sandbox.zendesk.paging import Order, paged
from sandbox.zendesk.shapes import Wire
from sandbox.zendesk.state import STATUSES, Audit, Comment, State, Ticket

PRIORITIES = ("low", "normal", "high", "urgent")
TYPES = ("problem", "incident", "question", "task")

KEYS = {
    "id": lambda row: row.id,
    "status": lambda row: STATUSES.index(row.status),
    "updated_at": lambda row: shapes.unix(row.updated),
}
_ORDER: Order[Ticket] = Order(
    lambda row: row.id,
    KEYS,
    KEYS
    | {
        "assignee": lambda row: row.assignee or 0,
        "created_at": lambda row: shapes.unix(row.created),
        "requester": lambda row: row.requester,
        "subject": lambda row: row.subject,
    },
)
_COMMENTS: Order[tuple[Comment, Audit]] = Order(
    lambda pair: pair[0].id,
    {"created_at": lambda pair: shapes.unix(pair[0].created)},
    {"created_at": lambda pair: shapes.unix(pair[0].created)},
    default="created_at",
    both=True,
)
_AUDITS: Order[Audit] = Order(
    lambda row: row.id,
    {"created_at": lambda row: shapes.unix(row.created)},
    {"created_at": lambda row: shapes.unix(row.created)},
    default="created_at",
    both=True,
)


class Tickets:
    """The addresses of tickets that read."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> list[Endpoint]:
        """List the addresses; those with fixed words come before those with an id there."""
        return [
            Endpoint("GET", "/api/v2/tickets", self._all),
            Endpoint("GET", "/api/v2/tickets/count", self._count),
            Endpoint("GET", "/api/v2/tickets/show_many", self._many),
            Endpoint("GET", "/api/v2/tickets/{id}", self._one),
            Endpoint("GET", "/api/v2/tickets/{id}/comments", self._comments),
            Endpoint("GET", "/api/v2/tickets/{id}/audits", self._audits),
            Endpoint("GET", "/api/v2/organizations/{id}/tickets", self._of_organization),
            Endpoint("GET", "/api/v2/organizations/{id}/tickets/count", self._count_of_organization),
            Endpoint("GET", "/api/v2/users/{id}/tickets/requested", self._requested),
        ]

    def find(self, ticket_id: int) -> Ticket:
        """Find a ticket. Raises ApiError, also for one that was deleted."""
        row = self._state.tickets.get(ticket_id)
        if row is None or row.deleted:
            raise not_found()
        return row

    def shown(self, asked: Asked, rows: Sequence[Ticket], includes: set[str]) -> tuple[list[Wire], Wire]:
        """Make tickets, and what is to come beside them."""
        made = [shapes.ticket(row, asked.base) for row in rows]
        for wire, row in zip(made, rows, strict=True):
            if "dates" in includes:
                wire["dates"] = shapes.dates(row)
            if "metric_sets" in includes:
                wire["metric_set"] = shapes.metric_set(row, asked.base)
            if "comment_count" in includes:
                wire["comment_count"] = len(row.comments)
        beside: Wire = {}
        if "users" in includes:
            people = (one for row in rows for one in (row.requester, row.submitter, row.assignee))
            beside["users"] = self.people(asked, people)
        if "organizations" in includes:
            orgs = dict.fromkeys(row.org for row in rows if row.org is not None)
            beside["organizations"] = [shapes.organization(self._state.orgs[o], asked.base) for o in orgs]
        return made, beside

    def people(self, asked: Asked, ids: Iterable[int | None]) -> list[Wire]:
        """Make the users with these ids, each once."""
        return [
            shapes.user(self._state.users[one], asked.base) for one in dict.fromkeys(ids) if one is not None
        ]

    def _one(self, asked: Asked) -> Reply:
        (made,), beside = self.shown(asked, [self.find(asked.id())], asked.includes())
        return Reply({"ticket": made, **beside})

    def _many(self, asked: Asked) -> Reply:
        found = (self._state.tickets.get(ticket_id) for ticket_id in set(asked.ids()))
        # Not in the order that was asked for; ids that are nobody's are left out without a word.
        rows = sorted((row for row in found if row and not row.deleted), key=lambda row: row.id)
        made, beside = self.shown(asked, rows, asked.includes())
        about = {"next_page": None, "previous_page": None, "count": len(made)}
        return Reply({"tickets": made, **beside, **about})

    def _listed(self, asked: Asked, rows: list[Ticket]) -> Reply:
        cut = paged(asked, rows, _ORDER)
        made, beside = self.shown(asked, cut.rows, asked.includes())
        return Reply({"tickets": made, **beside, **cut.about})

    def _all(self, asked: Asked) -> Reply:
        rows = self._state.present()
        if "external_id" in asked.params:
            rows = [row for row in rows if row.external_id == asked.params["external_id"]]
        return self._listed(asked, rows)

    def _organization(self, asked: Asked) -> list[Ticket]:
        if asked.id() not in self._state.orgs:
            raise not_found()
        return self._state.present(asked.id())

    def _of_organization(self, asked: Asked) -> Reply:
        return self._listed(asked, self._organization(asked))

    def _requested(self, asked: Asked) -> Reply:
        if asked.id() not in self._state.users:
            raise not_found()
        return self._listed(asked, [row for row in self._state.present() if row.requester == asked.id()])

    def _count(self, _: Asked) -> Reply:
        return self._counted(self._state.present())

    def _count_of_organization(self, asked: Asked) -> Reply:
        return self._counted(self._organization(asked))

    def _counted(self, rows: list[Ticket]) -> Reply:
        return Reply({"count": {"value": len(rows), "refreshed_at": shapes.moment(self._state.now())}})

    def _comments(self, asked: Asked) -> Reply:
        row = self.find(asked.id())
        pairs = [(audit.comment, audit) for audit in row.audits if audit.comment]
        cut = paged(asked, pairs, _COMMENTS)
        made = [shapes.comment(comment, audit.custom, asked.base) for comment, audit in cut.rows]
        beside: Wire = {}
        if "users" in asked.includes():
            beside["users"] = self.people(asked, (comment.author for comment, _ in cut.rows))
        return Reply({"comments": made, **beside, **cut.about})

    def _audits(self, asked: Asked) -> Reply:
        row = self.find(asked.id())
        cut = paged(asked, row.audits, _AUDITS)
        made = [shapes.audit(audit, row.id, asked.base) for audit in cut.rows]
        beside: Wire = {}
        if "users" in asked.includes():
            beside["users"] = self.people(asked, (audit.author for audit in cut.rows))
        return Reply({"audits": made, **beside, **cut.about})
