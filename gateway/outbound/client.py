"""One system's HTTP client: one budget per call, bounded concurrency, one retry, a breaker, typed errors."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias
from urllib.parse import quote, unquote, urlencode

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
)
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from gateway import telemetry
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.outbound.answer import Answer, Streamed, code_of, retry_after
from gateway.outbound.breaker import Breaker
from gateway.outbound.deadline import allowance, remaining

Classify: TypeAlias = Callable[[Answer], Code | None]
Query: TypeAlias = Sequence[tuple[str, str]]

MIB: Final = 2**20
OK: Final = frozenset({200})
UPLOAD_SECONDS: Final = 60.0
_UNAUTHORIZED: Final = 401
_PATIENCE: Final = 1.0  # longest Retry-After, in seconds, that is waited for
_READS: Final = frozenset({"GET", "HEAD"})
_PASSING: Final = frozenset({502, 503, 504})  # what a restart or a deployment looks like
# RFC 3986: segments of pchar, percent-encoded where needed; the first one is not empty.
_PATH: Final = re.compile(r"/(?!/)(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*", re.ASCII)


def segment(value: str) -> str:
    """Encode a value as one segment of a path: `f"/v1/invoices/{segment(native_id)}"`."""
    return quote(value, safe="")


class _Source:
    """A body that comes from elsewhere. `waiting`: for its next part; `failure`: what ended it early."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.waiting = False
        self.failure: Exception | None = None
        self._chunks = chunks

    async def read(self) -> AsyncIterator[bytes]:
        """Give the parts, once."""
        try:
            self.waiting = True
            async for chunk in self._chunks:
                self.waiting = False
                yield chunk
                self.waiting = True
            self.waiting = False
        except Exception as error:
            self.failure = error
            raise


Body: TypeAlias = bytes | _Source


@dataclass(frozen=True, slots=True)
class Request:
    """One call as it will be sent, for `Credentials` that sign what they go with."""

    method: str
    url: URL
    headers: Mapping[str, str] = field(repr=False)
    body: Body | None = field(repr=False)
    accept: frozenset[int]
    repeatable: bool


class Credentials(Protocol):
    """What proves to a system who calls, where that is more than a constant header."""

    async def headers(self, request: Request) -> Mapping[str, str]:
        """Give the headers that go with this call; may itself call out, within the call's budget."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Note that a call with these headers was answered 401; True when a second try may fare better."""
        ...


