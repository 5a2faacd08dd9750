"""Load at a fixed concurrency: wrk where Debian's package is installed, else a small generator in Python.

Both run on the core of the stub systems, send as soon as they were answered, and tell how many requests went
well, how many a second, and the times between which half and 99 of 100 were answered.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from bench.fleet import ROOT, Running
from bench.queries import Query, unseen
from bench.upstream import LOAD_CORE

_DRAIN = 60  # seconds that the last answers may take


class FailedError(Exception):
    """Requests were not answered well, or not at all."""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it; times in milliseconds. `requests`: all that were sent, for all are waited for."""

    requests: int
    rate: float
    p50: float
    p99: float
    failed: int


def put(server: Running, query: Query, seconds: int, connections: int, fresh: float = 0.0) -> Load:
    """Send one query again and again. `fresh`: the share of requests with a document never seen before."""
    job = server.setup.folder / f"load-{server.name}-{query.name}.json"
    job.write_text(
        json.dumps(
            {
                "url": f"http://127.0.0.1:{server.port}/graphql",
                "headers": server.setup.headers | {"Accept": "application/json"},
                "body": query.body.decode(),
                "fresh": unseen(7_777_777).body.decode(),
                "every": round(1 / fresh) if fresh else 0,
                "salt": time.time_ns() % 10**7,
            }
        )
    )
    wrk = shutil.which("wrk")
    if wrk is not None:
        return _wrk(wrk, job, seconds, connections)
    command = [sys.executable, "-m", "bench.load", str(job), str(seconds), str(connections)]
    return Load(**json.loads(_run(command)))


def _run(command: Sequence[str]) -> str:
    pinned = ["taskset", "--cpu-list", str(LOAD_CORE), *command]
    done = subprocess.run(pinned, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise FailedError(f"{' '.join(command)}\nends with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


_LUA = """
local ffi = require("ffi")
ffi.cdef[[
typedef struct {{ long s; long us; }} moment;
int gettimeofday(moment *at, void *zone);
int getpid(void);
int kill(int pid, int signal);
]]
local at = ffi.new("moment")
local function now()
  ffi.C.gettimeofday(at, nil)
  return tonumber(at.s) + tonumber(at.us) / 1e6
end
wrk.method = "POST"
{headers}
wrk.body = [==[{body}]==]
local fresh, every, number = [==[{fresh}]==], {every}, {salt} * 1000000
sent, answered, refused, first, last = 0, 0, 0, nil, nil
-- Called where a connection is free to send. What is under way at the end is waited for, so that the server's
-- CPU is that of whole requests; then wrk is interrupted, for it would sleep on.
function delay()
  local at = now()
  if not first then first, sent = at, 0 end -- wrk has asked for a request before, to look at it
  if at - first < {seconds} then return 0 end
  if answered == sent then ffi.C.kill(ffi.C.getpid(), 2) end
  return 1e8
end
function request()
  sent = sent + 1
  if every == 0 or sent % every > 0 then return plain end
  number = number + 1
  return wrk.format(nil, nil, nil, (fresh:gsub("7777777", tostring(number))))
end
function response(status, headers, body)
  answered = answered + 1
  if status ~= 200 or body:find('"errors":', 1, true) then refused = refused + 1 end
  last = now()
end
function init() plain = wrk.format() end
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function done(summary, latency)
  local told = threads[1]
  local took, answered = told:get("last") - told:get("first"), told:get("answered")
  print(string.format("DONE %d %f %f %f %d", answered, answered / took, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, told:get("sent") - answered + told:get("refused")))
end
"""


def _wrk(wrk: str, job: Path, seconds: int, connections: int) -> Load:
    told = json.loads(job.read_text())
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in told["headers"].items())
    script = job.with_suffix(".lua")
    parts = {name: told[name] for name in ("body", "fresh", "every", "salt")}
    script.write_text(_LUA.format(headers=headers, seconds=seconds, **parts))
    shape = [
        f"--connections={connections}",
        "--threads=1",
        f"--duration={seconds + _DRAIN}s",
        f"--timeout={_DRAIN}s",  # it forgets answers that take longer
    ]
    said = _run([wrk, *shape, f"--script={script}", told["url"]])
    found = re.search(r"^DONE (\S+) (\S+) (\S+) (\S+) (\S+)$", said, re.MULTILINE)
    if found is None:
        raise FailedError(f"wrk says something else:\n{said}")
    requests, rate, p50, p99, failed = map(float, found.groups())
    return Load(int(requests), rate, p50, p99, int(failed))


async def _send(told: dict[str, Any], seconds: float, connections: int) -> Load:
    times: list[float] = []
    failed = sent = 0
    start = time.perf_counter()
    until = start + seconds

    async def one(session: aiohttp.ClientSession) -> None:
        nonlocal failed, sent
        while time.perf_counter() < until:
            sent += 1
            is_fresh = told["every"] and sent % told["every"] == 0
            body = told["fresh"].replace("7777777", f"{told['salt']}{sent}") if is_fresh else told["body"]
            began = time.perf_counter()
            async with session.post(told["url"], data=body, headers=told["headers"]) as answer:
                found = await answer.read()
                failed += answer.status != 200 or b'"errors":' in found
            times.append((time.perf_counter() - began) * 1000)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(one(session) for _ in range(connections)))
    times.sort()
    return Load(
        len(times),
        len(times) / (time.perf_counter() - start),
        times[len(times) // 2],
        times[len(times) * 99 // 100],
        failed,
    )


if __name__ == "__main__":
    job = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps(asdict(uvloop.run(_send(job, float(sys.argv[2]), int(sys.argv[3]))))))
