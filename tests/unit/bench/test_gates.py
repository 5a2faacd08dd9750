from __future__ import annotations

import pytest

from bench.compare import Sample
from bench.gates import Gate, of_comparison, of_curves, of_engine


def _sample(server: str, cpu_ms: float) -> Sample:
    return Sample("http", "home", server, cpu_ms, rate=1.0, p50=1.0, p99=1.0, resident_mb=1.0)


def test_a_limit_itself_is_held() -> None:
    assert Gate("", 0.5, 0.5).held
    assert not Gate("", 0.51, 0.5).held
    assert Gate("", 1.8, 1.8, at_least=True).held
    assert not Gate("", 1.79, 1.8, at_least=True).held


def test_of_two_ways_to_map_the_cheaper_one_is_the_peer() -> None:
    cpu = {"gateway": 2.0, "mercurius": 5.0, "mercurius-lazy": 4.0}
    [gate] = of_comparison({("http", "home", name): _sample(name, ms) for name, ms in cpu.items()})
    assert gate.found == pytest.approx(0.5)
    assert gate.held


def test_without_peers_nothing_is_judged() -> None:
    assert of_comparison({("http", "home", "gateway"): _sample("gateway", 2.0)}) == []
    assert of_engine({}) == []
    assert of_curves({}) == []


@pytest.mark.parametrize(("longest", "held"), [(10.51, True), (21.0, False)])
def test_each_further_item_must_cost_the_same(longest: float, *, held: bool) -> None:
    cost = {10: 0.51, 100: 0.6, 1_000: 1.5, 10_000: longest}  # a thousandth each, and half for the request
    [gate] = of_curves({"items": [{"items": length, "cpu_ms": ms} for length, ms in cost.items()]})
    assert gate.held is held


def test_items_that_are_dear_at_first_are_seen() -> None:
    cost = {10: 0.51, 100: 1.5, 1_000: 2.4, 10_000: 11.4}
    [gate] = of_curves({"items": [{"items": length, "cpu_ms": ms} for length, ms in cost.items()]})
    assert not gate.held
