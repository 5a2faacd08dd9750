"""What is this tracker's own in reading tickets: queries made of texts, pages both ways, errors."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.auth import boundary
from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Direction, Page
from gateway.connectors.ports.support import (
    PersonKind,
    Ticket,
    TicketComment,
    TicketFilter,
    TicketSort,
    TicketSortField,
    TicketStatus,
)
from gateway.connectors.rt.connector import Connector
from gateway.connectors.testing import Wire
from gateway.connectors.testing.checks import outcome, replaced
from gateway.connectors.testing.wire import changed, fixed
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.data.desk import Ticket as Row
from tests.contract.rt.conftest import (
    ALL,
    COUNTED,
    PRIORITIES,
    STATUSES,
    Make,
    Say,
    connected,
    listed,
    load,
    port_of,
    present,
    scope,
)
from tests.real.rt.fixture import RequestTracker

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("rt")]

# Tickets


async def test_tickets_are_what_was_put_there(
    connector: Connector, acme: AccountScope, data: DataSet, request_tracker: RequestTracker
) -> None:
    rows = present(data, "acme")
    users = data.desk.users
    found = await load(connector, acme, *(request_tracker.tickets[row.id] for row in rows))
    for row, one in zip(rows, found, strict=True):
        assert boundary.admits(one)
        assert (one.id, one.number) == (str(request_tracker.tickets[row.id]),) * 2
        assert (one.subject, one.description) == (row.subject, row.comments[0].body)
        assert (one.status, one.priority) == (STATUSES[row.status], PRIORITIES[row.priority])
        assert (one.created_at, one.updated_at, one.last_activity_at) == (
            row.created,
            row.updated,
            row.updated,
        )
        assert one.solved_at == row.solved
        asked = users[row.requester]
        assert (one.requester.display_name, one.requester.email, one.requester.kind) == (
            asked.name,
            asked.email,
            PersonKind.CUSTOMER,
        )
        if row.assignee is None:
            assert one.assignee is None
        else:
            agent = users[row.assignee].name
            assert (one.assignee.display_name, one.assignee.email) == (agent, None)
            assert one.assignee.kind is PersonKind.STAFF
        assert (one.type, one.can_comment) == (None, None)


async def test_deleted_tickets_and_those_of_another_queue_are_missing(
    connector: Connector, acme: AccountScope, data: DataSet, request_tracker: RequestTracker,
    outbound: Outbound,
) -> None:  # fmt: skip
    gone = next(row for row in data.desk.tickets if row.account == "acme" and row.deleted)
    assert await load(connector, acme, request_tracker.tickets[gone.id]) == [None]
    other = connected(request_tracker, "helpdesk", request_tracker.url, outbound, queue="General")
    there = request_tracker.tickets[present(data, "acme")[0].id]
    assert await load(other, acme, there) == [None]
    listing = await listed(other, acme, TicketFilter(), TicketSort(), Page(first=5))
    assert (listing.items, listing.total) == ([], 0)


@pytest.mark.parametrize(
    "wanted",
    [
        (),
        (TicketStatus.NEW,),
        (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING),
        (TicketStatus.ON_HOLD,),
        (TicketStatus.SOLVED, TicketStatus.UNKNOWN),
        (TicketStatus.CLOSED,),
        (TicketStatus.UNKNOWN,),
        tuple(TicketStatus),
    ],
)
async def test_tickets_of_a_status(
    connector: Connector, acme: AccountScope, data: DataSet, request_tracker: RequestTracker, wanted: Any
) -> None:
    rows = [row for row in present(data, "acme") if STATUSES[row.status] in wanted]
    listing = await listed(connector, acme, TicketFilter(status=wanted), TicketSort(), Page(first=100))
    expected = [str(request_tracker.tickets[row.id]) for row in rows]
    assert ([record.id for record, _ in listing.items], listing.total) == (expected, len(rows))


@pytest.mark.parametrize("field", list(TicketSortField))
@pytest.mark.parametrize("direction", list(Direction))
async def test_lists_go_both_ways_and_know_how_many_there_are(
    connector: Connector, acme: AccountScope, data: DataSet, request_tracker: RequestTracker,
    field: TicketSortField, direction: Direction,
) -> None:  # fmt: skip
    def key(row: Row) -> Any:
        return (row.updated if field is TicketSortField.UPDATED_AT else row.created, row.id)

    rows = sorted(present(data, "acme"), key=key, reverse=direction is Direction.DESC)
    expected = [str(request_tracker.tickets[row.id]) for row in rows]
    sort = TicketSort(field=field, direction=direction)
    found: list[str] = []
    page: Page | None = Page(last=7)
    while page is not None:
        listing = await listed(connector, acme, TicketFilter(), sort, page)
        assert listing.total == len(rows)
        found = [record.id for record, _ in listing.items] + found
        page = Page(last=7, before=listing.items[0][1]) if listing.has_previous else None
    assert found == expected


async def test_tickets_of_one_moment_keep_one_order_and_new_ones_move_nothing(
    connector: Connector, make: Make
) -> None:
    ids = [await make("C-7001") for _ in range(4)]
    found: list[str] = []
    page = Page(first=1)
    for n in range(4):
        listing = await listed(connector, scope("C-7001"), TicketFilter(), TicketSort(), page)
        found += [record.id for record, _ in listing.items]
        assert listing.total == 4 + n
        page = Page(first=1, after=listing.items[-1][1])
        await make("C-7001")  # before those that are still to come
    assert found == ids[::-1]


@pytest.mark.parametrize(
    "cursor",
    ["", "7", "x", "2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z 7", "2026-01-01 7", "2026-01-01T00:00:00Z 0",
     "2026-01-01T00:00:00Z' OR id > 0 OR id = '1 7", "2026-01-01T00:00:00Z 99999999999"],
)  # fmt: skip
async def test_no_cursor_of_this_list(
    connector: Connector, acme: AccountScope, wire: Wire, cursor: str
) -> None:
    for page, named in ((Page(first=1, after=cursor), "after"), (Page(last=1, before=cursor), "before")):
        with pytest.raises(RequestError, match=f"^{named}: ") as caught:
            await listed(connector, acme, TicketFilter(), TicketSort(), page)
        assert caught.value.code is Code.INVALID_CURSOR
    assert not wire.calls


@pytest.mark.parametrize(
    "account",
    ["", "NULL", "null", "x' OR id > 0 OR 'CF.{Account}' = 'x", "x\\", "__Active__", "a\nb", "x" * 200],
)
async def test_what_is_no_account_reaches_no_query(connector: Connector, wire: Wire, account: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        await listed(connector, scope(account), TicketFilter(), TicketSort(), Page(first=1))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert not wire.calls


async def test_several_values_are_one_list(
    connector: Connector, data: DataSet, request_tracker: RequestTracker
) -> None:
    natives = (request_tracker.accounts["acme"], request_tracker.accounts["bright"])
    both = AccountScope("both", frozenset(Permission), {"helpdesk": natives})
    listing = await listed(connector, both, TicketFilter(), TicketSort(), Page(first=100))
    assert len(listing.items) == listing.total == len([*present(data, "acme"), *present(data, "bright")])
    assert all(boundary.admits(record) for record, _ in listing.items)


async def test_a_ticket_without_an_account_is_nobodys(connector: Connector, make: Make) -> None:
    [found] = await load(connector, scope("C-7002"), await make(None))
    assert not boundary.admits(found)


async def test_a_ticket_is_whose_its_field_says_now(connector: Connector, make: Make, say: Say) -> None:
    ticket = await make("C-7003")
    [found] = await load(connector, scope("C-7003"), ticket)
    assert boundary.admits(found)
    await say(f"ticket/{ticket}", method="PUT", CustomFields={"Account": "C-7004"})
    [found] = await load(connector, scope("C-7003"), ticket)
    assert not boundary.admits(found)


async def test_a_page_that_is_larger_than_the_trackers(
    connector: Connector, acme: AccountScope, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await listed(connector, acme, TicketFilter(), TicketSort(), Page(first=8))
    wire.reset()
    monkeypatch.setattr("gateway.connectors.rt.paging.MAX_ROWS", 3)
    pieces = await listed(connector, acme, TicketFilter(), TicketSort(), Page(first=8))
    assert len(wire.calls) == 3
    assert ([c for _, c in pieces.items], pieces.has_next, pieces.total) == (
        [c for _, c in whole.items],
        True,
        whole.total,
    )


@pytest.mark.parametrize(
    ("key", "value"), [("Status", "open"), ("LastUpdated", "2099-01-01T00:00:00Z"), ("id", "7")]
)
async def test_rows_that_were_not_asked_for_are_not_believed(
    connector: Connector, acme: AccountScope, wire: Wire, key: str, value: str
) -> None:
    new = TicketFilter(status=(TicketStatus.NEW,))
    first = await listed(connector, acme, new, TicketSort(), Page(first=1))
    wire.spoil = changed(replaced(key, lambda _: value))

    async def rows() -> list[Any]:
        page = Page(first=3, after=first.items[0][1])
        listing = await listed(connector, acme, new, TicketSort(), page)
        return [record for record, _ in listing.items]

    found = await outcome(rows)
    assert found
    assert all(isinstance(record, UpstreamError) for record in found)


# Calls and errors


async def test_numbers_of_calls(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet, request_tracker: RequestTracker
) -> None:
    port = port_of(connector)
    refs = [Ref(acme, str(number)) for number in range(1, 251)]
    plain = {Ticket: frozenset({"subject", "status"})}
    await port.get_many(refs, plain)
    assert len(wire.calls) == 3
    wire.reset()
    first = await port.list_tickets(acme, Page(first=5), TicketFilter(), TicketSort(), plain)
    assert len(wire.calls) == 1
    wire.reset()
    await port.list_tickets(
        acme, Page(first=5, after=first.items[-1][1]), TicketFilter(), TicketSort(), COUNTED
    )
    assert len(wire.calls) == 2
    [ticket] = await load(connector, acme, request_tracker.tickets[present(data, "acme")[0].id])
    for fields, calls in (({"created_at"}, 1), ({"author"}, 2), ({"attachments"}, 2), ({"body"}, 3)):
        wire.reset()
        await port.list_comments(ticket, Page(first=5), ALL | {TicketComment: frozenset(fields)})
        assert len(wire.calls) == calls


async def test_no_call_carries_ids_in_its_address(
    connector: Connector, acme: AccountScope, wire: Wire, request_tracker: RequestTracker
) -> None:
    await listed(connector, acme, TicketFilter(), TicketSort(), Page(first=5))
    [call] = wire.calls
    assert (call.method, call.path, call.query) == ("POST", "/REST/2.0/tickets", [])
    assert request_tracker.accounts["acme"] in dict(parse_qsl(call.body.decode()))["query"]


async def test_what_the_tracker_says_of_itself_is_not_passed_on(
    connector: Connector, acme: AccountScope, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    words = {"message": "Wrong query at /usr/share/request-tracker5/lib/RT/Tickets.pm line 3187."}
    for status in (400, 500):
        wire.spoil = fixed(status, json.dumps(words).encode())
        with pytest.raises(UpstreamError) as caught:
            await listed(connector, acme, TicketFilter(), TicketSort(), Page(first=5))
        assert "/usr/share" not in f"{caught.value} {caught.value.detail} {caught.value.extensions()}"
    assert "/usr/share" not in caplog.text
