"""Access tokens for calls to a system: OAuth 2.0 grants, cached and single-flight.

    tokens = TokenSource(token_client, "/oauth/tokens", client_credentials(id, secret))
    outbound.client(name, base_url, credentials=tokens)

A token is renewed ahead of its end, and at once after the system refused it. Where the token endpoint gives
a refresh token, that is used next; rotating ones are replaced, and a refused one is followed by the grant.
Sources: RFC 6749 (4.4, 5, 6), RFC 7523 (2.1), RFC 6750 (2.1).
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
from authlib.oauth2.rfc7523 import JWTBearerGrant
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.outbound import Request, VendorClient
from gateway.settings import Secret

Grant = Callable[[], Mapping[str, str]]
"""Makes the form that asks for a token, anew each time: assertions do not live long."""

_LEEWAY: Final = 60.0  # seconds before its end from which a token is renewed
_LIFETIME: Final = 900.0  # seconds, where the endpoint does not say
_REFUSED: Final = frozenset({400, 401})
_ASSERTION_SECONDS: Final = 180


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float | None = None
    refresh_token: str | None = None


_decode = msgspec.json.Decoder(_Token).decode


def client_credentials(client_id: str, secret: Secret, scope: str | None = None) -> Grant:
    """Ask as the client itself (RFC 6749, 4.4), with its secret in the form."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret.reveal()}
    return lambda: form | ({"scope": scope} if scope else {})


def jwt_bearer(client_id: str, subject: str, audience: str, key: Secret) -> Grant:
    """Ask for a user by an assertion signed with the client's RSA key (RFC 7523, 2.1), good for 3 minutes.

    ConfigurationError when `key` is not an RSA private key in PEM.
    """
    try:
        signer = RSAKey.import_key(key.reveal())
        usable = signer.is_private
    except (ValueError, JoseError):
        usable = False
    if not usable:
        raise ConfigurationError("private_key", "write an RSA private key in PEM form")

    def form() -> dict[str, str]:
        assertion: str = JWTBearerGrant.sign(
            signer, client_id, audience, subject, alg="RS256", expires_in=_ASSERTION_SECONDS
        )
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}

    return form


class TokenSource:
    """Credentials of one system. `client` reaches the token endpoint at `path`; `clock` gives seconds.

    Raises UpstreamError of that client's system: UPSTREAM_AUTH_FAILED when the grant is refused.
    """

    def __init__(
        self, client: VendorClient, path: str, grant: Grant, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._path = path
        self._grant = grant
        self._clock = clock
        self._token: str | None = None
        self._refresh: str | None = None
        self._until = 0.0
        self._flight: asyncio.Task[None] | None = None

    async def headers(self, _request: Request) -> Mapping[str, str]:
        """Give the header with a token that is good for a while yet."""
        if self._token is None or self._clock() >= self._until:
            if self._flight is None:
                # A context of its own: this caller's deadline and its calls are not the others'.
                self._flight = asyncio.create_task(self._renew(), context=contextvars.Context())
            # Shielded: one caller that gives up does not end it for the others.
            await asyncio.shield(self._flight)
        return {"Authorization": f"Bearer {self._token}"}

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Forget the token that was refused, unless another one has taken its place already."""
        if headers.get("Authorization") == f"Bearer {self._token}":
            self._token = None
        return True

    async def _renew(self) -> None:
        try:
            found = await self._refreshed() or await self._ask(self._grant())
            if found is None:
                raise UpstreamError(Code.UPSTREAM_AUTH_FAILED, self._client.name, detail="no token granted")
            lifetime = found.expires_in if found.expires_in is not None else _LIFETIME
            # A token that lives shorter than the leeway is used for half of its life.
            self._until = self._clock() + max(lifetime - _LEEWAY, lifetime / 2)
            self._token, self._refresh = found.access_token, found.refresh_token
        finally:
            self._flight = None

    async def _refreshed(self) -> _Token | None:
        if self._refresh is None:
            return None
        client = {name: value for name, value in self._grant().items() if name.startswith("client_")}
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh, **client}
        self._refresh = None  # a rotating one is gone with its first use, whatever comes of it
        return await self._ask(form)

    async def _ask(self, form: Mapping[str, str]) -> _Token | None:
        """Ask the endpoint; None when it refuses."""
        answer = await self._client.post(
            self._path,
            urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
            idempotent=False,
            route=self._path,
            accept=frozenset({200, 201, *_REFUSED}),
        )
        if answer.status in _REFUSED:
            return None
        try:
            return _decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # Not chained: the original's text may quote the token.
            error = UpstreamError(
                Code.UPSTREAM_CONTRACT_BROKEN, self._client.name, detail="no token in the answer"
            )
        raise error
