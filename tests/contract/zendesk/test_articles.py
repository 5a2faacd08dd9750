"""Zendesk's help centre: each audience reads its own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.knowledge import Article, ArticleFilter, ArticlesPort
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed
from gateway.connectors.zendesk.connector import Connector
from gateway.errors import UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet, build
from sandbox.data.desk import HIDDEN_REMARK
from tests.contract.zendesk.conftest import connected, running

TITLES = {Article: frozenset({"title"})}


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
