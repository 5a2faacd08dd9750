"""Servers side by side: interleaved rounds of every shape, after all have been found to answer alike."""

from __future__ import annotations

import contextlib
import statistics
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bench.config import Setup
from bench.fleet import Running, Server, running
from bench.load import FailedError, put
from bench.process import cpu_seconds, resident
from bench.queries import SHAPES, Query
from bench.same import check

_WARM_UP = 3  # seconds; just-in-time compilers need some


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one server.

    `cpu_ms`: user and system time of its process tree per request; `rate`: requests a second; `p50` and
    `p99`: milliseconds; `resident_mb`: memory at the end.
    """

    scheme: str
    shape: str
    server: str
    cpu_ms: float
    rate: float
    p50: float
    p99: float
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Effort:
    """How long is measured: `rounds` of `seconds`, on `connections` that always wait for an answer."""

    rounds: int
    seconds: int
    connections: int = 16


def compare(
    servers: Sequence[Server], setup: Setup, scheme: str, shapes: Collection[str], effort: Effort
) -> tuple[list[Sample], dict[str, int]]:
    """Measure servers on systems that are reached by one scheme.

    Gives the samples, and how many values the answer to each shape has.
    """
    upstream = setup.upstream[scheme]
    with contextlib.ExitStack() as stack:
        fleet = [stack.enter_context(running(server, setup, upstream)) for server in servers]
        sizes = check(fleet)
        turns = [
            (server, SHAPES[shape])
            for shape in SHAPES
            for server in fleet
            if shape in {*shapes} & {*server.shapes}
        ]
        for server, query in turns:
            put(server, query, _WARM_UP, effort.connections)
        samples = []
        for number in range(effort.rounds):
            print(f"{scheme}: round {number + 1} of {effort.rounds}", file=sys.stderr)
            for server, query in turns if number % 2 == 0 else turns[::-1]:
                samples.append(measure(server, query, scheme, effort))
        return samples, sizes


def measure(server: Running, query: Query, scheme: str, effort: Effort, fresh: float = 0.0) -> Sample:
    """Put load on one server once. `fresh`: which share of the requests is a document never seen before."""
    before = cpu_seconds(server.pid)
    load = put(server, query, effort.seconds, effort.connections, fresh)
    used = cpu_seconds(server.pid) - before
    if load.failed or not load.requests:
        raise FailedError(f"{server.name}, {query.name}: {load.failed} of {load.requests} requests failed")
    return Sample(
        scheme,
        query.name,
        server.name,
        used * 1000 / load.requests,
        load.rate,
        load.p50,
        load.p99,
        resident(server.pid),
    )


def medians(samples: Sequence[Sample]) -> dict[tuple[str, str, str], Sample]:
    """Give the median of every figure by scheme, shape and server."""
    cells: dict[tuple[str, str, str], list[Sample]] = {}
    for sample in samples:
        cells.setdefault((sample.scheme, sample.shape, sample.server), []).append(sample)
    figures = ("cpu_ms", "rate", "p50", "p99", "resident_mb")
    return {
        cell: Sample(
            *cell, *(statistics.median(getattr(sample, name) for sample in found) for name in figures)
        )
        for cell, found in cells.items()
    }
