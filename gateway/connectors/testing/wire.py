"""The wire between connector and system: a proxy on 127.0.0.1 that records calls and spoils answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl

from aiohttp import ClientSession, DummyCookieJar, web
from yarl import URL

HOST = "127.0.0.1"
_OWN_HOP = {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding",
            "accept-encoding", "date", "server"}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call as it came. `path` is not decoded, header names are in lower case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str] = field(repr=False)  # credentials
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """What the system answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def with_body(self, body: bytes) -> web.Response:
        """Answer the same with another body."""
        return web.Response(status=self.status, headers=self.headers, body=body)


Forward = Callable[[], Awaitable[Reply]]
Spoil = Callable[[web.Request, Forward], Awaitable[web.StreamResponse]]
"""Answers a request; `forward` asks the system."""


class Wire:
    """`async with Wire(target) as wire` listens on a port of its own; `spoil` None passes all on.

    `calls` and `replies` hold what went through since the last `reset()`. `keep_host` passes on the Host
    header as it came, for systems whose callers sign it.
    """

    def __init__(self, target: str, *, keep_host: bool = False) -> None:
        self._target = target.rstrip("/")
        self._own_hop = _OWN_HOP - {"host"} if keep_host else _OWN_HOP
        self._socket = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self.spoil: Spoil | None = None
        self.calls: list[Call] = []
        self.replies: list[Reply] = []

    async def __aenter__(self) -> Self:
        """Start."""
        # `raise_for_status` and redirects are the connector's business: everything is passed on as it is.
        self._session = ClientSession(cookie_jar=DummyCookieJar())
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1, handle_signals=False
        )
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self._runner.cleanup()
        await self._session.close()

    def reset(self) -> None:
        """Pass all on again, and forget what went through."""
        self.spoil = None
        self.calls.clear()
        self.replies.clear()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        path, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Call(request.method, path, parse_qsl(query, keep_blank_values=True), headers, body))

        async def forward() -> Reply:
            url = URL(self._target + request.raw_path, encoded=True)
            passed = {
                name: value for name, value in request.headers.items() if name.lower() not in self._own_hop
            }
            async with self._session.request(
                request.method, url, headers=passed, data=body or None, allow_redirects=False
            ) as answer:
                # What HEAD announces is the answer itself.
                own = _OWN_HOP - {"content-length"} if request.method == "HEAD" else _OWN_HOP
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in own}
                reply = Reply(answer.status, kept, await answer.read())
            self.replies.append(reply)
            return reply

        if self.spoil is not None:
            return await self.spoil(request, forward)
        reply = await forward()
        return reply.with_body(reply.body)


def fixed(status: int, body: bytes = b"", content_type: str = "application/json", **headers: str) -> Spoil:
    """Answer this, whatever is asked."""

    async def answer(_request: web.Request, _forward: Forward) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, content_type=content_type, headers=named)

    return answer


def changed(change: Callable[[bytes], bytes]) -> Spoil:
    """Answer what the system does, with its body changed."""

    async def answer(_request: web.Request, forward: Forward) -> web.StreamResponse:
        reply = await forward()
        return reply.with_body(change(reply.body))

    return answer


async def silent(_request: web.Request, _forward: Forward) -> web.StreamResponse:
    """Answer never; the caller hangs up."""
    await asyncio.Event().wait()
    raise AssertionError


async def cut(request: web.Request, forward: Forward) -> web.StreamResponse:
    """Announce the whole answer, send half of it and hang up; of an answer to HEAD, send nothing."""
    reply = await forward()
    if request.method == "HEAD" and request.transport is not None:
        request.transport.close()
        return web.Response()
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = len(reply.body) + 1
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


@contextmanager
def closed_port() -> Iterator[str]:
    """Give the address of a port that refuses connections, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        yield f"http://{HOST}:{held.getsockname()[1]}"
