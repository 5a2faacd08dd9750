"""One request and its answer through aiohttp's `ClientSession`, and the errors that a failed one means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Final, Protocol, TypeAlias

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    StreamReader,
)
from aiohttp.http_exceptions import ContentEncodingError, HttpProcessingError

from gateway.errors import Code, UpstreamError
from gateway.outbound.answer import Answer, Streamed
from gateway.outbound.request import READS, Request, Source

Headers: TypeAlias = list[tuple[str, str]]
Opener: TypeAlias = Callable[[], ClientSession]

READ_BUFFER: Final = 2**18  # bytes
FAILURES: Final = (ClientError, HttpProcessingError, OSError)


class Exchange(Protocol):
    """Sends one request and reads its whole answer, of at most so many bytes. Raises `FAILURES`."""

    async def __call__(self, request: Request, headers: Headers, max_bytes: int, /) -> Answer:
        """Do it once; redirects are answers like others."""
        ...


class TooLongError(ClientError):
    """A body over the limit; the text says the limit."""


def session_exchange(session: Opener) -> Exchange:
    """Exchange through aiohttp's session: each kind of body, every feature, at its price."""

    async def exchange(request: Request, headers: Headers, max_bytes: int, /) -> Answer:
        body = request.body.read() if isinstance(request.body, Source) else request.body
        async with session().request(
            request.method, request.url, headers=headers, data=body, allow_redirects=False
        ) as response:
            # What HEAD announces does not come.
            announced = 0 if response.method == "HEAD" else response.content_length or 0
            try:
                whole = await read(response.content, announced, max_bytes)
            except TooLongError:
                response.close()
                raise
            return Answer(response.status, response.headers, whole)

    return exchange


async def read(content: StreamReader, announced: int, max_bytes: int) -> bytes:
    """Read a body to its end; raises `TooLongError` as soon as it is known to be longer than `max_bytes`."""
    size, chunks = 0, list[bytes]()
    while announced <= max_bytes:
        chunk = await content.readany()
        if not chunk:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        size += len(chunk)
        if size > max_bytes:
            break
        chunks.append(chunk)
    raise TooLongError(f"body over {max_bytes} bytes")


async def open_stream(
    session: ClientSession,
    request: Request,
    headers: Headers,
    stack: AsyncExitStack,
    part: float,
    system: str,
) -> Streamed:
    """Send a request and read the answer's head; its body comes until the stack ends.

    Each part of it must come within `part` seconds.
    """
    response = await stack.enter_async_context(
        session.request(request.method, request.url, headers=headers, allow_redirects=False)
    )
    return Streamed(response.status, response.headers, _chunks(response, part, system))


async def _chunks(response: ClientResponse, part: float, system: str) -> AsyncIterator[bytes]:
    try:
        while True:
            async with asyncio.timeout(part):
                chunk = await response.content.readany()
            if not chunk:
                return
            yield chunk
    except TimeoutError:
        raise UpstreamError(Code.UPSTREAM_TIMEOUT, system, detail="within a body") from None
    except (ClientError, OSError) as error:
        detail = type(error.__cause__ or error).__name__
    raise UpstreamError(Code.UPSTREAM_UNAVAILABLE, system, detail=detail)


def meaning(error: Exception, system: str, request: Request) -> Exception:
    """Give what one of `FAILURES` means. It names types: aiohttp's texts hold URLs and content."""
    lost = isinstance(error, ClientConnectionError | OSError)
    if lost and isinstance(request.body, Source) and request.body.failure is not None:
        return request.body.failure  # the sender's fault: it says nothing about the system
    cut = isinstance(error, ClientPayloadError) and not isinstance(error.__cause__, ContentEncodingError)
    cause = error if isinstance(error, HttpProcessingError) else error.__cause__ or error
    return UpstreamError(
        Code.UPSTREAM_UNAVAILABLE if lost or cut else Code.UPSTREAM_CONTRACT_BROKEN,
        system,
        detail=str(error) if isinstance(error, TooLongError) else type(cause).__name__,
        outcome_unknown=request.method not in READS and not isinstance(cause, ClientConnectorError),
    )
