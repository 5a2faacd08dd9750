"""The contract suite that every connector passes, for Zendesk."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.connectors.ports.common import Direction
from gateway.connectors.ports.knowledge import ArticleFilter, ArticlesPort, SectionsPort
from gateway.connectors.ports.support import (
    Author,
    TicketFilter,
    TicketPriority,
    TicketSort,
    TicketSortField,
    TicketsPort,
    TicketStatus,
    TicketType,
    TicketWritesPort,
)
from gateway.connectors.testing import (
    Call,
    Case,
    ConnectorContract,
    ListCase,
    Subject,
    TicketWritesContract,
    Writing,
)
from gateway.errors import Code
from sandbox.data import DataSet
from sandbox.data.desk import AGENTS, HIDDEN_REMARK
from sandbox.data.desk import Ticket as Row
from sandbox.serve import StandIn
from tests.contract.zendesk.conftest import CLIENT_SECRET, connected

UPDATED = (TicketFilter(), TicketSort())
WRONG = "desk-secret-that-is-wrong"


def sideloads(calls: Sequence[Call]) -> set[str]:
    """What was asked for beside the rows."""
    return {
        one for call in calls for name, value in call.query if name == "include" for one in value.split(",")
    }


def present(data: DataSet, key: str) -> list[Row]:
    """An account's tickets as it is to see them: last changed first."""
    rows = [row for row in data.desk.tickets if row.account == key and not row.deleted]
    return sorted(rows, key=lambda row: (row.updated, row.id), reverse=True)


def subject_of(system: StandIn, data: DataSet) -> Subject:
    shown = [str(row.id) for row in data.desk.articles if row.segment is None and not row.draft]
    english = [row for row in data.desk.articles if str(row.id) in shown and row.locale == "en-us"]
    sections = [str(row.id) for row in data.desk.sections]
    talk = max(present(data, "acme"), key=lambda row: len(row.comments))
    return Subject(
        url=system.url,
        connect=lambda name, url, outbound: connected(name, url, outbound, system),
        denied=lambda name, url, outbound: connected(name, url, outbound, system, WRONG),
        secrets=(CLIENT_SECRET, WRONG),
        a=(str(data.accounts["acme"].desk_org),),
        b=(str(data.accounts["bright"].desk_org),),
        empty=(str(data.accounts["empty"].desk_org),),
        requested=sideloads,
        cases={
            TicketsPort: Case(
                known=[str(row.id) for row in present(data, "acme")],
                foreign=[str(row.id) for row in present(data, "bright")],
                missing=lambda n: f"99{n:05}",
                alien=(str(data.accounts["acme"].desk_org), shown[0]),
                selects={
                    "number": frozenset(),
                    "description": frozenset({"users"}),
                    "assignee": frozenset({"users"}),
                    "solved_at": frozenset({"dates"}),
                },
                max_calls=1,
                lists={
                    "list_tickets": ListCase(
                        arguments=UPDATED,
                        rows=len(present(data, "acme")),
                        refused=[
                            (
                                "filter.status",
                                (TicketFilter(status=(TicketStatus.UNKNOWN,)), TicketSort()),
                            )
                        ],
                    ),
                    "list_comments": ListCase(
                        parent=str(talk.id), rows=sum(said.public for said in talk.comments)
                    ),
                },
            ),
            TicketWritesPort: Case(known=()),
            ArticlesPort: Case(
                known=shown,
                missing=lambda n: f"99{n:05}",
                alien=(sections[0],),
                max_calls=3,
                lists={"list_articles": ListCase(arguments=(ArticleFilter(),), rows=len(english))},
            ),
            SectionsPort: Case(
                known=sections,
                missing=lambda n: f"99{n:05}",
                alien=(shown[0],),
                max_calls=3,
                lists={"list_sections": ListCase(rows=len(sections))},
            ),
        },
    )


class TestContract(ConnectorContract):
    ports = (TicketsPort, TicketWritesPort, ArticlesPort, SectionsPort)

    @pytest.fixture
    def subject(self, system: StandIn, data: DataSet) -> Subject:
        return subject_of(system, data)


class TestSearchContract(ConnectorContract):
    """What is listed by a search keeps the same contract."""

    ports = (TicketsPort,)
    test_every_port_is_tried_and_kept = None  # this is one port only; see above

    @pytest.fixture
    def subject(self, system: StandIn, data: DataSet) -> Subject:
        known = [str(row.id) for row in present(data, "acme")]
        return Subject(
            url=system.url,
            connect=lambda name, url, outbound: connected(name, url, outbound, system),
            denied=lambda name, url, outbound: connected(name, url, outbound, system, WRONG),
            secrets=(CLIENT_SECRET, WRONG),
            a=(str(data.accounts["acme"].desk_org),),
            b=(str(data.accounts["bright"].desk_org),),
            empty=(str(data.accounts["empty"].desk_org),),
            cases={
                TicketsPort: Case(
                    known=known,
                    foreign=[str(row.id) for row in present(data, "bright")],
                    missing=lambda n: f"99{n:05}",
                    lists={
                        "list_tickets": ListCase(
                            arguments=(
                                TicketFilter(),
                                TicketSort(field=TicketSortField.CREATED_AT, direction=Direction.ASC),
                            ),
                            rows=len(known),
                        ),
                        "list_comments": ListCase(parent=known[0]),
                    },
                )
            },
        )


class TestWrites(TicketWritesContract):
    @pytest.fixture
    def subject(self, system: StandIn, data: DataSet) -> Subject:
        return subject_of(system, data)

    @pytest.fixture
    def writing(self, data: DataSet) -> Writing:
        rows = present(data, "acme")
        talk = next(
            row
            for row in rows
            if row.status == "pending" and any(HIDDEN_REMARK in said.body for said in row.comments)
        )
        user = data.desk.users[talk.requester]
        return Writing(
            ticket=str(talk.id),
            closed=next(str(row.id) for row in rows if row.status == "closed"),
            hidden=HIDDEN_REMARK,
            author=Author(subject=user.subject or "", display_name=user.name, email=user.email),
            staff_email=AGENTS[0].email,
            commits=lambda method, path: (
                (method, path) == ("POST", "/api/v2/tickets")
                or (method == "PUT" and path.startswith("/api/v2/tickets/"))
            ),
            refused=[
                ("subject", {"subject": "x" * 256}),
                ("subject", {"subject": " "}),
                ("body", {"body": "\n"}),
                ("uploads", {"uploads": ("no-such-token",)}),
                ("priority", {"priority": TicketPriority.UNKNOWN}),
                ("type", {"type": TicketType.UNKNOWN}),
            ],
            refused_comments=[("body", {"body": ""}), ("uploads", {"uploads": ("no-such-token",)})],
            faults={"comment.409": Code.CONFLICT},
        )
