"""The tax season over HTTP, from an object store: what it says and what it calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import ExecutionResult

from gateway.auth.audit import Audit
from gateway.connectors.identity import AccountRef, ChainedMap, StaticFileMap
from gateway.connectors.registry import Registry
from gateway.connectors.s3.config import Config
from gateway.connectors.s3.connector import connect
from gateway.context import RequestContext, Services
from gateway.ids import Cursors
from gateway.operations.documents import Documents
from gateway.operations.execute import run
from gateway.outbound import Outbound
from gateway.schema.build import build
from gateway.settings import Secret
from gateway.views import finder
from sandbox.data import ANCHOR, DataSet
from sandbox.data import build as build_data
from sandbox.s3 import stand_in
from sandbox.serve import StandIn
from tests.support.portal import account_id
from tests.support.ports import KEY, make_principal

NOW = dt.datetime.combine(ANCHOR, dt.time(12), dt.UTC)
KEY_ID, SECRET = "AKIASTANDIN", "standin/secret"
YEAR = ANCHOR.year - 1
QUERY = """
query ($id: ID!, $year: Int!) { account(id: $id) { taxSeason(year: $year) {
  organizerStatus missingItems { typeCode }
  returns { jurisdiction status efileStatus document { path typeCode taxYear mimeType } }
} } }
"""


@pytest.fixture(scope="module")
def files_of_customers() -> DataSet:
    return build_data(ANCHOR)


@pytest.fixture
async def store(files_of_customers: DataSet) -> AsyncIterator[StandIn]:
    async with stand_in(
        files_of_customers, access_key_id=KEY_ID, secret_access_key=SECRET, now=NOW.timestamp
    ) as running:
        yield running


async def asked(store: StandIn, account: str, year: int) -> ExecutionResult:
    """Ask as a member of `acme` and `ledger`."""
    schema, _ = build(views=finder.load(["tax-season"]))
    document = Documents(schema).get(QUERY)
    [operation] = document.operations.values()
    config = Config(
        base_url=store.url,
        bucket="documents",
        access_key_id=Secret(KEY_ID),
        secret_access_key=Secret(SECRET),
        properties=("jurisdiction", "status", "efile-status"),
        timeout_seconds=9.0,
    )
    outbound = Outbound(backoff=(0.0, 0.0))
    roots = {key: AccountRef(natives={"files": (f"acct/{key}/",)}) for key in ("acme", "ledger", "bravo")}
    services = Services(
        registry=Registry({"files": connect("files", config, outbound, lambda: NOW)}, {"documents": "files"}),
        identity=ChainedMap([StaticFileMap(roots)]),
        cursors=Cursors([KEY]),
        audit=Audit(KEY),
    )
    context = RequestContext(
        services, principal=make_principal("acme", "ledger"), fields=operation.analysis.fields
    )
    try:
        return await run(schema, document, None, {"id": account_id(account), "year": year}, context)
    finally:
        await outbound.close()


def calls(store: StandIn) -> list[tuple[str, str]]:
    """Method, and the prefix or key, of each call in order of these."""
    return sorted((call.method, dict(call.query).get("prefix", call.path)) for call in store.calls)


def season(result: ExecutionResult) -> Any:
    assert result.errors is None
    assert result.data is not None
    return result.data["account"]["taxSeason"]


async def test_a_season_under_way(store: StandIn) -> None:
    found = season(await asked(store, "acme", YEAR))
    assert found == {
        "organizerStatus": "RECEIVED",
        "missingItems": [{"typeCode": "bank-statement"}],
        "returns": [
            {
                "jurisdiction": jurisdiction,
                "status": status,
                "efileStatus": efile,
                "document": {
                    "path": f"tax-return/{YEAR}/{name}",
                    "typeCode": "tax-return",
                    "taxYear": YEAR,
                    "mimeType": "application/pdf",
                },
            }
            for jurisdiction, status, efile, name in (
                ("US", "FINAL", "ACCEPTED", "Federal 1040.pdf"),
                ("US-CA", "DRAFT", "NOT_FILED", "State CA 540.pdf"),
            )
        ],
    }
    assert calls(store) == [
        ("GET", f"acct/acme/bank-statement/{YEAR}/"),
        ("GET", f"acct/acme/tax-organizer/{YEAR}/"),
        ("GET", f"acct/acme/tax-return/{YEAR}/"),
        ("GET", f"acct/acme/w2/{YEAR}/"),
        ("HEAD", f"/documents/acct/acme/tax-return/{YEAR}/Federal 1040.pdf"),
        ("HEAD", f"/documents/acct/acme/tax-return/{YEAR}/State CA 540.pdf"),
    ]


async def test_a_season_that_is_done(store: StandIn) -> None:
    found = season(await asked(store, "acme", YEAR - 1))
    assert found["missingItems"] == []
    assert [(one["status"], one["efileStatus"]) for one in found["returns"]] == [("FINAL", "ACCEPTED")] * 2


async def test_an_account_of_others(store: StandIn) -> None:
    result = await asked(store, "bravo", YEAR)
    assert (result.data, result.errors) == ({"account": None}, None)
    assert store.calls == []


async def test_a_store_that_is_down(store: StandIn) -> None:
    await store.fault("down")
    result = await asked(store, "acme", YEAR)
    assert result.data == {
        "account": {"taxSeason": {"organizerStatus": None, "missingItems": None, "returns": None}}
    }
    assert len(result.errors or []) == 3
