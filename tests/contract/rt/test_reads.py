"""What is this tracker's own in reading: roles, internal remarks, texts, files, and queries made of texts."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest

from gateway.auth import boundary
from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Direction, Listing, Page
from gateway.connectors.ports.support import (
    PersonKind,
    Ticket,
    TicketComment,
    TicketFilter,
    TicketPriority,
    TicketSort,
    TicketSortField,
    TicketsPort,
    TicketStatus,
)
from gateway.connectors.rt.config import Config
from gateway.connectors.rt.connector import Connector
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.wire import changed, fixed
from gateway.errors import Code, ConfigurationError, RequestError, UpstreamError
from gateway.outbound import Outbound
from gateway.settings import Secret, convert
from sandbox.data import DataSet
from sandbox.data.desk import HIDDEN_REMARK
from sandbox.data.desk import Ticket as Row
from tests.contract.rt.conftest import connected, present
from tests.real.rt.fixture import RequestTracker

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("rt")]

STATUSES = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.PENDING,
    "solved": TicketStatus.SOLVED,
    "closed": TicketStatus.SOLVED,
}
PRIORITIES = {
    None: None,
    "low": TicketPriority.LOW,
    "normal": TicketPriority.NORMAL,
    "high": TicketPriority.HIGH,
    "urgent": TicketPriority.URGENT,
}
ALL = everything(Ticket, TicketComment)
COUNTED = {Ticket: frozenset({"subject"}), Listing: frozenset({"Ticket"})}
Make = Callable[..., Awaitable[str]]
Say = Callable[..., Awaitable[None]]


def port_of(connector: Connector) -> Any:
    return connector.ports[TicketsPort]


def scope(account: str) -> AccountScope:
    return AccountScope("made", frozenset(Permission), {"helpdesk": (account,)})


async def load(connector: Connector, whose: AccountScope, *ids: object) -> list[Any]:
    found: list[Any] = await port_of(connector).get_many([Ref(whose, str(one)) for one in ids], ALL)
    return found


async def comments(connector: Connector, ticket: Any) -> list[Any]:
    listing = await port_of(connector).list_comments(ticket, Page(first=100), ALL)
    return [record for record, _ in listing.items]


async def listed(
    connector: Connector, whose: AccountScope, filter_: TicketFilter, sort: TicketSort, page: Page
) -> Any:
    return await port_of(connector).list_tickets(whose, page, filter_, sort, COUNTED)


@pytest.fixture
async def say(request_tracker: RequestTracker) -> Any:
    """Speak in a ticket, as somebody: all have one password."""
    async with aiohttp.ClientSession(f"{request_tracker.url}/REST/2.0/") as session:

        async def speak(path: str, *, who: str | None = None, method: str = "POST", **body: Any) -> Any:
            auth = aiohttp.encode_basic_auth(who or request_tracker.user, request_tracker.password)
            headers = {"Authorization": auth}
            async with session.request(method, path, json=body, headers=headers) as answer:
                assert answer.status in {200, 201}, await answer.text()
                return await answer.json()

        yield speak


@pytest.fixture
def make(request_tracker: RequestTracker, say: Any) -> Make:
    """Make a ticket of an account that no other test has, and give its id."""

    async def made(account: str | None, **more: Any) -> str:
        fields = {} if account is None else {request_tracker.account_field: account}
        given = {"Queue": request_tracker.queue, "Subject": "Pump", "ContentType": "text/plain"}
        found = await say("ticket", **(given | {"Content": "It is hot.", "CustomFields": fields} | more))
        return str(found["id"])

    return made


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


async def test_a_ticket_is_whose_its_field_says_now(connector: Connector, make: Make, say: Any) -> None:
    ticket = await make("C-7003")
    [found] = await load(connector, scope("C-7003"), ticket)
    assert boundary.admits(found)
    await say(f"ticket/{ticket}", method="PUT", CustomFields={"Account": "C-7004"})
    [found] = await load(connector, scope("C-7003"), ticket)
    assert not boundary.admits(found)


# Messages


async def test_public_messages_are_what_was_said(
    connector: Connector, acme: AccountScope, data: DataSet, request_tracker: RequestTracker
) -> None:
    internal = 0
    for row in present(data, "acme")[:12]:
        [ticket] = await load(connector, acme, request_tracker.tickets[row.id])
        found = await comments(connector, ticket)
        said = [comment for comment in row.comments if comment.public]
        internal += len(row.comments) - len(said)
        for comment, one in zip(said, found, strict=True):
            assert (one.id, one.body) == (str(request_tracker.comments[comment.id]), comment.body)
            assert one.created_at == comment.created
            author = data.desk.users[comment.author]
            staff = author.org is None
            assert (one.author.display_name, one.author.email, one.author.kind) == (
                author.name,
                None if staff else author.email,
                PersonKind.STAFF if staff else PersonKind.CUSTOMER,
            )
            assert [(f.id, f.file_name, f.mime_type, f.size_bytes) for f in one.attachments] == [
                (str(request_tracker.attachments[f.id]), f.file_name, f.content_type, len(f.content))
                for f in comment.attachments
            ]
        assert HIDDEN_REMARK not in repr(found)
    assert internal


async def test_roles_tell_who_is_who(
    connector: Connector, make: Make, say: Any, request_tracker: RequestTracker
) -> None:
    ticket = await make("C-7005", Requestor="ada@acme.example", Cc="ben@acme.example")
    await say(f"ticket/{ticket}/correspond", who="ada@acme.example", Content="a", ContentType="text/plain")
    await say(f"ticket/{ticket}/correspond", who="lind@vendor.example", Content="b", ContentType="text/plain")
    await say(f"ticket/{ticket}/comment", who="lind@vendor.example", Content="c", ContentType="text/plain")
    [found] = await load(connector, scope("C-7005"), ticket)
    authors = [(one.author.email, one.author.kind) for one in await comments(connector, found)]
    assert authors == [
        (None, PersonKind.STAFF),  # the gateway's own user made it
        ("ada@acme.example", PersonKind.CUSTOMER),
        (None, PersonKind.STAFF),
    ]
    await say(f"ticket/{ticket}", method="PUT", who="lind@vendor.example", Owner="lind@vendor.example")
    own = await make("C-7005", Requestor="lind@vendor.example")
    await say(f"ticket/{own}", method="PUT", who="lind@vendor.example", Owner="lind@vendor.example")
    [found] = await load(connector, scope("C-7005"), own)
    assert (found.requester.email, found.requester.kind) == (None, PersonKind.STAFF)


async def test_texts_of_any_kind(connector: Connector, make: Make, say: Any) -> None:
    ticket = await make("C-7006", Content="Grüße aus 日本\n<b>kept</b>")
    html = "<p>Grüße &amp; <b>more</b></p><script>x()</script>one<br>two"
    await say(f"ticket/{ticket}/correspond", Content=html, ContentType="text/html")
    await say(
        f"ticket/{ticket}/correspond",
        Content="with a file",
        ContentType="text/plain",
        Attachments=[
            {"FileName": "a.txt", "FileType": "text/plain", "FileContent": base64.b64encode(b"file").decode()}
        ],
    )
    [found] = await load(connector, scope("C-7006"), ticket)
    assert found.description == "Grüße aus 日本\n<b>kept</b>"
    said = await comments(connector, found)
    assert [one.body for one in said] == [
        "Grüße aus 日本\n<b>kept</b>",
        "Grüße & more\none\ntwo",
        "with a file",
    ]
    assert [[file.file_name for file in one.attachments] for one in said] == [[], [], ["a.txt"]]
    async with port_of(connector).open_attachment(scope("C-7006"), said[2].attachments[0].id) as opened:
        assert b"".join([chunk async for chunk in opened.chunks]) == b"file"


async def test_an_internal_remark_among_the_answers_breaks_them(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet, request_tracker: RequestTracker
) -> None:
    [ticket] = await load(connector, acme, request_tracker.tickets[present(data, "acme")[0].id])
    for right, wrong in ((b'"Create"', b'"Comment"'), (b'"RT::Ticket"', b'"RT::User"')):
        wire.spoil = changed(lambda body, right=right, wrong=wrong: body.replace(right, wrong))  # type: ignore[misc]
        with pytest.raises(UpstreamError) as caught:
            await comments(connector, ticket)
        assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


# Files


async def test_files_open_as_they_were_sent(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet, request_tracker: RequestTracker
) -> None:
    files = [
        file
        for row in present(data, "acme")
        for comment in row.comments
        if comment.public
        for file in comment.attachments
    ]
    assert files
    for file in files:
        wire.reset()
        number = str(request_tracker.attachments[file.id])
        async with port_of(connector).open_attachment(acme, number) as opened:
            content = b"".join([chunk async for chunk in opened.chunks])
        assert (content, opened.size) == (file.content, len(file.content))
        assert (opened.file_name, opened.mime_type) == (file.file_name, file.content_type)
        assert len(wire.calls) == 4


async def test_files_of_others_of_remarks_and_of_nothing_stay_shut(
    connector: Connector, acme: AccountScope, wire: Wire, make: Make, say: Any, data: DataSet,
    request_tracker: RequestTracker,
) -> None:  # fmt: skip
    file = {"FileName": "a.txt", "FileType": "text/plain", "FileContent": base64.b64encode(b"x").decode()}
    ticket = await make("C-7007")
    await say(f"ticket/{ticket}/comment", Content="c", ContentType="text/plain", Attachments=[file])
    auth = {"Authorization": f"token {request_tracker.token}"}
    async with aiohttp.ClientSession(headers=auth) as session:
        url = f"{request_tracker.url}/REST/2.0/ticket/{ticket}/attachments?fields=Filename"
        async with session.get(url) as answer:
            rows = (await answer.json())["items"]
    remark = next(row["id"] for row in rows if row["Filename"] == "a.txt")
    foreign = next(
        request_tracker.attachments[file.id]
        for row in present(data, "bright")
        for comment in row.comments
        for file in comment.attachments
    )
    for whose, number in (
        (scope("C-7007"), remark),
        (acme, str(foreign)),
        (acme, "99999999"),
        (acme, "../1"),
        (acme, "0"),
    ):
        wire.reset()
        with pytest.raises(UpstreamError) as caught:
            async with port_of(connector).open_attachment(whose, number):
                pass
        assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
        assert not any("/attachment/" in call.path for call in wire.calls)


# Calls, errors and setup


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
