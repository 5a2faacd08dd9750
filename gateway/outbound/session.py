"""The process's one HTTP session, and the clients made from it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar

from gateway import __version__
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.outbound.caller import Classify
from gateway.outbound.client import MIB, VendorClient
from gateway.outbound.exchange import READ_BUFFER, session_exchange
from gateway.outbound.lean import lean_exchange
from gateway.outbound.pool import Pool, once
from gateway.outbound.request import Credentials, Fixed

_IDENTITY: Final = "identity"


class Outbound:
    """Owns the connections of one process; make it once, close it at the end.

    `limit` bounds connections over all systems, `keepalive` is in seconds, `ssl_context` replaces the default
    trust store. `clock` (seconds, monotonic) drives the breakers. The session is opened by the first request.
    `lean=False` sends everything through aiohttp's `ClientSession`, at more cost.
    """

    def __init__(
        self,
        *,
        limit: int = 256,
        keepalive: float = 30.0,
        ssl_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        backoff: tuple[float, float] = (0.05, 0.15),
        lean: bool = True,
    ) -> None:
        self._limit, self._keepalive, self._ssl_context = limit, keepalive, ssl_context
        self._clock, self._backoff, self._lean = clock, backoff, lean
        self._session: ClientSession | None = None
        self._closed = False
        self._identity: dict[str, VendorClient] = {}

    def client(
        self,
        name: str,
        base_url: str,
        *,
        timeout: float = 3.0,
        concurrency: int = 8,
        credentials: Credentials | Mapping[str, str] | None = None,
        max_bytes: int = 16 * MIB,
        classify: Classify | None = None,
    ) -> VendorClient:
        """Make the client of one system; its parameters are `VendorClient`'s fields.

        `credentials` may be plain headers that never change.
        """
        if credentials is None or isinstance(credentials, Mapping):
            credentials = Fixed(credentials or {})
        return VendorClient(
            name=name,
            base_url=base_url,
            timeout=timeout,
            concurrency=concurrency,
            credentials=credentials,
            max_bytes=max_bytes,
            classify=classify,
            session=self._open,
            exchange=lean_exchange(self._open) if self._lean else session_exchange(self._open),
            clock=self._clock,
            backoff=self._backoff,
        )

    async def fetch(self, url: str) -> bytes:
        """Read a small public document by its whole URL: OpenID discovery, key sets. At most 1 MiB.

        Raises UpstreamError of the system "identity".
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        client = self._identity.get(origin)
        if client is None:
            try:
                client = self.client(_IDENTITY, origin, max_bytes=MIB)
            except ConfigurationError:
                # The address may come from a discovery document, and then it is that document which is wrong.
                detail = "not an http(s) address"
                raise UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, _IDENTITY, detail=detail) from None
            self._identity[origin] = client
        query = parse_qsl(parts.query, keep_blank_values=True)
        return (await client.get(parts.path or "/", query=query)).body

    async def close(self) -> None:
        """Close every connection; calls after this fail."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def _open(self) -> ClientSession:
        if self._closed:
            raise RuntimeError("outbound HTTP is closed")
        if self._session is None:
            self._session = ClientSession(
                connector=Pool(limit=self._limit, keepalive=self._keepalive, ssl_context=self._ssl_context),
                cookie_jar=DummyCookieJar(),  # two customers' calls must not share a system's session
                timeout=ClientTimeout(total=None, sock_connect=None),  # VendorClient holds the one budget
                headers={"User-Agent": f"portal-gateway/{__version__}", "Accept": "application/json"},
                middlewares=(once,),
                read_bufsize=READ_BUFFER,
            )
        return self._session
