"""Operations by chance over the whole schema, on made-up answers: run as graphql-core would run them."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gateway.operations.documents import Documents
from tests.support.differential import compare, is_planned
from tests.support.madeup import Caller, Maker
from tests.support.operations import coordinates, write

_USUAL = 300
_COVERED = 0.95
_PLANNED = 0.8


@pytest.mark.parametrize("examples", [_USUAL, pytest.param(5000, marks=pytest.mark.prove)])
def test_operations_over_the_whole_schema(examples: int) -> None:
    maker = Maker()
    fields = coordinates(maker.schema)
    documents = Documents(maker.schema)
    planned: Counter[bool | None] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples == _USUAL,  # the long proof tries others each time
        suppress_health_check=list(HealthCheck),
    )
    @given(
        seed=st.integers(0, 2**32),
        goals=st.lists(st.sampled_from(fields), min_size=3, max_size=6, unique=True),
    )
    def try_one(seed: int, goals: list[str]) -> None:
        written = write(Random(seed), maker.schema, goals)  # noqa: S311  made-up data
        document = documents.get(written.text)
        assume(not document.errors)  # now and then two fields cannot be merged
        planned[is_planned(maker.schema, document, None, written.variables)] += 1
        callers: list[Caller] = []

        def caller() -> Caller:
            callers.append(Caller(seed))
            return callers[-1]

        asyncio.run(compare(maker.schema, document, written.variables, context=caller, planned=None))
        ours, _, whole = callers
        assert ours.refused <= whole.refused

    try_one()
    assert len(maker.covered) / len(fields) >= _COVERED
    assert planned[True] / planned.total() >= _PLANNED
