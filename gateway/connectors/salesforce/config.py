"""Settings of `[connectors.NAME]` with `type = "salesforce"`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from gateway.connectors.ports.accounts import AccountType
from gateway.connectors.ports.common import CurrencyCode
from gateway.settings import Config as Base
from gateway.settings import Secret

API_VERSION = "v66.0"

Field: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}\Z")]
"""A field's API name: it goes into queries."""
_Code: TypeAlias = Annotated[CurrencyCode, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]

TYPES = {
    "Customer": AccountType.CUSTOMER,
    "Customer - Direct": AccountType.CUSTOMER,
    "Customer - Channel": AccountType.CUSTOMER,
    "Partner": AccountType.PARTNER,
    "Channel Partner / Reseller": AccountType.RESELLER,
    "Installation Partner": AccountType.PARTNER,
    "Technology Partner": AccountType.PARTNER,
    "Integrator": AccountType.PARTNER,
    "Reseller": AccountType.RESELLER,
    "Distributor": AccountType.DISTRIBUTOR,
    "Franchisee": AccountType.FRANCHISEE,
    "Investor": AccountType.INVESTOR,
    "Patient": AccountType.PATIENT,
    "Vendor": AccountType.VENDOR,
}
"""The words of the picklist Account.Type that Salesforce comes with, and those that explain themselves."""


class Config(Base, frozen=True, kw_only=True):
    """How to sign in, and how the organisation is set up.

    `base_url`: My Domain. `client_id`: the consumer key, `private_key`: PEM, `username`: the integration
    user's. `login_url` has the token endpoint and, unless `audience` says otherwise, is the assertion's
    audience. `natives`: connector name -> field of Account that holds the account's ids there. `types`
    adds words of Account.Type to the known ones. `currency` is used where `multi_currency` is false;
    `country_codes` says whether the organisation has picklists of states and countries.
    """

    base_url: str
    client_id: str
    username: str
    private_key: Secret
    login_url: str = "https://login.salesforce.com"
    audience: str | None = None
    natives: dict[str, Field] = msgspec.field(default_factory=dict)
    types: dict[str, AccountType] = msgspec.field(default_factory=dict)
    multi_currency: bool = False
    currency: _Code | None = None
    country_codes: bool = True
    timeout_seconds: float = 3.0
    concurrency: int = 8
