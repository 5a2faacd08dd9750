"""A small OpenID Connect issuer for the personas: discovery, keys, access tokens. Loopback only.

    GET  /.well-known/openid-configuration
    GET  /jwks
    POST /token    grant_type=urn:gateway:sandbox:persona & persona=owner-a [& alg=ES256]
    POST /rotate   new keys; tokens of the old ones can no longer be verified

There is no sign-in: whoever reaches it may be any persona, so it answers to this machine only.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.personas import PERSONAS, Persona

AUDIENCE = "portal-gateway"
CLIENT_ID = "portal-web"
GRANT_TYPE = "urn:gateway:sandbox:persona"
LIFETIME = 3600

_NO_STORE = {"Cache-Control": "no-store"}


SigningKey: TypeAlias = RSAKey | ECKey | OKPKey


class Issuer:
    """Holds one signing key per algorithm and mints tokens. `url` may be known only once it listens."""

    def __init__(
        self,
        url: str | Callable[[], str],
        *,
        clock: Callable[[], float] = time.time,
        keys: Mapping[str, SigningKey] | None = None,
    ) -> None:
        self._url = url
        self._clock = clock
        self.keys = new_keys() if keys is None else dict(keys)

    @property
    def url(self) -> str:
        """The issuer identifier, as in `iss`."""
        return self._url if isinstance(self._url, str) else self._url()

    def rotate(self) -> None:
        """Replace all keys; nothing remains of the old ones."""
        self.keys = new_keys()

    def discovery(self) -> dict[str, object]:
        """Build the discovery document (OpenID Connect Discovery 1.0, 3)."""
        url = self.url
        return {
            "issuer": url,
            "jwks_uri": f"{url}/jwks",
            "token_endpoint": f"{url}/token",
            "grant_types_supported": [GRANT_TYPE],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(self.keys),
        }

    def jwks(self) -> dict[str, object]:
        """Publish the public keys (RFC 7517)."""
        return {"keys": [key.as_dict(private=False, use="sig", alg=alg) for alg, key in self.keys.items()]}

    def mint(
        self,
        persona: str | Persona,
        *,
        issuer: str | None = None,
        audience: str | list[str] = AUDIENCE,
        alg: str = "RS256",
        header: Mapping[str, object] | None = None,
        **claims: Any,
    ) -> str:
        """Sign an access token (RFC 9068) for one hour.

        `header` and `claims` override single members; `None` leaves a member out.
        """
        who = PERSONAS[persona] if isinstance(persona, str) else persona
        now = int(self._clock())
        payload = {
            "iss": issuer or self.url,
            "sub": who.subject,
            "aud": audience,
            "client_id": CLIENT_ID,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_urlsafe(12),
            "name": who.display_name,
            "email": who.email,
            "memberships": who.claim(),
        }
        key = self.keys[alg]
        head = {"alg": alg, "typ": "at+jwt", "kid": key.kid}
        signed = f"{_segment(head | dict(header or {}))}.{_segment(payload | claims)}"
        # The model itself: the functions above it warn about the name "EdDSA" (RFC 9864) at each call.
        signature = JWSRegistry.algorithms[alg].sign(signed.encode(), key)
        return f"{signed}.{_base64url(signature)}"


def create_app(issuer: Issuer) -> Starlette:
    """Build the issuer's HTTP side."""

    async def discovery(_: Request) -> Response:
        return JSONResponse(issuer.discovery())

    async def jwks(_: Request) -> Response:
        return JSONResponse(issuer.jwks())

    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        alg = form.get("alg", "RS256")
        if form.get("grant_type") != GRANT_TYPE:
            return _refusal("unsupported_grant_type")
        if form.get("persona") not in PERSONAS:
            return _refusal("invalid_grant")
        if alg not in issuer.keys:
            return _refusal("invalid_request")
        access_token = issuer.mint(form["persona"], alg=alg)
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": LIFETIME}
        return JSONResponse(answer, headers=_NO_STORE)

    async def rotate(_: Request) -> Response:
        issuer.rotate()
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery),
            Route("/jwks", jwks),
            Route("/token", token, methods=["POST"]),
            Route("/rotate", rotate, methods=["POST"]),
        ],
        middleware=[
            # The first keeps other machines out, the second web pages that rebind their host name.
            Middleware(_LoopbackOnly),
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
        ],
    )


class _LoopbackOnly:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_loopback(scope.get("client")):
            await PlainTextResponse("loopback only", status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_loopback(client: tuple[str, int] | None) -> bool:
    return client is not None and ip_address(client[0]).is_loopback


def new_keys() -> dict[str, SigningKey]:
    """Make one key per algorithm."""
    return {
        "RS256": RSAKey.generate_key(2048, auto_kid=True),
        "ES256": ECKey.generate_key("P-256", auto_kid=True),
        "EdDSA": OKPKey.generate_key("Ed25519", auto_kid=True),
    }


def _refusal(error: str) -> Response:
    return JSONResponse({"error": error}, status_code=400, headers=_NO_STORE)


def _segment(members: Mapping[str, object]) -> str:
    present = {name: value for name, value in members.items() if value is not None}
    return _base64url(json.dumps(present, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
