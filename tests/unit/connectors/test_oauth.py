"""Tokens for calls to a system: asked for once, renewed in time, and never shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from yarl import URL

from gateway.connectors.oauth import Grant, TokenSource, client_credentials, jwt_bearer
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.outbound import Outbound, Request, deadline
from gateway.settings import Secret
from sandbox.serve import StandIn

ASKED = Request("GET", URL("http://127.0.0.1/"), {}, None, frozenset({200}), repeatable=True)
CREDENTIALS = client_credentials("portal", Secret("s3cret"), "read write")


class Endpoint:
    """A token endpoint: each token has a number. `refresh`: it gives refresh tokens, each good once."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.expires_in: float | None = 600
        self.refresh = False
        self.refuse = False
        self.body: bytes | None = None
        self.good: set[str] = set()

    async def answer(self, request: HttpRequest) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        self.forms.append(form)
        if self.body is not None:
            return Response(self.body, media_type="application/json")
        spent = form["grant_type"] == "refresh_token" and form["refresh_token"] not in self.good
        if self.refuse or spent:
            return JSONResponse({"error": "invalid_grant"}, 400)
        number = len(self.forms)
        told: dict[str, Any] = {"access_token": f"token-{number}"}
        if self.expires_in is not None:
            told["expires_in"] = self.expires_in
        if self.refresh:
            self.good = {f"refresh-{number}"}
            told["refresh_token"] = f"refresh-{number}"
        return JSONResponse(told)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def url(endpoint: Endpoint) -> AsyncIterator[str]:
    app = Starlette(routes=[Route("/token", endpoint.answer, methods=["POST"])])
    async with StandIn("issuer", app) as running:
        yield running.url


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    made = Outbound(backoff=(0.0, 0.0))
    yield made
    await made.close()


@pytest.fixture
def tokens(outbound: Outbound, url: str, clock: Clock) -> TokenSource:
    return source(outbound, url, clock)


def source(outbound: Outbound, url: str, clock: Clock, grant: Grant = CREDENTIALS) -> TokenSource:
    return TokenSource(outbound.client("crm", url), "/token", grant, clock=clock)


async def bearer(tokens: TokenSource) -> str:
    return (await tokens.headers(ASKED))["Authorization"]


async def test_a_token_is_asked_for_once(tokens: TokenSource, endpoint: Endpoint) -> None:
    found = await asyncio.gather(*(bearer(tokens) for _ in range(20)))
    assert set(found) == {"Bearer token-1"}
    assert endpoint.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "portal",
            "client_secret": "s3cret",
            "scope": "read write",
        }
    ]


async def test_a_caller_who_is_out_of_time_and_calls_renews_it_for_all(
    tokens: TokenSource, endpoint: Endpoint
) -> None:
    """Whoever comes first starts the renewal, but its limits are not that caller's."""

    async def late() -> str:
        with deadline(0, calls=0):
            return await bearer(tokens)

    found = await asyncio.gather(late(), *(bearer(tokens) for _ in range(3)))
    assert set(found) == {"Bearer token-1"}
    assert len(endpoint.forms) == 1


async def test_a_caller_who_leaves_does_not_end_the_renewal(tokens: TokenSource, endpoint: Endpoint) -> None:
    first = asyncio.create_task(bearer(tokens))
    second = asyncio.create_task(bearer(tokens))
    await asyncio.sleep(0)  # both wait for the renewal from here on
    first.cancel()
    assert await second == "Bearer token-1"
    assert first.cancelled()
    assert len(endpoint.forms) == 1


async def test_it_is_renewed_a_minute_before_its_end(
    tokens: TokenSource, endpoint: Endpoint, clock: Clock
) -> None:
    await bearer(tokens)
    clock.now += 539.9
    assert await bearer(tokens) == "Bearer token-1"
    clock.now += 0.1
    assert await bearer(tokens) == "Bearer token-2"
    assert len(endpoint.forms) == 2


