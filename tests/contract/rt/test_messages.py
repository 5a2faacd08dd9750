"""Messages and files: what is public of them, who said it, and whose they are."""

from __future__ import annotations

import base64

import aiohttp
import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors.ports.support import (
    PersonKind,
)
from gateway.connectors.rt.connector import Connector
from gateway.connectors.testing import Wire
from gateway.connectors.testing.wire import changed
from gateway.errors import Code, UpstreamError
from sandbox.data import DataSet
from sandbox.data.desk import HIDDEN_REMARK
from tests.contract.rt.conftest import (
    Make,
    Say,
    comments,
    load,
    port_of,
    present,
    scope,
)
from tests.real.rt.fixture import RequestTracker

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("rt")]


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
    connector: Connector, make: Make, say: Say, request_tracker: RequestTracker
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


async def test_texts_of_any_kind(connector: Connector, make: Make, say: Say) -> None:
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
        wire.spoil = changed(lambda body, right=right, wrong=wrong: body.replace(right, wrong))
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
    connector: Connector, acme: AccountScope, wire: Wire, make: Make, say: Say, data: DataSet,
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


async def test_more_parts_than_fit_one_answer(connector: Connector, make: Make, say: Say) -> None:
    ticket = await make("C-7008")
    files = [
        {"FileName": f"{n}.txt", "FileType": "text/plain", "FileContent": base64.b64encode(b"x").decode()}
        for n in range(110)
    ]
    await say(f"ticket/{ticket}/correspond", Content="many", ContentType="text/plain", Attachments=files)
    [found] = await load(connector, scope("C-7008"), ticket)
    said = await comments(connector, found)
    assert [file.file_name for file in said[1].attachments] == [file["FileName"] for file in files]


async def test_what_was_merged_is_missing(connector: Connector, make: Make, say: Say) -> None:
    ticket, into = await make("C-7009"), await make("C-7009")
    await say(f"ticket/{ticket}", method="PUT", MergeInto=int(into))
    [gone, there] = await load(connector, scope("C-7009"), ticket, into)
    assert gone is None
    assert [one.body for one in await comments(connector, there)] == ["It is hot."]