class Fixed:
    """Credentials that never change."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    async def headers(self, _request: Request) -> Mapping[str, str]:
        """Give them."""
        return self._headers

    def refused(self, _headers: Mapping[str, str]) -> bool:
        """Have no others."""
        return False


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class VendorClient:
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

    name: str
    base_url: str
    session: Callable[[], ClientSession]
    clock: Callable[[], float]
    timeout: float
    concurrency: int
    credentials: Credentials
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
        request = Request("GET", self._url(path, query), headers or {}, None, accept, repeatable=True)
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
        request = Request("HEAD", self._url(path, query), headers or {}, None, accept, repeatable=True)
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
        request = Request("POST", self._url(path, query), merged, body, accept, repeatable=idempotent)
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
        request = Request("PUT", self._url(path, ()), merged, body, accept, repeatable=False)
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
        source = _Source(chunks)
        request = Request("POST", self._url(path, query), merged, source, accept, repeatable=False)
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
        request = Request("GET", self._url(path, query), {}, None, accept, repeatable=False)
        with telemetry.vendor_call(self.name, "GET", route or "") as recording:
            _spend()
            async with AsyncExitStack() as stack:
                opened = await self._guarded(request, self._budget(self.timeout), recording, stack)
                assert isinstance(opened, Streamed)  # noqa: S101  a stack was given
                yield opened

    def _url(self, path: str, query: Query) -> URL:
        if not _PATH.fullmatch(path) or not {".", ".."}.isdisjoint(unquote(path).split("/")):
            raise ValueError(f"not a path below the base URL of {self.name!r}")  # the path may hold an id
        encoded = urlencode(query, quote_via=quote, safe="")
        # encoded=True: yarl must not encode, decode or resolve anything a second time.
        return URL(f"{self.base_url}{path}?{encoded}" if encoded else self.base_url + path, encoded=True)

    async def _call(self, request: Request, route: str | None, limit: float | None = None) -> Answer:
        with telemetry.vendor_call(self.name, request.method, route or "") as recording:
            budget = self._budget(limit or self.timeout)
            _spend()
            answer = await self._guarded(request, budget, recording)
            assert isinstance(answer, Answer)  # noqa: S101  no stack was given
            return answer

    def _budget(self, limit: float) -> float:
        left = remaining()
        budget = limit if left is None else min(limit, left)
        if budget <= 0:
            raise UpstreamError(Code.UPSTREAM_TIMEOUT, self.name, detail="no time left")
        return budget

    async def _guarded(
        self,
        request: Request,
        budget: float,
        recording: telemetry.Recording,
        stack: AsyncExitStack | None = None,
    ) -> Answer | Streamed:
        """Wait for a slot, call, and tell the breaker how it went.

        With a `stack`, the body is not read: slot and connection are held until the stack ends.
        """
        probe: bool | None = None  # None until the breaker let the call through
        healthy: bool | None = None  # None when the call says nothing about the system
        given = 0.0
        try:
            async with asyncio.timeout(budget) as scope:
                await self._check_breaker()  # before the wait: its slots may be held by calls that hang
                # Before the slot and the probe: that no token can be had says nothing about the system.
                headers = await self.credentials.headers(request)
                async with AsyncExitStack() as whole:
                    await (stack or whole).enter_async_context(self._slots)
                    await self._check_breaker()
                    probe = self._breaker.start()
                    until = scope.when() or 0.0
                    given = until - asyncio.get_running_loop().time()
                    answer = await self._attempts(request, headers, until, recording, stack)
            healthy = True
        except TimeoutError:
            # A caller who came with little time left says nothing about the system.
            healthy = False if given >= self.timeout / 2 else None
            if isinstance(request.body, _Source) and request.body.waiting:
                healthy = None  # it was the sender who was waited for
            unknown = request.method not in _READS and probe is not None
            raise UpstreamError(Code.UPSTREAM_TIMEOUT, self.name, outcome_unknown=unknown) from None
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

    async def _attempts(
        self,
        request: Request,
        headers: Mapping[str, str],
        until: float,
        recording: telemetry.Recording,
        stack: AsyncExitStack | None,
    ) -> Answer | Streamed:
        """Call, and once more when that is safe, worth it and within the budget, which ends at `until`."""
        try:
            return await self._attempt(request, headers, recording, stack)
        except _Unauthorized:
            headers = await self.credentials.headers(request)
            pause, unknown = 0.0, False  # it was not let in, so nothing was done
        except UpstreamError as error:
            pause = max(random.uniform(*self.backoff), error.retry_after or 0.0)  # noqa: S311  jitter, no secret
            unknown = error.outcome_unknown
            in_time = asyncio.get_running_loop().time() + pause < until
            if not (request.repeatable and in_time and _worth_another(error, recording.status)):
                raise
        await asyncio.sleep(pause)
        recording.attempts += 1
        try:
            return await self._attempt(request, headers, recording, stack, again=False)
        except UpstreamError as error:
            error.outcome_unknown |= unknown
            raise

    async def _attempt(
        self,
        request: Request,
        own: Mapping[str, str],
        recording: telemetry.Recording,
        stack: AsyncExitStack | None,
        *,
        again: bool = True,
    ) -> Answer | Streamed:
        recording.status = None
        merged = {name.lower(): (name, value) for name, value in (*own.items(), *request.headers.items())}
        answer = await self._exchange(request, list(merged.values()), stack)
        recording.status = answer.status
        # Asked at every 401, so that credentials that are no longer good are not kept.
        renewed = answer.status == _UNAUTHORIZED and self.credentials.refused(own)
        if renewed and again and not isinstance(request.body, _Source):
            raise _Unauthorized
        code = None
        if isinstance(answer, Answer) and self.classify is not None:
            code = self.classify(answer)
        if code is None:
            if answer.status in request.accept:
                return answer
            code = code_of(answer.status)
        wait = None
        if code in {Code.UPSTREAM_RATE_LIMITED, Code.UPSTREAM_UNAVAILABLE}:
            wait = retry_after(answer.headers, dt.datetime.now(dt.UTC))
        done = answer.status // 100 in {2, 5}  # what failed inside the system may have been done before that
        raise UpstreamError(
            code,
            self.name,
            retry_after=wait,
            detail=f"HTTP {answer.status}",
            outcome_unknown=request.method not in _READS and done,
        )

    async def _exchange(
        self, request: Request, headers: list[tuple[str, str]], stack: AsyncExitStack | None
    ) -> Answer | Streamed:
        """Send one request, read its whole answer. Errors name types: aiohttp's texts hold URLs."""
        sent = True
        body = request.body.read() if isinstance(request.body, _Source) else request.body
        try:
            async with AsyncExitStack() as own:
                response = await (stack or own).enter_async_context(
                    self.session().request(
                        request.method, request.url, headers=headers, data=body, allow_redirects=False
                    )
                )
                if stack is not None:
                    return Streamed(response.status, response.headers, self._chunks(response))
                return Answer(response.status, response.headers, await self._body(response))
        except ClientPayloadError as error:
            bad = isinstance(error.__cause__, ContentEncodingError)  # otherwise the body was cut short
            code = Code.UPSTREAM_CONTRACT_BROKEN if bad else Code.UPSTREAM_UNAVAILABLE
            detail = type(error.__cause__ or error).__name__
        except (ClientConnectionError, OSError) as error:
            if isinstance(request.body, _Source) and request.body.failure is not None:
                raise request.body.failure from None  # the sender's fault: it says nothing about the system
            code, detail = Code.UPSTREAM_UNAVAILABLE, type(error.__cause__ or error).__name__
            sent = not isinstance(error.__cause__ or error, ClientConnectorError)
        except ClientError as error:
            code, detail = Code.UPSTREAM_CONTRACT_BROKEN, type(error.__cause__ or error).__name__
        raise UpstreamError(
            code, self.name, detail=detail, outcome_unknown=request.method not in _READS and sent
        )

    async def _chunks(self, response: ClientResponse) -> AsyncIterator[bytes]:
        """Give the body in parts; each must come within the client's time limit."""
        try:
            while True:
                async with asyncio.timeout(self.timeout):
                    chunk = await response.content.readany()
                if not chunk:
                    return
                yield chunk
        except TimeoutError:
            raise UpstreamError(Code.UPSTREAM_TIMEOUT, self.name, detail="within a body") from None
        except (ClientError, OSError) as error:
            detail = type(error.__cause__ or error).__name__
        raise UpstreamError(Code.UPSTREAM_UNAVAILABLE, self.name, detail=detail)

    async def _body(self, response: ClientResponse) -> bytes:
        chunks: list[bytes] = []
        # What HEAD announces does not come.
        size = 0 if response.method == "HEAD" else response.content_length or 0
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
            unknown = response.method not in _READS
            raise UpstreamError(
                Code.UPSTREAM_CONTRACT_BROKEN, self.name, detail=detail, outcome_unknown=unknown
            )
        return b"".join(chunks)


class _Unauthorized(Exception):  # noqa: N818  a finding, answered at once by new credentials
    """The system answered 401 and other credentials can be had."""


def _spend() -> None:
    if (allowed := allowance()) is not None:
        allowed.spend()


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
