"""Writes docs/performance.md and its plots from a result.

    .venv/bin/python -m bench.report [bench/results/YYYY-MM-DD/FILE.json]

Without a file, from the newest one. Plots need matplotlib, which gets an environment of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bench import gates, outcome
from bench.compare import medians
from bench.fleet import ROOT
from bench.outcome import Result
from tests.support.cache import cache, hash_of, install_packages, locked, once, python_of

PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "performance"
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_DRAWS = Path(__file__).with_name("plots.py")
_TITLES = {
    "one": "One record: an account with 8 scalars, 1 upstream call",
    "home": "Home page: account, 50 invoices with lines, tickets, orders, contacts; 5 upstream calls",
    "list": "List: 200 invoices of 12 scalars, 2 upstream calls",
}
_HEAD = """# Performance

What the gateway costs beside other servers that give the same answers from the same systems, and how it
behaves alone. `make bench` measures it anew and writes this page; [bench/README.md](../bench/README.md) says
what each server does and how it is measured.

Measured {at:%d %B %Y, %H:%M} UTC on commit `{commit}`: {cpu}, {cores} cores, Python {python}, Node {node}.
{rounds} rounds of {duration} s, in which all servers take turns, with {connections} callers at a time;
figures are medians. CPU is user and system time of the server's whole process tree. The server has one core,
systems and load share the other one. {load_before:.1f} other programs wanted the cores in the minute before.
"""


def main(given: Sequence[str] = ()) -> None:
    """Write the page and draw the plots."""
    file = Path(given[0]) if given else outcome.newest()
    result = outcome.read(file)
    draw(file)
    PAGE.write_text("\n".join(_page(result, file)), "utf-8")


def draw(file: Path) -> None:
    """Draw the plots of a result."""
    folder = cache() / f"bench-plots-{hash_of(_REQUIREMENTS.read_text('utf-8'))}"
    with locked(folder.with_suffix(".lock")):
        once(folder, lambda: install_packages("plots", folder / "venv", _REQUIREMENTS, "--require-hashes"))
    subprocess.run([python_of(folder / "venv"), _DRAWS, file, PLOTS], check=True)


def _page(result: Result, file: Path) -> Iterable[str]:
    yield _HEAD.format(
        at=result.at,
        commit=result.commit,
        load_before=result.load_before,
        **result.settings,
        **result.machine,
    )
    yield f"All figures of this run: [{file.name}](../{file.resolve().relative_to(ROOT).as_posix()}).\n"
    if result.gates:
        yield "## What is promised\n"
        yield gates.table(result.gates) + "\n"
    if result.samples:
        yield from _servers(result)
    if result.inprocess:
        yield from _engine(result.inprocess)
    for name, write in _CURVES.items():
        if result.curves.get(name):
            yield from write(result.curves[name])


def _servers(result: Result) -> Iterable[str]:
    found = medians(result.samples)
    yield "## Beside other servers\n\n![CPU per request](performance/servers.png)\n"
    for shape, title in _TITLES.items():
        cells = sorted(
            (scheme, sample.cpu_ms, server) for (scheme, of, server), sample in found.items() if of == shape
        )
        if cells:
            yield f"### {title}\n"
            if shape in result.leaves:
                yield f"The answer has {result.leaves[shape]:,} values.\n"
            rows = [(scheme, server, found[scheme, shape, server]) for scheme, _, server in cells]
            heads = ("systems over", "server", "CPU ms", "requests/s", "p50 ms", "p99 ms", "memory MB")
            yield from _table(
                heads,
                (
                    (
                        scheme,
                        f"**{server}**" if server == "gateway" else server,
                        f"{sample.cpu_ms:.2f}",
                        f"{sample.rate:.0f}",
                        f"{sample.p50:.1f}",
                        f"{sample.p99:.1f}",
                        f"{sample.resident_mb:.0f}",
                    )
                    for scheme, server, sample in rows
                ),
            )


def _engine(found: Mapping[str, float]) -> Iterable[str]:
    yield "## Inside one process\n"
    yield "CPU without HTTP, on answers that are kept in memory: the least mean of many short rounds.\n"
    yield from _table(("what", "µs"), ((name, f"{us:.0f}") for name, us in found.items()))


Points = list[dict[str, float]]


def _items(points: Points) -> Iterable[str]:
    yield "## Longer lists\n\n![CPU by length](performance/items.png)\n"
    yield "One record whose list has ever more items, each with six values.\n"
    rows = []
    before: dict[str, float] | None = None
    for one in points:
        each = (
            "" if before is None
            else f"{(one['cpu_ms'] - before['cpu_ms']) / (one['items'] - before['items']) * 1000:.2f}"
        )  # fmt: skip
        rows.append((f"{one['items']:,.0f}", f"{one['cpu_ms']:.2f}", each))
        before = one
    yield from _table(("items", "CPU ms", "µs for each further item"), rows)


def _callers(points: Points) -> Iterable[str]:
    yield "## More callers\n\n![Latency and rate](performance/callers.png)\n"
    yield from _figures("callers", points, "callers")


def _latency(points: Points) -> Iterable[str]:
    yield "## Slower systems\n"
    yield "The home page for one caller, when each system takes its time for every answer.\n"
    yield from _figures("upstream ms", points, "upstream_ms")


def _documents(points: Points) -> Iterable[str]:
    yield "## Unseen documents\n"
    yield "The one-record query, known, and then a text never seen before with every request.\n"
    yield from _figures("unseen", points, "unseen")


def _workers(points: Points) -> Iterable[str]:
    yield "## Workers\n"
    yield "Home pages a second that the workers' cores could answer, by what one costs them meanwhile.\n"
    rows = ((f"{one['workers']:.0f}", f"{one['capacity']:.0f}") for one in points)
    yield from _table(("processes on one port", "home pages a second"), rows)


def _whole(points: Points) -> Iterable[str]:
    [one] = points
    yield "## The whole home page\n"
    calls, wall, cpu = (
        f"{one['calls']:.0f} upstream calls",
        f"{one['wall_ms']:.0f} ms",
        f"{one['cpu_ms']:.1f} ms",
    )
    yield (
        "All of a portal's first page (documents, shipments, balances, to-do list and counts too), from five "
        f"systems that take {one['upstream_ms']:.0f} ms for each answer: **{calls}, {wall}**, {cpu} of CPU, "
        f"{one['bytes'] / 1000:.0f} KB. The time includes what the demo's stand-ins need for themselves.\n"
    )


def _memory(points: Points) -> Iterable[str]:
    yield "## Memory\n\n![Memory over requests](performance/memory.png)\n"
    yield "Home pages and small queries, one in ten with a text never seen before.\n"
    shown = [points[0], points[-1]] if len(points) > 1 else points
    rows = ((f"{one['requests']:,.0f}", f"{one['resident_mb']:.1f}") for one in shown)
    yield from _table(("requests", "MB held"), rows)


def _figures(head: str, points: Points, key: str) -> Iterable[str]:
    rows = (
        (
            f"{one[key]:g}",
            f"{one['cpu_ms']:.2f}",
            f"{one['rate']:.0f}",
            f"{one['p50']:.1f}",
            f"{one['p99']:.1f}",
        )
        for one in points
    )
    yield from _table((head, "CPU ms", "requests/s", "p50 ms", "p99 ms"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


_CURVES: Mapping[str, Callable[[Points], Iterable[str]]] = {
    "items": _items,
    "callers": _callers,
    "latency": _latency,
    "documents": _documents,
    "workers": _workers,
    "whole": _whole,
    "memory": _memory,
}

if __name__ == "__main__":
    main(sys.argv[1:])
