"""The web application: who may ask, how often, and where things are."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.data import DataSet
from sandbox.serve import StandIn
from sandbox.zendesk import errors
from sandbox.zendesk.asked import Asked, Endpoint
from sandbox.zendesk.errors import ApiError
from sandbox.zendesk.files import Files
from sandbox.zendesk.helpcenter import HelpCenter
from sandbox.zendesk.people import People
from sandbox.zendesk.search import Search
from sandbox.zendesk.state import State
from sandbox.zendesk.tickets import Tickets
from sandbox.zendesk.tokens import Tokens
from sandbox.zendesk.writes import Writes

Clock = Callable[[], float]

_PLAN = 700
"""Requests a minute that headers tell where there is no limit."""


def create_app(
    data: DataSet,
    *,
    client_id: str,
    client_secret: str,
    now: Clock | None = None,
    rate_limit: int | None = None,
    content_host: str | None = None,
) -> ASGIApp:
    """Serve the data set as Zendesk would, from a state of its own.

    `now` gives unix seconds; `rate_limit` is in requests a minute, None for no limit. `content_host` is
    another name of this machine, such as "localhost", to which the addresses of attachments lead: Zendesk
    has a host of its own for their contents.
    """
    clock = now or time.time
    tokens = Tokens(client_id, client_secret, clock)
    state = State(data, clock)
    limiter = _Limiter(rate_limit, clock)

    def view(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            body = await request.body()
            headers: dict[str, str] = {}
            try:
                if not endpoint.open:
                    tokens.check(request.headers.get("authorization", ""))
                    headers = limiter.take()
                reply = endpoint.handle(_asked(request, body))
            except ApiError as error:
                response = errors.refuse(error)
            else:
                if isinstance(reply.body, bytes):
                    response = Response(reply.body, reply.status)
                else:
                    response = errors.answer(reply.status, reply.body)
                response.headers.update(reply.headers)
            response.headers.update(headers)
            return response

        return answer

    async def token(request: Request) -> Response:
        try:
            granted = tokens.grant(await request.body(), request.headers.get("content-type", ""))
        except ApiError as error:
            return errors.refuse(error)
        return errors.answer(200, granted, {"Cache-Control": "no-store", "Pragma": "no-cache"})

    async def unknown(_: Request, __: Exception) -> Response:
        return errors.refuse(errors.invalid_endpoint())

    tickets = Tickets(state)
    files = Files(state, content_host)
    endpoints = [
        *tickets.endpoints(),
        *Writes(state, tickets, files).endpoints(),
        *Search(state, tickets).endpoints(),
        *People(state).endpoints(),
        *files.endpoints(),
        *HelpCenter(state).endpoints(),
    ]
    app = Starlette(
        routes=[
            Route("/oauth/tokens", token, methods=["POST"]),
            *(Route(one.path, view(one), methods=[one.method]) for one in endpoints),
        ],
        exception_handlers={404: unknown, 405: unknown},
    )
    app.router.redirect_slashes = False
    return _Suffixless(app)


def stand_in(
    data: DataSet,
    *,
    client_id: str,
    client_secret: str,
    port: int = 0,
    now: Clock | None = None,
    rate_limit: int | None = None,
    content_host: str | None = None,
) -> StandIn:
    """Make a stand-in whose faults speak as Zendesk does. See `create_app`."""
    return StandIn(
        "zendesk",
        create_app(
            data,
            client_id=client_id,
            client_secret=client_secret,
            now=now,
            rate_limit=rate_limit,
            content_host=content_host,
        ),
        port=port,
        throttled=lambda: errors.refuse(errors.too_many()),
        broken=errors.crash,
    )


class _Suffixless:
    """ASGI middleware: `/tickets.json` is the same address as `/tickets`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/api/") and scope["path"].endswith(".json"):
            scope = {**scope, "path": scope["path"].removesuffix(".json")}
        await self._app(scope, receive, send)


def _asked(request: Request, body: bytes) -> Asked:
    return Asked(
        str(request.base_url).rstrip("/"),
        request.url.path,
        request.path_params,
        dict(request.query_params),
        request.query_params.multi_items(),
        request.headers,
        body,
    )


class _Limiter:
    """Requests of the running minute."""

    def __init__(self, limit: int | None, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._minute = 0
        self._taken = 0

    def take(self) -> dict[str, str]:
        """Count one request and give the headers that tell so. Raises ApiError when it is one too many."""
        now = self._clock()
        if int(now // 60) != self._minute:
            self._minute, self._taken = int(now // 60), 0
        self._taken += 1
        left = int((self._minute + 1) * 60 - now) + 1
        if self._limit is not None and self._taken > self._limit:
            raise errors.too_many(left)
        limit = self._limit or _PLAN
        remaining = str(max(0, limit - self._taken))
        return {
            "X-Rate-Limit": str(limit),
            "X-Rate-Limit-Remaining": remaining,
            "ratelimit-limit": str(limit),
            "ratelimit-remaining": remaining,
            "ratelimit-reset": str(left),
        }
