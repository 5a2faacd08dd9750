"""A write is done once: what an idempotency key has come to so far."""

from __future__ import annotations

import pytest

from gateway.errors import Code, RequestError
from gateway.state.memory import MemoryState
from gateway.state.once import Earlier, Once


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def once(clock: Clock) -> Once:
    return Once(MemoryState(clock=clock), "w")


async def refused(once: Once, key: str, given: object) -> Code:
    with pytest.raises(RequestError) as caught:
        await once.begin(key, given)
    return caught.value.code


def test_a_key_is_bound_to_all_its_parts(once: Once) -> None:
    keys = [
        once.key("acme", "iss", "usr", "create", "k"),
        once.key("bravo", "iss", "usr", "create", "k"),
        once.key("acme", "iss", "usr2", "create", "k"),
        once.key("acme", "iss", "usr", "comment", "k"),
        once.key("acme", "iss", "us", "rcreate", "k"),
        Once(MemoryState(), "other").key("acme", "iss", "usr", "create", "k"),
    ]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {64}


async def test_what_was_done_is_answered_again(once: Once) -> None:
    assert await once.begin("k", "input") is None
    await once.done("k", "input", "42")
    assert await once.begin("k", "input") == Earlier("42")


async def test_another_input_is_refused_whatever_has_become_of_the_first(once: Once) -> None:
    await once.begin("k", "input")
    assert await refused(once, "k", "other") is Code.IDEMPOTENCY_KEY_REUSED
    await once.done("k", "input", "42")
    assert await refused(once, "k", "other") is Code.IDEMPOTENCY_KEY_REUSED


async def test_a_write_under_way_is_not_begun_twice(once: Once, clock: Clock) -> None:
    await once.begin("k", "input")
    assert await refused(once, "k", "input") is Code.CONFLICT
    clock.now += 60  # the process that did it is gone
    assert await once.begin("k", "input") is None


async def test_a_write_that_surely_failed_is_forgotten(once: Once) -> None:
    await once.begin("k", "input")
    await once.forget("k")
    assert await once.begin("k", "another input") is None


async def test_a_write_of_unknown_outcome_may_be_tried_again_with_the_same_input_only(once: Once) -> None:
    await once.begin("k", "input")
    await once.done("k", "input", None)
    assert await refused(once, "k", "other") is Code.IDEMPOTENCY_KEY_REUSED
    assert await once.begin("k", "input") == Earlier(None)
    assert await refused(once, "k", "input") is Code.CONFLICT


async def test_entries_end_after_a_day(once: Once, clock: Clock) -> None:
    await once.begin("k", "input")
    await once.done("k", "input", "42")
    clock.now += 24 * 3600
    assert await once.begin("k", "input") is None
