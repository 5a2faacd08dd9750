"""Versions of documents, and documents that were deleted."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.documents import (
    Document,
    DocumentFilter,
    DocumentsPort,
    DocumentVersion,
)
from gateway.connectors.s3.connector import Connector
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.wire import Forward, changed, fixed
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from tests.contract.s3.conftest import (
    connected,
    serving,
    shown,
    walk,
)

ALL = everything(Document)
NAMES = {Document: frozenset({"path"})}


async def test_versions_of_one_key_only(
    connector: Connector, acme: AccountScope, data: DataSet, outbound: Outbound
) -> None:
    row = next(row for row in shown(data, "acme") if len(row.versions) > 1)
    beside = [dataclasses.replace(row, key=row.key + suffix) for suffix in (".bak", "/x", "0")]
    async with serving(dataclasses.replace(data, files=[*data.files, *beside])) as system:
        documents: Any = connected("files", system.url, outbound).ports[DocumentsPort]
        [document] = await documents.get_many([Ref(acme, row.key)], ALL)
        for size in (1, 2, 3, 50):
            found = await walk(documents, "list_versions", document, everything(DocumentVersion), size=size)
            assert [one.id for one in found] == [one.id for one in row.versions[::-1]]
            assert [one.is_latest for one in found] == [True, False, False]
            assert [one.created_at for one in found] == [one.stored for one in row.versions[::-1]]
            assert {one.document_id for one in found} == {row.key}
            assert all(map(boundary.admits, found))


async def test_what_was_deleted_is_missing(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    gone = [row.key for row in data.files if row.account == "acme" and row.deleted]
    documents: Any = connector.ports[DocumentsPort]
    assert gone
    assert await documents.get_many([Ref(acme, one) for one in gone], ALL) == [None] * len(gone)
    assert len(wire.calls) == len(gone)
    listed = await walk(documents, "list_documents", acme, DocumentFilter(), NAMES)
    assert not set(gone) & {one.id for one in listed}


def marked(body: bytes, *places: int) -> bytes:
    """Make marks of deletions of the versions at these places."""
    head, *versions = body.split(b"<Version>")
    for place in places:
        versions[place] = versions[place].replace(b"</Version>", b"</DeleteMarker>")
    names = [b"<DeleteMarker>" if place in places else b"<Version>" for place in range(len(versions))]
    return head + b"".join(name + rest for name, rest in zip(names, versions, strict=True))


async def test_marks_of_a_deletion_among_versions_are_left_out(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    """A document that was deleted once and stored again."""
    row = next(row for row in shown(data, "acme") if len(row.versions) > 1)
    documents: Any = connector.ports[DocumentsPort]
    [document] = await documents.get_many([Ref(acme, row.key)], ALL)
    gone = row.versions[1].id.encode()

    def mark(body: bytes) -> bytes:
        ids = [part.partition(b"</VersionId>")[0] for part in body.split(b"<VersionId>")[1:]]
        return marked(body, *(place for place, one in enumerate(ids) if one == gone))

    wire.spoil = changed(mark)
    for size, calls in ((1, 4), (2, 2), (50, 1)):
        wire.calls.clear()
        found = await walk(documents, "list_versions", document, everything(DocumentVersion), size=size)
        assert [one.id for one in found] == [row.versions[2].id, row.versions[0].id]
        assert len(wire.calls) <= calls


async def test_marks_without_end_cost_ten_calls(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    documents: Any = connector.ports[DocumentsPort]
    [document] = await documents.get_many([Ref(acme, "acct/acme/w2/2024/W-2.pdf")], ALL)
    wire.reset()

    async def answer(_request: web.Request, _forward: Forward) -> web.StreamResponse:
        key = "<Key>acct/acme/w2/2024/W-2.pdf</Key>"
        one = f"<DeleteMarker>{key}<VersionId>m{len(wire.calls)}</VersionId></DeleteMarker>"
        text = f"<ListVersionsResult><IsTruncated>true</IsTruncated>{one}</ListVersionsResult>"
        return web.Response(text=text, content_type="application/xml")

    wire.spoil = answer
    listing = await documents.list_versions(document, Page(first=1), everything(DocumentVersion))
    assert (listing.items, listing.has_next, listing.end_cursor) == ([], True, "/m10")
    assert len(wire.calls) == 10


@pytest.mark.parametrize(
    "change",
    [
        lambda body: re.sub(rb"<VersionId>[^<]+</VersionId>", b"", body),
        lambda body: re.sub(rb"<VersionId>[^<]+<", b"<VersionId>same<", body),
        lambda body: re.sub(rb"<VersionId>[^<]+<", b"<VersionId><", body),
        lambda body: re.sub(rb"<Version>.*</Version>", b"", body).replace(b">false</IsT", b">true</IsT"),
    ],
)
async def test_versions_that_contradict_themselves(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire, change: Callable[[bytes], bytes]
) -> None:
    row = next(row for row in shown(data, "acme") if len(row.versions) > 1)
    documents: Any = connector.ports[DocumentsPort]
    [document] = await documents.get_many([Ref(acme, row.key)], ALL)
    wire.spoil = changed(change)
    with pytest.raises(UpstreamError) as caught:
        await documents.list_versions(document, Page(first=5), everything(DocumentVersion))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_another_400_is_no_matter_of_cursors(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    [document] = await documents.get_many([Ref(acme, "acct/acme/w2/2024/W-2.pdf")], ALL)
    wire.spoil = fixed(400, b"<Error><Code>InvalidBucketName</Code></Error>", "application/xml")
    with pytest.raises(UpstreamError) as caught:
        await documents.list_versions(document, Page(first=5, after="/v1"), everything(DocumentVersion))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_version_that_is_gone_ends_the_list(
    connector: Connector, acme: AccountScope, data: DataSet
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    [document] = await documents.get_many([Ref(acme, shown(data, "acme")[0].key)], ALL)
    with pytest.raises(RequestError, match="start again") as caught:
        await documents.list_versions(document, Page(first=1, after="/gone"), everything(DocumentVersion))
    assert caught.value.code is Code.INVALID_CURSOR
