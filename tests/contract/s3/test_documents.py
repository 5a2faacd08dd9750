"""Documents and folders in S3's own ways: what keys tell, prefixes and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.documents import (
    Document,
    DocumentFilter,
    DocumentKind,
    DocumentsPort,
    Folder,
    FoldersPort,
)
from gateway.connectors.s3 import keys
from gateway.connectors.s3.connector import Connector
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.wire import changed, fixed
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.data.files import File
from tests.contract.s3.conftest import (
    connected,
    file,
    folders_of,
    holding,
    serving,
    shown,
    walk,
)

ALL = everything(Document)
NAMES = {Document: frozenset({"path"})}


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
