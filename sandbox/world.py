"""All stand-ins of one data set, and the configuration of a gateway that runs on them."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox import stripe, tryton
from sandbox.data import DataSet
from sandbox.oidc import AUDIENCE, Issuer
from sandbox.oidc import create_app as create_issuer
from sandbox.serve import StandIn


class World:
    """A billing system, an ERP and an issuer of tokens on loopback ports; `async with` runs them.

    `rate_limit`: Stripe's calls per second and endpoint; None for no limit.
    """

    def __init__(self, data: DataSet, *, rate_limit: int | None = None) -> None:
        self.data = data
        self._keys = {f"DEMO_{name}": secrets.token_urlsafe(32) for name in ("STRIPE", "TRYTON", "CURSOR")}
        self.billing = stripe.stand_in(data, api_key=self._keys["DEMO_STRIPE"], rate_limit=rate_limit)
        self.erp = tryton.stand_in(data, key=self._keys["DEMO_TRYTON"])
        self.issuer = Issuer(lambda: self.identity.url)
        self.identity = StandIn("identity", create_issuer(self.issuer))
        self.systems: dict[str, StandIn] = {
            "billing": self.billing,
            "erp": self.erp,
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
        """Count the vendor calls since the last `reset`; token and key requests are not counted."""
        return len(self.billing.calls) + len(self.erp.calls)

    def reset(self) -> None:
        """Forget recorded calls."""
        for system in self.systems.values():
            system.reset()

    def environ(self) -> dict[str, str]:
        """The secrets that `configuration` refers to."""
        return dict(self._keys)

    def configuration(self, folder: Path) -> dict[str, Any]:
        """Write the accounts file into `folder`; give what `gateway.toml` would say."""
        (folder / "accounts.toml").write_text(self._accounts(), "utf-8")
        erp_ports = ("accounts", "orders", "shipments", "products", "availability")
        billing_ports = ("invoices", "payments", "subscriptions", "balances")
        return {
            "auth": {"issuer": self.issuer.url, "audience": AUDIENCE},
            "identity": {"file": "accounts.toml"},
            "cursors": {"keys": ["env:DEMO_CURSOR"]},
            "bindings": dict.fromkeys(erp_ports, "erp") | dict.fromkeys(billing_ports, "billing"),
            "connectors": {
                "billing": {"type": "stripe", "base_url": self.billing.url, "api_key": "env:DEMO_STRIPE"},
                "erp": {
                    "type": "tryton",
                    "base_url": self.erp.url,
                    "database": "tryton",
                    "key": "env:DEMO_TRYTON",
                    "company": tryton.COMPANY,
                    "warehouses": [tryton.WAREHOUSE],
                },
            },
        }

    def _accounts(self) -> str:
        lines = []
        for account in self.data.accounts.values():
            customers = ", ".join(f'"{customer}"' for customer in account.stripe_customers.values())
            lines += [f"[accounts.{account.key}]", f'type = "{account.type}"']
            lines += [f'parent = "{account.parent}"'] if account.parent else []
            lines += [f'natives = {{ billing = [{customers}], erp = ["{account.tryton_party}"] }}', ""]
        return "\n".join(lines)