@pytest.mark.parametrize(("expires_in", "good_for"), [(30, 15), (None, 840)])
async def test_short_and_unknown_lifetimes(
    tokens: TokenSource, endpoint: Endpoint, clock: Clock, expires_in: float | None, good_for: float
) -> None:
    endpoint.expires_in = expires_in
    await bearer(tokens)
    clock.now += good_for - 0.1
    assert await bearer(tokens) == "Bearer token-1"
    clock.now += 0.1
    assert await bearer(tokens) == "Bearer token-2"


async def test_a_refused_token_is_replaced(tokens: TokenSource) -> None:
    old = await tokens.headers(ASKED)
    assert tokens.refused(old)
    assert await bearer(tokens) == "Bearer token-2"
    # A straggler that was sent with the old one does not take the new one away.
    assert tokens.refused(old)
    assert await bearer(tokens) == "Bearer token-2"


async def test_a_rotating_refresh_token_is_used_once(
    tokens: TokenSource, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.refresh = True
    for _ in range(3):
        await bearer(tokens)
        clock.now += 600
    assert [form["grant_type"] for form in endpoint.forms] == [
        "client_credentials", "refresh_token", "refresh_token",
    ]  # fmt: skip
    assert [form.get("refresh_token") for form in endpoint.forms] == [None, "refresh-1", "refresh-2"]
    assert endpoint.forms[1]["client_secret"] == "s3cret"


async def test_a_refused_refresh_token_is_followed_by_the_grant(
    tokens: TokenSource, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.refresh = True
    await bearer(tokens)
    endpoint.good.clear()
    clock.now += 600
    assert await bearer(tokens) == "Bearer token-3"
    assert [form["grant_type"] for form in endpoint.forms][1:] == ["refresh_token", "client_credentials"]


async def test_a_refused_grant_is_told_and_tried_again_by_the_next(
    tokens: TokenSource, endpoint: Endpoint
) -> None:
    endpoint.refuse = True
    with pytest.raises(UpstreamError) as caught:
        await bearer(tokens)
    assert (caught.value.code, caught.value.system) == (Code.UPSTREAM_AUTH_FAILED, "crm")
    endpoint.refuse = False
    assert await bearer(tokens) == "Bearer token-2"


@pytest.mark.parametrize("body", [b"", b"{}", b'{"access_token": 7}', b"<html>", b"\xff"])
async def test_an_answer_without_token_breaks_the_contract(
    tokens: TokenSource, endpoint: Endpoint, body: bytes
) -> None:
    endpoint.body = body
    with pytest.raises(UpstreamError) as caught:
        await bearer(tokens)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert caught.value.__cause__ is None


async def test_an_assertion_is_signed_for_each_request(
    outbound: Outbound, url: str, endpoint: Endpoint, clock: Clock
) -> None:
    key = RSAKey.generate_key(2048, private=True)
    grant = jwt_bearer(
        "consumer", "user@vendor.example", "https://login.example", Secret(key.as_pem(private=True).decode())
    )
    tokens = source(outbound, url, clock, grant)
    for _ in range(2):
        await bearer(tokens)
        clock.now += 600
    first, second = (
        jwt.decode(form["assertion"], key, algorithms=["RS256"]).claims for form in endpoint.forms
    )
    assert (first["iss"], first["sub"], first["aud"]) == (
        "consumer",
        "user@vendor.example",
        "https://login.example",
    )
    assert first["exp"] - first["iat"] == 180
    assert first["jti"] != second["jti"]
    assert endpoint.forms[0]["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.mark.parametrize("key", ["", "no key", "public"])
def test_what_is_no_private_key_is_refused_at_the_start(key: str) -> None:
    if key == "public":
        key = RSAKey.generate_key(2048).as_pem(private=False).decode()
    with pytest.raises(ConfigurationError, match="private_key: write an RSA private key"):
        jwt_bearer("consumer", "user", "https://login.example", Secret(key))


def test_credentials_do_not_show() -> None:
    assert "s3cret" not in json.dumps([repr(CREDENTIALS), repr(ASKED)])
