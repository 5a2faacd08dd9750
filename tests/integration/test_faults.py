"""One system down: the rest is whole, its own fields are null and say why, and it comes back by itself."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.data import DataSet
from sandbox.world import World
from tests.support.portal import Answer, Portal, Raw, account_id, patient
from tests.support.queries import BILLING

_BILLING = ("balance", "invoices")
_ORDERS = ("name", "number", "status", "currencyCode", "orders")
_FAULTS: dict[str, dict[str, Any]] = {
    "down": {"code": "UPSTREAM_UNAVAILABLE", "retryable": True},
    "slow": {"code": "UPSTREAM_TIMEOUT", "retryable": True},
    "throttled": {"code": "UPSTREAM_RATE_LIMITED", "retryable": True, "retryAfterSeconds": 2.0},
    "broken": {"code": "UPSTREAM_UNAVAILABLE", "retryable": True},
    "garbage": {"code": "UPSTREAM_CONTRACT_BROKEN", "retryable": False},
    "truncated": {"code": "UPSTREAM_CONTRACT_BROKEN", "retryable": False},
    "cut": {"code": "UPSTREAM_UNAVAILABLE", "retryable": True},
}


@pytest.fixture
async def quick(data: DataSet, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Portal]:
    """A portal that does not wait long where a test makes it wait, and long enough elsewhere."""
    case = request.node.callspec.params if hasattr(request.node, "callspec") else {}

    def configure(raw: Raw) -> None:
        patient(raw)
        if case.get("fault") == "slow":
            for name in (case["system"],) if "system" in case else tuple(raw["connectors"]):
                raw["connectors"][name]["timeout_seconds"] = 1.0

    async with Portal(World(data), tmp_path, configure=configure) as running:
        yield running


@pytest.mark.parametrize("fault", _FAULTS)
@pytest.mark.parametrize("system", ["erp", "billing"])
async def test_the_other_system_is_whole(quick: Portal, system: str, fault: str) -> None:
    healthy = await _ask(quick)
    assert healthy.errors == []
    dead, alive = (_ORDERS, _BILLING) if system == "erp" else (_BILLING, _ORDERS)

    await quick.world.systems[system].fault(fault, delay=30)
    answer = await _ask(quick)

    assert answer.status == 200
    got, whole = answer.json["data"], healthy.data
    assert {name: got["account"][name] for name in alive} == {name: whole["account"][name] for name in alive}
    assert {name: got["account"][name] for name in dead} == dict.fromkeys(dead)
    assert got["viewer"]["user"] == whole["viewer"]["user"]
    for name in dead:
        error = answer.error_at("account", name)
        assert error["extensions"] == _FAULTS[fault] | {"system": system}
        assert error["locations"]
        assert error["message"].startswith(f"The system '{system}' ")
    # Besides, there is only the name that the list of memberships shows, which is the ERP's too.
    other = [error["path"] for error in answer.errors if error["path"][0] != "account"]
    assert other == ([["viewer", "memberships", "nodes", 0, "account", "name"]] if system == "erp" else [])

    await quick.world.systems[system].fault("ok")
    again = await _ask(quick)
    assert again.raw == healthy.raw


@pytest.mark.parametrize("fault", ["down", "slow", "garbage"])
async def test_with_both_dead_the_viewer_still_answers(quick: Portal, fault: str) -> None:
    healthy = await _ask(quick)
    for system in ("erp", "billing"):
        await quick.world.systems[system].fault(fault, delay=30)

    answer = await _ask(quick)

    viewer = healthy.data["viewer"]
    viewer["memberships"]["nodes"][0]["account"]["name"] = None
    assert answer.json["data"]["viewer"] == viewer
    account = answer.json["data"]["account"]
    assert account == dict.fromkeys(account) | {"type": "CUSTOMER"}
    assert {error["extensions"]["system"] for error in answer.errors} == {"erp", "billing"}
    assert set(answer.codes) == {_FAULTS[fault]["code"]}

    for system in ("erp", "billing"):
        await quick.world.systems[system].fault("ok")
    assert (await _ask(quick)).raw == healthy.raw


async def test_by_default_a_slow_system_is_given_three_seconds(data: DataSet, tmp_path: Path) -> None:
    async with Portal(World(data), tmp_path) as portal:
        healthy = await _ask(portal)
        await portal.world.erp.fault("slow", delay=30)
        started = time.monotonic()

        answer = await _ask(portal)

        took = time.monotonic() - started
        assert 3 <= took < 10
        assert answer.json["data"]["account"]["invoices"] == healthy.data["account"]["invoices"]
        assert set(answer.codes) == {"UPSTREAM_TIMEOUT"}


async def test_a_system_that_keeps_failing_is_left_alone_and_asked_again_later(quick: Portal) -> None:
    healthy = await _ask(quick)
    await quick.world.erp.fault("broken")
    for _ in range(5):  # each request counts once, however many of its calls fail
        assert (await _ask(quick)).error_at("account", "orders")["extensions"] == {
            "code": "UPSTREAM_UNAVAILABLE", "retryable": True, "system": "erp",
        }  # fmt: skip
    quick.reset()
    answer = await _ask(quick)
    assert quick.calls("erp") == []
    assert answer.json["data"]["account"]["invoices"] == healthy.data["account"]["invoices"]

    await quick.world.erp.fault("ok")
    breaker = quick.gateway.registry.connectors["erp"]._interface._client._breaker
    breaker._clock = lambda: time.monotonic() + 2.0  # the pause is over
    assert (await _ask(quick)).raw == healthy.raw  # a single probe went first, the others waited for it


@pytest.mark.parametrize("system", ["erp", "billing"])
async def test_credentials_that_a_system_refuses_are_no_ones_fault_but_the_operators(
    data: DataSet, tmp_path: Path, system: str
) -> None:
    def wrong(raw: Raw) -> None:
        raw["connectors"][system]["key" if system == "erp" else "api_key"] = "env:DEMO_CURSOR"

    async with Portal(World(data), tmp_path, configure=wrong) as portal:
        answer = await _ask(portal)
        name = "orders" if system == "erp" else "invoices"
        assert answer.error_at("account", name)["extensions"] == {
            "code": "UPSTREAM_AUTH_FAILED", "retryable": False, "system": system,
        }  # fmt: skip
        assert portal.world.environ()["DEMO_CURSOR"] not in answer.raw.decode()


async def test_readiness_tells_which_system_is_down(quick: Portal) -> None:
    await quick.world.erp.fault("down")
    async with quick.session.get(f"{quick.server.url}/readyz") as response:
        assert response.status == 200  # one system down must not take the portal down
        assert await response.json() == {
            "ready": True,
            "systems": {"billing": "ok", "erp": "UPSTREAM_UNAVAILABLE", "identity": "ok"},
        }


async def test_known_keys_outlive_the_issuer(quick: Portal) -> None:
    healthy = await _ask(quick)
    await quick.world.identity.fault("down")
    assert (await _ask(quick)).raw == healthy.raw


async def _ask(portal: Portal) -> Answer:
    return await portal.query("owner-a", BILLING, {"account": account_id("acme")})
