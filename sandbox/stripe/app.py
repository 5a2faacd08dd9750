"""The web application: who may ask, how often, and where things are."""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.data import DataSet
from sandbox.serve import StandIn
from sandbox.stripe import errors
from sandbox.stripe.endpoints import Endpoint, Endpoints
from sandbox.stripe.errors import ApiError
from sandbox.stripe.expand import check, expand
from sandbox.stripe.query import read

VERSION = "2026-08-26.dahlia"
"""The one API version spoken here, also where a request names none."""

RATE_LIMIT = 25
"""Requests a second that Stripe takes per endpoint."""

Clock = Callable[[], float]


def create_app(
    data: DataSet, *, api_key: str, now: Clock | None = None, rate_limit: int | None = RATE_LIMIT
) -> Starlette:
    """Serve the data set as Stripe would.

    `now` gives unix seconds (for the rate limit, and for what is overdue); `rate_limit` is in
    requests a second per endpoint, None for no limit.
    """
    clock = now or time.time
    endpoints = Endpoints(data, clock)
    limiter = _Limiter(rate_limit, clock)

    def view(endpoint: Endpoint) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            try:
                _authenticate(request, api_key)
                _check_version(request)
                limiter.take(endpoint.path)
                query = read(request.query_params.multi_items(), endpoint.takes)
                for path in query.expand:
                    check(path, endpoint.kind)
                body = endpoint.handle(request.path_params.get("id", ""), query)
                for path in query.expand:
                    expand(body, path.split("."), endpoint.kind, endpoints.load)
            except ApiError as error:
                return errors.refuse(error, VERSION)
            return errors.answer(body, VERSION)

        return answer

    async def unknown(request: Request, _: Exception) -> Response:
        return errors.refuse(errors.unknown_address(request.method, request.url.path), VERSION)

    app = Starlette(
        routes=[
            Route(endpoint.path, _in_loop(view(endpoint)), methods=["GET"]) for endpoint in endpoints.all()
        ],
        exception_handlers={404: unknown, 405: unknown},
    )
    app.router.redirect_slashes = False
    return app


def stand_in(
    data: DataSet,
    *,
    api_key: str,
    port: int = 0,
    now: Clock | None = None,
    rate_limit: int | None = RATE_LIMIT,
) -> StandIn:
    """Make a stand-in whose faults speak as Stripe does."""
    return StandIn(
        "stripe",
        create_app(data, api_key=api_key, now=now, rate_limit=rate_limit),
        port=port,
        throttled=lambda: errors.refuse(errors.too_many(), VERSION),
        broken=lambda: errors.crash(VERSION),
    )


def _in_loop(view: Callable[[Request], Response]) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:  # a plain function would be sent to a thread
        return view(request)

    return answer


class _Limiter:
    """A token bucket per endpoint."""

    def __init__(self, rate: int | None, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, endpoint: str) -> None:
        """Take one token. Raises ApiError when there is none."""
        if self._rate is None:
            return
        now = self._clock()
        tokens, then = self._buckets.get(endpoint, (self._rate, now))
        tokens = min(self._rate, tokens + (now - then) * self._rate)
        self._buckets[endpoint] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise errors.too_many()


def _authenticate(request: Request, api_key: str) -> None:
    given = _key(request.headers.get("authorization", ""))
    challenge = {"WWW-Authenticate": 'Bearer realm="Stripe"'}
    if not given:
        raise ApiError(
            "You did not provide an API key. You need to provide your API key in the Authorization header,"
            " using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
            headers=challenge,
        )
    if not hmac.compare_digest(given.encode(), api_key.encode()):
        masked = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 16 else "*" * 8
        raise ApiError(f"Invalid API Key provided: {masked}", status=401, headers=challenge)


def _key(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _check_version(request: Request) -> None:
    given = request.headers.get("stripe-version", VERSION)
    if given != VERSION:
        raise ApiError(f"Invalid Stripe API version: {given}. This stand-in speaks {VERSION}.")
