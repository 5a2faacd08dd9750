"""Operations by chance, on made-up answers: run as graphql-core would run them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from graphql import GraphQLSchema
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from gateway.operations.documents import Document, Documents
from tests.support import zoo
from tests.support.differential import compare, is_planned
from tests.support.madeup import Caller, Maker
from tests.support.operations import coordinates, write

# graphql-core cancels what it has not yet begun.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
_USUAL = 300
_COVERED = 0.95
_PLANNED = 0.8
_SCALARS = {
    "DateTime": st.just(nodes.String("2026-01-31T09:30:00Z")),
    "Date": st.just(nodes.String("2026-01-31")),
    "Decimal": st.just(nodes.String("12.30")),
    "Upper": st.just(nodes.String("LOUD")),
}


def _amount(examples: int) -> Any:
    """How many are tried; `make test` tries the same each time, the long proof others."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples <= _USUAL,
        suppress_health_check=list(HealthCheck),
    )


def _amounts(usual: int, proof: int) -> Any:
    return pytest.mark.parametrize("examples", [usual, pytest.param(proof, marks=pytest.mark.prove)])


@dataclass
class Trial:
    """Tries operations on one schema. `planned` counts which of them ran by a plan."""

    schema: GraphQLSchema
    context: Callable[[int], Any]
    planned: Counter[bool | None] = field(default_factory=Counter)

    def prepare(self, text: str) -> Document:
        """Prepare a document; now and then two fields cannot be merged, and it does not count."""
        document = Documents(self.schema).get(text)
        assume(not document.errors)
        return document

    def run(self, document: Document, variables: dict[str, Any], seed: int) -> list[Any]:
        """Run it on both sides; give the contexts of ours, theirs and the third run."""
        self.planned[is_planned(self.schema, document, None, variables)] += 1
        contexts: list[Any] = []

        def context() -> Any:
            contexts.append(self.context(seed))
            return contexts[-1]

        asyncio.run(compare(self.schema, document, variables, context=context, planned=None))
        return contexts


@_amounts(_USUAL, 5000)
def test_operations_over_the_whole_schema(examples: int) -> None:
    maker = Maker()
    trial = Trial(maker.schema, Caller)
    fields = coordinates(maker.schema)

    @_amount(examples)
    @given(
        seed=st.integers(0, 2**32),
        goals=st.lists(st.sampled_from(fields), min_size=3, max_size=6, unique=True),
    )
    def try_one(seed: int, goals: list[str]) -> None:
        written = write(Random(seed), maker.schema, goals)  # noqa: S311  made-up data
        ours, _, whole = trial.run(trial.prepare(written.text), written.variables, seed)
        assert ours.refused <= whole.refused

    try_one()
    # What chance has left out is asked for by name.
    for goal in sorted(set(fields) - set(maker.covered)):
        for seed in range(5):
            written = write(Random(seed), maker.schema, [goal])  # noqa: S311  likewise
            document = Documents(maker.schema).get(written.text)
            if goal not in maker.covered and not document.errors:
                trial.run(document, written.variables, seed)
    assert len(maker.covered) / len(fields) >= _COVERED
    assert trial.planned[True] / trial.planned.total() >= _PLANNED


@pytest.mark.prove
@pytest.mark.parametrize("examples", [3000])
def test_operations_over_a_small_schema(examples: int) -> None:
    trial = Trial(zoo.schema(), lambda _seed: zoo.Counter())
    fields = coordinates(trial.schema)

    @_amount(examples)
    @given(seed=st.integers(0, 2**32), goals=st.lists(st.sampled_from(fields), min_size=1, max_size=6))
    def try_one(seed: int, goals: list[str]) -> None:
        written = write(Random(seed), trial.schema, goals)  # noqa: S311  made-up data
        trial.run(trial.prepare(written.text), written.variables, seed)

    try_one()
    assert trial.planned[True] / trial.planned.total() >= _PLANNED


@_amounts(30, 1000)
@pytest.mark.parametrize("small", [True, False])
def test_operations_that_another_tool_writes(examples: int, *, small: bool) -> None:
    trial = Trial(zoo.schema(), lambda _seed: zoo.Counter()) if small else Trial(Maker().schema, Caller)

    @_amount(examples)
    @given(text=from_schema(trial.schema, custom_scalars=_SCALARS), seed=st.integers(0, 2**32))
    def try_one(text: str, seed: int) -> None:
        trial.run(trial.prepare(text), {}, seed)

    try_one()
    assert set(trial.planned) == {True}
