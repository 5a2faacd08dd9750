"""Tickets and help articles, as a helpdesk holds them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

HIDDEN_REMARK = "Internal: do not tell the customer"
"""Stands in every internal comment, draft and archived row: it must be in no answer."""

_SUBJECTS = (
    "Pump runs hot", "Invoice address is wrong", "Delivery came short", "How do I reset a valve?",
    "Certificate for last order", "Noise at high load", "Change of bank account", "Need a spare part",
    "Portal shows the wrong plan", "Training for new staff",
)  # fmt: skip
_STATES = ("open", "pending", "solved", "new", "hold", "closed", "solved", "pending", "open", "solved")
_PRIORITIES = ("normal", "high", None, "low", "urgent")
_TYPES = ("question", "incident", None, "problem", "task")


@dataclass(frozen=True)
class DeskUser:
    """A person in the helpdesk. `org` None: an agent of the business."""

    id: int
    name: str
    email: str
    org: int | None
    subject: str | None = None


@dataclass(frozen=True)
class Attachment:
    """A file of a comment."""

    id: int
    file_name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Comment:
    """A message of a ticket; those that are not public are the business's own."""

    id: int
    author: int
    body: str
    public: bool
    created: dt.datetime
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Ticket:
    """Status in Zendesk's words: new open pending hold solved closed. `deleted` rows are archived."""

    id: int
    account: str
    org: int
    subject: str
    status: str
    priority: str | None
    type: str | None
    requester: int
    assignee: int | None
    created: dt.datetime
    updated: dt.datetime
    solved: dt.datetime | None
    comments: tuple[Comment, ...]
    deleted: bool = False


@dataclass(frozen=True)
class Section:
    """A shelf of the help centre."""

    id: int
    name: str
    description: str


@dataclass(frozen=True)
class Article:
    """A help article. `segment`: only this user segment may read it; None: everybody."""

    id: int
    section: int
    title: str
    body: str
    locale: str
    draft: bool
    segment: int | None
    labels: tuple[str, ...]
    votes: int
    created: dt.datetime
    updated: dt.datetime


PARTNER_SEGMENT = 360001
"""User segment of partners: their articles are not for customers."""
STAFF_SEGMENT = 360002
"""User segment of the business's own people."""
AGENTS = (
    DeskUser(9001, "Agent Vogt", "vogt@vendor.example", None),
    DeskUser(9002, "Agent Lind", "lind@vendor.example", None),
)


@dataclass
class Desk:
    """What the helpdesk knows."""

    users: dict[int, DeskUser] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    articles: list[Article] = field(default_factory=list)


def tickets(desk: Desk, key: str, org: int, count: int, anchor: dt.date) -> None:
    """Add an account's people and tickets; with any, one more that was deleted."""
    rng = random.Random(f"{key}:desk")
    people = [
        DeskUser(org * 10 + n, f"{name} of {key}", f"{name.lower()}@{key}.example", org, f"usr_{key}_{n}")
        for n, name in enumerate(("Ada", "Ben"))
    ]
    desk.users |= {user.id: user for user in (*people, *AGENTS)}
    for n in range(count + 1 if count else 0):
        deleted = n == count
        # Two of the same second, to try equal sort keys.
        created = _at(anchor, 4 * (n - n % 2 if n < 4 else n) + 3)
        status = _STATES[n % 10]
        ticket_id = (org - 360_000) * 1000 + n
        spoken = _talk(ticket_id, people, created, rng, n)
        updated = spoken[-1].created
        solved = updated if status in ("solved", "closed") else None
        subject = HIDDEN_REMARK if deleted else _SUBJECTS[n % 10]
        desk.tickets.append(
            Ticket(
                ticket_id, key, org, subject, status, _PRIORITIES[n % 5], _TYPES[(n + 1) % 5],
                people[n % 2].id, AGENTS[n % 2].id if status != "new" else None, created, updated, solved,
                spoken, deleted,
            )
        )  # fmt: skip


def _talk(
    ticket: int, people: list[DeskUser], created: dt.datetime, rng: random.Random, n: int
) -> tuple[Comment, ...]:
    """A first message, answers in turn, and in most tickets an internal remark between them."""
    words = f"Message 1 of ticket {ticket}.\nPlease have a look."
    files = (
        (Attachment(ticket * 100, "photo 1.png", "image/png", b"\x89PNG" + rng.randbytes(200)),)
        if n % 4 == 0
        else ()
    )
    found = [Comment(ticket * 100, people[n % 2].id, words, True, created, files)]  # noqa: FBT003  public
    for m in range(1, 3 + n % 4):
        internal = m == 1 and n % 5 != 4
        author = AGENTS[n % 2].id if internal or m % 2 else people[n % 2].id
        body = f"{HIDDEN_REMARK} ({m})" if internal else f"Message {m + 1} of ticket {ticket}."
        found.append(
            Comment(ticket * 100 + m, author, body, not internal, created + dt.timedelta(hours=5 * m))
        )
    return tuple(found)


def articles(desk: Desk, anchor: dt.date) -> None:
    """Add the help centre: public articles, those of partners and staff, a draft, another language."""
    desk.sections = [
        Section(3601, "Getting started", "First steps in the portal."),
        Section(3602, "Maintenance", "Keep things running."),
        Section(3603, "Partners", "For those who sell with us."),
    ]
    rows = [
        (3601, "Sign in for the first time", None, False, "en-us"),
        (3601, "Invite a colleague", None, False, "en-us"),
        (3601, "Zum ersten Mal anmelden", None, False, "de"),
        (3602, "Reset a valve", None, False, "en-us"),
        (3602, "Change a seal", None, False, "en-us"),
        (3602, "Why a pump runs hot", None, False, "en-us"),
        (3602, f"{HIDDEN_REMARK}: a draft", None, True, "en-us"),
        (3603, "Margins for partners", PARTNER_SEGMENT, False, "en-us"),
        (3603, f"{HIDDEN_REMARK}: escalation", STAFF_SEGMENT, False, "en-us"),
    ]
    for n, (section, title, segment, draft, locale) in enumerate(rows):
        made = _at(anchor, 300 - n)
        desk.articles.append(
            Article(
                360100 + n, section, title,
                f'<h1>{title}</h1><p onclick="steal()">How to: {title.lower()}.</p><script>steal()</script>',
                locale, draft, segment, ("help", "pump") if "pump" in title else ("help",), n - 1, made,
                made + dt.timedelta(days=2),
            )
        )  # fmt: skip


def _at(anchor: dt.date, days_ago: int) -> dt.datetime:
    return dt.datetime.combine(anchor - dt.timedelta(days=days_ago), dt.time(10), dt.UTC)
