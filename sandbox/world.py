"""All stand-ins of one data set, and the configuration of a gateway that runs on them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from joserfc.jwk import RSAKey

from sandbox import s3, salesforce, stripe, tryton, zendesk
from sandbox.data import DataSet
from sandbox.data.desk import PARTNER_SEGMENT
from sandbox.oidc import AUDIENCE, Issuer, SigningKey, new_keys
from sandbox.oidc import create_app as create_issuer
from sandbox.serve import StandIn

CLIENT_ID = "portal-gateway"
USERNAME = "integration@vendor.example"
TOKEN_PATHS = frozenset({"/services/oauth2/token", "/oauth/tokens"})
"""Where access tokens are asked for: no calls for data."""
_PORTS = {
    "crm": ("directory", "accounts", "staff", "contacts", "members"),
    "erp": ("orders", "shipments", "products", "availability"),
    "billing": ("invoices", "payments", "subscriptions", "balances"),
    "helpdesk": ("tickets", "ticket_writes", "articles", "sections"),
    "files": ("documents", "folders"),
}


@cache
def _signer() -> RSAKey:
    """Make the key that the CRM believes, once per process: it takes a quarter of a second."""
    return RSAKey.generate_key(2048, private=True)


@cache
def _issuers() -> Mapping[str, SigningKey]:
    """Make the issuer's first keys, likewise."""
    return new_keys()


class World:
    """A CRM, an ERP, a billing system, a helpdesk, a file store and an issuer of tokens on loopback ports.

    `async with` runs them. `rate_limit`: Stripe's calls per second and endpoint; None for no limit.
    """

    def __init__(self, data: DataSet, *, rate_limit: int | None = None) -> None:
        self.data = data
        names = ("STRIPE", "TRYTON", "CURSOR", "ZENDESK", "S3_ID", "S3_SECRET")
        self._keys = {f"DEMO_{name}": secrets.token_urlsafe(32) for name in names}
        signer = _signer()
        self._keys["DEMO_SALESFORCE"] = signer.as_pem(private=True).decode()
        self.crm = salesforce.stand_in(
            data,
            client_id=CLIENT_ID,
            public_key_pem=signer.as_pem(private=False).decode(),
            username=USERNAME,
        )
        self.billing = stripe.stand_in(data, api_key=self._keys["DEMO_STRIPE"], rate_limit=rate_limit)
        self.erp = tryton.stand_in(data, key=self._keys["DEMO_TRYTON"])
        self.helpdesk = zendesk.stand_in(data, client_id=CLIENT_ID, client_secret=self._keys["DEMO_ZENDESK"])
        self.files = s3.stand_in(
            data,
            access_key_id=self._keys["DEMO_S3_ID"],
            secret_access_key=self._keys["DEMO_S3_SECRET"],
        )
        self.issuer = Issuer(lambda: self.identity.url, keys=_issuers())
        self.identity = StandIn("identity", create_issuer(self.issuer))
        self.systems: dict[str, StandIn] = {
            "crm": self.crm,
            "billing": self.billing,
            "erp": self.erp,
            "helpdesk": self.helpdesk,
            "files": self.files,
            "identity": self.identity,
        }
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start every stand-in."""
        async with AsyncExitStack() as stack:
            for system in self.systems.values():
                await stack.enter_async_context(system)
            self._stack = stack.pop_all()  # until here, a failure stops those that were started
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every stand-in."""
        await self._stack.aclose()

    def calls(self) -> int:
        """Count the data calls since the last `reset`; requests for tokens and keys are not counted."""
        return sum(
            call.path not in TOKEN_PATHS
            for name, system in self.systems.items()
            if name != "identity"
            for call in system.calls
        )

    def reset(self) -> None:
        """Forget recorded calls."""
        for system in self.systems.values():
            system.reset()

    def environ(self) -> dict[str, str]:
        """The secrets that `configuration` refers to."""
        return dict(self._keys)

    def configuration(self, _folder: Path) -> dict[str, Any]:
        """Give what `gateway.toml` would say."""
        return {
            "auth": {"issuer": self.issuer.url, "audience": AUDIENCE},
            "identity": {"sources": ["directory"]},
            "cursors": {"keys": ["env:DEMO_CURSOR"]},
            "views": {"enabled": ["tax-season"]},
            "bindings": {port: system for system, ports in _PORTS.items() for port in ports},
            "connectors": {
                "crm": {
                    "type": "salesforce",
                    "base_url": self.crm.url,
                    "login_url": self.crm.url,
                    "audience": "https://login.salesforce.com",
                    "client_id": CLIENT_ID,
                    "username": USERNAME,
                    "private_key": "env:DEMO_SALESFORCE",
                    "multi_currency": True,
                    "natives": {
                        "billing": "Stripe_Customer__c",
                        "erp": "ERP_Partner__c",
                        "helpdesk": "Zendesk_Org__c",
                        "files": "Files_Root__c",
                    },
                },
                "billing": {"type": "stripe", "base_url": self.billing.url, "api_key": "env:DEMO_STRIPE"},
                "erp": {
                    "type": "tryton",
                    "base_url": self.erp.url,
                    "database": "tryton",
                    "key": "env:DEMO_TRYTON",
                    "company": tryton.COMPANY,
                    "warehouses": [tryton.WAREHOUSE],
                },
                "helpdesk": {
                    "type": "zendesk",
                    "base_url": self.helpdesk.url,
                    "client_id": CLIENT_ID,
                    "client_secret": "env:DEMO_ZENDESK",
                    "segments": {"PARTNER": [PARTNER_SEGMENT]},
                },
                "files": {
                    "type": "s3",
                    "base_url": self.files.url,
                    "bucket": "documents",
                    "region": "us-east-1",
                    "access_key_id": "env:DEMO_S3_ID",
                    "secret_access_key": "env:DEMO_S3_SECRET",
                },
            },
        }
