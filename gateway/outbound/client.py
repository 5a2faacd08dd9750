"""One system's HTTP client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from yarl import URL

from gateway import telemetry
from gateway.outbound.answer import Answer, Streamed
from gateway.outbound.caller import Caller
from gateway.outbound.request import Query, Request, Source, target

MIB: Final = 2**20
OK: Final = frozenset({200})
UPLOAD_SECONDS: Final = 60.0


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class VendorClient(Caller):
    """Calls one system. Made by `Outbound.client`.

    `name` is the configured connector name, `base_url` may have a path prefix. `timeout` (seconds) spans
    the wait for one of `concurrency` slots and every attempt; a request's `deadline()` may shorten it.
    `credentials` give the headers of each call within its budget, and after a 401 once more. A body
    over `max_bytes` (decompressed) breaks the contract. `classify` sees every answer first and may give an
    error code where the system's statuses have a meaning of their own; None leaves it to these rules:

    | what happened | error |
    |---|---|
    | budget spent | UPSTREAM_TIMEOUT |
    | 401, 403 | UPSTREAM_AUTH_FAILED |
    | 429 | UPSTREAM_RATE_LIMITED, with Retry-After |
    | 5xx; refused, reset, DNS, TLS, body cut short; circuit open | UPSTREAM_UNAVAILABLE |
    | any other status not in `accept`; malformed or oversized answer | UPSTREAM_CONTRACT_BROKEN |

    An error of anything but a read says `outcome_unknown` unless the call surely did not reach the system, or
    was answered by a status below 500.
    """

    async def get(
        self,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        route: str | None = None,
        accept: frozenset[int] = OK,
    ) -> Answer:
        """Read. `path` continues `base_url`, starting with a slash, its segments encoded (see `segment`).

        `route` is the path's template for spans and metrics. Statuses in `accept` are returned, others raised
        as UpstreamError. A path that leaves `base_url` is a ValueError.
        """
        request = Request("GET", self._target(path, query), headers or {}, None, accept, repeatable=True)
        return await self._call(request, route)

    async def head(
        self,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        route: str | None = None,
        accept: frozenset[int] = OK,
    ) -> Answer:
        """Read the headers that a GET would have; the body is empty. See `get`."""
        request = Request("HEAD", self._target(path, query), headers or {}, None, accept, repeatable=True)
        return await self._call(request, route)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str,
        idempotent: bool,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        route: str | None = None,
        accept: frozenset[int] = OK,
    ) -> Answer:
        """Send `body`. Only when `idempotent` (a read, or a keyed write) may it be sent twice. See `get`."""
        merged = {**(headers or {}), "Content-Type": content_type}
        request = Request("POST", self._target(path, query), merged, body, accept, repeatable=idempotent)
        return await self._call(request, route)

    async def put(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        route: str | None = None,
        accept: frozenset[int] = OK,
    ) -> Answer:
        """Put `body` in the place of what is there, or change it; sent once. See `get`."""
        merged = {**(headers or {}), "Content-Type": content_type}
        request = Request("PUT", self._target(path, ()), merged, body, accept, repeatable=False)
        return await self._call(request, route)

    async def upload(
        self,
        path: str,
        chunks: AsyncIterator[bytes],
        size: int,
        *,
        content_type: str,
        query: Query = (),
        route: str | None = None,
        accept: frozenset[int] = OK,
        timeout: float = UPLOAD_SECONDS,  # noqa: ASYNC109  seconds for the whole, in the place of the client's
    ) -> Answer:
        """POST a file of `size` bytes as it comes; sent once. See `get`."""
        merged = {"Content-Type": content_type, "Content-Length": str(size)}
        source = Source(chunks)
        request = Request("POST", self._target(path, query), merged, source, accept, repeatable=False)
        return await self._call(request, route, timeout)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        query: Query = (),
        route: str | None = None,
        accept: frozenset[int] = OK,
    ) -> AsyncIterator[Streamed]:
        """Read a body too large to hold, as it comes. See `get`; the time limit holds for each part of it.

        One of the client's slots is taken until the end. `max_bytes` does not apply: the reader counts.
        """
        request = Request("GET", self._target(path, query), {}, None, accept, repeatable=False)
        with telemetry.vendor_call(self.name, "GET", route or "") as recording:
            budget = self._budget(self.timeout)
            async with AsyncExitStack() as stack:
                opened = await self._guarded(request, budget, recording, stack)
                assert isinstance(opened, Streamed)  # noqa: S101  a stack was given
                yield opened

    def _target(self, path: str, query: Query) -> URL:
        return target(self.name, self.base_url, path, query)
