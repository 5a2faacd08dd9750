"""A whole portal for tests: stand-ins and gateway, each over real HTTP on a port of this machine.

    async with Portal(World(data), folder) as portal:
        answer = await portal.query("owner-a", "{ viewer { user { displayName } } }")

Between the HTTP server of a system and its app stands a `Tap` (see `taps`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from gateway import settings
from gateway.app import Gateway
from gateway.connectors.identity import Ask, IdentityMap, Known
from gateway.ids import GlobalId, encode_id
from sandbox.serve import Call, StandIn
from sandbox.world import World
from tests.support.taps import Rounds, Tap

Raw = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the gateway answered: status, headers, the bytes, and the JSON they hold.

    `raw` leaves `extensions` out, which tell when each system was asked.
    """

    status: int
    headers: Mapping[str, str]
    raw: bytes
    json: Any

    @property
    def data(self) -> Any:
        """`data` of an answer that has no errors."""
        assert self.status == 200
        assert self.errors == [], self.errors
        return self.json["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """`errors`, or an empty list."""
        return list(self.json.get("errors", []))

    @property
    def codes(self) -> list[str]:
        """The code of each error."""
        return [error["extensions"]["code"] for error in self.errors]

    def error_at(self, *path: str | int) -> dict[str, Any]:
        """The one error at a path."""
        (found,) = [error for error in self.errors if error.get("path") == list(path)]
        return found


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


class Portal:
    """`async with` runs it. `configure` may change what `layout` says before the gateway is made."""

    def __init__(
        self,
        world: World,
        folder: Path,
        *,
        layout: Layout = two_systems,
        configure: Callable[[Raw], object] | None = None,
    ) -> None:
        self.world = world
        self._layout = layout
        self.taps = {name: Tap(system) for name, system in world.systems.items() if name != "identity"}
        self._folder, self._configure = folder, configure
        self._tokens: dict[str, str] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.world)
            raw = self._layout(self.world, self._folder)
            if self._configure is not None:
                self._configure(raw)
            self.gateway = Gateway(settings.parse(raw, self._folder, self.world.environ()))
            stack.push_async_callback(self.gateway.close)
            self._identity = _CountedMap(self.gateway._services.identity)
            self.gateway._services = replace(self.gateway._services, identity=self._identity)
            self.server = await stack.enter_async_context(StandIn("gateway", self.gateway.app()))
            self.session = await stack.enter_async_context(aiohttp.ClientSession())
            self._stack = stack.pop_all()  # until here, a failure closes what was opened
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def as_principal(self, persona: str) -> Caller:
        """Give a caller who is this persona."""
        return Caller(self, persona)

    async def query(self, persona: str, text: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """Ask the gateway over HTTP."""
        body = {"query": text, "variables": dict(variables or {})}
        headers = {"Authorization": f"Bearer {self.token(persona)}"}
        async with self.session.post(f"{self.server.url}/graphql", json=body, headers=headers) as response:
            found = json.loads(await response.read())
            kept = {name: part for name, part in found.items() if name != "extensions"}
            raw = json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()
            return Answer(response.status, response.headers, raw, found)

    def token(self, persona: str) -> str:
        """Give the persona's access token: one for the whole test."""
        if persona not in self._tokens:
            self._tokens[persona] = self.world.issuer.mint(persona)
        return self._tokens[persona]

    @property
    def lookups(self) -> list[str]:
        """The account keys that the identity map was asked for since the last `reset`."""
        return self._identity.asked

    def reset(self) -> None:
        """Forget recorded calls and look-ups."""
        self.world.reset()
        self._identity.asked.clear()

    def calls(self, system: str) -> list[Call]:
        """Give the calls that reached a system since the last `reset`."""
        return self.world.systems[system].calls

    def hold(self) -> Rounds:
        """Hold the calls to all systems in rounds from now on."""
        rounds = Rounds()
        for tap in self.taps.values():
            tap.rounds = rounds
        return rounds


def account_id(key: str) -> str:
    """Write an account's id as the gateway does."""
    return encode_id(GlobalId("Account", "", key, key))


def patient(raw: Raw) -> None:
    """Wait longer for every system than a busy machine can make it wait."""
    for connector in raw["connectors"].values():
        connector["timeout_seconds"] = 9.0
