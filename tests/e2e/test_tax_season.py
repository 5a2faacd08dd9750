"""The tax season over HTTP, from an object store: what it says and what it calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.connectors.ports.documents import DocumentsPort
from gateway.testing import Answer, Portal, Raw, account_id
from sandbox.data import ANCHOR, build

YEAR = ANCHOR.year - 1
QUERY = """
query ($id: ID!, $year: Int!) { account(id: $id) { taxSeason(year: $year) {
  organizerStatus missingItems { typeCode }
  returns { jurisdiction status efileStatus document { path typeCode taxYear mimeType } }
} } }
"""


def noted(raw: Raw) -> None:
    """Publish what is noted on each return."""
    raw["connectors"]["files"]["properties"] = ["jurisdiction", "status", "efile-status"]


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    async with Portal(build(ANCHOR), views=["tax-season"], configure=noted) as running:
        yield running


async def asked(portal: Portal, account: str, year: int, persona: str = "owner-a") -> Answer:
    return await portal.query(persona, QUERY, {"id": account_id(account), "year": year})


def calls(portal: Portal) -> list[tuple[str, str]]:
    """Method, and the prefix or key, of each call to the store, in order of these."""
    return sorted((call.method, dict(call.query).get("prefix", call.path)) for call in portal.calls("files"))


def season(answer: Answer) -> Any:
    return answer.data["account"]["taxSeason"]


async def test_a_season_under_way(portal: Portal) -> None:
    found = season(await asked(portal, "acme", YEAR))
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
    assert calls(portal) == [
        ("GET", f"acct/acme/bank-statement/{YEAR}/"),
        ("GET", f"acct/acme/tax-organizer/{YEAR}/"),
        ("GET", f"acct/acme/tax-return/{YEAR}/"),
        ("GET", f"acct/acme/w2/{YEAR}/"),
        ("HEAD", f"/documents/acct/acme/tax-return/{YEAR}/Federal 1040.pdf"),
        ("HEAD", f"/documents/acct/acme/tax-return/{YEAR}/State CA 540.pdf"),
    ]


async def test_a_season_that_is_done(portal: Portal) -> None:
    found = season(await asked(portal, "acme", YEAR - 1))
    assert found["missingItems"] == []
    assert [(one["status"], one["efileStatus"]) for one in found["returns"]] == [("FINAL", "ACCEPTED")] * 2


async def test_an_account_of_others(portal: Portal) -> None:
    answer = await asked(portal, "bright", YEAR)
    assert answer.data == {"account": None}
    assert portal.calls("files") == []


async def test_without_the_permission_nobody_is_called(portal: Portal) -> None:
    answer = await asked(portal, "acme", YEAR, "billing-a")
    assert (answer.json["data"]["account"]["taxSeason"], answer.codes) == (None, ["FORBIDDEN"])
    assert portal.calls("files") == []


async def test_a_store_that_is_down(portal: Portal) -> None:
    await portal.fault("files", "down")
    answer = await asked(portal, "acme", YEAR)
    assert answer.json["data"]["account"]["taxSeason"] == {
        "organizerStatus": None,
        "missingItems": None,
        "returns": None,
    }
    assert answer.codes == ["UPSTREAM_UNAVAILABLE"] * 3
    error = answer.error_at("account", "taxSeason", "returns")
    assert error["extensions"]["system"] == "files"
    portal.reset()
    await portal.fault("files", "ok")
    assert season(await asked(portal, "acme", YEAR))["organizerStatus"] == "RECEIVED"


class Unforeseen:
    """Documents from a system that does what none should."""

    def __getattr__(self, name: str) -> Any:
        async def fail(*_arguments: Any) -> Any:
            raise ZeroDivisionError(name)

        return fail


async def test_an_unforeseen_error_of_a_system_is_masked() -> None:
    ports = {DocumentsPort: Unforeseen()}
    async with Portal(build(ANCHOR), views=["tax-season"], ports=ports) as portal:
        answer = await asked(portal, "acme", YEAR)
        assert answer.codes == ["INTERNAL"] * 3
        assert portal.calls("files") == []
        with pytest.raises(AssertionError, match="INTERNAL"):
            _ = answer.data
