"""How a system is called: one budget per call, bounded concurrency, one retry, a breaker, typed errors."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from gateway import telemetry
from gateway.errors import Code, UpstreamError
from gateway.outbound.answer import Answer, Streamed, code_of, retry_after
from gateway.outbound.breaker import Breaker
from gateway.outbound.deadline import allowance, remaining
from gateway.outbound.exchange import FAILURES, Exchange, Headers, Opener, meaning, open_stream
from gateway.outbound.request import READS, Credentials, Request, Source, checked_base

Classify: TypeAlias = Callable[[Answer], Code | None]

_UNAUTHORIZED: Final = 401
_PATIENCE: Final = 1.0  # longest Retry-After, in seconds, that is waited for
_PASSING: Final = frozenset({502, 503, 504})  # what a restart or a deployment looks like
_SPARED: Final = frozenset({Code.UPSTREAM_RATE_LIMITED, Code.UPSTREAM_UNAVAILABLE})


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Caller:
    """The way of every call to one system; `VendorClient` says what the fields are."""

    name: str
    base_url: str
    session: Opener
    exchange: Exchange
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
        self.base_url = checked_base(self.name, self.base_url)
        self._slots = asyncio.Semaphore(self.concurrency)
        self._breaker = Breaker(self.name, self.clock)

    async def _call(self, request: Request, route: str | None, limit: float | None = None) -> Answer:
        with telemetry.vendor_call(self.name, request.method, route or "") as recording:
            answer = await self._guarded(request, self._budget(limit or self.timeout), recording)
            assert isinstance(answer, Answer)  # noqa: S101  no stack was given
            return answer

    def _budget(self, limit: float) -> float:
        """Give the seconds that a call may take, and take it from what the request may still make."""
        left = remaining()
        budget = limit if left is None else min(limit, left)
        if budget <= 0:
            raise UpstreamError(Code.UPSTREAM_TIMEOUT, self.name, detail="no time left")
        if (allowed := allowance()) is not None:
            allowed.spend()
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
                if stack is not None:
                    await stack.enter_async_context(self._slots)
                async with self._slots if stack is None else nullcontext():
                    await self._check_breaker()
                    probe = self._breaker.start()
                    until = scope.when() or 0.0
                    given = until - asyncio.get_running_loop().time()
                    answer = await self._attempts(request, headers, until, recording, stack)
            healthy = True
        except TimeoutError:
            # A caller who came with little time left says nothing about the system.
            healthy = False if given >= self.timeout / 2 else None
            if isinstance(request.body, Source) and request.body.waiting:
                healthy = None  # it was the sender who was waited for
            unknown = request.method not in READS and probe is not None
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
        answer = await self._exchange(request, _merged(own, request.headers), stack)
        recording.status = answer.status
        # Asked at every 401, so that credentials that are no longer good are not kept.
        renewed = answer.status == _UNAUTHORIZED and self.credentials.refused(own)
        if renewed and again and not isinstance(request.body, Source):
            raise _Unauthorized
        code = None
        if isinstance(answer, Answer) and self.classify is not None:
            code = self.classify(answer)
        if code is None:
            if answer.status in request.accept:
                return answer
            code = code_of(answer.status)
        wait = retry_after(answer.headers, dt.datetime.now(dt.UTC)) if code in _SPARED else None
        done = answer.status // 100 in {2, 5}  # what failed inside the system may have been done before that
        raise UpstreamError(
            code,
            self.name,
            retry_after=wait,
            detail=f"HTTP {answer.status}",
            outcome_unknown=request.method not in READS and done,
        )

    async def _exchange(
        self, request: Request, headers: Headers, stack: AsyncExitStack | None
    ) -> Answer | Streamed:
        try:
            if stack is None:
                return await self.exchange(request, headers, self.max_bytes)
            return await open_stream(self.session(), request, headers, stack, self.timeout, self.name)
        except FAILURES as error:
            failed = meaning(error, self.name, request)
        raise failed  # not within the handler: what aiohttp raised quotes addresses and content


class _Unauthorized(Exception):  # noqa: N818  a finding, answered at once by new credentials
    """The system answered 401 and other credentials can be had."""


def _merged(own: Mapping[str, str], given: Mapping[str, str]) -> Headers:
    """Join the headers of credentials and request; the request's win, whatever their case."""
    if not given:
        return list(own.items())
    merged = {name.lower(): (name, value) for name, value in (*own.items(), *given.items())}
    return list(merged.values())


def _worth_another(error: UpstreamError, status: int | None) -> bool:
    """Whether a second attempt may fare better: lost connection (no status), restart, short rate limit."""
    if error.retry_after is not None and error.retry_after > _PATIENCE:
        return False
    if error.code is Code.UPSTREAM_RATE_LIMITED:
        return error.retry_after is not None
    return error.code is Code.UPSTREAM_UNAVAILABLE and (status is None or status in _PASSING)
