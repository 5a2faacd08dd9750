"""Whether servers give the same answers: nothing is timed before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.fleet import Running
from bench.queries import SHAPES


class DifferentError(Exception):
    """An answer is not the first server's; the text names the place."""


def check(servers: Sequence[Running]) -> dict[str, int]:
    """Compare the data of all shapes; gives how many values (leaves) each shape has."""
    sizes: dict[str, int] = {}
    for name, query in SHAPES.items():
        able = [server for server in servers if name in server.shapes]
        answers = [(server.name, _data(server.name, name, server.ask(query))) for server in able]
        first, expected = answers[0]
        for other, found in answers[1:]:
            place = difference(expected, found)
            if place is not None:
                raise DifferentError(f"{name}: {other} does not answer as {first} at {place}")
        sizes[name] = leaves(expected)
    return sizes


def _data(server: str, shape: str, answer: dict[str, Any]) -> Any:
    if answer.get("errors"):
        raise DifferentError(f"{shape}: {server} answers with errors: {answer['errors'][:2]}")
    return answer["data"]


def difference(expected: Any, found: Any, place: str = "data") -> str | None:
    """Give the first place that differs, in words; None when all is the same."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            return f"{place}: other fields, {sorted(expected.keys() ^ found.keys())}"
        return _first(difference(expected[key], found[key], f"{place}.{key}") for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{place}: {len(found)} rows, not {len(expected)}"
        pairs = enumerate(zip(expected, found, strict=True))
        return _first(difference(one, other, f"{place}[{row}]") for row, (one, other) in pairs)
    same = type(expected) is type(found) and expected == found
    return None if same else f"{place}: {found!r}, not {expected!r}"


def _first(places: Any) -> str | None:
    found: str | None = next(filter(None, places), None)
    return found


def leaves(value: Any) -> int:
    """Count the values of an answer."""
    if isinstance(value, dict):
        return sum(map(leaves, value.values()))
    return sum(map(leaves, value)) if isinstance(value, list) else 1
