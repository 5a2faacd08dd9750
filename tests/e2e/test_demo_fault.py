"""`gateway demo fault`, as a person at a second terminal uses it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.errors import ConfigurationError
from sandbox import control, demo
from sandbox.control import FILE, Order, prefix
from sandbox.data import DataSet
from sandbox.faults import Mode
from sandbox.serve import StandIn
from sandbox.world import World
from tests.support.command import Process, script, started

READY = r"^The gateway is ready:  (http://127\.0\.0\.1:(\d+)/graphql)$"
QUERY = "{ viewer { currentAccount { name balance { outstanding { amount } } } } }"
MODES = ", ".join(Mode)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place for temporary files, of this process too."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    return script(tmp_path)


@pytest.fixture
async def running(gateway: Path, temporary: Path) -> AsyncIterator[Process]:
    async with started(gateway, "demo", "--port", "0", env={"TMPDIR": str(temporary)}) as process:
        yield process


@pytest.fixture
async def world(data: DataSet, temporary: Path) -> AsyncIterator[World]:
    """Systems under control in this process, as a demo on port 8000 would have them."""
    folder = temporary / f"{prefix(8000)}test"
    folder.mkdir()
    async with World(data) as world, control.published(world.systems, folder):
        yield world


async def said(gateway: Path, temporary: Path, *arguments: str) -> tuple[int, str, str]:
    async with started(gateway, "demo", "fault", *arguments, env={"TMPDIR": str(temporary)}) as process:
        code = await process.ends()
    return code, process.out, process.err


async def asked(url: str, token: str) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json={"query": QUERY}, headers={"Authorization": f"Bearer {token}"}) as response,
    ):
        return await response.json()


async def refusal(port: int, order: Order | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        await asyncio.to_thread(control.ask, port, order)
    return caught.value.message


async def test_a_system_fails_and_is_mended(running: Process, gateway: Path, temporary: Path) -> None:
    url, port = (await running.says(READY)).groups()
    await running.says("Stop it with Ctrl-C")
    assert f"demo fault billing down --port {port}\n" in running.out
    token = await asyncio.to_thread(demo.token, "owner-a", int(port))
    account = (await asked(url, token))["data"]["viewer"]["currentAccount"]
    assert len(account["balance"]["outstanding"]) >= 1

    code, out, err = await said(gateway, temporary, "billing", "down", "--port", port)
    assert (code, err) == (0, "")
    assert "billing   down\n" in out
    assert "erp       ok\n" in out
    answer = await asked(url, token)
    assert answer["data"]["viewer"]["currentAccount"] == {"name": account["name"], "balance": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_UNAVAILABLE"]

    code, out, err = await said(gateway, temporary, "--port", port)
    assert (code, err) == (0, "")
    assert "billing   down\n" in out
    assert out.endswith(f"\nModes: {MODES}\n")

    code, out, err = await said(gateway, temporary, "billing", "ok", "--port", port)
    assert (code, err) == (0, "")
    assert "down" not in out


async def test_every_system_in_every_mode(world: World) -> None:
    for name, system in world.systems.items():
        for mode in Mode:
            modes = await asyncio.to_thread(control.ask, 8000, Order(name, mode))
            assert modes == dict.fromkeys(world.systems, "ok") | {name: mode}
            assert system.mode is mode
        await asyncio.to_thread(control.ask, 8000, Order(name, "ok"))


async def test_the_delay_of_slow(world: World) -> None:
    await asyncio.to_thread(control.ask, 8000, Order("erp", "slow", 1.5))
    assert (world.erp.mode, world.erp._faults.delay) == (Mode.SLOW, 1.5)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (Order("bank", "down"), "system: write one of {systems}; 'bank' was given"),
        (Order("erp", "lost"), f"mode: write one of {MODES}; 'lost' was given"),
        (Order("erp", "slow", -1.0), "delay: A delay is 0 to 3600 seconds."),
        (Order("erp", "down", 1.0), "delay: only slow has one: leave it out"),
    ],
)
async def test_what_it_refuses(world: World, order: Order, message: str) -> None:
    assert await refusal(8000, order) == message.format(systems=", ".join(world.systems))
    assert {system.mode for system in world.systems.values()} == {Mode.OK}


async def test_a_system_without_a_mode(gateway: Path, temporary: Path) -> None:
    assert await said(gateway, temporary, "billing") == (
        1,
        "",
        f"gateway: mode: write one of {MODES} after billing\n",
    )


async def test_a_delay_that_is_none(gateway: Path, temporary: Path) -> None:
    code, _, err = await said(gateway, temporary, "billing", "slow", "--delay", "nan")
    assert code == 2
    assert "--delay" in err


async def test_no_demo(gateway: Path, temporary: Path) -> None:
    assert await said(gateway, temporary, "--port", "8000") == (
        1,
        "",
        f"gateway: {control.not_running(8000).message}\n",
    )


async def test_what_a_killed_demo_left_is_passed_over(world: World, temporary: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        free = gone.getsockname()[1]
    async with StandIn("another program", world.erp._faults._app) as other:
        for place, text in enumerate(
            ["", "[]", json.dumps({"port": free, "key": "k"}), json.dumps({"port": other.port, "key": "k"})]
        ):
            for port in (8000, 8001):
                folder = temporary / f"{prefix(port)}old{place}"
                folder.mkdir()
                (folder / FILE).write_text(text)
        assert await asyncio.to_thread(control.ask, 8000) == dict.fromkeys(world.systems, "ok")
        assert await refusal(8001) == control.not_running(8001).message


async def test_only_who_can_read_the_file_gives_orders(world: World, temporary: Path) -> None:
    file = temporary / f"{prefix(8000)}test" / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    address = f"http://127.0.0.1:{json.loads(file.read_text())['port']}/"
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"Authorization": "Bearer k"}):
            async with session.post(
                address, json={"system": "erp", "mode": "down"}, headers=headers
            ) as response:
                assert response.status == 401
    assert world.erp.mode is Mode.OK


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system's files have no such owners")
async def test_a_file_of_another_user_is_not_believed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.systems
    monkeypatch.setattr("os.getuid", lambda: 12345)
    assert await refusal(8000) == control.not_running(8000).message
