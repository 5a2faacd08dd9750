"""What is Zendesk's own in reading: searches, internal comments, people, files and audiences."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Direction, Listing, Page
from gateway.connectors.ports.knowledge import Article, ArticleFilter, ArticlesPort
from gateway.connectors.ports.support import (
    PersonKind,
    Ticket,
    TicketComment,
    TicketFilter,
    TicketSort,
    TicketSortField,
    TicketsPort,
    TicketStatus,
)
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed, fixed
from gateway.connectors.zendesk.connector import Connector, connect
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet, build
from sandbox.data.desk import HIDDEN_REMARK, Comment
from sandbox.data.desk import Ticket as Row
from sandbox.serve import StandIn
from sandbox.zendesk import stand_in
from tests.contract.zendesk.conftest import CLIENT_ID, CLIENT_SECRET, Clock, config, connected

UNSOLVED = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD)
WORDS = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.ON_HOLD,
    "solved": TicketStatus.SOLVED,
    "closed": TicketStatus.CLOSED,
}
SUBJECTS = {Ticket: frozenset({"subject"})}
COUNTED = {Ticket: frozenset({"status"}), Listing: frozenset({"Ticket"})}
TITLES = {Article: frozenset({"title"})}


def of(data: DataSet, key: str) -> list[Row]:
    rows = [row for row in data.desk.tickets if row.account == key and not row.deleted]
    return sorted(rows, key=lambda row: (row.updated, row.id), reverse=True)


def with_tickets(data: DataSet, rows: list[Row]) -> DataSet:
    return dataclasses.replace(data, desk=dataclasses.replace(data.desk, tickets=rows))


def running(data: DataSet) -> StandIn:
    return stand_in(data, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, now=Clock())


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


# Tokens


async def test_tokens_are_fetched_once_and_renewed(outbound: Outbound, wire: Wire) -> None:
    made = connect("helpdesk", config(wire.url), outbound)
    await made.ping()
    await made.ping()
    assert [call.path for call in wire.calls] == ["/oauth/tokens", *["/api/v2/users/me"] * 2]
    assert b"client_credentials" in wire.calls[0].body
    assert b"read+write" in wire.calls[0].body


async def test_a_token_of_nobody_is_no_answer(connector: Connector, wire: Wire) -> None:
    wire.spoil = fixed(200, b'{"user": {"id": null, "name": "Anonymous user"}}')
    with pytest.raises(UpstreamError) as caught:
        await connector.ping()
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(
    ("mode", "code"), [("throttled", Code.UPSTREAM_RATE_LIMITED), ("broken", Code.UPSTREAM_UNAVAILABLE)]
)
async def test_faults_in_zendesks_own_words(
    connector: Connector, system: StandIn, mode: str, code: Code
) -> None:
    await connector.ping()
    await system.fault(mode)
    with pytest.raises(UpstreamError) as caught:
        await connector.ping()
    assert (caught.value.code, caught.value.system) == (code, "helpdesk")
    assert caught.value.retry_after == (2.0 if mode == "throttled" else None)


# Tickets


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize(
    "wanted",
    [UNSOLVED, *((status,) for status in WORDS.values()), (TicketStatus.SOLVED, TicketStatus.CLOSED)],
    ids=lambda wanted: "+".join(one.name for one in wanted) if isinstance(wanted, tuple) else None,
)
async def test_tickets_are_found_by_status(
    connector: Connector, acme: AccountScope, data: DataSet, wanted: tuple[TicketStatus, ...], size: int
) -> None:
    expected = [str(row.id) for row in of(data, "acme") if WORDS[row.status] in wanted]
    assert 0 < len(expected) < len(of(data, "acme"))
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
    rows = {str(row.id): getattr(row, name) for row in of(data, "acme")}
    assert set(found) == set(rows)
    moments = [rows[one] for one in found]
    assert moments == sorted(moments, reverse=direction is Direction.DESC)


async def test_several_organizations_are_one_list(connector: Connector, data: DataSet, wire: Wire) -> None:
    keys = ("group", "group-north")
    natives = tuple(str(data.accounts[key].desk_org) for key in keys)
    scope = AccountScope("group", frozenset(), {"helpdesk": natives})
    rows = sorted(
        (row for key in keys for row in of(data, key)), key=lambda row: (row.updated, row.id), reverse=True
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
    rows = of(data, "acme")
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
    first = of(data, "reach")[0]
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
    row = next(row for row in of(data, "acme") if row.assignee is not None and row.solved is not None)
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
    row = next(row for row in of(data, "acme") if row.assignee is not None)
    wire.spoil = changed(replaced("alias", lambda _: "Service team"))
    [ticket] = await port.get_many([Ref(acme, str(row.id))], everything(Ticket))
    assert ticket.assignee.display_name == "Service team"
    assert ticket.requester.display_name == data.desk.users[row.requester].name


async def test_people_who_did_not_come_are_null(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    port: Any = connector.ports[TicketsPort]
    wire.spoil = changed(replaced("users", lambda _: []))
    [ticket] = await port.get_many([Ref(acme, str(of(data, "acme")[0].id))], everything(Ticket))
    assert (ticket.requester, ticket.assignee) == (None, None)


async def test_a_first_message_of_an_agent_is_not_told(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    """It may be internal, and Zendesk shows it as the ticket's description all the same."""
    port: Any = connector.ports[TicketsPort]
    wire.spoil = changed(replaced("submitter_id", lambda _: 9001))
    [ticket] = await port.get_many([Ref(acme, str(of(data, "acme")[0].id))], everything(Ticket))
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


