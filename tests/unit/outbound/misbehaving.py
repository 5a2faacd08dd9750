"""A raw server that misbehaves in every way a vendor has been seen to, and what tests ask of it."""

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.errors import UpstreamError
from gateway.outbound import Outbound

Action = Callable[[asyncio.StreamWriter], Awaitable[None]]

MIB = 2**20
SECRET = "s3cret-upstream-text"  # what must never show up in an error


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Write a well-formed answer."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def say(data: bytes) -> Action:
    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return act


def say_and_close(data: bytes) -> Action:
    async def act(writer: asyncio.StreamWriter) -> None:
        await say(data)(writer)
        writer.close()

    return act


def say_and_reset(data: bytes) -> Action:
    async def act(writer: asyncio.StreamWriter) -> None:
        await say(data)(writer)
        linger = struct.pack("ii", 1, 0)  # closing sends RST
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    return act


def say_and_hang(data: bytes = b"") -> Action:
    async def act(writer: asyncio.StreamWriter) -> None:
        await say(data)(writer)
        await asyncio.Event().wait()

    return act


@dataclass
class Vendor:
    """Answers each request with the next of its actions, or 200 `{}` when there is none."""

    actions: deque[Action] = field(default_factory=deque)
    requests: list[tuple[str, bytes]] = field(default_factory=list)  # head, body
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    base: str = ""
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    _arrival: asyncio.Condition = field(default_factory=asyncio.Condition)
    _servers: list[asyncio.Server] = field(default_factory=list)

    def will(self, *actions: Action | bytes) -> None:
        self.actions += [say(action) if isinstance(action, bytes) else action for action in actions]

    async def seen(self, count: int) -> None:
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.requests) >= count)

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self._servers.append(server)
        port = server.sockets[0].getsockname()[1]
        self.base = f"{'https' if context else 'http'}://127.0.0.1:{port}"

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.append(task)
        self.writers.append(writer)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while not writer.is_closing():
                    await self._answer(reader, writer)
        finally:
            self.hung_up.set()
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lengths = [line for line in head.split("\r\n") if line.lower().startswith("content-length:")]
        body = await reader.readexactly(int(lengths[0].partition(":")[2]) if lengths else 0)
        async with self._arrival:
            self.requests.append((head, body))
            self._arrival.notify_all()
        await (self.actions.popleft() if self.actions else say(http(200, b"{}")))(writer)


@dataclass
class Clock:
    """Monotonic seconds that stand still until a test moves them."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


async def failure(call: Awaitable[Any]) -> UpstreamError:
    """Await a call that must fail; check that its error tells nothing the vendor said."""
    with pytest.raises(UpstreamError) as caught:
        await call
    error = caught.value
    assert error.system == "billing"
    assert error.__cause__ is None  # aiohttp's errors quote URLs and content
    assert SECRET not in f"{error!r} {error} {error.detail} {error.extensions()}"
    return error


def in_use(outbound: Outbound) -> int:
    """Count connections that are neither idle nor closed."""
    assert outbound._session
    assert outbound._session.connector
    return len(outbound._session.connector._acquired)
