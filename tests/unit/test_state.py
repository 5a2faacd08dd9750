"""One suite for every implementation of `State`; each comes with a clock that the tests move."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from gateway.state import State
from gateway.state.memory import MemoryState


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory"])
async def state(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[State]:
    makers: dict[str, Callable[[], State]] = {"memory": lambda: MemoryState(clock=clock)}
    made = makers[request.param]()
    yield made
    await made.close()


async def test_gives_back_what_was_set(state: State) -> None:
    await state.set("a", b"\x00\xff", 10)
    await state.set("b", b"", 10)
    assert await state.get("a") == b"\x00\xff"
    assert await state.get("b") == b""
    assert await state.get("c") is None


async def test_set_replaces_value_and_time(state: State, clock: Clock) -> None:
    await state.set("a", b"1", 10)
    clock.now += 9
    await state.set("a", b"2", 10)
    clock.now += 9
    assert await state.get("a") == b"2"


async def test_an_expired_value_is_never_served(state: State, clock: Clock) -> None:
    await state.set("a", b"1", 0.5)
    clock.now += 0.4
    assert await state.get("a") == b"1"
    clock.now += 0.1
    assert await state.get("a") is None
    clock.now -= 0.1  # gone for good
    assert await state.get("a") is None


async def test_reading_does_not_lengthen_life(state: State, clock: Clock) -> None:
    await state.set("a", b"1", 10)
    for _ in range(9):
        clock.now += 1
        assert await state.get("a") == b"1"
    clock.now += 1
    assert await state.get("a") is None


async def test_add_stores_only_when_absent_or_expired(state: State, clock: Clock) -> None:
    assert await state.add("a", b"1", 10)
    assert not await state.add("a", b"2", 100)
    assert await state.get("a") == b"1"
    clock.now += 10
    assert await state.add("a", b"3", 10)
    assert await state.get("a") == b"3"


async def test_of_concurrent_adds_one_wins(state: State) -> None:
    won = await asyncio.gather(*(state.add("a", str(n).encode(), 10) for n in range(20)))
    assert won.count(True) == 1
    assert await state.get("a") == str(won.index(True)).encode()


async def test_delete_forgets(state: State) -> None:
    await state.set("a", b"1", 10)
    await state.delete("a")
    await state.delete("never there")
    assert await state.get("a") is None
    assert await state.add("a", b"2", 10)


@pytest.mark.parametrize("ttl", [0, -1, float("nan"), float("inf")])
async def test_a_time_to_live_is_required(state: State, ttl: float) -> None:
    with pytest.raises(ValueError, match="ttl"):
        await state.set("a", b"1", ttl)
    with pytest.raises(ValueError, match="ttl"):
        await state.add("a", b"1", ttl)
    assert await state.get("a") is None


async def test_memory_is_bounded_and_drops_what_was_unused_longest(clock: Clock) -> None:
    state = MemoryState(max_entries=3, clock=clock)
    for key in "abc":
        await state.set(key, key.encode(), 10)
    assert await state.get("a") == b"a"  # used: "b" is now the oldest
    await state.set("d", b"d", 10)
    assert [await state.get(key) for key in "abcd"] == [b"a", None, b"c", b"d"]
    for n in range(1000):
        await state.add(f"k{n}", b"", 10)
    assert len(state._entries) == 3


def test_memory_needs_room() -> None:
    with pytest.raises(ValueError, match="max_entries"):
        MemoryState(max_entries=0)
