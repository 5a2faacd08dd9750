"""The command: `python -m bench.run`, which `make bench` runs.

Exits with 0 when all gates are held, with 1 when one is missed, with 2 when nothing could be measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench import curves, gates, inprocess, outcome, report
from bench.compare import Effort, compare, medians
from bench.config import Setup
from bench.fleet import all_servers
from bench.load import FailedError
from bench.queries import SHAPES
from bench.same import DifferentError
from bench.upstream import MissingError, systems

_PARTS = ("compare", "inprocess", "curves", "memory")


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    def names(text: str) -> list[str]:
        return text.split(",")

    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--duration", type=int, default=2, help="seconds of one round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--shape", type=names, default=list(SHAPES), help="one,home,list")
    parser.add_argument("--scheme", type=names, default=["http", "https"], help="of the systems: http,https")
    parser.add_argument("--servers", type=names, help="default: all")
    parser.add_argument("--parts", type=names, default=list(_PARTS), help=f"default: {','.join(_PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, http only, no memory")
    parser.add_argument("--no-report", dest="report", action="store_false", help="leave docs/ as they are")
    found = parser.parse_args(given)
    if found.quick:
        found.rounds, found.duration, found.scheme = 3, 1, ["http"]
        found.parts = [part for part in found.parts if part != "memory"]
    return found


def main(given: Sequence[str] | None = None) -> int:
    """Measure, write the result, print the gates."""
    options = _arguments(given)
    result = outcome.begin(vars(options))
    try:
        with systems() as setup:
            if "compare" in options.parts:
                _compare(setup, options, result)
            if "inprocess" in options.parts:
                result.inprocess = inprocess.measure(setup, 20 if options.quick else 60)
            if "curves" in options.parts:
                result.curves |= curves.draw(setup, options.duration, quick=options.quick)
            if "memory" in options.parts:
                result.curves["memory"] = curves.memory(setup)
    except (MissingError, DifferentError, FailedError) as error:
        print(error, file=sys.stderr)
        if result.samples:  # what was measured is kept
            print(f"Written to {outcome.write(result)}", file=sys.stderr)
        return 2
    found = medians(result.samples)
    result.gates = [
        *gates.of_comparison(found),
        *gates.of_engine(result.inprocess),
        *gates.of_curves(result.curves),
    ]
    for (scheme, shape, server), sample in sorted(found.items()):
        print(f"{scheme:6}{shape:6}{server:16}{sample.cpu_ms:8.3f} ms CPU {sample.rate:8.0f}/s"
              f"{sample.p50:8.1f} p50{sample.p99:8.1f} p99 {sample.resident_mb:6.0f} MB")  # fmt: skip
    print(gates.table(result.gates))
    file = outcome.write(result)
    print(f"Written to {file.relative_to(outcome.FOLDER.parents[1])}")
    if options.report:
        report.main([str(file)])
    return 1 if outcome.missed(result.gates) else 0


def _compare(setup: Setup, options: argparse.Namespace, result: outcome.Result) -> None:
    effort = Effort(options.rounds, options.duration, options.connections)
    for scheme in options.scheme:
        servers = [
            server
            for server in all_servers(setup, setup.upstream[scheme])
            if not options.servers or server.name in options.servers
        ]
        samples, result.leaves = compare(servers, setup, scheme, options.shape, effort)
        result.samples += samples


if __name__ == "__main__":
    sys.exit(main())
