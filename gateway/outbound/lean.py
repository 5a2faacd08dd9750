"""A lean way through aiohttp: its pool, connections and C parser, without objects per request.

It is for bodies that are at hand and answers that are read whole. It leans on what aiohttp does not promise
(`ResponseHandler`, `Connection`), hence the pinned minor version; `docs/adr/0010-a-lean-request-path.md` says
why it is worth it, and how to go back to `ClientSession`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from aiohttp import ClientOSError, ClientRequest, ClientTimeout, ServerDisconnectedError, StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_parser import RawResponseMessage
from yarl import URL

from gateway.outbound.answer import Answer
from gateway.outbound.exchange import READ_BUFFER, Exchange, Headers, Opener, read, session_exchange
from gateway.outbound.pool import LostError, Pool
from gateway.outbound.request import Request, Source

_UNBOUND: Final = ClientTimeout(total=None, sock_connect=None)  # `VendorClient` holds the one budget
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_INTERIM: Final = frozenset(range(100, 200)) - {101}


class _Origin:
    """One scheme, host and port: how its connections are found, and the headers that each request has."""

    def __init__(self, url: URL, headers: Mapping[str, str]) -> None:
        # aiohttp's own request object: the pool asks it where to, and it knows the usual headers.
        self.asked = ClientRequest("GET", url.origin(), headers=headers, loop=asyncio.get_running_loop())
        self._usual = {name.lower(): f"{name}: {value}" for name, value in self.asked.headers.items()}

    def head(self, request: Request, headers: Headers) -> bytes:
        """Write a request up to its body. Control characters in a header are a ValueError."""
        lines = self._usual | {name.lower(): f"{name}: {value}" for name, value in headers}
        if isinstance(request.body, bytes):
            lines["content-length"] = f"Content-Length: {len(request.body)}"
        fields = lines.values()
        if _CONTROL.search("".join(fields)):
            raise ValueError("a header holds a control character")
        first = f"{request.method} {request.url.raw_path_qs} HTTP/1.1"
        return "\r\n".join((first, *fields, "", "")).encode()


def lean_exchange(session: Opener) -> Exchange:
    """Exchange through the session's pool; bodies that come from elsewhere go through the session."""
    full = session_exchange(session)
    origins: dict[tuple[str, str], _Origin] = {}  # of one client's base URL: one

    async def exchange(request: Request, headers: Headers, max_bytes: int, /) -> Answer:
        if isinstance(request.body, Source):
            return await full(request, headers, max_bytes)
        opened = session()
        pool = opened.connector
        if not isinstance(pool, Pool):
            raise TypeError("the session's pool is not its own")
        where = (request.url.scheme, request.url.raw_authority)
        if (origin := origins.get(where)) is None:
            origin = origins[where] = _Origin(request.url, opened.headers)
        head = origin.head(request, headers)
        try:
            connection = await pool.connect(origin.asked, [], _UNBOUND)
        except ClientOSError as error:
            raise LostError(type(error).__name__) from error
        try:
            answer = await _exchange(connection, head, request, max_bytes)
        except BaseException:
            _hang_up(connection)  # whatever still comes on it answers nobody
            raise
        connection.release()  # which closes it when aiohttp found a reason
        return answer

    return exchange


async def _exchange(connection: Connection, head: bytes, request: Request, max_bytes: int) -> Answer:
    handler, transport = connection.protocol, connection.transport
    if handler is None or transport is None:
        raise LostError(ServerDisconnectedError.__name__) from ServerDisconnectedError()
    no_body = request.method == "HEAD"
    handler.set_response_params(skip_payload=no_body, read_until_eof=True, read_bufsize=READ_BUFFER)
    body = request.body if isinstance(request.body, bytes) else b""
    transport.write(head + body)
    message, content = await _head(handler)
    # What HEAD announces does not come.
    announced = 0 if no_body else int(message.headers.get("Content-Length", 0))
    whole = await read(content, announced, max_bytes)
    if transport.get_write_buffer_size():
        _hang_up(connection)  # answered before it was asked to the end
    return Answer(message.code, message.headers, whole)


def _hang_up(connection: Connection) -> None:
    """Close a connection at once; a mere `close` would wait for the other side to take what was sent."""
    if connection.protocol is not None:
        connection.protocol.abort()
    connection.close()


async def _head(handler: ResponseHandler) -> tuple[RawResponseMessage, StreamReader]:
    """Wait for the answer's head, past the interim ones."""
    try:
        while True:
            message, content = await handler.read()
            if message.code not in _INTERIM:
                return message, content
    except (ClientOSError, ServerDisconnectedError) as error:
        raise LostError(type(error).__name__) from error
