"""Links: what is signed, for how long, and what a browser is told; the stand-in judges the signatures."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.documents import Disposition, Document, DocumentsPort, Link, LinkWish
from gateway.connectors.s3.connector import Connector
from gateway.connectors.testing import Wire
from gateway.errors import Code, RequestError
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import DataSet
from sandbox.s3 import stand_in
from sandbox.serve import StandIn
from tests.contract.s3.conftest import KEY_ID, NOW, SECRET, connected, shown

KEY = "acct/acme/contract/Frame agreement & terms.pdf"


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def link_to(
    connector: Connector,
    scope: AccountScope,
    key: str,
    wish: LinkWish | None = None,
    version: str | None = None,
) -> Link:
    """Make a link as a resolver does, to a document of which only the id is known."""
    documents: Any = connector.ports[DocumentsPort]
    [document] = await documents.get_many([Ref(scope, "acct/acme/w2/2024/W-2.pdf")], {Document: frozenset()})
    stamps = {name: getattr(document, name) for name in ("scope", "connector", "owners")}
    link: Link = await documents.link(type(document)(id=key, **stamps), version, wish or LinkWish())
    return link


def told(link: Link) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(link.url).query).items()}


async def test_a_link_costs_no_call_and_gives_the_file(
    connector: Connector, acme: AccountScope, wire: Wire, system: StandIn, data: DataSet,
    browser: aiohttp.ClientSession,
) -> None:  # fmt: skip
    for row in shown(data, "acme"):
        link = await link_to(connector, acme, row.key)
        wire.reset()
        assert link.expires_at == NOW + dt.timedelta(seconds=120)
        async with browser.get(URL(link.url, encoded=True)) as response:
            assert (response.status, await response.read()) == (200, row.latest.content)
            assert response.headers["Content-Type"] == row.content_type
            assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert [call.method for call in wire.calls] == ["GET"]
    assert system.calls[-1].status == 200


async def test_file_names_are_encoded(connector: Connector, acme: AccountScope) -> None:
    link = await link_to(connector, acme, 'acct/acme/letter/Ä "x"; a=b\\.pdf')
    expected = "attachment; filename*=UTF-8''%C3%84%20%22x%22%3B%20a%3Db%5C.pdf"
    assert told(link)["response-content-disposition"] == expected


@pytest.mark.parametrize(
    ("name", "media_type", "inline"),
    [
        ("a.pdf", "application/pdf", True),
        ("a.PNG", "image/png", True),
        ("a.jpg", "image/jpeg", True),
        ("a.txt", "text/plain", True),
        ("a.html", "application/octet-stream", False),
        ("a.svg", "application/octet-stream", False),
        ("a.xml", "application/octet-stream", False),
        ("a.js", "application/octet-stream", False),
        ("a.xhtml", "application/octet-stream", False),
        ("a.pdf.html", "application/octet-stream", False),
        ("pdf", "application/octet-stream", False),
        ("a.csv", "text/csv", False),
        ("a.zip", "application/zip", False),
    ],
)
async def test_only_what_runs_nothing_is_shown_inline(
    connector: Connector, acme: AccountScope, name: str, media_type: str, *, inline: bool
) -> None:
    key = f"acct/acme/letter/{name}"
    attached = told(await link_to(connector, acme, key))
    assert attached["response-content-type"] == media_type
    assert attached["response-content-disposition"].startswith("attachment; ")
    wish = LinkWish(disposition=Disposition.INLINE)
    if inline:
        within = told(await link_to(connector, acme, key, wish))
        assert within["response-content-type"] == media_type
        assert within["response-content-disposition"].startswith("inline; ")
    else:
        with pytest.raises(RequestError, match="disposition") as refused:
            await link_to(connector, acme, key, wish)
        assert refused.value.code is Code.INVALID_INPUT


@pytest.mark.parametrize("seconds", [-1, 0, 59, 301, 86_400])
async def test_a_link_lives_for_minutes(connector: Connector, acme: AccountScope, seconds: int) -> None:
    with pytest.raises(RequestError, match="ttlSeconds") as refused:
        await link_to(connector, acme, KEY, LinkWish(seconds=seconds))
    assert refused.value.code is Code.INVALID_INPUT


@pytest.mark.parametrize("seconds", [60, 300])
async def test_a_link_ends_when_it_says(
    data: DataSet, outbound: Outbound, acme: AccountScope, browser: aiohttp.ClientSession, seconds: int
) -> None:
    moment = NOW.timestamp()
    async with stand_in(data, access_key_id=KEY_ID, secret_access_key=SECRET, now=lambda: moment) as system:
        connector = connected("files", system.url, outbound)
        link = await link_to(connector, acme, KEY, LinkWish(seconds=seconds))
        for passed, status in ((seconds - 1, 200), (seconds, 403)):
            moment = NOW.timestamp() + passed
            async with browser.get(URL(link.url, encoded=True)) as response:
                assert response.status == status
                assert (b"<Code>AccessDenied</Code>" in await response.read()) is (status == 403)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("attachment", "inline"),
        ("application%2Fpdf", "text%2Fhtml"),
        ("acct/acme/", "acct/bright/"),
        ("X-Amz-Expires=120", "X-Amz-Expires=604800"),
        ("&X-Amz-Algorithm", "&response-cache-control=x&X-Amz-Algorithm"),
        ("&X-Amz-Algorithm", "&versionId=null&X-Amz-Algorithm"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ],
)
async def test_a_changed_link_is_refused(
    connector: Connector, acme: AccountScope, browser: aiohttp.ClientSession, part: str, other: str
) -> None:
    link = await link_to(connector, acme, KEY)
    assert part in link.url
    async with browser.get(URL(link.url.replace(part, other, 1), encoded=True)) as response:
        assert response.status == 403
        assert b"<Code>SignatureDoesNotMatch</Code>" in await response.read()


async def test_links_to_versions(
    connector: Connector, acme: AccountScope, data: DataSet, browser: aiohttp.ClientSession
) -> None:
    row = next(row for row in shown(data, "acme") if len(row.versions) > 1)
    for version in row.versions:
        link = await link_to(connector, acme, row.key, version=version.id)
        async with browser.get(URL(link.url, encoded=True)) as response:
            assert (response.status, await response.read()) == (200, version.content)
    for bad in ("", "a b", "a&b", "a\nb", "é", "x" * 1025):
        with pytest.raises(RequestError, match="version") as refused:
            await link_to(connector, acme, row.key, version=bad)
        assert refused.value.code is Code.INVALID_INPUT


async def test_links_lead_to_where_browsers_are(
    outbound: Outbound, acme: AccountScope, system: StandIn
) -> None:
    public: dict[str, Any] = {"public_url": "https://files.example/"}
    link = await link_to(connected("files", system.url, outbound, **public), acme, KEY)
    assert link.url.startswith(
        "https://files.example/documents/acct/acme/contract/Frame%20agreement%20%26%20terms.pdf?"
    )
    own: dict[str, Any] = {"session_token": Secret("a/token")}
    link = await link_to(connected("files", system.url, outbound, **own), acme, KEY)
    assert told(link)["X-Amz-Security-Token"] == "a/token"


async def test_a_bucket_may_have_an_address_of_its_own(
    outbound: Outbound, acme: AccountScope, wire: Wire
) -> None:
    own: dict[str, Any] = {"path_style": False, "public_url": "https://documents.store.example"}
    connector = connected("files", f"{wire.url}/documents", outbound, **own)
    link = await link_to(connector, acme, KEY)
    assert wire.calls[-1].path == "/documents/acct/acme/w2/2024/W-2.pdf"
    assert link.url.startswith("https://documents.store.example/acct/acme/contract/")


async def test_links_are_seen_nowhere(
    connector: Connector, acme: AccountScope, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = await link_to(connector, acme, KEY)
    signature = told(link)["X-Amz-Signature"]
    assert repr(link) == str(link) == "<Link until 2026-06-30T12:02:07+00:00>"
    shown_in_logs = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert signature not in shown_in_logs
    assert SECRET not in shown_in_logs + link.url
