"""A relay that makes a system slow: bytes go through at once, answers come back late.

    python -m bench.delayed PORT UPSTREAM_PORT MILLISECONDS

nginx cannot wait; this can, for any number of connections, at the cost of a copy. It runs on the core of the
load, so that the gateway's figures have nothing of it.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import cast

import uvloop

_HOST = "127.0.0.1"


class _Answers(asyncio.Protocol):
    """The side of the system: what it says is passed on `seconds` later, in order."""

    def __init__(self, caller: asyncio.Transport, seconds: float) -> None:
        self._caller = caller
        self._seconds = seconds

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(self._seconds, self._caller.write, data)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        asyncio.get_running_loop().call_later(self._seconds, self._caller.close)


class _Calls(asyncio.Protocol):
    """The side of the gateway: what comes before the system is reached is kept."""

    def __init__(self, upstream: int, seconds: float) -> None:
        self._upstream, self._seconds = upstream, seconds
        self._early: deque[bytes] = deque()
        self._system: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opening = asyncio.ensure_future(self._open(cast("asyncio.Transport", transport)))

    async def _open(self, caller: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        try:
            system, _ = await loop.create_connection(
                lambda: _Answers(caller, self._seconds), _HOST, self._upstream
            )
        except OSError:
            caller.abort()  # to the gateway a system that cannot be reached is one that hangs up
            return
        while self._early:
            system.write(self._early.popleft())
        self._system = system

    def data_received(self, data: bytes) -> None:
        if self._system is None:
            self._early.append(data)
        else:
            self._system.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if self._system is not None:
            self._system.close()


async def relay(port: int, upstream: int, seconds: float) -> None:
    """Relay until the process is ended."""
    server = await asyncio.get_running_loop().create_server(
        lambda: _Calls(upstream, seconds), _HOST, port, backlog=2048
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(relay(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
