"""The home page over real systems: orders from Tryton, documents from SeaweedFS, tokens of oidc-provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.data import ANCHOR, DataSet, build
from sandbox.world import World
from tests.e2e.test_real_erp import Real
from tests.real.oidc.fixture import OpenIDProvider, openid_provider
from tests.real.seaweedfs.fixture import SeaweedFS, seaweedfs
from tests.real.tryton.fixture import RealTryton
from tests.support.home import HIDDEN, HOME, files, home
from tests.support.portal import Portal, Raw, account_id, five_systems, patient
from tests.support.values import differences

__all__ = ["openid_provider", "seaweedfs"]
pytestmark = [pytest.mark.real, pytest.mark.xdist_group("tryton")]


@pytest.fixture(scope="module")
def seeded() -> DataSet:
    """What the real systems were filled with."""
    return build(ANCHOR)


@pytest.fixture
async def portal(
    tryton: RealTryton,
    seaweedfs: SeaweedFS,
    openid_provider: OpenIDProvider,
    seeded: DataSet,
    tmp_path: Path,
) -> AsyncIterator[Portal]:
    """A portal whose ERP, file store and issuer of tokens are real."""
    natives = tryton.ids["accounts"]
    accounts = {key: replace(row, tryton_party=natives[key]) for key, row in seeded.accounts.items()}

    def real(raw: Raw) -> None:
        patient(raw)
        (tmp_path / "erp").write_text(tryton.key)
        (tmp_path / "s3-id").write_text(seaweedfs.access_key_id)
        (tmp_path / "s3-secret").write_text(seaweedfs.secret_access_key)
        raw["auth"]["issuer"] = openid_provider.issuer
        raw["connectors"]["erp"] |= {
            "base_url": tryton.url, "database": tryton.database, "key": "file:erp",
            "company": tryton.ids["company"], "warehouses": [tryton.ids["warehouse"]],
        }  # fmt: skip
        raw["connectors"]["files"] |= {
            "base_url": seaweedfs.url, "bucket": seaweedfs.bucket, "region": seaweedfs.region,
            "access_key_id": "file:s3-id", "secret_access_key": "file:s3-secret", "ordered": False,
        }  # fmt: skip

    world = World(replace(seeded, accounts=accounts))
    async with Portal(world, tmp_path, layout=five_systems, configure=real) as running:
        running.token = openid_provider.token  # type: ignore[method-assign]  signed in at the real provider
        yield running


async def test_the_home_page_is_whole_and_right(portal: Portal, seeded: DataSet, tryton: RealTryton) -> None:
    answer = await portal.query("owner-a", HOME, {"account": account_id("acme")})

    got = answer.data["account"]
    got["invoices"].pop("pageInfo")
    for node in got["documents"]["nodes"]:
        assert node.pop("createdAt")  # of the moment the real store was filled
    data = replace(portal.world.data, orders=seeded.orders)
    assert differences(got, home(Real(data, tryton, lines=3, shipments=5), "acme")) == []
    assert len(got["documents"]["nodes"]) == 20
    assert (portal.calls("erp"), portal.calls("files"), portal.calls("identity")) == ([], [], [])


async def test_a_document_comes_by_the_stores_own_link(portal: Portal, tryton: RealTryton) -> None:
    text = """query($a: ID!) { account(id: $a) { documents(first: 100) {
        nodes { name path sizeBytes download(ttlSeconds: 60) { url method } } } } }"""
    answer = await portal.query("owner-a", text, {"a": account_id("acme")})
    nodes = answer.data["account"]["documents"]["nodes"]
    rows = {row.path: row for row in files(Real(portal.world.data, tryton), "acme")}
    assert [node["path"] for node in nodes] == list(rows)
    assert not any(hidden in answer.raw.decode() for hidden in HIDDEN)
    for node in nodes[:5]:
        async with portal.session.get(node["download"]["url"]) as response:
            assert response.status == 200
            assert await response.read() == rows[node["path"]].latest.content
            assert response.headers["Content-Disposition"].startswith("attachment;")
        tampered = node["download"]["url"].replace("/acme/", "/bright/")
        async with portal.session.get(tampered) as response:
            assert response.status == 403


async def test_each_tenant_sees_its_own(portal: Portal) -> None:
    answer = await portal.query("owner-b", HOME, {"account": account_id("bright")})
    assert answer.errors == []
    assert "acme" not in answer.raw.decode().lower()
    assert answer.data["account"]["documents"]["nodes"]
    other = await portal.query("owner-b", HOME, {"account": account_id("acme")})
    assert other.data["account"] is None
