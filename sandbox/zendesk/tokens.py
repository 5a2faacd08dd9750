"""OAuth clients and their tokens: client credentials, and refresh tokens that are good for one use."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from sandbox.zendesk.errors import ApiError, bad_json, bad_token, no_token

LIFETIME = 1800
"""Seconds that an access token is good for, unless the request says otherwise."""
REFRESH_LIFETIME = 30 * 86400
"""Seconds that a refresh token is good for."""
_BOUNDS = {"expires_in": (300, 172_800), "refresh_token_expires_in": (604_800, 7_776_000)}


@dataclass(frozen=True)
class _Pair:
    access: str
    refresh: str
    scope: str
    until: float
    refresh_until: float


class Tokens:
    """What `/oauth/tokens` gave out to the one client there is. `clock` gives unix seconds."""

    def __init__(self, client_id: str, client_secret: str, clock: Callable[[], float]) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._by_access: dict[str, _Pair] = {}
        self._by_refresh: dict[str, _Pair] = {}

    def grant(self, body: bytes, content_type: str) -> dict[str, Any]:
        """Answer a request for a token, in a form or in JSON. Raises ApiError as RFC 6749, 5.2 has it."""
        form = _form(body, content_type)
        given_id, given_secret = form.get("client_id", ""), form.get("client_secret", "")
        known = hmac.compare_digest(given_id.encode(), self._client_id.encode())
        if not (known and hmac.compare_digest(given_secret.encode(), self._client_secret.encode())):
            raise _refused("invalid_client", "Client authentication failed due to unknown client.", 401)
        scope = form.get("scope", "read write")
        match form.get("grant_type"):
            case "client_credentials":
                return self._issue(form, scope)
            case "refresh_token":
                pair = self._by_refresh.pop(form.get("refresh_token", ""), None)
                if pair is None or self._clock() >= pair.refresh_until:
                    raise _refused("invalid_grant", "The refresh token is invalid, expired, or revoked.")
                del self._by_access[pair.access]
                return self._issue(form, pair.scope)
            case _:
                raise _refused("unsupported_grant_type", "The authorization grant type is not supported.")

    def check(self, authorization: str) -> None:
        """Let a bearer in who has a token that is good now. Raises ApiError."""
        scheme, _, token = authorization.partition(" ")
        if not authorization:
            raise no_token()
        pair = self._by_access.get(token.strip()) if scheme.lower() == "bearer" else None
        if pair is None or self._clock() >= pair.until:
            raise bad_token()

    def _issue(self, form: Mapping[str, str], scope: str) -> dict[str, Any]:
        lifetime = _seconds(form, "expires_in", LIFETIME)
        refresh_lifetime = _seconds(form, "refresh_token_expires_in", REFRESH_LIFETIME)
        now = self._clock()
        pair = _Pair(
            secrets.token_hex(32), secrets.token_hex(32), scope, now + lifetime, now + refresh_lifetime
        )
        self._by_access[pair.access] = self._by_refresh[pair.refresh] = pair
        return {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "token_type": "bearer",
            "scope": scope,
            "expires_in": lifetime,
            "refresh_token_expires_in": refresh_lifetime,
        }


def _form(body: bytes, content_type: str) -> dict[str, str]:
    if content_type.partition(";")[0].strip() == "application/json":
        try:
            found = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise bad_json() from None
        return {name: str(value) for name, value in found.items()}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _seconds(form: Mapping[str, str], name: str, default: int) -> int:
    given = form.get(name, str(default))
    low, high = _BOUNDS[name]
    if not given.isdigit() or not low <= int(given) <= high:
        raise _refused("invalid_request", f"{name} must be {low} to {high} seconds.")
    return int(given)


def _refused(error: str, text: str, status: int = 400) -> ApiError:
    return ApiError(status, {"error": error, "error_description": text})
