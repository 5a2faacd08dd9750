"""The issuer's public keys: OpenID Connect discovery and JWKS, cached, rotated, kept through outages.

Only asymmetric signature keys are kept: RSA of 2048 to 8192 bits, EC P-256, OKP Ed25519. All else in a
key set (symmetric, encryption, weak or broken keys) is ignored.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from gateway.errors import Code, ConfigurationError, UpstreamError

SYSTEM = "identity"
"""The name under which the issuer appears in errors."""

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
_ALGORITHM_OF = {("RSA", ""): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_RSA_BITS = range(2048, 8193)
_MAX_BYTES = 256 * 1024
_MAX_KEYS = 50
_MAX_STALE = 24 * 3600.0
_COOL_DOWN = 10.0
_COOL_DOWN_COLD = 1.0

_LOG = logging.getLogger(__name__)
_Shape = TypeVar("_Shape")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key and the only algorithm it may verify."""

    alg: str
    kid: str | None
    jwk: RSAKey | ECKey | OKPKey

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` over `message` was made by this key."""
        # The model itself, not `jws.deserialize_compact`: that parses the header a second time, more
        # laxly, and warns about the name "EdDSA" (RFC 9864) at each call.
        return JWSRegistry.algorithms[self.alg].verify(message, signature, self.jwk)


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str


class _KeySet(msgspec.Struct):
    keys: list[Any]


class _Jwk(msgspec.Struct):
    kty: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    key_ops: list[str] | None = None
    crv: str = ""
    n: str = ""
    e: str = ""
    x: str = ""
    y: str = ""


class KeySource:
    """Finds the issuer's keys by algorithm and key id.

    `fetch` gets a URL's body and raises `UpstreamError`; it bounds its own time. `ttl` is in seconds.
    Past it the keys are fetched anew; while the issuer is down they serve for up to 24 hours.
    """

    def __init__(
        self,
        issuer: str,
        fetch: Callable[[str], Awaitable[bytes]],
        *,
        clock: Callable[[], float] = time.monotonic,
        ttl: float = 600.0,
    ) -> None:
        if not _is_trusted(issuer):
            raise ConfigurationError(
                "auth.issuer", "write the issuer's https URL; http is allowed on a loopback address only"
            )
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._ttl = ttl
        self._keys: tuple[VerificationKey, ...] = ()
        self._fetched_at = -math.inf
        self._generation = 0
        self._failure: Code | None = None
        self._failed_at = -math.inf
        self._forced_at = -math.inf
        self._flight: asyncio.Task[None] | None = None

    async def find(self, alg: str, kid: str | None) -> tuple[VerificationKey, ...]:
        """Keys for `alg` with this `kid`, or all for `alg` without one; empty when the issuer has none.

        An unknown key asks the issuer again, at most once in 10 seconds. Raises `UpstreamError` when
        the issuer's keys cannot be had, so that a key which may be good is not called bad.
        """
        generation = self._generation
        await self._freshen()
        found = self._matching(alg, kid)
        if not found and self._generation == generation and self._may_force():
            await self._refresh()
            found = self._matching(alg, kid)
        if not found and self._failure:
            raise UpstreamError(self._failure, SYSTEM)
        self._check_any()
        return found

    def vouches(self, key: VerificationKey) -> bool:
        """Whether this key is the issuer's, as far as is known without asking it; if not, `find` may ask."""
        return self._clock() - self._fetched_at < self._ttl and key in self._keys

    async def ping(self) -> None:
        """Make sure that keys are at hand; UpstreamError when none can be had."""
        await self._freshen()
        self._check_any()

    def _check_any(self) -> None:
        if not self._keys:
            raise _broken("no usable key in the key set")

    def _matching(self, alg: str, kid: str | None) -> tuple[VerificationKey, ...]:
        return tuple(key for key in self._keys if key.alg == alg and kid in (None, key.kid))

    def _may_force(self) -> bool:
        if self._flight is not None:
            return True  # joining costs nothing
        now = self._clock()
        if now - self._forced_at < _COOL_DOWN:
            return False
        self._forced_at = now
        return True

    async def _freshen(self) -> None:
        age = self._clock() - self._fetched_at
        if age < self._ttl:
            return
        if self._failure and age < _MAX_STALE:
            self._begin()  # the issuer is down: serve what is known and look again behind this request
            return
        await self._refresh()
        if self._failure and self._clock() - self._fetched_at >= _MAX_STALE:
            raise UpstreamError(self._failure, SYSTEM)

    async def _refresh(self) -> None:
        if flight := self._begin():
            await asyncio.shield(flight)  # one caller that gives up does not end it for the others

    def _begin(self) -> asyncio.Task[None] | None:
        """Join the fetch under way or start one; none while a failure is too fresh."""
        wait = _COOL_DOWN if self._keys else _COOL_DOWN_COLD
        if self._flight is None and self._clock() - self._failed_at >= wait:
            self._flight = asyncio.create_task(self._download())
        return self._flight

    async def _download(self) -> None:
        try:
            keys, offered = await self._read_keys()
        except UpstreamError as error:
            # Timeout, refusal or outage: to the caller it is all one, only broken documents stand apart.
            broken = error.code is Code.UPSTREAM_CONTRACT_BROKEN
            self._failure = Code.UPSTREAM_CONTRACT_BROKEN if broken else Code.UPSTREAM_UNAVAILABLE
            self._failed_at = self._clock()
            _LOG.warning("The issuer's keys were not refreshed: %s %s", error.code, error.detail)
        else:
            self._keys, self._failure, self._failed_at = keys, None, -math.inf
            self._fetched_at = self._clock()
            self._generation += 1
            _LOG.info("The issuer's keys were refreshed: %d of %d usable", len(keys), offered)
        finally:
            self._flight = None

    async def _read_keys(self) -> tuple[tuple[VerificationKey, ...], int]:
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _decode(await self._fetch(url), _Discovery)
        if found.issuer != self._issuer:
            raise _broken("the discovery document is another issuer's")
        same_scheme = found.jwks_uri.partition(":")[0] == self._issuer.partition(":")[0]
        if not same_scheme or not _is_trusted(found.jwks_uri):
            raise _broken("jwks_uri has another scheme than the issuer, or is not loopback")
        offered = _decode(await self._fetch(found.jwks_uri), _KeySet).keys
        if len(offered) > _MAX_KEYS:
            raise _broken("too many keys")
        return tuple(key for entry in offered if (key := _public_key(entry))), len(offered)


def _is_trusted(url: str) -> bool:
    """Whether keys may be read from `url`: https, or http on a loopback address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        plain = parts.username is None and not parts.fragment and parts.port != 0
    except ValueError:
        return False  # broken brackets or port
    return (
        bool(host) and plain and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _decode(body: bytes, shape: type[_Shape]) -> _Shape:
    if len(body) > _MAX_BYTES:
        raise _broken("the document is too large")
    try:
        return msgspec.json.decode(body, type=shape)
    except (ValueError, RecursionError):
        # No cause is kept: it may quote the document.
        raise _broken("not a document of the expected shape") from None


def _broken(detail: str) -> UpstreamError:
    return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, SYSTEM, detail=detail)


def _public_key(entry: object) -> VerificationKey | None:
    """Read one JWK; None when the gateway has no use for it. Private parts are never read."""
    try:
        jwk = msgspec.convert(entry, _Jwk)
        alg = _ALGORITHM_OF.get((jwk.kty, jwk.crv))
        verifies = jwk.key_ops is None or "verify" in jwk.key_ops
        if alg is None or jwk.use not in (None, "sig") or jwk.alg not in (None, alg) or not verifies:
            return None
        if alg == "RS256":
            # Measured before the library sees it: it would only warn about a weak key.
            if int.from_bytes(urlsafe_b64decode(jwk.n.encode())).bit_length() not in _RSA_BITS:
                return None
            return VerificationKey(alg, jwk.kid, RSAKey.import_key({"kty": "RSA", "n": jwk.n, "e": jwk.e}))
        point: dict[str, str | list[str]] = {"kty": jwk.kty, "crv": jwk.crv, "x": jwk.x}
        if alg == "EdDSA":
            return VerificationKey(alg, jwk.kid, OKPKey.import_key(point))
        return VerificationKey(alg, jwk.kid, ECKey.import_key(point | {"y": jwk.y}))
    except (JoseError, ValueError):
        return None
