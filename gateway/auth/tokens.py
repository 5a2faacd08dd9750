"""OIDC access tokens (RFC 9068, signed JWTs) become principals; and the `Authorization` header (RFC 6750)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from gateway.auth.keys import ALGORITHMS, KeySource, VerificationKey
from gateway.auth.policy import Policy
from gateway.auth.principal import Membership, Principal, PrincipalKind
from gateway.errors import Code, RequestError

_MAX_TOKEN = 8192
_MAX_LIFETIME = 24 * 3600
_LEEWAY = 30
_MAX_MEMBERSHIPS = 500
_MAX_CACHED = 10_000

_TYPES = frozenset({"at+jwt", "application/at+jwt"})
# They bring their own key or change what is signed; the gateway knows its issuer's keys.
_REFUSED_HEADERS = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64"})
_CREDENTIAL = re.compile(r" +([A-Za-z0-9\-._~+/]+=*)")


class InvalidToken(RequestError):  # noqa: N818  the RFC's word for it (`invalid_token`)
    """The caller has no valid access token. `reason` is for logs: a fixed word, never token content."""

    def __init__(self, reason: str) -> None:
        super().__init__(Code.UNAUTHENTICATED, "The access token is missing, expired or not valid.")
        self.reason = reason


def bearer(authorization: str | None) -> str:
    """Take the token out of an `Authorization` header. Raises `InvalidToken`: `missing` or `malformed`."""
    scheme, credential = (authorization or "")[:6], (authorization or "")[6:]
    if scheme.lower() != "bearer" or credential[:1] not in ("", " "):
        raise InvalidToken("missing")
    if not (found := _CREDENTIAL.fullmatch(credential)):
        raise InvalidToken("malformed")
    return found[1]


def challenge(error: InvalidToken | None) -> str:
    """Write the `WWW-Authenticate` header of a 401. It holds constants only, nothing of the request."""
    if error is None or error.reason == "missing":
        return 'Bearer realm="gateway"'
    return 'Bearer realm="gateway", error="invalid_token"'


_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class _Header(msgspec.Struct):
    alg: str
    typ: str
    kid: _Text | None = None


class _Claims(msgspec.Struct):
    iss: str
    sub: _Text
    aud: str | list[str]
    exp: int | float
    nbf: int | float = 0
    iat: int | float = 0
    client_id: _Text | None = None
    azp: _Text | None = None
    name: str | None = None
    email: str | None = None


class _Grant(msgspec.Struct, forbid_unknown_fields=True):
    """One entry of the memberships claim. An unknown member may be a restriction, so it is refused."""

    account: _Text
    roles: list[_Text]
    natives: dict[_Text, _Text | list[_Text]] = {}


_Grants = Annotated[list[_Grant], msgspec.Meta(max_length=_MAX_MEMBERSHIPS)]


@dataclass(frozen=True, slots=True)
class _Verified:
    """A principal and the key that vouches for it."""

    principal: Principal
    key: VerificationKey


class TokenVerifier:
    """Verifies access tokens of one issuer for one audience.

    A verified token is kept until it expires or the issuer withdraws its key; a refused one is not kept.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        keys: KeySource,
        policy: Policy,
        memberships_claim: str = "memberships",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._policy = policy
        self._memberships_claim = memberships_claim
        self._clock = clock
        self._cache: dict[bytes, _Verified] = {}

    async def verify(self, token: str) -> Principal:
        """Turn a token into its principal.

        Raises `InvalidToken`, or `UpstreamError` when the issuer's keys cannot be had.
        """
        if len(token) > _MAX_TOKEN or not token.isascii():
            raise InvalidToken("malformed")
        digest = hashlib.sha256(token.encode()).digest()
        if known := self._cache.get(digest):
            if await self._still_holds(known):
                return known.principal
            self._cache.pop(digest, None)
        verified = await self._verify(token)
        if len(self._cache) >= _MAX_CACHED:
            del self._cache[next(iter(self._cache))]  # the oldest
        self._cache[digest] = verified
        return verified.principal

    async def _still_holds(self, known: _Verified) -> bool:
        if known.principal.expires_at <= self._clock():
            return False
        key = known.key
        return self._keys.vouches(key) or key in await self._keys.find(key.alg, key.kid)

    async def _verify(self, token: str) -> _Verified:
        parts = token.split(".")
        if len(parts) != 3:  # noqa: PLR2004  header, payload, signature
            raise InvalidToken("malformed")
        header = _read_header(_object(parts[0]))
        payload, signature = _bytes(parts[1]), _bytes(parts[2])
        found = await self._keys.find(header.alg, header.kid)
        if not found:
            raise InvalidToken("unknown_key")
        if header.kid is None and len(found) > 1:
            raise InvalidToken("kid_required")
        signed = f"{parts[0]}.{parts[1]}".encode()
        key = next((key for key in found if key.verify(signed, signature)), None)
        if key is None:
            raise InvalidToken("signature")
        return _Verified(self._principal(_parse(payload)), key)

    def _principal(self, raw: dict[str, Any]) -> Principal:
        claims: _Claims = _convert(raw, _Claims, "claims")
        self._check(claims)
        grants: list[_Grant] = _convert(raw.get(self._memberships_claim, []), _Grants, "memberships")
        roles, natives = _merge(grants)
        client = claims.client_id or claims.azp
        return Principal(
            subject=claims.sub,
            issuer=claims.iss,
            kind=_kind(roles.values(), is_own_client=client == claims.sub),
            expires_at=int(claims.exp),
            client_id=client,
            display_name=claims.name,
            email=claims.email,
            memberships={
                account: Membership(account, held, self._policy.permissions(held))
                for account, held in roles.items()
            },
            natives=natives,
        )

    def _check(self, claims: _Claims) -> None:
        now = self._clock()
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        refusals = {
            "issuer": claims.iss != self._issuer,
            "audience": self._audience not in audiences,
            "expired": int(claims.exp) <= now,
            "lifetime": claims.exp > now + _MAX_LIFETIME,
            "not_yet_valid": claims.nbf > now + _LEEWAY,
            "issued_in_the_future": claims.iat > now + _LEEWAY,
        }
        for reason, refused in refusals.items():
            if refused:
                raise InvalidToken(reason)


