"""Who may ask: the JWT bearer grant (RFC 7523), and sessions that end."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from sandbox.salesforce.errors import GrantError

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES = frozenset({"https://login.salesforce.com", "https://test.salesforce.com"})
INSTANCE = "https://stand-in.my.salesforce.com"
"""What the token endpoint says the organisation's address is."""
_LONGEST = 180 + 30  # seconds that an assertion may live, and clocks may differ
_LIFETIME = 2 * 3600


class Sessions:
    """Open sessions of one app and one user; `now` gives unix seconds."""

    def __init__(
        self, *, client_id: str, public_key_pem: str, username: str, now: Callable[[], float]
    ) -> None:
        self._client_id = client_id
        self._key = RSAKey.import_key(public_key_pem)
        self._username = username
        self._now = now
        self._until: dict[str, float] = {}

    def grant(self, form: Mapping[str, str]) -> dict[str, str]:
        """Answer the token endpoint. Raises GrantError."""
        if form.get("grant_type") != GRANT_TYPE:
            raise GrantError("unsupported_grant_type", "grant type not supported")
        claims = self._claims(form.get("assertion", ""))
        if claims.get("iss") != self._client_id:
            raise GrantError("invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in AUDIENCES:
            raise GrantError("invalid_grant", "audience is invalid")
        until = _seconds(claims.get("exp"))
        if until <= self._now():
            raise GrantError("invalid_grant", "expired authorization code")
        if until > self._now() + _LONGEST:
            raise GrantError("invalid_grant", "expiry is too far in the future")
        if claims.get("sub") != self._username:
            raise GrantError("invalid_grant", "user hasn't approved this consumer")
        token = f"00D5g000004Stnd!{secrets.token_urlsafe(48)}"
        self._until[token] = self._now() + _LIFETIME
        return {
            "access_token": token, "scope": "api", "instance_url": INSTANCE, "token_type": "Bearer",
            "id": "https://login.salesforce.com/id/00D5g000004StndEAE/0055g0000000901AAA",
        }  # fmt: skip

    def _claims(self, assertion: str) -> dict[str, Any]:
        try:
            return dict(jwt.decode(assertion, self._key, algorithms=["RS256"]).claims)
        except (JoseError, ValueError, json.JSONDecodeError):
            raise GrantError("invalid_grant", "invalid assertion") from None

    def revoke(self, token: str) -> bool:
        """End a session; whether there was one."""
        return self._until.pop(token, None) is not None

    def admits(self, header: str) -> bool:
        """Whether an Authorization header has the token of an open session."""
        scheme, _, token = header.partition(" ")
        return scheme.lower() in {"bearer", "oauth"} and self._until.get(token.strip(), 0) > self._now()


def _seconds(claim: object) -> float:
    """Read a moment: clients in the field write it as text, and Salesforce takes that."""
    if isinstance(claim, str) and claim.isascii() and claim.isdigit():
        return float(claim)
    return float(claim) if isinstance(claim, (int, float)) else 0.0
