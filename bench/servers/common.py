"""What the Python peers share: who calls, and which account an id names."""

from __future__ import annotations

import os
import time
from typing import Any

import msgspec
from aiohttp import ClientSession
from joserfc import jwt
from joserfc.jwk import KeySet

from bench.queries import account_id

UPSTREAM = os.environ["UPSTREAM"]
ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
ACCOUNTS: dict[str, dict[str, Any]] = msgspec.json.decode(os.environ["ACCOUNTS"])
KEY_OF = {account_id(key): key for key in ACCOUNTS}
"""Global id -> account key."""

_claims = jwt.JWTClaimsRegistry(
    leeway=30,
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
)


class Callers:
    """Verifies tokens once, and knows them until they end."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, frozenset[str]]] = {}
        self._keys: KeySet | None = None

    async def accounts(self, authorization: str) -> frozenset[str]:
        """Give the accounts that the caller is a member of; ValueError for a token that is none."""
        known = self._known.get(authorization)
        if known is not None and known[0] > time.time():
            return known[1]
        if not authorization.startswith("Bearer "):
            raise ValueError("no token")
        if self._keys is None:
            self._keys = await _keys()
        token = jwt.decode(authorization[7:], self._keys, algorithms=["RS256"])
        _claims.validate(token.claims)
        found = frozenset(entry["account"] for entry in token.claims["memberships"])
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[authorization] = token.claims["exp"], found
        return found


async def _keys() -> KeySet:
    async with ClientSession(raise_for_status=True) as session:
        async with session.get(f"{ISSUER}/.well-known/openid-configuration") as answer:
            found = msgspec.json.decode(await answer.read())
        async with session.get(found["jwks_uri"]) as answer:
            return KeySet.import_key_set(msgspec.json.decode(await answer.read()))
