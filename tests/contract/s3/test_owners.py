"""Whose documents are, and answers that cannot be believed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.documents import (
    Document,
    DocumentFilter,
    DocumentsPort,
    DocumentVersion,
    Folder,
    FoldersPort,
    LinkWish,
)
from gateway.connectors.s3.connector import Connector
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.wire import changed, fixed
from gateway.errors import BoundaryViolation, Code, ConfigurationError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.serve import StandIn
from tests.contract.s3.conftest import (
    NOW,
    connected,
    shown,
    walk,
)

ALL = everything(Document)
NAMES = {Document: frozenset({"path"})}


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
