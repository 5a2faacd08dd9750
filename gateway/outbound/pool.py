"""aiohttp's connection pool, made to refuse answers to questions nobody asked.

aiohttp 3.14 hands a pooled connection to the next request without looking at what arrived while it was idle,
so the bytes a system sent unasked would answer somebody else's request (aio-libs/aiohttp issue 13656). No
public hook sees an idle connection; this is the one module that leans on aiohttp's inside (`ResponseHandler`
and the connector's `_factory`). Its tests run against a misbehaving server.
"""

from __future__ import annotations

import asyncio
import functools
import select
import ssl
from collections.abc import Callable
from typing import cast

from aiohttp import (
    ClientConnectionError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientTimeout,
    ServerDisconnectedError,
    TCPConnector,
)
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace


class Handler(ResponseHandler):
    """A connection that closes itself when bytes arrive while no request is under way."""

    idle = False
    _readable: Callable[[], bool] | None = None

    def rest(self) -> None:
        """Note that the connection goes back to the pool."""
        self.idle = True

    def data_received(self, data: bytes) -> None:
        """Pass the bytes to the parser, or hang up. aiohttp itself calls this with none, to drain buffers."""
        if self.idle and data:
            self.force_close()
            self.abort()
            return
        super().data_received(data)

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002  aiohttp's signature
        """Go on where reading was paused. aiohttp asks at the end of every body, and pays for it."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def fit(self) -> bool:
        """Whether a pooled connection may carry another request.

        Bytes (or the end) that the event loop has not read yet show as a readable socket.
        """
        transport = self.transport
        if transport is None or self.should_close:
            return False
        if self._readable is None:
            self._readable = _look(transport.get_extra_info("socket").fileno())
        return not self._readable()


class Pool(TCPConnector):
    """A `TCPConnector` whose connections are `Handler`s, checked before each reuse."""

    def __init__(self, *, limit: int, keepalive: float, ssl_context: ssl.SSLContext | None) -> None:
        super().__init__(
            limit=limit,
            keepalive_timeout=keepalive,
            ttl_dns_cache=30,
            ssl=True if ssl_context is None else ssl_context,
        )
        factory = functools.partial(Handler, loop=asyncio.get_running_loop())
        self._factory = cast("functools.partial[ResponseHandler]", factory)

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  aiohttp's signature
    ) -> Connection:
        """Give a new connection, or a pooled one that is still clean."""
        while True:
            connection = await super().connect(req, traces, timeout)
            handler = connection.protocol
            if not isinstance(handler, Handler):
                raise TypeError("the pool holds a connection that is not its own")
            if handler.idle and not handler.fit():
                connection.close()
                continue
            handler.idle = False
            connection.add_callback(handler.rest)
            return connection


class LostError(ClientConnectionError):
    """The connection could not be made or broke; the text is the cause's type."""


async def once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from sending a GET again by itself (issue 10790): it does so for the two errors below.

    `VendorClient` decides about retries, within its budget and counted.
    """
    try:
        return await handler(request)
    except (ClientOSError, ServerDisconnectedError) as error:
        raise LostError(type(error).__name__) from error


def _look(fileno: int) -> Callable[[], bool]:
    """Give what tells whether a socket has something to read."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(fileno, select.POLLIN)
        return lambda: bool(poll.poll(0))
    return lambda: bool(select.select([fileno], [], [], 0)[0])
