"""What the gateway promises of its speed, as ratios of medians that were measured in one run."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.compare import Sample

_RATIOS = {
    "apollo": {"home": 0.15, "list": 0.15, "one": 0.25},
    "mercurius": {"home": 0.6, "list": 0.5, "one": 1.2},
    "strawberry": {"home": 0.08, "list": 0.08},
    "floor": {"home": 1.3},
}
"""Other server -> shape -> the most CPU that the gateway may use of what the other uses."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One promise: `found` has to be at most (or at least) `limit`."""

    what: str
    found: float
    limit: float
    at_least: bool = False

    @property
    def held(self) -> bool:
        """Whether it is kept."""
        return self.found >= self.limit if self.at_least else self.found <= self.limit


def of_comparison(found: Mapping[tuple[str, str, str], Sample]) -> list[Gate]:
    """Compare the gateway with each other server; of Mercurius' two ways to map, with the faster one."""
    gates = []
    for scheme in sorted({cell[0] for cell in found}):
        for other, limits in _RATIOS.items():
            for shape, limit in limits.items():
                own = found.get((scheme, shape, "gateway"))
                names = (other, f"{other}-lazy")
                others = [
                    found[scheme, shape, name].cpu_ms for name in names if (scheme, shape, name) in found
                ]
                if own is not None and others:
                    gates.append(
                        Gate(f"CPU against {other}, {shape}, {scheme}", own.cpu_ms / min(others), limit)
                    )
    return gates


def of_engine(found: Mapping[str, float]) -> list[Gate]:
    """Compare the plan alone with code by hand that builds the same answer."""
    if not found:
        return []
    ratio = found["home, plan alone"] / found["home, by hand"]
    return [Gate("plan alone against code by hand, home", ratio, 1.5)]


def of_curves(found: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Gate]:
    """Hold lists, memory and workers to being in proportion."""
    gates = []
    if "items" in found:
        points = found["items"]
        slopes = [_slope(short, long) for short, long in itertools.pairwise(points)]
        span = f"{points[0]['items']:,.0f} to {points[-1]['items']:,.0f}"
        worst = max(abs(slope / slopes[-1] - 1) for slope in slopes)
        gates.append(Gate(f"change of what one more item costs, {span}", worst, 0.2))
    if "memory" in found:
        first, last = found["memory"][0], found["memory"][-1]
        span = f"{first['requests']:,.0f} to {last['requests']:,.0f} requests"
        gates.append(
            Gate(f"change of memory, {span}", abs(last["resident_mb"] / first["resident_mb"] - 1), 0.05)
        )
    if "workers" in found:
        one, two = found["workers"]
        gates.append(
            Gate("capacity of two workers against one", two["capacity"] / one["capacity"], 1.8, at_least=True)
        )
    return gates


def _slope(short: Mapping[str, float], long: Mapping[str, float]) -> float:
    return (long["cpu_ms"] - short["cpu_ms"]) / (long["items"] - short["items"])


def table(gates: Sequence[Gate]) -> str:
    """Write gates as a table in Markdown."""
    lines = ["| gate | found | limit | |", "|---|---|---|---|"]
    for gate in gates:
        limit = f"{'≥' if gate.at_least else '≤'} {gate.limit:g}"
        lines.append(f"| {gate.what} | {gate.found:.3g} | {limit} | {'held' if gate.held else 'MISSED'} |")
    return "\n".join(lines)
