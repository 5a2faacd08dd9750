"""A whole portal to try views and queries on: stand-in systems and the gateway, over real HTTP on loopback.

    async with Portal(views=["dunning"]) as portal:
        answer = await portal.query("owner-a", QUERY, {"id": account_id("acme")})
        assert answer.data["account"]["dunning"]["daysLeft"] == 15
        assert len(portal.calls("billing")) == 1

Callers are the personas of `gateway demo` (`sandbox.personas`), and what the systems know is the data set of
the demo (`sandbox.data`): change its rows, or let an object of your own stand in a port's place. It starts in
a tenth of a second. Nothing that serves imports this module.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import aiohttp

from gateway import settings
from gateway.app import Gateway
from gateway.connectors.ports import PORTS
from gateway.ids import GlobalId, encode_id
from sandbox.data import DataSet, build
from sandbox.serve import Call, StandIn
from sandbox.world import TOKEN_PATHS, World

Raw = dict[str, Any]
"""A configuration as `gateway.toml` says it."""
_OK: Final = 200
_PATIENCE: Final = 9.0


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
        """`data` of an answer that has no errors; AssertionError with the errors of one that has."""
        if self.status != _OK or self.errors:
            raise AssertionError(self.status, self.errors)
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
        """Give the one error at a path; ValueError when there is none, or more than one."""
        (found,) = [error for error in self.errors if error.get("path") == list(path)]
        return found


class Portal:
    """`async with` runs it.

    `data`: what the systems know (or a `World` that holds it); today's data set when left out. `views`: which
    are enabled. `ports`: port -> object that serves it in the place of the system it is bound to. `configure`
    may change what `gateway.toml` would say. Systems are waited for longer than in the demo, as busy machines
    need it.
    """

    def __init__(
        self,
        data: DataSet | World | None = None,
        *,
        views: Sequence[str] = (),
        ports: Mapping[type, object] = MappingProxyType({}),
        configure: Callable[[Raw], object] | None = None,
    ) -> None:
        if not isinstance(data, World):
            data = World(build(dt.datetime.now(dt.UTC).date()) if data is None else data)
        self.world = data
        self._views, self._ports, self._configure = views, ports, configure
        self._tokens: dict[str, str] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start the systems and the gateway."""
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            await stack.enter_async_context(self.world)
            self.gateway = self._gateway(folder)
            stack.push_async_callback(self.gateway.close)
            self.server = await stack.enter_async_context(StandIn("gateway", self.gateway.app()))
            self.session = await stack.enter_async_context(aiohttp.ClientSession())
            self._stack = stack.pop_all()  # until here, a failure closes what was opened
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop them."""
        await self._stack.aclose()

    async def query(self, persona: str, text: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """Ask the gateway over HTTP, as a persona such as `owner-a`."""
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

    def calls(self, system: str) -> list[Call]:
        """Give the calls that reached a system since the last `reset`, but those that ask for its tokens."""
        return [call for call in self.world.systems[system].calls if call.path not in TOKEN_PATHS]

    def reset(self) -> None:
        """Forget the recorded calls."""
        self.world.reset()

    async def fault(self, system: str, mode: str, *, delay: float | None = None) -> None:
        """Let a system behave by a mode of `sandbox.faults`, such as `down`; `ok` ends that."""
        await self.world.systems[system].fault(mode, delay=delay)

    def _gateway(self, folder: Path) -> Gateway:
        raw = self.world.configuration(folder) | {"views": {"enabled": list(self._views)}}
        for connector in raw["connectors"].values():
            connector["timeout_seconds"] = _PATIENCE
        if self._configure is not None:
            self._configure(raw)
        gateway = Gateway(settings.parse(raw, folder, self.world.environ()))
        for name, port in PORTS.items():
            if port in self._ports:
                system = gateway.registry.connectors[raw["bindings"][name]]
                system.ports = {**system.ports, port: self._ports[port]}
        return gateway


def account_id(key: str) -> str:
    """Write the id of the account that has this key in the data set."""
    return encode_id(GlobalId("Account", "", key, key))
