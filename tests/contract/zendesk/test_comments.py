"""Comments on tickets at Zendesk: those that are public, and no others."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.support import TicketComment, TicketsPort
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed
from gateway.connectors.zendesk.connector import Connector
from gateway.errors import Code, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.data.desk import HIDDEN_REMARK, Comment
from sandbox.data.desk import Ticket as Row
from tests.contract.zendesk.conftest import SUBJECTS, connected, running, tickets_of, with_tickets


async def comments_of(connector: Connector, scope: AccountScope, row: Row, size: int) -> list[TicketComment]:
    port: Any = connector.ports[TicketsPort]
    [ticket] = await port.get_many([Ref(scope, str(row.id))], SUBJECTS)
    found: list[TicketComment] = []
    page = Page(first=size)
    while True:
        listing = await port.list_comments(ticket, page, everything(TicketComment))
        found += [record for record, _ in listing.items]
        if not listing.has_next:
            return found
        page = Page(first=size, after=listing.end_cursor)


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_internal_comments_are_in_no_list(
    connector: Connector, acme: AccountScope, data: DataSet, size: int
) -> None:
    for row in tickets_of(data, "acme")[:10]:
        found = await comments_of(connector, acme, row, size)
        assert [comment.body for comment in found] == [said.body for said in row.comments if said.public]
        assert HIDDEN_REMARK not in repr([comment.body for comment in found])


async def test_comments_are_one_call(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    row = next(row for row in tickets_of(data, "acme") if any(said.attachments for said in row.comments))
    found = await comments_of(connector, acme, row, 10)
    assert [call.path for call in wire.calls] == [
        "/api/v2/tickets/show_many",
        f"/api/v2/tickets/{row.id}/comments",
    ]
    first, said = found[0], row.comments[0]
    assert (first.author.display_name, first.created_at) == (  # type: ignore[union-attr]  # there is one
        data.desk.users[said.author].name,
        said.created,
    )
    file = said.attachments[0]
    assert [(one.id, one.file_name, one.mime_type, one.size_bytes) for one in first.attachments] == [  # type: ignore[union-attr]  # none is broken
        (str(file.id), file.file_name, file.content_type, len(file.content))
    ]


async def test_paging_passes_over_many_internal_comments(
    outbound: Outbound, acme: AccountScope, data: DataSet
) -> None:
    """A page may be short, even empty, but it leads on."""
    row = tickets_of(data, "acme")[0]
    first, *_ = row.comments
    at = first.created
    remarks = tuple(
        Comment(5_000_000 + n, 9001, HIDDEN_REMARK, False, at + dt.timedelta(minutes=n + 1))  # noqa: FBT003
        for n in range(60)
    )
    last = Comment(5_100_000, 9001, "At last.", True, at + dt.timedelta(hours=9))  # noqa: FBT003  public
    talk = dataclasses.replace(row, comments=(first, *remarks, last))
    async with running(with_tickets(data, [talk])) as system:
        made = connected("helpdesk", system.url, outbound, system)
        port: Any = made.ports[TicketsPort]
        [ticket] = await port.get_many([Ref(acme, str(row.id))], SUBJECTS)
        listing = await port.list_comments(ticket, Page(first=2), everything(TicketComment))
        assert (len(listing.items), listing.has_next) == (1, True)
        found = await comments_of(made, acme, talk, 2)
    assert [comment.body for comment in found] == [first.body, "At last."]


@pytest.mark.parametrize("value", [None, "yes", 1])
async def test_a_comment_that_does_not_say_whether_it_is_public(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire, value: object
) -> None:
    port: Any = connector.ports[TicketsPort]
    [ticket] = await port.get_many([Ref(acme, str(tickets_of(data, "acme")[0].id))], SUBJECTS)
    wire.spoil = changed(replaced("public", lambda _: value))
    with pytest.raises(UpstreamError) as caught:
        await port.list_comments(ticket, Page(first=2), everything(TicketComment))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
