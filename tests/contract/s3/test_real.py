"""The connector against a real SeaweedFS: the contract suite, and links that the store itself judges."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.documents import (
    Disposition,
    Document,
    DocumentFilter,
    DocumentsPort,
    DocumentVersion,
    FoldersPort,
    LinkWish,
)
from gateway.connectors.s3.connector import Connector
from gateway.connectors.s3.signing import Keys, sign
from gateway.connectors.testing import ConnectorContract, Subject, everything
from gateway.errors import Code, UpstreamError
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import ANCHOR, DataSet, build
from tests.contract.s3.conftest import connected, shown, walk
from tests.contract.s3.subject import subject_of
from tests.real.seaweedfs.fixture import SeaweedFS, seaweedfs

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("seaweedfs")]

__all__ = ["seaweedfs"]

ACME = AccountScope("acme", frozenset(Permission), {"files": ("acct/acme/",)})


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def joined(store: SeaweedFS, name: str, url: str, outbound: Outbound, **more: Any) -> Connector:
    keys = {
        "access_key_id": Secret(store.access_key_id),
        "region": store.region,
        "bucket": store.bucket,
        "ordered": False,
    }
    return connected(name, url, outbound, **({"secret": store.secret_access_key, "clock": now} | keys | more))


@pytest.fixture(scope="module")
def data() -> DataSet:
    """What the real store was filled with."""
    return build(ANCHOR)


@pytest.fixture
def real(seaweedfs: SeaweedFS, outbound: Outbound) -> Connector:
    return joined(seaweedfs, "files", seaweedfs.url, outbound)


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class TestContract(ConnectorContract):
    ports = (DocumentsPort, FoldersPort)

    @pytest.fixture
    def subject(self, seaweedfs: SeaweedFS, data: DataSet) -> Subject:
        return subject_of(
            data,
            seaweedfs.url,
            lambda name, url, outbound: joined(seaweedfs, name, url, outbound),
            lambda name, url, outbound: joined(seaweedfs, name, url, outbound, secret="wrong/secret"),
            (seaweedfs.secret_access_key, "wrong/secret"),
        )


async def document_of(connector: Connector, key: str) -> Document:
    documents: Any = connector.ports[DocumentsPort]
    [found] = await documents.get_many([Ref(ACME, key)], everything(Document))
    assert isinstance(found, Document) or found is not None
    return found


async def test_documents_are_what_was_put_there(real: Connector, data: DataSet) -> None:
    rows = shown(data, "acme")
    documents: Any = real.ports[DocumentsPort]
    found = await documents.get_many([Ref(ACME, row.key) for row in rows], everything(Document))
    listing = await documents.list_documents(ACME, Page(first=100), DocumentFilter(), everything(Document))
    for row, single, (listed, _) in zip(rows, found, listing.items, strict=True):
        expected = (row.key, row.name, row.path, row.type_code, row.content_type, len(row.latest.content))
        for one in (single, listed):
            assert (one.id, one.name, one.path, one.type_code, one.mime_type, one.size_bytes) == expected
        assert single.version == listed.version
        assert {one.name: one.value for one in single.properties} == row.notes
        assert listed.properties is None
        assert abs(single.created_at - listed.created_at) < dt.timedelta(seconds=1)


async def test_names_that_the_store_itself_sorts_otherwise(
    seaweedfs: SeaweedFS, outbound: Outbound, browser: aiohttp.ClientSession
) -> None:
    names = [
        "a-x.txt",
        "a.txt",
        "a/b.txt",
        "a/ä b.txt",
        "a+b c%20.txt",
        "q0.txt",
        "q?.txt",
        "ä&'.txt",
        "日本/x.txt",
    ]
    paths = [*(f"letter/{name}" for name in names), "tax/2024/a.pdf", "tax-return/2024/b.pdf"]
    signing = Keys(seaweedfs.access_key_id, seaweedfs.secret_access_key, seaweedfs.region)
    empty = hashlib.sha256(b"").hexdigest()
    for path in paths:
        url = URL(f"{seaweedfs.url}/{seaweedfs.bucket}/acct/odd/{quote(path)}", encoded=True)
        async with browser.put(url, headers=sign(signing, "PUT", url, {}, empty, now())) as response:
            assert response.status == 200
    scope = AccountScope("odd", frozenset(Permission), {"files": ("acct/odd/",)})
    connector = joined(seaweedfs, "files", seaweedfs.url, outbound)
    documents: Any = connector.ports[DocumentsPort]
    folders: Any = connector.ports[FoldersPort]
    for size in (1, 2, 50):
        found = await walk(documents, "list_documents", scope, DocumentFilter(), {}, size=size)
        assert [one.id[9:] for one in found] == sorted(paths)
        found = await walk(folders, "list_folders", scope, {}, size=size)
        assert [one.id[9:] for one in found] == ["letter/", "tax-return/", "tax/"]
    refs = [Ref(scope, f"acct/odd/{path}") for path in paths]
    assert [one.id[9:] for one in await documents.get_many(refs, everything(Document))] == paths
    # Taken for one that lists by key, it is told rather than believed.
    strict: Any = joined(seaweedfs, "files", seaweedfs.url, outbound, ordered=True).ports[DocumentsPort]
    with pytest.raises(UpstreamError) as caught:
        await strict.list_documents(scope, Page(first=50), DocumentFilter(), {})
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_deleted_files_are_nowhere(real: Connector, data: DataSet) -> None:
    [gone] = [row for row in data.files if row.account == "acme" and row.deleted]
    documents: Any = real.ports[DocumentsPort]
    assert await documents.get_many([Ref(ACME, gone.key)], everything(Document)) == [None]


async def test_a_document_that_was_deleted_and_stored_again(
    seaweedfs: SeaweedFS, outbound: Outbound, browser: aiohttp.ClientSession
) -> None:
    signing = Keys(seaweedfs.access_key_id, seaweedfs.secret_access_key, seaweedfs.region)
    empty = hashlib.sha256(b"").hexdigest()
    url = URL(f"{seaweedfs.url}/{seaweedfs.bucket}/acct/again/letter/a.txt", encoded=True)
    scope = AccountScope("again", frozenset(Permission), {"files": ("acct/again/",)})
    ref = Ref(scope, "acct/again/letter/a.txt")
    documents: Any = joined(seaweedfs, "files", seaweedfs.url, outbound).ports[DocumentsPort]
    for method, there in (("PUT", True), ("DELETE", False), ("PUT", True)):
        headers = sign(signing, method, url, {}, empty, now())
        async with browser.request(method, url, headers=headers) as response:
            assert response.status in {200, 204}
        [found] = await documents.get_many([ref], everything(Document))
        assert (found is not None) is there
        listing = await documents.list_documents(scope, Page(first=5), DocumentFilter(), {})
        assert len(listing.items) == there
    for size in (1, 2, 50):
        versions = await walk(documents, "list_versions", found, everything(DocumentVersion), size=size)
        assert [one.is_latest for one in versions] == [True, False]


async def test_versions_are_the_stores_own_newest_first(
    real: Connector, data: DataSet, seaweedfs: SeaweedFS, browser: aiohttp.ClientSession
) -> None:
    row = next(row for row in shown(data, "acme") if len(row.versions) > 1)
    document = await document_of(real, row.key)
    documents: Any = real.ports[DocumentsPort]
    listing = await documents.list_versions(document, Page(first=10), everything(DocumentVersion))
    found = [version for version, _ in listing.items]
    assert [version.id for version in found] == seaweedfs.versions[row.key][::-1]
    assert [version.is_latest for version in found] == [True, False, False]
    assert [version.size_bytes for version in found] == [len(v.content) for v in row.versions[::-1]]
    for version, state in zip(found, row.versions[::-1], strict=True):
        link = await documents.link(document, version.id, LinkWish())
        async with browser.get(URL(link.url, encoded=True)) as response:
            assert (response.status, await response.read()) == (200, state.content)


async def test_a_link_gives_the_file_as_an_attachment_of_its_own_type(
    real: Connector, data: DataSet, browser: aiohttp.ClientSession
) -> None:
    documents: Any = real.ports[DocumentsPort]
    for row in shown(data, "acme"):
        link = await documents.link(await document_of(real, row.key), None, LinkWish())
        async with browser.get(URL(link.url, encoded=True)) as response:
            assert (response.status, await response.read()) == (200, row.latest.content)
            assert response.headers["Content-Type"] == row.content_type
            assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")


async def test_a_link_that_was_changed_or_expired_is_refused(
    seaweedfs: SeaweedFS, outbound: Outbound, data: DataSet, browser: aiohttp.ClientSession
) -> None:
    row = next(row for row in shown(data, "acme") if row.type_code == "contract")
    old = now() - dt.timedelta(seconds=61)
    for connector, wish, spoil in (
        (joined(seaweedfs, "files", seaweedfs.url, outbound), LinkWish(), ("attachment", "inline")),
        (joined(seaweedfs, "files", seaweedfs.url, outbound), LinkWish(), ("acct/acme/", "acct/bright/")),
        (joined(seaweedfs, "files", seaweedfs.url, outbound), LinkWish(), ("Expires=120", "Expires=121")),
        (joined(seaweedfs, "files", seaweedfs.url, outbound), LinkWish(), ("response-content-type=", "x=")),
        (
            joined(seaweedfs, "files", seaweedfs.url, outbound, clock=lambda: old),
            LinkWish(seconds=60),
            ("", ""),
        ),
    ):
        documents: Any = connector.ports[DocumentsPort]
        document = await document_of(joined(seaweedfs, "files", seaweedfs.url, outbound), row.key)
        link = await documents.link(document, None, wish)
        assert spoil[0] in link.url
        async with browser.get(URL(link.url.replace(*spoil, 1), encoded=True)) as response:
            assert response.status == 403
            assert row.latest.content not in await response.read()


async def test_inline_is_what_the_browser_is_told(
    real: Connector, data: DataSet, browser: aiohttp.ClientSession
) -> None:
    row = next(row for row in shown(data, "acme") if row.name.endswith(".pdf"))
    documents: Any = real.ports[DocumentsPort]
    wish = LinkWish(disposition=Disposition.INLINE)
    link = await documents.link(await document_of(real, row.key), None, wish)
    async with browser.get(URL(link.url, encoded=True)) as response:
        assert response.status == 200
        assert response.headers["Content-Disposition"].startswith("inline; ")
