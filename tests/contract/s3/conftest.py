"""A running stand-in for S3 with its connector, and what its data set says."""

import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors.ports.common import Page
from gateway.connectors.s3.config import Config
from gateway.connectors.s3.connector import Connector, connect
from gateway.connectors.testing import Wire
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import ANCHOR, DataSet, build
from sandbox.data.files import File, FileVersion
from sandbox.s3 import stand_in
from sandbox.serve import StandIn

NOW = dt.datetime.combine(ANCHOR, dt.time(12, 0, 7), dt.UTC)
KEY_ID, SECRET = "AKIASTANDIN", "standin/secret+0123456789"


def connected(name: str, url: str, outbound: Outbound, secret: str = SECRET, **more: Any) -> Connector:
    clock = more.pop("clock", lambda: NOW)
    config = {"bucket": "documents", "access_key_id": Secret(KEY_ID), "secret_access_key": Secret(secret)}
    return connect(name, Config(base_url=url, **(config | more)), outbound, clock)


def file(account: str, path: str, *, content: bytes = b"x", **more: Any) -> File:
    """Make a file below an account's own folder, with one version."""
    versions = (FileVersion("v1", content, NOW - dt.timedelta(days=1)),)
    return File(
        f"acct/{account}/{path}", account, path.partition("/")[0], "application/pdf", versions, **more
    )


def shown(data: DataSet, account: str) -> list[File]:
    """An account's documents as its customers are to see them, in the store's order."""
    found = [one for one in data.files if one.account == account and not one.deleted]
    return sorted((one for one in found if not one.key.endswith("/")), key=lambda one: one.key.encode())


def folders_of(data: DataSet, account: str, below: str = "") -> list[str]:
    """The folders directly in a folder of an account."""
    prefix = f"acct/{account}/{below}"
    rests = [one.key[len(prefix) :] for one in shown(data, account) if one.key.startswith(prefix)]
    return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in rests if "/" in rest})


async def walk(port: Any, method: str, whose: Any, *arguments: Any, size: int = 50) -> list[Any]:
    """Page through a whole list."""
    found: list[Any] = []
    page = Page(first=size)
    while True:
        listing = await getattr(port, method)(whose, page, *arguments)
        found += [record for record, _ in listing.items]
        if not listing.has_next:
            return found
        page = Page(first=size, after=listing.end_cursor)


def holding(*files: File) -> DataSet:
    return DataSet(anchor=NOW.date(), files=list(files))


def serving(data: DataSet) -> StandIn:
    return stand_in(data, access_key_id=KEY_ID, secret_access_key=SECRET, now=NOW.timestamp)


@pytest.fixture(scope="module")
def data() -> DataSet:
    return build()


@pytest.fixture
async def system(data: DataSet) -> AsyncIterator[StandIn]:
    async with stand_in(data, access_key_id=KEY_ID, secret_access_key=SECRET, now=NOW.timestamp) as running:
        yield running


@pytest.fixture
async def wire(system: StandIn) -> AsyncIterator[Wire]:
    async with Wire(system.url, keep_host=True) as running:
        yield running


@pytest.fixture
def connector(wire: Wire, outbound: Outbound) -> Connector:
    return connected("files", wire.url, outbound)


@pytest.fixture
def scope_of() -> Callable[..., AccountScope]:
    def make(*keys: str) -> AccountScope:
        return AccountScope(keys[0], frozenset(), {"files": tuple(f"acct/{key}/" for key in keys)})

    return make


@pytest.fixture
def acme(scope_of: Callable[..., AccountScope]) -> AccountScope:
    return scope_of("acme")
