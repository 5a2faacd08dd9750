import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.connectors.identity import (
    AccountRef,
    Ask,
    CachedMap,
    ChainedMap,
    IdentityMap,
    StaticFileMap,
    TokenClaimMap,
    unknown_account,
)
from gateway.connectors.ports.accounts import AccountType
from gateway.connectors.ports.common import Kind
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.state.memory import MemoryState
from tests.support.ports import CountedMap, make_principal


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> MemoryState:
    return MemoryState(clock=clock)


def ref(**natives: tuple[str, ...]) -> AccountRef:
    return AccountRef(natives=natives)


def caller(natives: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None, *, fresh: bool = False) -> Ask:
    return Ask(make_principal("acme", "bravo", natives=natives or {}), fresh=fresh)


# The token's own map.


async def test_a_token_says_what_it_says_and_of_its_own_accounts_only() -> None:
    token = caller({"acme": {"billing": ("cus_a",)}, "bravo": {}})
    found = await TokenClaimMap().resolve(["acme", "bravo", "charlie"], token)
    assert found == {"acme": ref(billing=("cus_a",)), "bravo": ref()}
    assert await TokenClaimMap().resolve(["acme"], caller()) == {}


def test_a_tokens_map_is_never_cached(state: MemoryState) -> None:
    for private in (TokenClaimMap(), ChainedMap([TokenClaimMap()])):
        with pytest.raises(TypeError, match="must not be shared"):
            CachedMap(private, state, workspace="w")


async def test_one_callers_token_says_nothing_to_the_next(state: MemoryState) -> None:
    file = CountedMap({"acme": ref(erp=("1",))})
    chain = ChainedMap([TokenClaimMap(), CachedMap(file, state, workspace="w")])
    first = caller({"acme": {"billing": ("cus_a",)}})
    assert await chain.resolve(["acme"], first) == {"acme": ref(billing=("cus_a",), erp=("1",))}
    assert await chain.resolve(["acme"], caller()) == {"acme": ref(erp=("1",))}
    assert file.calls == [["acme"]]


def test_maps_are_directory_ports() -> None:
    assert {kind.kind for kind in (TokenClaimMap, StaticFileMap, CachedMap, ChainedMap)} == {Kind.DIRECTORY}


# The file.

FILE = """
[accounts.acme]
natives = {billing = ["cus_a", "cus_a2"], erp = ["101"]}
type = "CUSTOMER"
[accounts.bravo]
parent = "acme"
[accounts."key with.dots"]
"""


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "accounts.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


