"""An issuer over real HTTP on loopback, a clock that tests move, and the verifier under test."""

from __future__ import annotations

import asyncio
import copy
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
import uvicorn
from aiohttp import web
from starlette.types import ASGIApp

from gateway.auth.keys import KeySource
from gateway.auth.policy import load_policy
from gateway.auth.tokens import TokenVerifier
from gateway.errors import Code, UpstreamError
from sandbox.oidc import AUDIENCE, Issuer

Serve = Callable[[ASGIApp], Awaitable["Server"]]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Server:
    """One uvicorn on 127.0.0.1; its socket listens before it runs, so nobody waits for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_config=None))
        self._task = asyncio.create_task(self._server.serve([self._socket]))

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._task


@dataclass
class Idp:
    """What the issuer publishes. Set a document (or a status) to publish something else."""

    issuer: Issuer
    discovery: object = None
    jwks: object = None
    status: int = 200
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> str:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._jwks)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _discovery(self, _: web.Request) -> web.Response:
        self.entered.set()
        await self.gate.wait()
        return self._answer(self.discovery or self.issuer.discovery())

    async def _jwks(self, _: web.Request) -> web.Response:
        return self._answer(self.jwks or self.issuer.jwks())

    def _answer(self, document: object) -> web.Response:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return web.Response(body=body, status=self.status, content_type="application/json")


class Fetch:
    """The real thing in small: GET over HTTP; every failure is an `UpstreamError`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.urls: list[str] = []

    async def __call__(self, url: str) -> bytes:
        self.urls.append(url)
        try:
            async with self._session.get(url) as response:
                response.raise_for_status()
                return await response.read()
        except aiohttp.ClientError:
            raise UpstreamError(Code.UPSTREAM_TIMEOUT, "http") from None

    @property
    def key_sets(self) -> int:
        return sum(url.endswith("/jwks") for url in self.urls)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def _one_issuer() -> Issuer:
    return Issuer("")  # RSA keys are slow to make: once per run


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[Server] = []

    async def start(app: ASGIApp) -> Server:
        servers.append(Server(app))
        return servers[-1]

    yield start
    for server in servers:
        await server.stop()


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with aiohttp.ClientSession() as session:
        yield Fetch(session)


@pytest.fixture
async def idp(_one_issuer: Issuer, clock: Clock) -> AsyncIterator[Idp]:
    issuer = copy.copy(_one_issuer)
    idp = Idp(issuer)
    idp.gate.set()
    issuer._url, issuer._clock = await idp.start(), clock
    yield idp
    await idp.stop()


@pytest.fixture
def issuer(idp: Idp) -> Issuer:
    return idp.issuer


@pytest.fixture
def keys(issuer: Issuer, fetch: Fetch, clock: Clock) -> KeySource:
    return KeySource(issuer.url, fetch, clock=clock)


@pytest.fixture
def verifier(issuer: Issuer, keys: KeySource, clock: Clock) -> TokenVerifier:
    return TokenVerifier(issuer=issuer.url, audience=AUDIENCE, keys=keys, policy=load_policy(), clock=clock)
