"""The whole home page: every part of it, from five systems that take 20 ms for each answer.

    python -m bench.full

The systems are the demo's stand-ins (documents, shipments, balances and all), the query is the one that the
tests check value by value. One caller at a time: what is told is how long a page takes, how many calls it
makes, and what it costs the gateway. The stand-ins' own time is part of how long it takes.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench.fleet import ROOT, SERVER_CORE
from bench.process import cpu_seconds, free_port, start, stop
from bench.upstream import LOAD_CORE
from sandbox.data import build
from sandbox.world import World
from tests.support.home import HOME

_SECONDS = 0.02
_PAGES = 100
_WARM = 30
_PERSONA = "owner-a"


def measure() -> dict[str, float]:
    """Run it in a process of its own, on the load's core.

    Gives the calls, the median and longest time, the gateway's CPU (milliseconds) and the bytes of one page.
    """
    command = ["taskset", "--cpu-list", str(LOAD_CORE), sys.executable, "-m", "bench.full"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT).stdout
    found: dict[str, float] = json.loads(said)
    return found


async def run() -> dict[str, float]:
    """Run the systems and the gateway, and ask."""
    data = build(dt.datetime.now(dt.UTC).date())
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        async with World(data) as world:
            (folder / "gateway.json").write_text(json.dumps(world.configuration(folder)))
            port = free_port()
            command = [sys.executable, "-m", "bench.worker", str(folder / "gateway.json"), str(port)]
            process = start(
                command, core=SERVER_CORE, log=folder / "gateway.log", variables=world.environ(), folder=ROOT
            )
            try:
                return await _ask(world, f"http://127.0.0.1:{port}/graphql", process.pid)
            finally:
                stop(process)


async def _ask(world: World, url: str, pid: int) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {world.issuer.mint(_PERSONA)}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:

        async def post(query: str, **variables: Any) -> bytes:
            async with session.post(url, json={"query": query, "variables": variables}) as answer:
                return await answer.read()

        account = await _account(post)
        for _ in range(_WARM):
            page = await post(HOME, account=account)
        found = json.loads(page)
        if found.get("errors"):
            raise RuntimeError(f"the home page has errors: {found['errors'][:2]}")
        for system in world.systems.values():
            if system is not world.identity:
                await system.fault("slow", delay=_SECONDS)
        world.reset()
        times, before = [], cpu_seconds(pid)
        for _ in range(_PAGES):
            began = time.perf_counter()
            await post(HOME, account=account)
            times.append((time.perf_counter() - began) * 1000)
        used = (cpu_seconds(pid) - before) * 1000
        calls = world.calls()
    return {
        "calls": calls / _PAGES,
        "upstream_ms": _SECONDS * 1000,
        "wall_ms": statistics.median(times),
        "longest_ms": max(times),
        "cpu_ms": used / _PAGES,
        "bytes": len(page),
    }


async def _account(post: Any) -> str:
    """Wait for the gateway, and ask it for the caller's account."""
    for _ in range(300):
        try:
            answer = json.loads(await post("{ viewer { currentAccount { id } } }"))
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.1)
        else:
            found: str = answer["data"]["viewer"]["currentAccount"]["id"]
            return found
    raise RuntimeError("the gateway does not start")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run())))
