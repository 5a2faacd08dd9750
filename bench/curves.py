"""How the gateway alone behaves: longer lists, more callers, slower systems, unseen documents, time.

Each curve is a list of points; a point names what it was measured at and what was found. Times are in
milliseconds, memory in MB of 10^6 bytes.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TypeAlias

from bench import full
from bench.compare import Effort, measure
from bench.config import Setup
from bench.fleet import PythonServer, Running, gateway, running
from bench.load import FailedError, put
from bench.process import cpu_seconds, free_port, resident, start, stop
from bench.queries import SHAPES, Query, items
from bench.upstream import LENGTHS, LOAD_CORE

Points: TypeAlias = list[dict[str, float]]

_REQUESTS = 100_000
_FIRST = 10_000
_LONGEST = 420.0  # seconds that `memory` may take
_HOME, _ONE = SHAPES["home"], SHAPES["one"]


def draw(setup: Setup, seconds: int, *, quick: bool) -> dict[str, Points]:
    """Draw all curves but memory, which takes minutes."""
    upstream = setup.upstream["http"]
    with running(gateway(setup, upstream, "curves", rows=1_000_000), setup, upstream) as server:
        found = {
            "items": _items(server, seconds),
            "callers": _callers(server, seconds, (1, 16, 256) if quick else (1, 4, 16, 64, 256)),
            "documents": _documents(server, seconds),
        }
    found["latency"] = _latency(setup, seconds, (0, 20) if quick else (0, 20, 200))
    found["workers"] = [_capacity(setup, upstream, workers, seconds) for workers in (1, 2)]
    _tell("the whole home page")
    found["whole"] = [full.measure()]
    return found


def memory(setup: Setup) -> Points:
    """Watch memory over 100,000 requests: home pages, small queries, and one in ten never seen before."""
    _tell("memory")
    upstream = setup.upstream["http"]
    found: Points = []
    sent, until = 0, time.monotonic() + _LONGEST
    with running(gateway(setup, upstream), setup, upstream) as server:
        while sent < _REQUESTS and time.monotonic() < until:
            goal = sent + _FIRST
            while sent < goal and time.monotonic() < until:
                sent += put(server, _HOME, 1, 16).requests
                sent += put(server, _ONE, 3, 16, fresh=0.1).requests
            found.append({"requests": sent, "resident_mb": resident(server.pid)})
    return found


def _point(
    server: Running, query: Query, seconds: int, connections: int, fresh: float = 0.0
) -> dict[str, float]:
    found = measure(server, query, "http", Effort(1, seconds, connections), fresh)
    return {"cpu_ms": found.cpu_ms, "rate": found.rate, "p50": found.p50, "p99": found.p99}


def _items(server: Running, seconds: int) -> Points:
    """One record with ever more items: what the whole request costs."""
    _tell("lists by length")
    found = []
    for length in LENGTHS:
        put(server, items(length), 1, 4)
        found.append({"items": length} | _point(server, items(length), seconds, 4))
    return found


def _callers(server: Running, seconds: int, counts: tuple[int, ...]) -> Points:
    _tell("callers")
    found = []
    for count in counts:
        try:
            found.append({"callers": count} | _point(server, _HOME, seconds, count))
        except FailedError as error:  # a busy machine cannot answer that many within the gateway's deadline
            _tell(f"{count} callers are left out: {error}")
    return found


def _documents(server: Running, seconds: int) -> Points:
    """A small query, known and then another one each time."""
    _tell("unseen documents")
    return [{"unseen": share} | _point(server, _ONE, seconds, 16, share) for share in (0.0, 1.0)]


def _latency(setup: Setup, seconds: int, delays: tuple[int, ...]) -> Points:
    """One caller, and systems that take their time."""
    _tell("latency of systems")
    found = []
    for delay in delays:
        with _slow(setup, delay) as slow, running(gateway(setup, slow, "slow"), setup, slow) as server:
            put(server, _HOME, 1, 1)
            found.append({"upstream_ms": delay} | _point(server, _HOME, max(seconds, 2), 1))
    return found


@contextlib.contextmanager
def _slow(setup: Setup, milliseconds: int) -> Iterator[str]:
    """Run a relay to the stub systems; gives its address."""
    port = free_port()
    there = setup.upstream["http"].rpartition(":")[2]
    command = [sys.executable, "-m", "bench.delayed", str(port), there, str(milliseconds)]
    relay = start(command, core=LOAD_CORE, log=setup.folder / "relay.log")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(relay)


def _capacity(setup: Setup, upstream: str, workers: int, seconds: int) -> dict[str, float]:
    """Give the home pages a second that the workers' cores could answer, by what one costs them.

    On a small machine their cores are also the load's, so the rate itself would say less.
    """
    _tell(f"{workers} workers on one port")
    file = setup.gateway("workers", upstream)
    port = free_port()
    with contextlib.ExitStack() as stack:
        shared = [
            PythonServer(f"worker-{number}", (sys.executable, "-m", "bench.worker", str(file), str(port)))
            for number in range(workers)
        ]
        servers = [stack.enter_context(running(one, setup, upstream, None, port)) for one in shared]
        put(servers[0], _HOME, 1, 32)
        before = [cpu_seconds(one.pid) for one in servers]
        load = put(servers[0], _HOME, seconds, 32)
        used = [cpu_seconds(one.pid) - begun for one, begun in zip(servers, before, strict=True)]
    if load.failed or not all(used):
        raise RuntimeError("a worker failed, or had nothing to do")
    return {"workers": workers, "capacity": workers * load.requests / sum(used), "rate": load.rate}


def _tell(what: str) -> None:
    print(f"curves: {what}", file=sys.stderr)
