"""A running stand-in for Salesforce, the connector for it, and what its data set says."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from gateway.auth.scope import AccountScope
from gateway.connectors.salesforce.config import Config
from gateway.connectors.salesforce.connector import Connector, connect
from gateway.connectors.testing import Wire
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import ANCHOR, Contact, DataSet, build
from sandbox.salesforce import stand_in
from sandbox.serve import StandIn
from tests.clients.fixture import client_python

__all__ = ["client_python"]

NOW = dt.datetime.combine(ANCHOR, dt.time(12), dt.UTC)
CLIENT_ID = "3MVG9.stand-in.consumer-key"
USERNAME = "portal@vendor.example"
NATIVES = {
    "billing": "Stripe_Customer__c",
    "erp": "ERP_Partner__c",
    "helpdesk": "Zendesk_Org__c",
    "files": "Files_Root__c",
}


def pem(key: RSAKey, *, private: bool) -> str:
    return key.as_pem(private=private).decode()


def connected(name: str, url: str, outbound: Outbound, key: RSAKey, **changes: Any) -> Connector:
    settings: dict[str, Any] = {
        "base_url": url,
        "login_url": url,
        "audience": "https://login.salesforce.com",
        "client_id": CLIENT_ID,
        "username": USERNAME,
        "private_key": Secret(pem(key, private=True)),
        "natives": NATIVES,
        "multi_currency": True,
    }
    return connect(name, Config(**(settings | changes)), outbound, lambda: NOW)


def present(data: DataSet, *keys: str) -> list[Contact]:
    """Some accounts' people as its customers are to see them: by family name, given name, id."""
    rows = [row for row in data.contacts if row.account in keys and not row.left]
    return sorted(rows, key=lambda row: (row.family.casefold(), row.given.casefold(), row.id))


def members(data: DataSet, *keys: str) -> list[Contact]:
    """Those who can sign in, longest standing first."""
    rows = [row for row in present(data, *keys) if row.member_since is not None]
    return sorted(rows, key=lambda row: (row.member_since, row.id))


@pytest.fixture(scope="session")
def private_key() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.fixture(scope="session")
def wrong_key() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def data() -> DataSet:
    return build()


@pytest.fixture
async def system(data: DataSet, private_key: RSAKey) -> AsyncIterator[StandIn]:
    public = pem(private_key, private=False)
    async with stand_in(data, client_id=CLIENT_ID, public_key_pem=public, username=USERNAME) as running:
        yield running


@pytest.fixture
async def connector(wire: Wire, outbound: Outbound, private_key: RSAKey) -> Connector:
    """Signed in already, so that only calls to the API are counted."""
    made = connected("crm", wire.url, outbound, private_key)
    await made.ping()
    wire.reset()
    return made


@pytest.fixture
def scope_of(data: DataSet) -> Callable[[str], AccountScope]:
    return lambda key: AccountScope(key, frozenset(), {"crm": (data.accounts[key].crm_id,)})


@pytest.fixture
def acme(scope_of: Callable[[str], AccountScope]) -> AccountScope:
    return scope_of("acme")
