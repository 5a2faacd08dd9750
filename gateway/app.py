"""The composition root: the only module that knows everything."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import math
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from graphql import GraphQLSchema, OperationType
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.server import HANDLED_SIGNALS

from gateway import outbound
from gateway.auth.audit import Audit
from gateway.auth.keys import SYSTEM as IDENTITY
from gateway.auth.keys import KeySource
from gateway.auth.policy import load_policy
from gateway.auth.principal import Principal
from gateway.auth.tokens import TokenVerifier
from gateway.connectors import registry
from gateway.connectors.identity import (
    CachedMap,
    ChainedMap,
    DirectoryMap,
    IdentityMap,
    StaticFileMap,
    TokenClaimMap,
)
from gateway.context import RequestContext, Services
from gateway.endpoint import Endpoint, refused
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.ids import Cursors
from gateway.operations.documents import Operation
from gateway.outbound import Outbound
from gateway.passes import Passes
from gateway.schema.build import build as build_schema
from gateway.settings import Settings
from gateway.state import State
from gateway.state.memory import MemoryState
from gateway.state.once import Once
from gateway.transfers import Transfers
from gateway.views import finder

PROBE_SECONDS = 2.0
READY_SECONDS = 2.0
"""How long `/readyz` gives the same answer: it is open to anybody, and its probes are vendor calls."""
_GC_THRESHOLD = 50_000  # new containers between two looks at the youngest; a large answer has 3,000
_GRAPHQL = "/graphql"
_RESOURCE = "/.well-known/oauth-protected-resource"
_LOG = logging.getLogger(__name__)


class Gateway:
    """Everything one process runs on, made from settings; ConfigurationError when they are wrong."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.outbound = Outbound(lean=settings.outbound.lean)
        self.state: State = MemoryState()
        self.registry = registry.build(settings, self.outbound)
        self.keys = KeySource(settings.auth.issuer, self.outbound.fetch, clock=time.time)
        policy_file = Path(settings.auth.policy) if settings.auth.policy else None
        self._verifier = TokenVerifier(
            issuer=settings.auth.issuer,
            audience=settings.auth.audience,
            memberships_claim=settings.auth.memberships_claim,
            keys=self.keys,
            policy=load_policy(policy_file),
            clock=time.time,
        )
        self._passes = _passes(settings, self.state)
        self._services = Services(
            registry=self.registry,
            identity=_identity(settings, self.state, self.registry),
            cursors=_cursors(settings),
            audit=Audit(),
            passes=self._passes,
            once=Once(self.state, settings.server.workspace),
            max_rows=settings.server.max_rows,
        )
        self._probing: asyncio.Future[dict[str, UpstreamError | None]] | None = None
        self._probed_at = 0.0
        self._transfers = Transfers(self.registry, self._passes)
        schema = _schema(settings.views.enabled)
        self._endpoint = Endpoint(
            schema=schema,
            verifier=self._verifier,
            context=self._context,
            deadline_seconds=settings.server.deadline_seconds,
            max_body_bytes=settings.server.max_body_bytes,
            max_vendor_calls=settings.server.max_vendor_calls,
        )

    def app(self) -> Starlette:
        """Make the ASGI application; it closes what the gateway holds when it ends."""

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            try:
                yield
            finally:
                await self.close()

        routes = [
            Route(_GRAPHQL, self._endpoint.respond, methods=["POST"], name="graphql"),
            Route(_RESOURCE, _resource_of(self.settings.auth.issuer), methods=["GET"]),
            Route(f"{_RESOURCE}/graphql", _resource_of(self.settings.auth.issuer), methods=["GET"]),
            Route("/files/{issued}", self._transfers.file, methods=["GET"]),
            Route("/uploads/{issued}", self._transfers.upload, methods=["PUT"]),
            Route("/healthz", _healthz, methods=["GET"]),
            Route("/readyz", self._readyz, methods=["GET"]),
        ]
        app = _App(
            self._endpoint, routes=routes, lifespan=lifespan, exception_handlers={HTTPException: refused}
        )
        # Behind a proxy that ends TLS, a redirect would lead tokens to plain HTTP.
        app.router.redirect_slashes = False
        return app

    async def close(self) -> None:
        """Close connections and state."""
        await self.outbound.close()
        await self.state.close()

    async def probe(self) -> dict[str, UpstreamError | None]:
        """Ask every system, and the issuer of tokens, whether it answers; all at once."""
        systems = {name: connector.ping for name, connector in self.registry.connectors.items()}
        systems[IDENTITY] = self.keys.ping
        with outbound.deadline(PROBE_SECONDS):
            found = await asyncio.gather(*(_ping(name, ping) for name, ping in systems.items()))
        return dict(zip(systems, found, strict=True))

    async def _readyz(self, _request: Request) -> JSONResponse:
        """Ready as long as tokens can be verified: one system down must not take the portal down."""
        now = time.monotonic()
        if self._probing is None or (self._probing.done() and now - self._probed_at >= READY_SECONDS):
            self._probing, self._probed_at = asyncio.ensure_future(self.probe()), now
        # Shared and shielded: however many ask, and whoever gives up, one round of calls is under way.
        found = await asyncio.shield(self._probing)
        systems = {name: error.code.value if error else "ok" for name, error in found.items()}
        ready = found[IDENTITY] is None
        return JSONResponse({"ready": ready, "systems": systems}, 200 if ready else 503)

    def _context(
        self, principal: Principal, operation: Operation, name: str | None, base_url: Callable[[], str]
    ) -> RequestContext:
        public_url = self.settings.server.public_url
        return RequestContext(
            self._services,
            principal=principal,
            fields=operation.analysis.fields,
            operation=name,
            base_url=(lambda: public_url) if public_url else base_url,
            fresh=operation.node.operation is OperationType.MUTATION,
        )