async def test_a_file_gives_natives_type_and_parent(tmp_path: Path) -> None:
    accounts = StaticFileMap.load(written(tmp_path, FILE))
    found = await accounts.resolve(["bravo", "acme", "ghost", "key with.dots"], caller())
    assert found.keys() == {"acme", "bravo", "key with.dots"}
    acme, bravo = found["acme"], found["bravo"]
    assert acme.natives == {"billing": ("cus_a", "cus_a2"), "erp": ("101",)}
    assert (acme.type, acme.parent) == (AccountType.CUSTOMER, None)
    assert (bravo.natives, bravo.type, bravo.parent) == ({}, None, "acme")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[accounts", "accounts.toml: Expected ']'"),
        ("", "accounts.toml: accounts: is required"),
        ("[account.acme]", "accounts.toml: account: is not a setting"),
        ("accounts = 5", "accounts.toml: accounts: Expected `object`"),
        ("[accounts]\nacme = 5", "accounts.toml: accounts"),
        ("[accounts.acme]\nnative = {}", "accounts.toml: accounts.acme.native: is not a setting"),
        ("[accounts.acme]\nnatives = []", "accounts.toml: accounts.acme.natives: Expected `object`"),
        ("[accounts.acme]\nnatives = {erp = '1'}", "accounts.toml: accounts.acme.natives"),
        ("[accounts.acme]\nnatives = {erp = [1]}", "accounts.toml: accounts.acme.natives"),
        ("[accounts.acme]\nnatives = {erp = ['']}", "length >= 1"),
        ("[accounts.acme]\ntype = 'FRIEND'", "accounts.toml: accounts.acme.type"),
        ("[accounts.acme]\nparent = 1", "accounts.toml: accounts.acme.parent"),
        (b"\xff\xfe", "UnicodeDecodeError"),
        (
            "[accounts.acme]\nnatives = {erp = ['1']}\n[accounts.bravo]\nnatives = {erp = ['2', '1']}",
            "accounts.bravo.natives.erp: '1' stands in account 'acme' already",
        ),
    ],
)
def test_a_bad_file_names_the_place(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        StaticFileMap.load(written(tmp_path, text))
    assert caught.value.key == "identity.file"
    assert caught.value.message.startswith("identity.file: ")
    assert says in caught.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.toml: FileNotFoundError") as caught:
        StaticFileMap.load(tmp_path / "absent.toml")
    assert caught.value.key == "identity.file"


# The cache.


PARTNER = AccountRef(natives={"erp": ("1",)}, type=AccountType.PARTNER, parent="holding")


def remembered(inner: IdentityMap, state: MemoryState, clock: Clock) -> CachedMap:
    return CachedMap(inner, state, workspace="w", system="crm", clock=clock)


async def test_an_answer_is_remembered_for_its_time(state: MemoryState, clock: Clock) -> None:
    inner = CountedMap({"acme": PARTNER})
    cached = remembered(inner, state, clock)
    assert await cached.resolve(["acme"], caller()) == {"acme": PARTNER}
    clock.now += 599.9
    ask = caller()
    assert await cached.resolve(["acme"], ask) == {"acme": PARTNER}
    assert len(inner.calls) == 1
    assert [(told["system"], told["stale"]) for told in ask.sources.told()] == [("crm", False)]


async def test_what_is_due_is_served_and_asked_for_anew_behind_the_request(
    state: MemoryState, clock: Clock
) -> None:
    accounts = {"acme": PARTNER}
    inner = CountedMap(accounts)
    cached = remembered(inner, state, clock)
    await cached.resolve(["acme"], caller())
    clock.now += 600
    accounts["acme"] = ref(erp=("2",))
    ask = caller()
    assert await cached.resolve(["acme"], ask) == {"acme": PARTNER}
    assert ask.sources.told()[0]["stale"] is True
    await asyncio.gather(*cached._renewing.values())
    assert inner.calls == [["acme"], ["acme"]]
    ask = caller()
    assert await cached.resolve(["acme"], ask) == {"acme": ref(erp=("2",))}
    assert ask.sources.told()[0]["stale"] is False


async def test_a_write_does_not_build_on_what_is_due(state: MemoryState, clock: Clock) -> None:
    accounts = {"acme": PARTNER}
    inner = CountedMap(accounts)
    cached = remembered(inner, state, clock)
    await cached.resolve(["acme"], caller())
    clock.now += 599.9
    await cached.resolve(["acme"], caller(fresh=True))
    assert len(inner.calls) == 1
    clock.now += 0.1
    accounts["acme"] = ref(erp=("2",))
    assert await cached.resolve(["acme"], caller(fresh=True)) == {"acme": ref(erp=("2",))}


async def test_known_accounts_outlive_an_outage_of_an_hour(state: MemoryState, clock: Clock) -> None:
    inner = CountedMap({"acme": PARTNER, "bravo": ref(erp=("2",))})
    cached = remembered(inner, state, clock)
    await cached.resolve(["acme"], caller())
    inner.error = UpstreamError(Code.UPSTREAM_UNAVAILABLE, "crm")
    clock.now += 3599
    assert await cached.resolve(["acme", "bravo"], caller()) == {"acme": PARTNER, "bravo": inner.error}
    await asyncio.gather(*cached._renewing.values())
    clock.now += 1
    assert await cached.resolve(["acme"], caller()) == {"acme": inner.error}


async def test_what_is_not_there_is_remembered_for_a_short_time(state: MemoryState, clock: Clock) -> None:
    inner = CountedMap({})
    cached = remembered(inner, state, clock)
    for seconds, calls in ((0, 1), (29.9, 1), (0.1, 2)):
        clock.now += seconds
        assert await cached.resolve(["ghost"], caller()) == {}
        assert len(inner.calls) == calls


async def test_an_account_that_appears_is_found_after_the_short_time(
    state: MemoryState, clock: Clock
) -> None:
    accounts: dict[str, AccountRef] = {}
    cached = CachedMap(CountedMap(accounts), state, workspace="w")
    assert await cached.resolve(["acme"], caller()) == {}
    accounts["acme"] = ref(erp=("1",))
    assert await cached.resolve(["acme"], caller()) == {}
    clock.now += 30
    assert await cached.resolve(["acme"], caller()) == {"acme": ref(erp=("1",))}


async def test_one_call_for_all_that_is_not_remembered(state: MemoryState) -> None:
    inner = CountedMap({key: ref(erp=(key,)) for key in "abc"})
    cached = CachedMap(inner, state, workspace="w")
    await cached.resolve(["a"], caller())
    found = await cached.resolve(["c", "ghost", "a", "b"], caller())
    assert found == {key: ref(erp=(key,)) for key in "abc"}
    assert inner.calls == [["a"], ["c", "ghost", "b"]]
    assert await cached.resolve([], caller()) == {}
    assert len(inner.calls) == 2


async def test_an_account_without_ids_is_known_all_the_same(state: MemoryState) -> None:
    inner = CountedMap({"acme": AccountRef()})
    cached = CachedMap(inner, state, workspace="w")
    for _ in range(2):
        assert await cached.resolve(["acme"], caller()) == {"acme": AccountRef()}
    assert len(inner.calls) == 1


async def test_workspaces_do_not_meet_in_one_state(state: MemoryState) -> None:
    one = CachedMap(CountedMap({"acme": ref(erp=("1",))}), state, workspace="one")
    two = CachedMap(CountedMap({"acme": ref(erp=("2",))}), state, workspace="two")
    for _ in range(2):
        assert await one.resolve(["acme"], caller()) == {"acme": ref(erp=("1",))}
        assert await two.resolve(["acme"], caller()) == {"acme": ref(erp=("2",))}


async def test_a_failure_is_not_remembered(state: MemoryState) -> None:
    inner = CountedMap({"acme": ref(erp=("1",))})
    cached = CachedMap(inner, state, workspace="w")
    inner.error = UpstreamError(Code.UPSTREAM_TIMEOUT, "crm")
    assert await cached.resolve(["acme"], caller()) == {"acme": inner.error}
    inner.error = None
    assert await cached.resolve(["acme"], caller()) == {"acme": ref(erp=("1",))}


# The chain.


async def chained(*maps: IdentityMap, keys: Sequence[str] = ("acme",)) -> Any:
    return await ChainedMap(maps).resolve(keys, caller())


async def test_the_first_that_knows_a_system_wins() -> None:
    first = CountedMap({"acme": AccountRef(natives={"billing": ("cus_1",)}, parent="one")})
    second = CountedMap(
        {
            "acme": AccountRef(
                natives={"billing": ("cus_2",), "erp": ("2",)}, type=AccountType.VENDOR, parent="two"
            )
        }
    )
    third = CountedMap({"acme": AccountRef(natives={"erp": ("3",), "crm": ("3",)}, type=AccountType.PATIENT)})
    assert await chained(first, second, third) == {
        "acme": AccountRef(
            natives={"billing": ("cus_1",), "erp": ("2",), "crm": ("3",)},
            type=AccountType.VENDOR,
            parent="one",
        )
    }
    assert (await chained(second, first))["acme"].natives["billing"] == ("cus_2",)


async def test_knowing_an_account_without_ids_there_wins_too() -> None:
    # An operator takes a system away from an account; a later map must not give it back.
    assert await chained(CountedMap({"acme": ref(erp=())}), CountedMap({"acme": ref(erp=("2",))})) == {
        "acme": ref(erp=())
    }


async def test_what_one_map_could_not_tell_is_not_made_up_by_another(state: MemoryState) -> None:
    broken = CountedMap({})
    broken.error = UpstreamError(Code.UPSTREAM_UNAVAILABLE, "crm")
    crm = CachedMap(broken, state, workspace="w")
    for maps in ((CountedMap({"acme": ref(erp=("1",))}), crm), (crm, CountedMap({"acme": ref(erp=("1",))}))):
        assert await chained(*maps) == {"acme": broken.error}


async def test_each_account_is_taken_from_who_knows_it() -> None:
    first, second = CountedMap({"a": ref(erp=("1",))}), CountedMap({"b": ref(erp=("2",))})
    found = await chained(first, second, keys=["b", "a", "ghost"])
    assert found == {"a": ref(erp=("1",)), "b": ref(erp=("2",))}
    assert first.calls == second.calls == [["b", "a", "ghost"]]
    assert await chained() == {}


def test_an_account_that_no_map_knows_is_the_directorys_fault() -> None:
    error = unknown_account()
    assert (error.code, error.system) == (Code.UPSTREAM_CONTRACT_BROKEN, "identity")
