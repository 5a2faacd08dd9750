"""The servers that are compared, and how one is run."""

from __future__ import annotations

import contextlib
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from bench.config import Setup
from bench.process import free_port, start, stop
from bench.queries import SHAPES, Query
from bench.servers.node import NodeServer, node_servers
from bench.upstream import MissingError

SERVER_CORE = 0
ROOT = Path(__file__).parents[1]
_PATIENCE = 40.0  # seconds that a server may take to start


@dataclass(frozen=True, slots=True)
class PythonServer:
    """One that runs in this environment; like a `NodeServer`."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    variables: Mapping[str, str] = field(default_factory=dict)
    shapes: tuple[str, ...] = tuple(SHAPES)


Server: TypeAlias = PythonServer | NodeServer


def gateway(setup: Setup, upstream: str, name: str = "gateway", rows: int = 10_000) -> PythonServer:
    """Give the gateway as it is deployed: its command on a configuration file."""
    command = str(Path(sys.executable).with_name("gateway"))
    file = setup.gateway(name, upstream, rows)
    return PythonServer(name, (command, "serve", "--config", str(file), "--port", "{port}"))


def all_servers(setup: Setup, upstream: str) -> list[Server]:
    """Give every server that can run on this machine."""
    python = sys.executable
    found: list[Server] = [
        gateway(setup, upstream),
        PythonServer("floor", (python, "-m", "bench.servers.floor")),
        PythonServer("strawberry", (python, "-m", "bench.servers.plain")),
    ]
    try:
        found += node_servers()
    except MissingError as error:
        print(f"Without the Node servers: {error}", file=sys.stderr)
    return found


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers. `pid`: of its process, which may have others below it."""

    name: str
    shapes: tuple[str, ...]
    port: int
    pid: int
    setup: Setup

    def ask(self, query: Query) -> dict[str, Any]:
        """Send one request; gives the answer's JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            query.body,
            self.setup.headers | {"Accept": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = msgspec.json.decode(answer.read())
            return found


@contextlib.contextmanager
def running(
    server: Server, setup: Setup, upstream: str, core: int | None = SERVER_CORE, port: int | None = None
) -> Iterator[Running]:
    """Run a server on one core (None: on any) and a port (None: a free one), until the end of the block."""
    port = port or free_port()
    log = setup.folder / f"{server.name}.log"
    process = start(
        [part.replace("{port}", str(port)) for part in server.command],
        core=core,
        log=log,
        variables=setup.variables(upstream) | dict(server.variables) | {"PORT": str(port)},
        folder=server.folder,
    )
    found = Running(server.name, server.shapes, port, process.pid, setup)
    try:
        _wait(found, log)
        yield found
    finally:
        stop(process)


def _wait(server: Running, log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    problem: Exception | None = None
    while time.monotonic() < until:
        try:
            if "data" in server.ask(SHAPES["one"]):
                return
        except (urllib.error.URLError, OSError, msgspec.MsgspecError) as error:
            problem = error
        time.sleep(0.1)
    raise MissingError(
        f"{server.name} does not start: {problem}\n{log.read_text('utf-8', 'replace')[-3000:]}"
    )