# Comments


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
    for row in of(data, "acme")[:10]:
        found = await comments_of(connector, acme, row, size)
        assert [comment.body for comment in found] == [said.body for said in row.comments if said.public]
        assert HIDDEN_REMARK not in repr([comment.body for comment in found])


async def test_comments_are_one_call(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    row = next(row for row in of(data, "acme") if any(said.attachments for said in row.comments))
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
    row = of(data, "acme")[0]
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
    [ticket] = await port.get_many([Ref(acme, str(of(data, "acme")[0].id))], SUBJECTS)
    wire.spoil = changed(replaced("public", lambda _: value))
    with pytest.raises(UpstreamError) as caught:
        await port.list_comments(ticket, Page(first=2), everything(TicketComment))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


# Files


async def opened(connector: Connector, scope: AccountScope, file_id: str) -> tuple[Any, bytes]:
    port: Any = connector.ports[TicketsPort]
    async with port.open_attachment(scope, file_id) as content:
        return content, b"".join([chunk async for chunk in content.chunks])


def a_file(data: DataSet, key: str = "acme") -> Any:
    return next(file for row in of(data, key) for said in row.comments for file in said.attachments)


async def test_a_file_comes_through_without_the_token(
    connector: Connector,
    outbound: Outbound,
    acme: AccountScope,
    data: DataSet,
    system: StandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    file = a_file(data)
    for made in (connector, connected("helpdesk", system.url, outbound, system, content_hosts=())):
        system.reset()
        content, body = await opened(made, acme, str(file.id))
        assert (content.file_name, content.mime_type, content.size) == (
            file.file_name,
            file.content_type,
            len(file.content),
        )
        assert body == file.content
        calls = [call for call in system.calls if call.path != "/oauth/tokens"]
        assert [call.status for call in calls] == [200, 302, 200]
        assert "authorization" in calls[0].headers
        assert "authorization" not in calls[2].headers
        secret = calls[2].path.rpartition("/")[2]
        assert secret not in caplog.text
        assert secret not in repr(content)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/attachments/token/x/?name=a",
        "http://files.example/x",  # trusted below, but not without TLS
        "ftp://127.0.0.1/x",
        "//127.0.0.1/x",
        "https://files.example@evil.example/x",
        "https://evil-files.example/x",
        "https://evil.example:80.files.example/x",
        "https://evil.example\\.files.example/x",
        "https://evil.example/.files.example/x",
        "https://a.files.example:8443/x",
        "https://[/x",
        "not an address",
        "",
    ],
)
async def test_files_elsewhere_are_not_fetched(
    outbound: Outbound, acme: AccountScope, data: DataSet, system: StandIn, wire: Wire, address: str
) -> None:
    made = connected(
        "helpdesk", wire.url, outbound, system, content_hosts=("files.example", "*.files.example")
    )
    wire.spoil = changed(replaced("content_url", lambda _: address))
    with pytest.raises(UpstreamError) as caught:
        await opened(made, acme, str(a_file(data).id))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert "x" not in caught.value.detail.split()
    assert "/attachments/token" not in " ".join(call.path for call in system.calls)


async def test_one_redirect_is_followed_and_no_more(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire, outbound: Outbound, system: StandIn
) -> None:
    """Everything answers 302 to itself."""
    made = connected("helpdesk", wire.url, outbound, system)
    where = f"{wire.url}/round/and/round"

    async def spoil(request: Any, forward: Any) -> Any:
        if request.path.startswith("/api/"):
            return await changed(replaced("content_url", lambda _: where))(request, forward)
        return await fixed(302, Location=where)(request, forward)

    wire.spoil = spoil
    with pytest.raises(UpstreamError) as caught:
        await opened(made, acme, str(a_file(data).id))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert [call.path for call in wire.calls][1:] == ["/round/and/round"] * 2
    assert "authorization" in wire.calls[1].headers  # the API's own host: private attachments ask for it
    assert "authorization" not in wire.calls[2].headers


