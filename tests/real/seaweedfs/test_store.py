"""The store that document tests stand on: it checks signatures, holds every version, hides what is gone."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from gateway.connectors.s3.signing import Keys, presign
from sandbox.data import ANCHOR, File, build
from tests.real.seaweedfs.fixture import SeaweedFS, seaweedfs

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("seaweedfs")]

__all__ = ["seaweedfs"]

FILES = build(ANCHOR).files


def link(store: SeaweedFS, file: File, *, at: dt.datetime | None = None, version: str | None = None) -> str:
    keys = Keys(store.access_key_id, store.secret_access_key, store.region)
    query = [("versionId", version)] if version else []
    url = URL(f"{store.url}/{store.bucket}/{quote(file.key)}", encoded=True)
    return presign(keys, url, query, 60, at or dt.datetime.now(dt.UTC))


async def get(address: str) -> tuple[int, bytes, str]:
    async with aiohttp.ClientSession() as session, session.get(URL(address, encoded=True)) as response:
        return response.status, await response.read(), response.content_type


async def test_it_holds_the_newest_version_of_every_file(seaweedfs: SeaweedFS) -> None:
    for file in FILES:
        status, content, kind = await get(link(seaweedfs, file))

        if file.deleted:
            assert status == 404
        else:
            assert (status, content, kind) == (200, file.latest.content, file.content_type)


async def test_it_holds_older_versions(seaweedfs: SeaweedFS) -> None:
    file = next(file for file in FILES if len(file.versions) > 1 and not file.deleted)

    found = [await get(link(seaweedfs, file, version=name)) for name in seaweedfs.versions[file.key]]

    assert [content for _, content, _ in found] == [version.content for version in file.versions]


@pytest.mark.parametrize("part", ["/acct/acme/", "X-Amz-Expires=60", "X-Amz-Signature="])
async def test_a_link_that_was_tampered_with_is_refused(seaweedfs: SeaweedFS, part: str) -> None:
    file = next(file for file in FILES if file.account == "acme" and not file.deleted)
    address = link(seaweedfs, file)
    other = {"/acct/acme/": "/acct/bright/", "X-Amz-Expires=60": "X-Amz-Expires=61"}.get(part, f"{part}0")
    assert part in address

    status, content, _ = await get(address.replace(part, other))

    assert status == 403
    assert file.latest.content not in content


async def test_a_link_that_expired_is_refused(seaweedfs: SeaweedFS) -> None:
    file = next(file for file in FILES if not file.deleted)

    status, content, _ = await get(
        link(seaweedfs, file, at=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=62))
    )

    assert status == 403
    assert file.latest.content not in content


async def test_a_request_without_a_signature_is_refused(seaweedfs: SeaweedFS) -> None:
    file = next(file for file in FILES if not file.deleted)

    status, _, _ = await get(link(seaweedfs, file).partition("?")[0])

    assert status == 403
