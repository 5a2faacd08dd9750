"""A whole portal for tests: stand-ins and gateway, each over real HTTP on a port of this machine.

    async with Portal(World(data), folder) as portal:
        answer = await portal.query("owner-a", "{ viewer { user { displayName } } }")

Between the HTTP server of a system and its app stands a `Tap` (see `taps`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway import settings, testing
from gateway.app import Gateway
from gateway.connectors.identity import Ask, IdentityMap, Known
from gateway.testing import Answer, Raw, account_id
from sandbox.world import World
from tests.support.taps import Rounds, Tap

__all__ = ["Answer", "Caller", "Portal", "Raw", "account_id", "five_systems", "patient", "two_systems"]


class _CountedMap(IdentityMap):
    """The gateway's own identity map; `asked` holds every account key that was looked up."""

    shareable = False

    def __init__(self, inner: IdentityMap) -> None:
        self.asked: list[str] = []
        self._inner = inner

    async def resolve(self, accounts: Sequence[str], ask: Ask) -> Known:
        self.asked.extend(accounts)
        return await self._inner.resolve(accounts, ask)


@dataclass(frozen=True)
class Caller:
    """One persona at the portal."""

    portal: Portal
    persona: str

    async def query(self, text: str, **variables: Any) -> Answer:
        """Ask as this persona."""
        return await self.portal.query(self.persona, text, variables)


Layout = Callable[[World, Path], Raw]
"""Makes a configuration from a world; it may write files into the folder."""


def five_systems(world: World, folder: Path) -> Raw:
    """As in the demo: the CRM holds the accounts and the identity map."""
    return world.configuration(folder)


def two_systems(world: World, folder: Path) -> Raw:
    """A deployment without CRM: an ERP that holds the accounts, billing, and a file of identities."""
    raw = world.configuration(folder)
    lines = []
    for account in world.data.accounts.values():
        customers = ", ".join(f'"{customer}"' for customer in account.stripe_customers.values())
        lines += [f"[accounts.{account.key}]", f'type = "{account.type}"']
        lines += [f'parent = "{account.parent}"'] if account.parent else []
        lines += [f'natives = {{ billing = [{customers}], erp = ["{account.tryton_party}"] }}', ""]
    (folder / "accounts.toml").write_text("\n".join(lines), "utf-8")
    kept = {"erp", "billing"}
    return raw | {
        "identity": {"file": "accounts.toml"},
        "bindings": {"accounts": "erp"}
        | {port: system for port, system in raw["bindings"].items() if system in kept},
        "connectors": {name: raw["connectors"][name] for name in raw["connectors"] if name in kept},
    }


class Portal(testing.Portal):
    """`async with` runs it. `configure` may change what `layout` says before the gateway is made."""

    def __init__(
        self,
        world: World,
        folder: Path,
        *,
        layout: Layout = two_systems,
        configure: Callable[[Raw], object] | None = None,
    ) -> None:
        super().__init__(world, configure=configure)
        self.taps = {name: Tap(system) for name, system in world.systems.items() if name != "identity"}
        self._layout, self._folder = layout, folder

    def _gateway(self, _folder: Path) -> Gateway:
        raw = self._layout(self.world, self._folder)
        if self._configure is not None:
            self._configure(raw)
        gateway = Gateway(settings.parse(raw, self._folder, self.world.environ()))
        self._identity = _CountedMap(gateway._services.identity)
        gateway._services = replace(gateway._services, identity=self._identity)
        return gateway

    def as_principal(self, persona: str) -> Caller:
        """Give a caller who is this persona."""
        return Caller(self, persona)

    @property
    def lookups(self) -> list[str]:
        """The account keys that the identity map was asked for since the last `reset`."""
        return self._identity.asked

    def reset(self) -> None:
        """Forget recorded calls and look-ups."""
        super().reset()
        self._identity.asked.clear()

    def hold(self) -> Rounds:
        """Hold the calls to all systems in rounds from now on."""
        rounds = Rounds()
        for tap in self.taps.values():
            tap.rounds = rounds
        return rounds


def patient(raw: Raw) -> None:
    """Wait longer for every system than a busy machine can make it wait."""
    for connector in raw["connectors"].values():
        connector["timeout_seconds"] = 9.0