@pytest.mark.parametrize("file_id", ["999999999", "x", "../1", ""])
async def test_files_that_are_not_there(connector: Connector, acme: AccountScope, file_id: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        await opened(connector, acme, file_id)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(("key", "value"), [("deleted", True), ("malware_scan_result", "malware_found")])
async def test_files_that_were_withdrawn(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire, key: str, value: object
) -> None:
    wire.spoil = changed(replaced(key, lambda _: value))
    with pytest.raises(UpstreamError) as caught:
        await opened(connector, acme, str(a_file(data).id))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


# The help centre


async def titles(connector: Connector, scope: AccountScope, **wanted: str) -> list[str]:
    port: Any = connector.ports[ArticlesPort]
    listing = await port.list_articles(scope, Page(first=50), ArticleFilter(**wanted), TITLES)
    assert not listing.has_next
    return [record.title for record, _ in listing.items]


@pytest.mark.parametrize("audience", ["CUSTOMER", "PARTNER", "STAFF"])
async def test_each_audience_reads_its_own(
    connector: Connector, scope_of: Callable[..., AccountScope], data: DataSet, audience: str
) -> None:
    scope = scope_of("reach", audience)
    allowed = {None, 360001} if audience == "PARTNER" else {None}
    shown = [row for row in data.desk.articles if row.segment in allowed and not row.draft]
    assert await titles(connector, scope) == [row.title for row in shown if row.locale == "en-us"]
    assert await titles(connector, scope, locale="de") == [row.title for row in shown if row.locale == "de"]
    found = await titles(connector, scope, text="Margins for partners escalation draft")
    assert ("Margins for partners" in found) == (audience == "PARTNER")
    assert HIDDEN_REMARK not in " ".join(found)
    port: Any = connector.ports[ArticlesPort]
    ids = [str(row.id) for row in data.desk.articles]
    for batch in (ids, *([one] for one in ids)):
        records = await port.get_many([Ref(scope, one) for one in batch], TITLES)
        assert [record and record.id for record in records] == [
            one if any(str(row.id) == one for row in shown) else None for one in batch
        ]


async def test_articles_of_a_section(connector: Connector, acme: AccountScope, data: DataSet) -> None:
    pumps = [row.title for row in data.desk.articles if row.section == 3602 and not row.draft]
    assert await titles(connector, acme, section_id="3602") == pumps
    assert await titles(connector, acme, section_id="3602", text="pump") == ["Why a pump runs hot"]
    assert await titles(connector, acme, section_id="9999") == []
    assert await titles(connector, acme, section_id="3602/articles") == []
    assert await titles(connector, acme, locale="fr") == []
    assert await titles(connector, acme, locale="../../users") == []


async def test_articles_are_harmless(connector: Connector, acme: AccountScope, data: DataSet) -> None:
    port: Any = connector.ports[ArticlesPort]
    row = next(row for row in data.desk.articles if row.title == "Why a pump runs hot")
    [article] = await port.get_many([Ref(acme, str(row.id))], everything(Article))
    assert article.body_html == f"<h1>{row.title}</h1><p>How to: {row.title.lower()}.</p>"
    assert (article.labels, article.helpful_count, article.section_id) == (row.labels, row.votes, "3602")


@pytest.mark.parametrize("named", [[360002], [360001, 360002], "broken"])
async def test_newer_articles_name_several_segments(
    connector: Connector, scope_of: Callable[..., AccountScope], data: DataSet, wire: Wire, named: object
) -> None:
    scope = scope_of("reach", "PARTNER")
    port: Any = connector.ports[ArticlesPort]
    wire.spoil = changed(replaced("user_segment_ids", lambda _: named))
    [article] = await port.get_many([Ref(scope, str(data.desk.articles[0].id))], TITLES)
    if named == "broken":
        assert isinstance(article, UpstreamError)
    else:
        assert (article is not None) == (360001 in named)  # type: ignore[operator]  # a list


async def test_an_article_that_does_not_say_who_may_read_it(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    def without(body: bytes) -> bytes:
        answer = json.loads(body)
        del answer["article"]["user_segment_id"]
        return json.dumps(answer).encode()

    wire.spoil = changed(without)
    port: Any = connector.ports[ArticlesPort]
    assert await port.get_many([Ref(acme, str(data.desk.articles[0].id))], TITLES) == [None]


async def test_few_are_read_by_id_and_many_from_the_list(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    port: Any = connector.ports[ArticlesPort]
    ids = [str(row.id) for row in data.desk.articles]
    await port.get_many([Ref(acme, one) for one in ids[:3]], TITLES)
    assert sorted(call.path for call in wire.calls) == [
        f"/api/v2/help_center/articles/{one}" for one in ids[:3]
    ]
    wire.reset()
    await port.get_many([Ref(acme, one) for one in ids[:4]], TITLES)
    assert [call.path for call in wire.calls] == ["/api/v2/help_center/articles"]


async def test_what_lies_beyond_the_first_pages_is_read_by_id(outbound: Outbound, acme: AccountScope) -> None:
    data = build()
    first = data.desk.articles[0]
    data.desk.articles.extend([dataclasses.replace(first, id=370_000 + n) for n in range(510)])
    async with running(data) as system:
        port: Any = connected("helpdesk", system.url, outbound, system).ports[ArticlesPort]
        ids = ["360100", "370000", "370508", "370509", "999999"]
        found = await port.get_many([Ref(acme, one) for one in ids], TITLES)
        paths = [call.path for call in system.calls if call.path != "/oauth/tokens"]
    assert [record and record.id for record in found] == [*ids[:4], None]
    assert paths[:5] == ["/api/v2/help_center/articles"] * 5
    assert sorted(paths[5:]) == [f"/api/v2/help_center/articles/{one}" for one in ids[2:]]
