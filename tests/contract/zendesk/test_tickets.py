"""Tickets at Zendesk: found by searches, counted, put in order, with their people."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Direction, Listing, Page
from gateway.connectors.ports.support import (
    PersonKind,
    Ticket,
    TicketFilter,
    TicketSort,
    TicketSortField,
    TicketsPort,
    TicketStatus,
)
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed
from gateway.connectors.zendesk.connector import Connector
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from tests.contract.zendesk.conftest import SUBJECTS, connected, running, tickets_of, with_tickets

UNSOLVED = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD)
WORDS = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.ON_HOLD,
    "solved": TicketStatus.SOLVED,
    "closed": TicketStatus.CLOSED,
}
COUNTED = {Ticket: frozenset({"status"}), Listing: frozenset({"Ticket"})}


async def listed(
    connector: Connector,
    scope: AccountScope,
    wanted: tuple[TicketStatus, ...] | None,
    size: int = 100,
    sort: TicketSort | None = None,
) -> list[str]:
    port: Any = connector.ports[TicketsPort]
    found: list[str] = []
    page = Page(first=size)
    while True:
        listing = await port.list_tickets(
            scope, page, TicketFilter(status=wanted), sort or TicketSort(), SUBJECTS
        )
        found += [record.id for record, _ in listing.items]
        if not listing.has_next:
            return found
        page = Page(first=size, after=listing.end_cursor)


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize(
    "wanted",
    [UNSOLVED, *((status,) for status in WORDS.values()), (TicketStatus.SOLVED, TicketStatus.CLOSED)],
    ids=lambda wanted: "+".join(one.name for one in wanted) if isinstance(wanted, tuple) else None,
)
async def test_tickets_are_found_by_status(
    connector: Connector, acme: AccountScope, data: DataSet, wanted: tuple[TicketStatus, ...], size: int
) -> None:
    expected = [str(row.id) for row in tickets_of(data, "acme") if WORDS[row.status] in wanted]
    assert 0 < len(expected) < len(tickets_of(data, "acme"))
    assert await listed(connector, acme, wanted, size) == expected


async def test_what_is_unsolved_is_one_call_that_names_the_organization(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    await listed(connector, acme, UNSOLVED)
    [call] = wire.calls
    assert call.path == "/api/v2/search"
    organization = data.accounts["acme"].desk_org
    assert dict(call.query)["query"] == f"type:ticket organization:{organization} status<solved"


async def test_a_status_that_was_not_asked_for_breaks_its_row(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    wire.spoil = changed(replaced("status", lambda word: "solved" if word == "open" else word))
    port: Any = connector.ports[TicketsPort]
    listing = await port.list_tickets(
        acme, Page(first=100), TicketFilter(status=UNSOLVED), TicketSort(), SUBJECTS
    )
    broken = [record for record, _ in listing.items if isinstance(record, UpstreamError)]
    assert 0 < len(broken) < len(listing.items)
    assert {error.code for error in broken} == {Code.UPSTREAM_CONTRACT_BROKEN}


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("field", list(TicketSortField))
async def test_orders(
    connector: Connector,
    acme: AccountScope,
    data: DataSet,
    direction: Direction,
    field: TicketSortField,
) -> None:
    name = {TicketSortField.UPDATED_AT: "updated", TicketSortField.CREATED_AT: "created"}[field]
    found = await listed(connector, acme, None, 7, TicketSort(field=field, direction=direction))
    rows = {str(row.id): getattr(row, name) for row in tickets_of(data, "acme")}
    assert set(found) == set(rows)
    moments = [rows[one] for one in found]
    assert moments == sorted(moments, reverse=direction is Direction.DESC)


async def test_several_organizations_are_one_list(connector: Connector, data: DataSet, wire: Wire) -> None:
    keys = ("group", "group-north")
    natives = tuple(str(data.accounts[key].desk_org) for key in keys)
    scope = AccountScope("group", frozenset(), {"helpdesk": natives})
    rows = sorted(
        (row for key in keys for row in tickets_of(data, key)),
        key=lambda row: (row.updated, row.id),
        reverse=True,
    )
    assert await listed(connector, scope, None) == [str(row.id) for row in rows]
    assert [call.path for call in wire.calls] == ["/api/v2/search"]


async def test_nobodys_tickets_are_none_and_cost_nothing(connector: Connector, wire: Wire) -> None:
    scope = AccountScope("nobody", frozenset(), {"helpdesk": ()})
    assert await listed(connector, scope, None) == []
    assert await listed(connector, scope, UNSOLVED) == []
    wrong = AccountScope("wrong", frozenset(), {"helpdesk": ("1 OR status:open",)})
    with pytest.raises(UpstreamError):
        await listed(connector, wrong, UNSOLVED)
    assert wire.calls == []


async def test_the_total_is_exact_and_leaves_out_what_is_internal(
    outbound: Outbound, acme: AccountScope, data: DataSet
) -> None:
    rows = tickets_of(data, "acme")
    inside = next(row for row in rows if row.status == "open")
    secret = tuple(dataclasses.replace(said, public=False) for said in inside.comments)
    changed_rows = [dataclasses.replace(row, comments=secret) if row is inside else row for row in rows]
    many = [dataclasses.replace(inside, id=700_000 + n, comments=rows[0].comments) for n in range(150)]
    for extra, calls in (([], 1), (many, 2)):
        async with running(with_tickets(data, [*changed_rows, *extra])) as system:
            port: Any = connected("helpdesk", system.url, outbound, system).ports[TicketsPort]
            listing = await port.list_tickets(
                acme, Page(first=5), TicketFilter(status=(TicketStatus.OPEN,)), TicketSort(), COUNTED
            )
            [found] = await port.get_many([Ref(acme, str(inside.id))], SUBJECTS)
            searches = [call for call in system.calls if call.path == "/api/v2/search"]
        assert listing.total == sum(row.status == "open" for row in rows) - 1 + len(extra)
        assert len(searches) == calls
        assert len(listing.items) == 5
        assert found is None


async def test_more_than_a_search_gives_is_not_counted(outbound: Outbound, data: DataSet) -> None:
    first = tickets_of(data, "reach")[0]
    rows = [dataclasses.replace(first, id=700_000 + n, status="open") for n in range(1005)]
    scope = AccountScope("reach", frozenset(), {"helpdesk": (str(first.org),)})
    async with running(with_tickets(data, rows)) as system:
        made = connected("helpdesk", system.url, outbound, system)
        port: Any = made.ports[TicketsPort]
        listing = await port.list_tickets(
            scope, Page(first=5), TicketFilter(status=(TicketStatus.OPEN,)), TicketSort(), COUNTED
        )
        assert listing.total is None
        assert len(await listed(made, scope, (TicketStatus.OPEN,))) == 1000


async def test_a_row_that_moved_cannot_be_gone_on_from(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    port: Any = connector.ports[TicketsPort]
    arguments = (TicketFilter(status=UNSOLVED), TicketSort(), SUBJECTS)
    listing = await port.list_tickets(acme, Page(first=3), *arguments)
    last = int(listing.items[-1][0].id)
    wire.spoil = changed(replaced("id", lambda one: 7 if one == last else one))
    with pytest.raises(RequestError, match="has moved") as caught:
        await port.list_tickets(acme, Page(first=3, after=listing.items[-1][1]), *arguments)
    assert caught.value.code is Code.INVALID_CURSOR


@pytest.mark.parametrize("cursor", ["0.1.bm8gY3Vyc29y", "0.1.", "101.1.", "1.1.0"])
@pytest.mark.parametrize("wanted", [None, UNSOLVED])
async def test_tokens_of_another_list(
    connector: Connector, acme: AccountScope, cursor: str, wanted: tuple[TicketStatus, ...] | None
) -> None:
    """A token that Zendesk does not know is told as a cursor that is none; the list begins at the start."""
    port: Any = connector.ports[TicketsPort]
    page = Page(first=2, after=cursor)
    arguments = (acme, page, TicketFilter(status=wanted), TicketSort(), SUBJECTS)
    if cursor == "0.1.":
        assert len((await port.list_tickets(*arguments)).items) == 2
        return
    with pytest.raises(RequestError) as caught:
        await port.list_tickets(*arguments)
    assert caught.value.code is Code.INVALID_CURSOR


async def test_people(connector: Connector, acme: AccountScope, data: DataSet) -> None:
    port: Any = connector.ports[TicketsPort]
    row = next(row for row in tickets_of(data, "acme") if row.assignee is not None and row.solved is not None)
    [ticket] = await port.get_many([Ref(acme, str(row.id))], everything(Ticket))
    user, agent = data.desk.users[row.requester], data.desk.users[row.assignee or 0]
    asked, answers = ticket.requester, ticket.assignee
    assert (asked.display_name, asked.email, asked.kind) == (user.name, user.email, PersonKind.CUSTOMER)
    assert (answers.display_name, answers.email, answers.kind) == (agent.name, None, PersonKind.STAFF)
    assert (ticket.created_at, ticket.updated_at, ticket.solved_at) == (row.created, row.updated, row.solved)
    assert ticket.description == row.comments[0].body


async def test_an_agents_alias_is_shown(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    port: Any = connector.ports[TicketsPort]
    row = next(row for row in tickets_of(data, "acme") if row.assignee is not None)
    wire.spoil = changed(replaced("alias", lambda _: "Service team"))
    [ticket] = await port.get_many([Ref(acme, str(row.id))], everything(Ticket))
    assert ticket.assignee.display_name == "Service team"
    assert ticket.requester.display_name == data.desk.users[row.requester].name


async def test_people_who_did_not_come_are_null(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    port: Any = connector.ports[TicketsPort]
    wire.spoil = changed(replaced("users", lambda _: []))
    [ticket] = await port.get_many([Ref(acme, str(tickets_of(data, "acme")[0].id))], everything(Ticket))
    assert (ticket.requester, ticket.assignee) == (None, None)


async def test_a_first_message_of_an_agent_is_not_told(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    """It may be internal, and Zendesk shows it as the ticket's description all the same."""
    port: Any = connector.ports[TicketsPort]
    wire.spoil = changed(replaced("submitter_id", lambda _: 9001))
    [ticket] = await port.get_many([Ref(acme, str(tickets_of(data, "acme")[0].id))], everything(Ticket))
    assert ticket.description is None


@pytest.mark.parametrize("owner", [999, None])
async def test_foreign_rows_are_not_admitted(
    connector: Connector, acme: AccountScope, wire: Wire, owner: int | None
) -> None:
    """Were Zendesk's filter to fail, the records themselves tell it."""
    port: Any = connector.ports[TicketsPort]
    wire.spoil = changed(replaced("organization_id", lambda _: owner))
    for wanted in (None, UNSOLVED):
        listing = await port.list_tickets(
            acme, Page(first=3), TicketFilter(status=wanted), TicketSort(), SUBJECTS
        )
        assert listing.items
        assert not any(boundary.admits(record) for record, _ in listing.items)