def _read_header(raw: dict[str, Any]) -> _Header:
    header: _Header = _convert(raw, _Header, "header")
    if not _REFUSED_HEADERS.isdisjoint(raw):
        raise InvalidToken("header")
    if header.alg not in ALGORITHMS:
        raise InvalidToken("algorithm")
    if header.typ.lower() not in _TYPES:
        raise InvalidToken("type")
    return header


def _bytes(segment: str) -> bytes:
    """Decode base64url strictly: no padding, no other alphabet, no stray bits (RFC 7515, 2)."""
    try:
        decoded = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise InvalidToken("malformed") from None
    if not segment or base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != segment:
        raise InvalidToken("malformed")
    return decoded


def _object(segment: str) -> dict[str, Any]:
    return _parse(_bytes(segment))


def _parse(raw: bytes) -> dict[str, Any]:
    """Read a JSON object strictly. No cause is kept: it would quote the token."""
    try:
        msgspec.json.decode(raw)  # refuses what `json` lets pass: NaN, Infinity, 1e999, lone surrogates
        value = json.loads(raw.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise InvalidToken("malformed") from None
    if not isinstance(value, dict):
        raise InvalidToken("malformed")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _convert(raw: object, shape: Any, reason: str) -> Any:
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError:
        raise InvalidToken(reason) from None


_Natives = dict[str, dict[str, tuple[str, ...]]]


def _merge(grants: list[_Grant]) -> tuple[dict[str, tuple[str, ...]], _Natives]:
    """Union of the entries per account: its roles, and its native ids per connector."""
    roles: dict[str, tuple[str, ...]] = {}
    natives: _Natives = {}
    for grant in grants:
        roles[grant.account] = _union(roles.get(grant.account, ()), grant.roles)
        for connector, ids in grant.natives.items():
            of_account = natives.setdefault(grant.account, {})
            listed = [ids] if isinstance(ids, str) else ids
            of_account[connector] = _union(of_account.get(connector, ()), listed)
    return roles, natives


def _union(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _kind(roles: Iterable[tuple[str, ...]], *, is_own_client: bool) -> PrincipalKind:
    if any(role.startswith("staff-") for held in roles for role in held):
        return PrincipalKind.STAFF
    return PrincipalKind.MACHINE if is_own_client else PrincipalKind.USER
