"""`gateway demo`, as a person at a terminal uses it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sandbox import demo
from sandbox.personas import PERSONAS
from tests.support.command import Process, group_is_gone, script, started
from tests.support.portal import account_id

READY = r"^The gateway is ready:  (http://127\.0\.0\.1:(\d+)/graphql)$"
BOTH_SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The only place for temporary files of the demo."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    return script(tmp_path)


@pytest.fixture
async def running(gateway: Path, temporary: Path) -> AsyncIterator[Process]:
    async with started(gateway, "demo", "--port", "0", env={"TMPDIR": str(temporary)}) as process:
        yield process


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def pasted(out: str) -> str:
    """The command that a user copies from the screen."""
    match = re.search(r"^curl (?:.*\\\n)+.*$", out, re.MULTILINE)
    assert match is not None
    return match[0]


async def test_what_it_prints_works(running: Process, gateway: Path) -> None:
    began = time.monotonic()
    (url, port) = (await running.says(READY)).groups()
    assert time.monotonic() - began < 10
    await running.says("Stop it with Ctrl-C")
    for persona in PERSONAS.values():
        assert f"  {persona.key:<10} {persona.display_name}: " in running.out
    for system in ("billing", "erp", "identity"):
        assert re.search(rf"^  {system:<10} http://127\.0\.0\.1:\d+$", running.out, re.MULTILINE)

    async with started("bash", "-euc", pasted(running.out)) as curl:
        assert await curl.ends() == 0, curl.err
    answer = json.loads(curl.out)
    assert "errors" not in answer
    assert answer["data"]["viewer"]["user"] == {"displayName": "Owner of Acme Manufacturing"}
    assert answer["data"]["viewer"]["currentAccount"]["id"] == account_id("acme")
    assert len(answer["data"]["viewer"]["currentAccount"]["balance"]["outstanding"]) >= 1

    async with aiohttp.ClientSession() as session:
        for persona in PERSONAS.values():
            token = await asyncio.to_thread(demo.token, persona.key, int(port))
            query = {"query": "{ viewer { user { displayName } memberships { totalCount } } }"}
            async with session.post(
                url, json=query, headers={"Authorization": f"Bearer {token}"}
            ) as response:
                assert (await response.json())["data"]["viewer"] == {
                    "user": {"displayName": persona.display_name},
                    "memberships": {"totalCount": len(persona.memberships)},
                }
        async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
            assert set((await response.json())["systems"].values()) == {"ok"}

    assert running.err == ""
    assert "Bearer ey" not in running.out


@BOTH_SIGNALS
async def test_it_ends_without_a_trace(running: Process, temporary: Path, number: signal.Signals) -> None:
    port = int((await running.says(READY))[2])
    assert len(files(temporary)) == 1
    running.signal(number)
    # Stopping was asked for and went well: 0, so that `make demo` reports no error.
    assert await running.ends() == 0
    assert running.out.endswith("\nStopped.\n")
    assert running.err == ""
    assert group_is_gone(running.process.pid)
    assert files(temporary) == []
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


async def test_an_interruption_before_it_is_ready(running: Process) -> None:
    await running.says("Making the data set")
    running.signal(signal.SIGINT)
    assert await running.ends() in {0, 130}
    assert "Traceback" not in running.err
    assert group_is_gone(running.process.pid)


async def test_a_port_that_is_taken(gateway: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with started(gateway, "demo", env={"PORT": str(port)}) as process:
            assert await process.ends() == 1
    assert process.out == ""
    assert process.err == (
        f"gateway: port: {port} is taken by another program. Choose another, such as --port {port + 1}.\n"
    )


async def test_more_accounts(gateway: Path) -> None:
    command = (gateway, "demo", "--port", "0", "--accounts", "50", "--invoices", "100")
    async with started(*command) as process:
        url, port = (await process.says(READY)).groups()
        token = await asyncio.to_thread(demo.token, "owner-a", int(port))
        query = "query ($id: ID!) { account(id: $id) { invoices(first: 100) { nodes { id } } } }"
        body = {"query": query, "variables": {"id": account_id("acme")}}
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=body, headers=headers) as response,
        ):
            answer = await response.json()
        assert "errors" not in answer
        assert len(answer["data"]["account"]["invoices"]["nodes"]) > 50
        process.signal(signal.SIGINT)
        assert await process.ends() == 0


async def test_in_this_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr("sys.argv", ["/opt/a folder/gateway", "demo"])
    monkeypatch.setattr("gateway.telemetry.configure_logging", lambda _level: None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    out = ""
    task = asyncio.create_task(demo.run(port))
    while not task.done() and "Stop it" not in (out := out + capsys.readouterr().out):  # noqa: ASYNC110  turns
        await asyncio.sleep(0)
    token = await asyncio.to_thread(demo.token, "owner-a", port)
    assert token.count(".") == 2
    os.kill(os.getpid(), signal.SIGTERM)
    await task
    out += capsys.readouterr().out
    assert f"'/opt/a folder/gateway' demo token owner-a --port {port}\n" in out
    assert out.endswith("Stopped.\n")
    assert files(temporary) == []
