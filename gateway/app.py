"""The composition root: the only module that knows everything."""

from __future__ import annotations

import asyncio
import errno
import math
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway import outbound
from gateway.auth.audit import Audit
from gateway.auth.keys import KeySource
from gateway.auth.policy import load_policy
from gateway.auth.principal import Principal
from gateway.auth.tokens import TokenVerifier
from gateway.connectors import registry
from gateway.connectors.identity import CachedMap, ChainedMap, IdentityMap, StaticFileMap, TokenClaimMap
from gateway.context import RequestContext
from gateway.endpoint import Endpoint
from gateway.errors import ConfigurationError, UpstreamError
from gateway.ids import Cursors
from gateway.operations.documents import Operation
from gateway.outbound import Outbound
from gateway.schema.build import build as build_schema
from gateway.settings import Settings
from gateway.state import State
from gateway.state.memory import MemoryState

PROBE_SECONDS = 2.0


class Gateway:
    """Everything one process runs on, made from settings; ConfigurationError when they are wrong."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.outbound = Outbound()
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
        self._identity = _identity(settings, self.state)
        self._cursors = _cursors(settings)
        self._audit = Audit()
        schema, _ = build_schema()
        self._endpoint = Endpoint(
            schema=schema,
            verifier=self._verifier,
            context=self._context,
            deadline_seconds=settings.server.deadline_seconds,
            max_body_bytes=settings.server.max_body_bytes,
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
            Route("/graphql", self._endpoint.respond, methods=["POST"], name="graphql"),
            Route("/.well-known/oauth-protected-resource", self._resource, methods=["GET"]),
            Route("/healthz", _healthz, methods=["GET"]),
            Route("/readyz", self._readyz, methods=["GET"]),
        ]
        return Starlette(routes=routes, lifespan=lifespan)

    async def close(self) -> None:
        """Close connections and state."""
        await self.outbound.close()
        await self.state.close()

    async def probe(self) -> dict[str, UpstreamError | None]:
        """Ask every system, and the issuer of tokens, whether it answers; all at once."""
        with outbound.deadline(PROBE_SECONDS):
            names = [*self.registry.connectors, "identity"]
            pings = [connector.ping() for connector in self.registry.connectors.values()]
            found = await asyncio.gather(*pings, self.keys.ping(), return_exceptions=True)
        outcome: dict[str, UpstreamError | None] = {}
        for name, result in zip(names, found, strict=True):
            if isinstance(result, BaseException) and not isinstance(result, UpstreamError):
                raise result
            outcome[name] = result if isinstance(result, UpstreamError) else None
        return outcome

    async def _readyz(self, _request: Request) -> JSONResponse:
        """Ready as long as tokens can be verified: one system down must not take the portal down."""
        found = await self.probe()
        systems = {name: error.code.value if error else "ok" for name, error in found.items()}
        ready = found["identity"] is None
        return JSONResponse({"ready": ready, "systems": systems}, 200 if ready else 503)

    async def _resource(self, request: Request) -> JSONResponse:
        """Say whose tokens are taken here (RFC 9728), so that a client finds the issuer by itself."""
        return JSONResponse(
            {
                "resource": str(request.url_for("graphql")),
                "authorization_servers": [self.settings.auth.issuer],
                "bearer_methods_supported": ["header"],
            }
        )

    def _context(self, principal: Principal, operation: Operation, name: str | None) -> RequestContext:
        return RequestContext(
            principal=principal,
            fields=operation.analysis.fields,
            registry=self.registry,
            identity=self._identity,
            cursors=self._cursors,
            audit=self._audit,
            operation=name,
        )


async def _healthz(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def _identity(settings: Settings, state: State) -> IdentityMap:
    maps: list[IdentityMap] = []
    for source in settings.identity.sources:
        if source == "claims":
            maps.append(TokenClaimMap())
        elif settings.identity.file is not None:
            file = StaticFileMap.load(Path(settings.identity.file))
            maps.append(CachedMap(file, state, workspace=settings.server.workspace))
    return ChainedMap(maps)


def _cursors(settings: Settings) -> Cursors:
    try:
        return Cursors([key.reveal().encode() for key in settings.cursors.keys])
    except ValueError as error:
        raise ConfigurationError("cursors.keys", str(error)) from None


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
        reason = (
            "is taken by another program"
            if getattr(error, "errno", 0) == errno.EADDRINUSE
            else "cannot be used"
        )
        raise ConfigurationError(
            "port", f"{host}:{port} {reason}. Choose another: --port 8001, or PORT=8001."
        ) from None
    return bound


async def serve(gateway: Gateway, bound: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; requests under way may end within the request deadline."""
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
    await uvicorn.Server(config).serve(sockets=[bound])
