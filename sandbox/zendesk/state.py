"""What the helpdesk holds: made of the data set once, and changed by what is written."""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.data import DataSet
from sandbox.data import desk as given

API_USER = 9000
"""The user that the OAuth client acts as: whoever writes without naming another is this one."""
_FIRST_NEW = 900_000_001  # above every id of the data set
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
"""In the order that `<` and `>` of a search go by."""


@dataclass
class User:
    """A person. Role: end-user, agent or admin. `orgs`: the first is the default one."""

    id: int
    name: str
    email: str | None
    role: str
    external_id: str | None
    created: dt.datetime
    orgs: list[int] = field(default_factory=list)


@dataclass
class Organization:
    """A customer, as the helpdesk knows it."""

    id: int
    name: str
    external_id: str
    created: dt.datetime


@dataclass(frozen=True)
class File:
    """An attachment. `secret` opens it for everybody who knows it."""

    id: int
    file_name: str
    content_type: str
    content: bytes
    secret: str


@dataclass(frozen=True)
class Comment:
    """A message of a ticket; one that is not public is for agents only."""

    id: int
    author: int
    body: str
    public: bool
    created: dt.datetime
    audit: int
    files: tuple[File, ...]


@dataclass(frozen=True)
class Audit:
    """One update of a ticket. `custom` is what its writer noted in `metadata`; `changes` name fields."""

    id: int
    author: int
    created: dt.datetime
    custom: dict[str, Any]
    comment: Comment | None
    changes: tuple[tuple[int, str, object, object], ...] = ()  # id, field, value, previous value


@dataclass
class Ticket:
    """A request. `updated` never repeats within a ticket, in seconds."""

    id: int
    external_id: str | None
    org: int | None
    subject: str
    status: str
    priority: str | None
    type: str | None
    requester: int
    submitter: int
    assignee: int | None
    created: dt.datetime
    updated: dt.datetime
    solved: dt.datetime | None
    audits: list[Audit]
    tags: list[str] = field(default_factory=list)
    deleted: bool = False

    @property
    def comments(self) -> list[Comment]:
        """All messages, oldest first, internal ones among them."""
        return [audit.comment for audit in self.audits if audit.comment]


@dataclass
class Upload:
    """Files that were handed in and wait for a comment. `until` in unix seconds."""

    token: str
    files: list[File]
    until: float


@dataclass(frozen=True)
class Membership:
    """That a user belongs to an organization."""

    id: int
    user: int
    org: int


@dataclass(frozen=True)
class Answered:
    """An answer that is given again to the same request. `until` in unix seconds."""

    until: float
    request: bytes
    body: dict[str, Any]
    location: str


class State:
    """All of it. `clock` gives unix seconds."""

    def __init__(self, data: DataSet, clock: Callable[[], float]) -> None:
        long_ago = dt.datetime.combine(data.anchor - dt.timedelta(days=900), dt.time(8), dt.UTC)
        self.clock = clock
        self._ids: Iterator[int] = itertools.count(_FIRST_NEW)
        self._ticket_ids = itertools.count(max((row.id for row in data.desk.tickets), default=0) + 1)
        self.files: dict[int, File] = {}
        self.uploads: dict[str, Upload] = {}
        self.memberships: list[Membership] = []
        self.answers: dict[str, Answered] = {}  # by idempotency key
        self.orgs = {
            row.desk_org: Organization(row.desk_org, row.name, row.key, long_ago)
            for row in data.accounts.values()
        }
        self.users = {API_USER: User(API_USER, "Portal", "portal@vendor.example", "admin", None, long_ago)}
        for row in data.desk.users.values():
            role = "agent" if row.org is None else "end-user"
            self.users[row.id] = User(row.id, row.name, row.email, role, row.subject, long_ago)
            if row.org is not None:
                self.join(row.id, row.org)
        self.tickets: dict[int, Ticket] = {}
        self._by_org: dict[int | None, list[Ticket]] = {}
        for given_ticket in data.desk.tickets:
            self.add(self._ticket(given_ticket))
        self.sections = list(data.desk.sections)
        self.articles = list(data.desk.articles)
        self.made = long_ago

    def new_id(self) -> int:
        """Give an id that nothing has."""
        return next(self._ids)

    def new_ticket_id(self) -> int:
        """Give the next ticket number."""
        return next(self._ticket_ids)

    def add(self, row: Ticket) -> None:
        """Keep a ticket; its organization stays what it is."""
        self.tickets[row.id] = row
        self._by_org.setdefault(row.org, []).append(row)

    def present(self, org: int | None = None) -> list[Ticket]:
        """List the tickets, of one organization or of all, that were not deleted."""
        rows = self.tickets.values() if org is None else self._by_org.get(org, [])
        return [row for row in rows if not row.deleted]

    def now(self) -> dt.datetime:
        """Give the present moment; Zendesk keeps whole seconds."""
        return dt.datetime.fromtimestamp(int(self.clock()), dt.UTC)

    def join(self, user: int, org: int) -> Membership:
        """Make a user a member of an organization."""
        made = Membership(self.new_id(), user, org)
        self.memberships.append(made)
        self.users[user].orgs.append(org)
        return made

    def file(self, name: str, content_type: str, content: bytes, file_id: int | None = None) -> File:
        """Keep a file."""
        made = File(file_id or self.new_id(), name, content_type, content, secrets.token_urlsafe(18))
        self.files[made.id] = made
        return made

    def _ticket(self, row: given.Ticket) -> Ticket:
        audits = []
        for n, said in enumerate(row.comments):
            files = tuple(
                self.file(one.file_name, one.content_type, one.content, one.id) for one in said.attachments
            )
            audit_id = row.id * 1000 + n
            comment = Comment(said.id, said.author, said.body, said.public, said.created, audit_id, files)
            audits.append(Audit(audit_id, said.author, said.created, {}, comment))
        return Ticket(
            row.id, None, row.org, row.subject, row.status, row.priority, row.type, row.requester,
            row.requester, row.assignee, row.created, row.updated, row.solved, audits, [], row.deleted,
        )  # fmt: skip
