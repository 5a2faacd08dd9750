"""One system's HTTP client: one budget per call, bounded concurrency, one retry, a breaker, typed errors."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import quote, unquote, urlencode

from aiohttp import ClientConnectionError, ClientError, ClientPayloadError, ClientResponse, ClientSession
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from gateway import telemetry
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.outbound.answer import Answer, code_of, retry_after
from gateway.outbound.breaker import Breaker
from gateway.outbound.deadline import allowance, remaining

Headers: TypeAlias = Mapping[str, str] | Callable[[], Awaitable[Mapping[str, str]]]
Classify: TypeAlias = Callable[[Answer], Code | None]
Query: TypeAlias = Sequence[tuple[str, str]]

MIB: Final = 2**20
OK: Final = frozenset({200})
_PATIENCE: Final = 1.0  # longest Retry-After, in seconds, that is waited for
_PASSING: Final = frozenset({502, 503, 504})  # what a restart or a deployment looks like
# RFC 3986: segments of pchar, percent-encoded where needed; the first one is not empty.
_PATH: Final = re.compile(r"/(?!/)(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*", re.ASCII)


def segment(value: str) -> str:
    """Encode a value as one segment of a path: `f"/v1/invoices/{segment(native_id)}"`."""
    return quote(value, safe="")


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: URL
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    accept: frozenset[int]
    repeatable: bool


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class VendorClient:
    """Calls one system. Made by `Outbound.client`.

    `name` is the configured connector name, `base_url` may have a path prefix. `timeout` (seconds) spans
    the wait for one of `concurrency` slots and every attempt; a request's `deadline()` may shorten it.
    `headers` go with each call; when they must be made (a token), they are awaited within the budget. A body
    over `max_bytes` (decompressed) breaks the contract. `classify` sees every answer first and may give an
    error code where the system's statuses have a meaning of their own; None leaves it to these rules:

    | what happened | error |
    |---|---|
    | budget spent | UPSTREAM_TIMEOUT |
    | 401, 403 | UPSTREAM_AUTH_FAILED |
    | 429 | UPSTREAM_RATE_LIMITED, with Retry-After |
    | 5xx; refused, reset, DNS, TLS, body cut short; circuit open | UPSTREAM_UNAVAILABLE |
    | any other status not in `accept`; malformed or oversized answer | UPSTREAM_CONTRACT_BROKEN |
    """

    name: str
    base_url: str
    session: Callable[[], ClientSession]
    clock: Callable[[], float]
    timeout: float
    concurrency: int
    headers: Headers
    max_bytes: int
    classify: Classify | None
    backoff: tuple[float, float]
    _slots: asyncio.Semaphore = field(init=False)
    _breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.base_url = _checked_base(self.name, self.base_url)
        self._slots = asyncio.Semaphore(self.concurrency)
        self._breaker = Breaker(self.name, self.clock)

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
        request = _Request("GET", self._url(path, query), headers or {}, None, accept, repeatable=True)
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
        request = _Request("POST", self._url(path, query), merged, body, accept, repeatable=idempotent)
        return await self._call(request, route)

    def _url(self, path: str, query: Query) -> URL:
        if not _PATH.fullmatch(path) or not {".", ".."}.isdisjoint(unquote(path).split("/")):
            raise ValueError(f"not a path below the base URL of {self.name!r}")  # the path may hold an id
        encoded = urlencode(query, quote_via=quote, safe="")
        # encoded=True: yarl must not encode, decode or resolve anything a second time.
        return URL(f"{self.base_url}{path}?{encoded}" if encoded else self.base_url + path, encoded=True)

    async def _call(self, request: _Request, route: str | None) -> Answer:
        left = remaining()
        budget = self.timeout if left is None else min(self.timeout, left)
        with telemetry.vendor_call(self.name, request.method, route or "") as recording:
            if budget <= 0:
                raise UpstreamError(Code.UPSTREAM_TIMEOUT, self.name, detail="no time left")
            if (allowed := allowance()) is not None:
                allowed.spend()
            return await self._guarded(request, budget, recording)

    async def _guarded(self, request: _Request, budget: float, recording: telemetry.Recording) -> Answer:
        """Wait for a slot, call, and tell the breaker how it went."""
        probe: bool | None = None  # None until the breaker let the call through
        healthy: bool | None = None  # None when the call says nothing about the system
        given = 0.0
        try:
            async with asyncio.timeout(budget) as scope:
                await self._check_breaker()  # before the wait: its slots may be held by calls that hang
                headers = await self._headers(request)
                async with self._slots:
                    await self._check_breaker()
                    probe = self._breaker.start()
                    until = scope.when() or 0.0
                    given = until - asyncio.get_running_loop().time()
                    answer = await self._attempts(request, headers, until, recording)
            healthy = True
        except TimeoutError:
            # A caller who came with little time left says nothing about the system.
            healthy = False if given >= self.timeout / 2 else None
            raise UpstreamError(Code.UPSTREAM_TIMEOUT, self.name) from None
        except UpstreamError as error:
            healthy = error.code not in {Code.UPSTREAM_UNAVAILABLE, Code.UPSTREAM_TIMEOUT}
            raise
        finally:
            if probe is not None:
                self._breaker.end(probe=probe, healthy=healthy, source=allowance())
        return answer

    async def _check_breaker(self) -> None:
        await self._breaker.settled()
        if not self._breaker.allows():
            raise UpstreamError(Code.UPSTREAM_UNAVAILABLE, self.name, detail="circuit open")

    async def _headers(self, request: _Request) -> list[tuple[str, str]]:
        own = await self.headers() if callable(self.headers) else self.headers
        merged = {name.lower(): (name, value) for name, value in (*own.items(), *request.headers.items())}
        return list(merged.values())

    async def _attempts(
        self,
        request: _Request,
        headers: list[tuple[str, str]],
        until: float,
        recording: telemetry.Recording,
    ) -> Answer:
        """Call, and once more when that is safe, worth it and within the budget, which ends at `until`."""
        try:
            return await self._attempt(request, headers, recording)
        except UpstreamError as error:
            pause = max(random.uniform(*self.backoff), error.retry_after or 0.0)  # noqa: S311  jitter, no secret
            in_time = asyncio.get_running_loop().time() + pause < until
            if not (request.repeatable and in_time and _worth_another(error, recording.status)):
                raise
        await asyncio.sleep(pause)
        recording.attempts += 1
        return await self._attempt(request, headers, recording)

    async def _attempt(
        self, request: _Request, headers: list[tuple[str, str]], recording: telemetry.Recording
    ) -> Answer:
        recording.status = None
        answer = await self._exchange(request, headers)
        recording.status = answer.status
        code = self.classify(answer) if self.classify is not None else None
        if code is None:
            if answer.status in request.accept:
                return answer
            code = code_of(answer.status)
        wait = None
        if code in {Code.UPSTREAM_RATE_LIMITED, Code.UPSTREAM_UNAVAILABLE}:
            wait = retry_after(answer.headers, dt.datetime.now(dt.UTC))
        raise UpstreamError(code, self.name, retry_after=wait, detail=f"HTTP {answer.status}")

    async def _exchange(self, request: _Request, headers: list[tuple[str, str]]) -> Answer:
        """Send one request, read its whole answer. Errors name types: aiohttp's texts hold URLs."""
        try:
            async with self.session().request(
                request.method, request.url, headers=headers, data=request.body, allow_redirects=False
            ) as response:
                return Answer(response.status, response.headers, await self._body(response))
        except ClientPayloadError as error:
            bad = isinstance(error.__cause__, ContentEncodingError)  # otherwise the body was cut short
            code = Code.UPSTREAM_CONTRACT_BROKEN if bad else Code.UPSTREAM_UNAVAILABLE
            detail = type(error.__cause__ or error).__name__
        except (ClientConnectionError, OSError) as error:
            code, detail = Code.UPSTREAM_UNAVAILABLE, type(error.__cause__ or error).__name__
        except ClientError as error:
            code, detail = Code.UPSTREAM_CONTRACT_BROKEN, type(error.__cause__ or error).__name__
        raise UpstreamError(code, self.name, detail=detail)

    async def _body(self, response: ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = response.content_length or 0
        if size <= self.max_bytes:
            size = 0
            async for chunk in response.content.iter_any():
                size += len(chunk)
                if size > self.max_bytes:
                    break
                chunks.append(chunk)
        if size > self.max_bytes:
            response.close()
            detail = f"body over {self.max_bytes} bytes"
            raise UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self.name, detail=detail)
        return b"".join(chunks)


def _worth_another(error: UpstreamError, status: int | None) -> bool:
    """Whether a second attempt may fare better: lost connection (no status), restart, short rate limit."""
    if error.retry_after is not None and error.retry_after > _PATIENCE:
        return False
    if error.code is Code.UPSTREAM_RATE_LIMITED:
        return error.retry_after is not None
    return error.code is Code.UPSTREAM_UNAVAILABLE and (status is None or status in _PASSING)


def _checked_base(name: str, base_url: str) -> str:
    """Give the base URL without its last slash."""
    try:
        url = URL(base_url)
        sound = url.scheme in {"http", "https"} and bool(url.host)
        sound = sound and url.user is None and url.password is None and not {"?", "#"} & set(base_url)
    except ValueError:
        sound = False
    if not sound:
        message = "write an http(s) URL with a host and no credentials, query or fragment"
        raise ConfigurationError(f"connectors.{name}.base_url", message)
    return str(url).rstrip("/")
