"""The connector against a real Request Tracker: the contract suite, and what `gateway check` finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.connectors.ports.common import Direction
from gateway.connectors.ports.support import TicketFilter, TicketSort, TicketSortField, TicketsPort
from gateway.connectors.rt.config import Config
from gateway.connectors.testing import Call, Case, ConnectorContract, ListCase, Subject
from gateway.connectors.testing.lists import ListContract
from gateway.errors import ConfigurationError, UpstreamError
from gateway.outbound import Outbound
from gateway.settings import Secret, convert
from sandbox.data import DataSet
from tests.contract.rt.conftest import connected, present
from tests.real.rt.fixture import RequestTracker

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("rt")]

UPDATED = (TicketFilter(), TicketSort())
CREATED = (TicketFilter(), TicketSort(field=TicketSortField.CREATED_AT, direction=Direction.ASC))
WRONG = "1-43-00000000000000000000000000000000"


def requested(calls: Sequence[Call]) -> set[str]:
    """Which fields of tickets were asked for, beside the one that a list is sorted by."""
    forms = [dict(parse_qsl(call.body.decode())) for call in calls if call.path.endswith("/tickets")]
    return {name for form in forms for name in form["fields"].split(",")} - {"LastUpdated", "Created"}


def subject_of(tracker: RequestTracker, data: DataSet, arguments: tuple[TicketFilter, TicketSort]) -> Subject:
    rows = present(data, "acme")
    talk = max(rows, key=lambda row: sum(said.public for said in row.comments))
    always = {"CustomFields", "Queue", "Status"}
    return Subject(
        url=tracker.url,
        connect=lambda name, url, outbound: connected(tracker, name, url, outbound),
        denied=lambda name, url, outbound: connected(tracker, name, url, outbound, token=Secret(WRONG)),
        secrets=(tracker.token, WRONG),
        a=(tracker.accounts["acme"],),
        b=(tracker.accounts["bright"],),
        empty=("C-9999",),
        requested=requested,
        cases={
            TicketsPort: Case(
                known=[str(tracker.tickets[row.id]) for row in rows],
                foreign=[str(tracker.tickets[row.id]) for row in present(data, "bright")],
                missing=lambda n: f"99{n:05}",
                selects={
                    "number": frozenset(always),
                    "subject": frozenset(always | {"Subject"}),
                    "requester": frozenset(always | {"Requestor", "Owner"}),
                    "solved_at": frozenset(always | {"Resolved"}),
                },
                max_calls=4,
                lists={
                    "list_tickets": ListCase(arguments=arguments, rows=len(rows)),
                    "list_comments": ListCase(
                        parent=str(tracker.tickets[talk.id]), rows=sum(said.public for said in talk.comments)
                    ),
                },
            )
        },
    )


class TestContract(ConnectorContract):
    ports = (TicketsPort,)

    @pytest.fixture
    def subject(self, request_tracker: RequestTracker, data: DataSet) -> Subject:
        return subject_of(request_tracker, data, UPDATED)


class TestCreatedContract(ListContract):
    """Another order keeps the contract of lists; what has no order was tried above."""

    ports = (TicketsPort,)
    pytest_generate_tests = ConnectorContract.pytest_generate_tests
    bench = ConnectorContract.bench

    @pytest.fixture
    def subject(self, request_tracker: RequestTracker, data: DataSet) -> Subject:
        return subject_of(request_tracker, data, CREATED)


async def test_ping_finds_what_is_set_up_wrong(request_tracker: RequestTracker, outbound: Outbound) -> None:
    changes: dict[str, dict[str, Any]] = {
        "queue": {"queue": "No such queue"},
        "field": {"account_field": "No such field"},
        "rights": {"token": Secret(request_tracker.powerless_token)},
    }
    for wrong in changes.values():
        with pytest.raises(UpstreamError):
            await connected(request_tracker, "helpdesk", request_tracker.url, outbound, **wrong).ping()


@pytest.mark.parametrize("name", ["", "a'b", 'a"b', "a\\b", "a{b}", "a\nb", "a/b"])
def test_names_that_a_query_would_misread_are_refused(name: str) -> None:
    for key in ("queue", "account_field"):
        raw = {"base_url": "https://rt.example.com", "token": "t", "queue": "Support"} | {key: name}
        with pytest.raises(ConfigurationError):
            convert(raw, Config, "connectors.helpdesk")