class _App(Starlette):
    """Starlette, with a short way for the one path that nearly all requests take."""

    def __init__(self, endpoint: Endpoint, **options: Any) -> None:
        super().__init__(**options)
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. The endpoint catches whatever goes wrong, so nothing need be around it."""
        if scope["type"] == "http" and scope["path"] == _GRAPHQL and scope["method"] == "POST":
            response = await self._endpoint.respond(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


@cache
def _schema(views: tuple[str, ...]) -> GraphQLSchema:
    """Build the schema once per process: it holds nothing of one gateway."""
    return build_schema(views=finder.load(views))[0]


async def _healthz(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def _ping(name: str, ping: Callable[[], Awaitable[None]]) -> UpstreamError | None:
    try:
        await ping()
    except UpstreamError as error:
        return error
    except Exception as error:  # noqa: BLE001  a fault in one connector must not make all look dead
        _LOG.exception("unforeseen error in a ping", extra={"system": name})
        return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, name, detail=type(error).__name__)
    return None


def _resource_of(issuer: str) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def resource(request: Request) -> JSONResponse:
        """Say whose tokens are taken here (RFC 9728), so that a client finds the issuer by itself."""
        path = request.url.path.removeprefix(_RESOURCE)  # the RFC inserts its own before the resource's
        return JSONResponse(
            {
                "resource": str(request.url.replace(path=path, query="")),
                "authorization_servers": [issuer],
                "bearer_methods_supported": ["header"],
            },
            headers={"Cache-Control": "no-store"},  # the resource is named as it was called
        )

    return resource


def _identity(settings: Settings, state: State, known: registry.Registry) -> IdentityMap:
    maps: list[IdentityMap] = []
    workspace = settings.server.workspace
    for source in settings.identity.sources:
        if source == "claims":
            maps.append(TokenClaimMap())
        elif source == "directory":
            bound = known.directory()
            if bound is None:
                raise ConfigurationError(
                    "bindings.directory", "name the connector that holds the identity map"
                )
            system, directory = bound
            maps.append(CachedMap(DirectoryMap(system, directory), state, workspace=workspace, system=system))
        elif settings.identity.file is not None:
            maps.append(StaticFileMap.load(Path(settings.identity.file)))
    return ChainedMap(maps)


def _passes(settings: Settings, state: State) -> Passes:
    keys = [key.reveal().encode() for key in settings.cursors.keys]
    return Passes(keys, state, workspace=settings.server.workspace)


def _cursors(settings: Settings) -> Cursors:
    try:
        return Cursors([key.reveal().encode() for key in settings.cursors.keys])
    except ValueError:
        raise ConfigurationError("cursors.keys", "write at least one key, each of 32 bytes or more") from None


def bind(host: str, port: int) -> socket.socket:
    """Take a port before anything else is started; ConfigurationError when another program has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY; without it answers wait for the client's ACK.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # A bound port that is not listened to yet can be taken by a second process on some systems.
        bound.listen(2048)
    except (OSError, OverflowError) as error:
        bound.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ConfigurationError(
                "port", f"{port} is taken by another program. Choose another, such as --port {port + 1}."
            ) from None
        raise ConfigurationError(
            "host and port", f"{host}:{port} cannot be used on this machine. Write others: --host, --port."
        ) from None
    return bound


async def serve(gateway: Gateway, bound: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGINT or SIGTERM, then return; requests under way may end within the request deadline.

    `ready` is called once requests are answered and signals are heeded.
    """
    config = uvicorn.Config(
        gateway.app(),
        http="httptools",
        loop="none",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(gateway.settings.server.deadline_seconds),
    )
    _settle_memory()
    await _Server(config, ready).serve(sockets=[bound])


def _settle_memory() -> None:
    """Spare the garbage collector what will live as long as the process, and look for cycles less often.

    Answers are trees of fresh dicts: by default they are walked through several times while they are built.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)


class _Server(uvicorn.Server):
    """uvicorn's server, which once stopped would raise the signal again and so end the process half-way.

    What is around it (telemetry, stand-ins, temporary files) has still to be closed.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal while serving; give it back to who had it before."""
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
