"""Documents and folders in S3's own ways: prefixes, pages, versions, and whose they are."""

from __future__ import annotations

import dataclasses
import datetime as dt
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
    DocumentKind,
    DocumentsPort,
    DocumentVersion,
    Folder,
    FoldersPort,
    LinkWish,
)
from gateway.connectors.s3 import keys
from gateway.connectors.s3.connector import Connector
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.wire import Forward, changed, fixed
from gateway.errors import BoundaryViolation, Code, ConfigurationError, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.data.files import File
from sandbox.s3 import stand_in
from sandbox.serve import StandIn
from tests.contract.s3.conftest import KEY_ID, NOW, SECRET, connected, file, folders_of, shown, walk

ALL = everything(Document)
NAMES = {Document: frozenset({"path"})}


def holding(*files: File) -> DataSet:
    return DataSet(anchor=NOW.date(), files=list(files))


def serving(data: DataSet) -> StandIn:
    return stand_in(data, access_key_id=KEY_ID, secret_access_key=SECRET, now=NOW.timestamp)


# What a key tells


async def test_attributes_by_key_and_by_headers(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    row = next(row for row in shown(data, "acme") if row.key.endswith("Federal 1040.pdf"))
    [single] = await documents.get_many([Ref(acme, row.key)], ALL)
    assert [(call.method, call.path) for call in wire.calls] == [
        ("HEAD", "/documents/acct/acme/tax-return/2024/Federal%201040.pdf")
    ]
    listed = next(
        one
        for one in await walk(documents, "list_documents", acme, DocumentFilter(), ALL)
        if one.id == row.key
    )
    for one in (single, listed):
        assert (one.name, one.path) == ("Federal 1040.pdf", "tax-return/2024/Federal 1040.pdf")
        assert (one.type_code, one.kind, one.tax_year) == ("tax-return", DocumentKind.TAX, 2024)
        assert (one.mime_type, one.size_bytes) == ("application/pdf", len(row.latest.content))
        assert (one.created_at, one.version) == (row.latest.stored, single.version)
        assert one.folder_id == "acct/acme/tax-return/2024/"
        assert one.owners == {"acct/acme/"}
    assert {one.name: one.value for one in single.properties} == row.notes
    assert listed.properties is None


@pytest.mark.parametrize(
    ("key", "code", "year", "folder", "media_type"),
    [
        ("acct/a/readme.TXT", None, None, None, "text/plain"),
        ("acct/a/w2/2024", "w2", None, "acct/a/w2/", None),
        ("acct/a/w2/2024/x.PDF", "w2", 2024, "acct/a/w2/2024/", "application/pdf"),
        ("acct/a/w2/20245/x.", "w2", None, "acct/a/w2/20245/", None),
        ("acct/a/w2/x/2024/.png", "w2", None, "acct/a/w2/x/2024/", "image/png"),
        ("acct/a/w2/२०२४/x.png", "w2", None, "acct/a/w2/२०२४/", "image/png"),
    ],
)
def test_keys_at_the_edges(
    key: str, code: str | None, year: int | None, folder: str | None, media_type: str | None
) -> None:
    assert keys.is_document(key)
    assert (keys.type_code_of(key), keys.tax_year_of(key)) == (code, year)
    assert (keys.folder_of(key), keys.media_type_of(key)) == (folder, media_type)


async def test_kinds_and_properties_can_be_configured(
    wire: Wire, outbound: Outbound, acme: AccountScope
) -> None:
    more = {"kinds": {"w2": DocumentKind.FORM}, "properties": ("Status",)}
    documents: Any = connected("files", wire.url, outbound, **more).ports[DocumentsPort]
    ids = ["acct/acme/w2/2024/W-2.pdf", "acct/acme/tax-return/2024/Federal 1040.pdf"]
    form, tax = await documents.get_many([Ref(acme, one) for one in ids], ALL)
    assert (form.kind, tax.kind) == (DocumentKind.FORM, DocumentKind.TAX)
    assert [(one.name, one.value) for one in tax.properties] == [("status", "final")]


async def test_names_that_are_hard_to_write(outbound: Outbound) -> None:
    names = [
        "a b+c%20d.txt",
        "ä&<é>'\"`.pdf",
        "?x=1#y;z,{}[]|^~$@!*().csv",
        "日本 語.pdf",
        "a\u00a0b.txt",
        "-",
        "~",
    ]
    files = [file("odd", f"letter/{name}", notes={"note": "grüße", "plain": "yes"}) for name in names]
    scope = AccountScope("odd", frozenset(), {"files": ("acct/odd/",)})
    async with serving(holding(*files)) as system:
        documents: Any = connected("files", system.url, outbound).ports[DocumentsPort]
        for size in (1, 3, 50):
            found = await walk(documents, "list_documents", scope, DocumentFilter(), ALL, size=size)
            assert [one.id for one in found] == sorted(one.key for one in files)
        single = await documents.get_many([Ref(scope, one.key) for one in files], ALL)
        assert [one.name for one in single] == names
        assert {(one.name, one.value) for one in single[0].properties} == {
            ("note", "grüße"),
            ("plain", "yes"),
        }


# Lists


async def test_marks_of_folders_and_keys_no_address_can_name_are_left_out(outbound: Outbound) -> None:
    kept = [file("odd", "letter/a.txt"), file("odd", "top.txt"), file("odd", "w2/b.txt")]
    hidden = [
        file("odd", path)
        for path in ("letter/", "letter//x.txt", "letter/../y.txt", "letter/./z.txt", "w2/\x01.txt", "/")
    ]
    scope = AccountScope("odd", frozenset(), {"files": ("acct/odd/",)})
    async with serving(holding(*kept, *hidden)) as system:
        documents: Any = connected("files", system.url, outbound).ports[DocumentsPort]
        for size in (1, 2, 50):
            found = await walk(documents, "list_documents", scope, DocumentFilter(), NAMES, size=size)
            assert [one.id for one in found] == [one.key for one in kept]
        assert await documents.get_many([Ref(scope, one.key) for one in hidden], NAMES) == [None] * len(
            hidden
        )
        folders: Any = connected("files", system.url, outbound).ports[FoldersPort]
        found = await walk(folders, "list_folders", scope, everything(Folder), size=1)
        assert [one.id for one in found] == ["acct/odd/letter/", "acct/odd/w2/"]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (DocumentFilter(type_code=("w2",)), lambda row: row.type_code == "w2"),
        (
            DocumentFilter(type_code=("w2", "statement", "none", "w2"), tax_year=2025),
            lambda row: row.type_code in {"w2", "statement"} and "/2025/" in row.key,
        ),
        (
            DocumentFilter(type_code=("tax-return", "tax-organizer", "tax", "contract")),
            lambda row: row.type_code in {"tax-return", "tax-organizer", "contract"},
        ),
        (DocumentFilter(type_code=("tax",)), lambda _: False),
        (DocumentFilter(type_code=()), lambda _: False),
    ],
)
async def test_filters(
    connector: Connector,
    acme: AccountScope,
    data: DataSet,
    wire: Wire,
    wanted: DocumentFilter,
    fits: Callable[[File], bool],
    size: int,
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    found = await walk(documents, "list_documents", acme, wanted, NAMES, size=size)
    assert [one.id for one in found] == [row.key for row in shown(data, "acme") if fits(row)]
    for call in wire.calls:
        prefix = dict(call.query)["prefix"]
        assert prefix.startswith("acct/acme/")
        assert prefix.endswith("/")


async def test_one_code_costs_one_call_and_no_filter_too(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    await documents.list_documents(acme, Page(first=5), DocumentFilter(), NAMES)
    await documents.list_documents(acme, Page(first=5), DocumentFilter(type_code=("statement",)), NAMES)
    assert [dict(call.query)["max-keys"] for call in wire.calls] == ["6", "6"]
    wire.reset()
    codes = ("w2", "letter", "manual")
    listing = await documents.list_documents(acme, Page(first=50), DocumentFilter(type_code=codes), NAMES)
    assert [dict(call.query)["prefix"][10:] for call in wire.calls] == ["letter/", "manual/", "w2/"]
    assert (listing.has_next, listing.total) == (False, None)


@pytest.mark.parametrize(
    ("wanted", "code", "argument"),
    [
        (DocumentFilter(tax_year=2025), Code.UNSUPPORTED_CAPABILITY, "filter.taxYear"),
        (
            DocumentFilter(type_code=tuple(map(str, range(11)))),
            Code.UNSUPPORTED_CAPABILITY,
            "filter.typeCode",
        ),
        (DocumentFilter(type_code=("../bright",)), Code.INVALID_INPUT, "filter.typeCode"),
        (DocumentFilter(type_code=("",)), Code.INVALID_INPUT, "filter.typeCode"),
        (DocumentFilter(type_code=("..",)), Code.INVALID_INPUT, "filter.typeCode"),
    ],
)
async def test_filters_that_are_refused(
    connector: Connector, acme: AccountScope, wire: Wire, wanted: DocumentFilter, code: Code, argument: str
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    with pytest.raises(RequestError, match=argument) as refused:
        await documents.list_documents(acme, Page(first=5), wanted, NAMES)
    assert refused.value.code is code
    assert wire.calls == []


async def test_two_folders_of_one_account_are_one_list(
    connector: Connector, scope_of: Callable[..., AccountScope], data: DataSet
) -> None:
    scope = scope_of("group-north", "bright")
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    rows = [row.key for row in [*shown(data, "bright"), *shown(data, "group-north")]]
    for size in (1, 4, 50):
        found = await walk(documents, "list_documents", scope, DocumentFilter(), NAMES, size=size)
        assert [one.id for one in found] == rows
        assert all(map(boundary.admits, found))
    found = await walk(folders, "list_folders", scope, everything(Folder), size=3)
    assert [one.id for one in found] == sorted({"/".join(row.split("/")[:3]) + "/" for row in rows})
    for folder in found:
        inner = await walk(folders, "list_subfolders", folder, everything(Folder), size=1)
        assert all(one.id.startswith(folder.id) for one in inner)


async def test_folders_among_many_files_are_found_in_few_calls(outbound: Outbound) -> None:
    files = [file("odd", f"letter/{n:05}.txt") for n in range(2500)]
    files += [file("odd", f"letter/{name}/x.txt") for name in ("-first", "00500", "00500.a", "last")]
    scope = AccountScope("odd", frozenset(), {"files": ("acct/odd/",)})
    async with serving(holding(*files)) as system:
        folders: Any = connected("files", system.url, outbound).ports[FoldersPort]
        [letter] = await folders.get_many([Ref(scope, "acct/odd/letter/")], everything(Folder))
        for size, calls in ((50, 3), (1, 10)):
            system.reset()
            found = await walk(folders, "list_subfolders", letter, everything(Folder), size=size)
            assert [one.name for one in found] == ["-first", "00500.a", "00500", "last"]
            assert len(system.calls) <= calls


async def test_a_list_that_never_fills_a_page_leads_on(outbound: Outbound) -> None:
    """Eleven thousand marks of folders cost ten calls, then the client is asked to go on."""
    files = [file("odd", f"letter/{n:05}/") for n in range(11_000)] + [file("odd", "letter/x.txt")]
    scope = AccountScope("odd", frozenset(), {"files": ("acct/odd/",)})
    async with serving(holding(*files)) as system:
        documents: Any = connected("files", system.url, outbound).ports[DocumentsPort]
        first = await documents.list_documents(scope, Page(first=1000), DocumentFilter(), NAMES)
        assert (first.items, first.has_next, len(system.calls)) == ([], True, 10)
        rest = await documents.list_documents(
            scope, Page(first=1000, after=first.end_cursor), DocumentFilter(), NAMES
        )
        assert [record.id for record, _ in rest.items] == ["acct/odd/letter/x.txt"]
        assert (rest.has_next, rest.has_previous) == (False, True)


async def test_a_store_that_lists_in_another_order_is_noticed(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    wire.spoil = changed(lambda body: body.replace(b"acct/acme/contract/", b"acct/acme/x/"))
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    for call in (
        lambda: documents.list_documents(acme, Page(first=20), DocumentFilter(), NAMES),
        lambda: folders.list_folders(acme, Page(first=5), everything(Folder)),
    ):
        with pytest.raises(UpstreamError) as caught:
            await call()
        assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_list_that_starts_anew_is_noticed(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    """Else a client would page through the first rows for ever."""
    documents: Any = connector.ports[DocumentsPort]
    first = await documents.list_documents(acme, Page(first=2), DocumentFilter(), NAMES)
    again = wire.replies[0].body
    wire.spoil = fixed(200, again, "application/xml")
    with pytest.raises(UpstreamError) as caught:
        await documents.list_documents(acme, Page(first=2, after=first.end_cursor), DocumentFilter(), NAMES)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize("size", [1, 3, 50])
async def test_an_unordered_store_is_read_whole(
    wire: Wire, outbound: Outbound, acme: AccountScope, data: DataSet, size: int
) -> None:
    unordered: dict[str, Any] = {"ordered": False}
    connector = connected("files", wire.url, outbound, **unordered)
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    codes = DocumentFilter(type_code=("w2", "tax-return", "contract"))
    for wanted in (DocumentFilter(), codes):
        found = await walk(documents, "list_documents", acme, wanted, NAMES, size=size)
        rows = [row for row in shown(data, "acme") if row.type_code in (wanted.type_code or {row.type_code})]
        assert [one.id for one in found] == [row.key for row in rows]
    found = await walk(folders, "list_folders", acme, everything(Folder), size=size)
    assert [one.id for one in found] == folders_of(data, "acme")
    assert {dict(call.query).get("start-after") for call in wire.calls} == {None}
    await connector.ping()
    assert dict(wire.calls[-1].query)["max-keys"] == "1"


async def test_an_unordered_store_must_be_small(outbound: Outbound) -> None:
    files = [file("odd", f"letter/{n:04}.txt") for n in range(1001)]
    scope = AccountScope("odd", frozenset(), {"files": ("acct/odd/",)})
    unordered: dict[str, Any] = {"ordered": False}
    async with serving(holding(*files)) as system:
        documents: Any = connected("files", system.url, outbound, **unordered).ports[DocumentsPort]
        with pytest.raises(RequestError, match=r"filter\.typeCode") as refused:
            await documents.list_documents(scope, Page(first=2), DocumentFilter(), NAMES)
    assert refused.value.code is Code.UNSUPPORTED_CAPABILITY


# Versions


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


# Whose


@pytest.mark.parametrize(
    "native",
    [
        "acct/group", "acct/", "acct", "/acct/group/", "acct/group/../acme/", "acct/../acme/", "acct/./",
        "group/", "", "acct/group/x/", "acct/a b/", "acct/é/", "acct/group/\n",
    ],
)  # fmt: skip
async def test_a_root_of_another_form_finds_nothing(connector: Connector, wire: Wire, native: str) -> None:
    scope = AccountScope("group", frozenset(), {"files": (native,)})
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    for call in (
        lambda: documents.list_documents(scope, Page(first=5), DocumentFilter(), NAMES),
        lambda: documents.get_many([Ref(scope, "acct/group/w2/2024/W-2.pdf")], NAMES),
        lambda: folders.list_folders(scope, Page(first=5), everything(Folder)),
        lambda: folders.get_many([Ref(scope, "acct/group/w2/")], everything(Folder)),
    ):
        with pytest.raises(UpstreamError) as caught:
            await call()
        assert (caught.value.code, caught.value.system) == (Code.UPSTREAM_CONTRACT_BROKEN, "identity")
    assert wire.calls == []


async def test_ids_of_another_root_cost_no_call(
    connector: Connector, scope_of: Callable[..., AccountScope], data: DataSet, wire: Wire
) -> None:
    """`acct/group-north/` begins like `acct/group`, and is another account's."""
    scope = scope_of("group")
    theirs = [row.key for row in [*shown(data, "group-north"), *shown(data, "acme")]]
    tricks = ["acct/group/../acme/w2/2024/W-2.pdf", "acct/group/", "acct/group", "acct/group//w2/x.pdf"]
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    refs = [Ref(scope, one) for one in [*theirs, *tricks]]
    assert set(await documents.get_many(refs, ALL)) == {None}
    parts = [Ref(scope, one.rpartition("/")[0] + "/") for one in [*theirs, *tricks[:3]]]
    assert set(await folders.get_many(parts, everything(Folder))) == {None}
    assert wire.calls == []


async def test_one_batch_keeps_two_accounts_apart(
    connector: Connector, scope_of: Callable[..., AccountScope], data: DataSet
) -> None:
    key = shown(data, "group")[0].key
    documents: Any = connector.ports[DocumentsPort]
    own, other = await documents.get_many(
        [Ref(scope_of("group"), key), Ref(scope_of("group-north"), key)], ALL
    )
    assert own.id == key
    assert other is None


@pytest.mark.parametrize("theirs", ["acct/group-north/", "acct/bright/", "elsewhere/acme/"])
async def test_rows_of_another_account_are_not_admitted(
    connector: Connector, acme: AccountScope, wire: Wire, theirs: str
) -> None:
    """Were the store's prefix to fail, the keys themselves tell it."""
    wire.spoil = changed(lambda body: body.replace(b"acct/acme/", theirs.encode()))
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    for listing in (
        await documents.list_documents(acme, Page(first=5), DocumentFilter(), NAMES),
        await folders.list_folders(acme, Page(first=5), everything(Folder)),
    ):
        assert listing.items
        assert not any(boundary.admits(record) for record, _ in listing.items)


async def test_rows_that_were_not_asked_for_break_the_contract(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    [tax] = await folders.get_many([Ref(acme, "acct/acme/tax-return/")], everything(Folder))
    wire.spoil = changed(lambda body: body.replace(b"acct/acme/tax-return/", b"acct/acme/other/"))
    for call in (
        lambda: documents.list_documents(
            acme, Page(first=5), DocumentFilter(type_code=("tax-return",)), NAMES
        ),
        lambda: folders.list_subfolders(tax, Page(first=5), everything(Folder)),
    ):
        with pytest.raises(UpstreamError) as caught:
            await call()
        assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    [found] = await folders.get_many([Ref(acme, "acct/acme/tax-return/")], everything(Folder))
    assert isinstance(found, UpstreamError)


async def test_versions_of_another_key_are_not_admitted(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    [document] = await documents.get_many([Ref(acme, shown(data, "acme")[0].key)], ALL)
    wire.spoil = changed(lambda body: body.replace(b"acct/acme/", b"acct/bright/"))
    with pytest.raises(UpstreamError) as caught:
        await documents.list_versions(document, Page(first=5), everything(DocumentVersion))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_record_of_another_account_is_neither_linked_nor_listed(
    connector: Connector, acme: AccountScope, scope_of: Callable[..., AccountScope], wire: Wire
) -> None:
    """The last line: what a resolver should never hand over."""
    stray: dict[str, Any] = {
        "scope": scope_of("bright"),
        "connector": "files",
        "owners": frozenset({"acct/acme/"}),
    }
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    [document] = await documents.get_many([Ref(acme, "acct/acme/w2/2024/W-2.pdf")], {Document: frozenset()})
    [folder] = await folders.get_many([Ref(acme, "acct/acme/w2/")], {Folder: frozenset()})
    wire.reset()
    with pytest.raises(BoundaryViolation):
        await documents.link(type(document)(id=document.id, **stray), None, LinkWish())
    with pytest.raises(BoundaryViolation):
        await documents.list_versions(type(document)(id=document.id, **stray), Page(first=1), {})
    with pytest.raises(BoundaryViolation):
        await folders.list_subfolders(type(folder)(id=folder.id, **stray), Page(first=1), {})
    assert wire.calls == []


# Answers


async def test_a_404_that_is_not_the_stores(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    documents: Any = connector.ports[DocumentsPort]
    wire.spoil = fixed(404)
    [found] = await documents.get_many([Ref(acme, "acct/acme/w2/2024/W-2.pdf")], NAMES)
    assert isinstance(found, UpstreamError)
    assert found.code is Code.UPSTREAM_CONTRACT_BROKEN
    wire.spoil = fixed(404, X_Amz_Request_Id="1")
    assert await documents.get_many([Ref(acme, "acct/acme/w2/2024/W-2.pdf")], NAMES) == [None]


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b"<KeyCount>2", b"<KeyCount>3"),
        lambda body: body.replace(b"/2025/", b"/2024/"),
        lambda body: body.replace(b"</Contents>", b"</Contents><Contents><Key>acct/acme/x</Key></Contents>"),
    ],
)
async def test_lists_that_contradict_themselves(
    connector: Connector, acme: AccountScope, wire: Wire, change: Callable[[bytes], bytes]
) -> None:
    documents: Any = connector.ports[DocumentsPort]
    wire.spoil = changed(change)
    with pytest.raises(UpstreamError) as caught:
        await walk(
            documents, "list_documents", acme, DocumentFilter(type_code=("tax-organizer",)), NAMES, size=3
        )
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(
    ("mode", "code"), [("throttled", Code.UPSTREAM_RATE_LIMITED), ("broken", Code.UPSTREAM_UNAVAILABLE)]
)
async def test_faults_in_the_stores_own_words(
    connector: Connector, system: StandIn, mode: str, code: Code
) -> None:
    await system.fault(mode)
    with pytest.raises(UpstreamError) as caught:
        await connector.ping()
    assert (caught.value.code, caught.value.system) == (code, "files")


async def test_a_clock_that_is_wrong_is_told_as_credentials(wire: Wire, outbound: Outbound) -> None:
    late = connected("files", wire.url, outbound, clock=lambda: NOW - dt.timedelta(minutes=16))
    with pytest.raises(UpstreamError) as caught:
        await late.ping()
    assert caught.value.code is Code.UPSTREAM_AUTH_FAILED


async def test_ping_lists_one_key(connector: Connector, wire: Wire) -> None:
    await connector.ping()
    [call] = wire.calls
    assert (call.method, call.path) == ("GET", "/documents")
    assert dict(call.query) == {
        "list-type": "2", "encoding-type": "url", "max-keys": "1", "prefix": "acct/"
    }  # fmt: skip


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://x/path", "https://u:p@x", "https://x?a=1", "x", "https://[x", "https://x:y"]
)
async def test_a_public_address_must_be_a_host(outbound: Outbound, url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"connectors\.files\.public_url"):
        connected("files", "https://store.example", outbound, public_url=url)
