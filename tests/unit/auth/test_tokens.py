from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning

from gateway.auth import tokens
from gateway.auth.keys import KeySource
from gateway.auth.permissions import Permission
from gateway.auth.policy import load_policy
from gateway.auth.principal import Membership, PrincipalKind
from gateway.auth.tokens import InvalidToken, TokenVerifier, bearer, challenge
from gateway.errors import Code, UpstreamError
from sandbox.oidc import AUDIENCE, CLIENT_ID, Issuer
from tests.unit.auth.conftest import Clock, Fetch, Idp

ALL = frozenset(Permission)
OF = load_policy().permissions


async def reason(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    return caught.value.reason


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
async def test_a_token_becomes_a_principal(
    verifier: TokenVerifier, issuer: Issuer, clock: Clock, alg: str
) -> None:
    principal = await verifier.verify(issuer.mint("owner-a", alg=alg))
    assert principal.subject == "usr_owner_a"
    assert principal.issuer == issuer.url
    assert principal.kind is PrincipalKind.USER
    assert principal.expires_at == clock.now + 3600
    assert principal.client_id == CLIENT_ID
    assert principal.display_name == "Owner of Acme Manufacturing"
    assert principal.email == "owner-a@portal.example"
    assert principal.memberships == {"acme": Membership("acme", ("owner",), ALL)}
    assert principal.natives == {}


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
@pytest.mark.filterwarnings(f"ignore::{SecurityWarning.__module__}.{SecurityWarning.__name__}")
async def test_tokens_of_another_implementation_verify(
    verifier: TokenVerifier, issuer: Issuer, clock: Clock, alg: str
) -> None:
    claims = {"iss": issuer.url, "sub": "u", "aud": AUDIENCE, "exp": int(clock.now) + 60}
    key = issuer.keys[alg]
    header = {"alg": alg, "typ": "AT+JWT", "kid": key.kid}
    token = jws.serialize_compact(header, json.dumps(claims), key, algorithms=[alg])
    assert (await verifier.verify(token)).subject == "u"


async def test_each_role_grants_what_the_policy_says(verifier: TokenVerifier, issuer: Issuer) -> None:
    multi = await verifier.verify(issuer.mint("multi"))
    assert {key: held.granted for key, held in multi.memberships.items()} == {
        "acme": OF(["billing"]), "bright": OF(["viewer"]),
        "group": ALL, "group-north": ALL, "group-south": ALL,
    }  # fmt: skip
    stranger = await verifier.verify(
        issuer.mint("owner-a", memberships=[{"account": "acme", "roles": ["root"]}])
    )
    assert stranger.memberships == {"acme": Membership("acme", ("root",), frozenset())}


async def test_entries_of_one_account_merge(verifier: TokenVerifier, issuer: Issuer) -> None:
    claim = [
        {"account": "acme", "roles": ["viewer"], "natives": {"stripe": "cus_1", "tryton": ["101"]}},
        {"account": "bright", "roles": []},
        {"account": "acme", "roles": ["viewer", "billing"], "natives": {"stripe": ["cus_2", "cus_1"]}},
    ]
    principal = await verifier.verify(issuer.mint("owner-a", memberships=claim))
    assert principal.memberships["acme"] == Membership(
        "acme", ("viewer", "billing"), OF(["viewer", "billing"])
    )
    assert principal.memberships["bright"] == Membership("bright", (), frozenset())
    assert principal.natives == {"acme": {"stripe": ("cus_1", "cus_2"), "tryton": ("101",)}}


async def test_the_memberships_claim_has_a_configurable_name(
    issuer: Issuer, keys: KeySource, clock: Clock
) -> None:
    verifier = TokenVerifier(
        issuer=issuer.url, audience=AUDIENCE, keys=keys, policy=load_policy(), clock=clock,
        memberships_claim="https://portal.example/accounts",
    )  # fmt: skip
    claim = {"https://portal.example/accounts": [{"account": "bright", "roles": ["owner"]}]}
    assert set((await verifier.verify(issuer.mint("owner-a", **claim))).memberships) == {"bright"}
    assert (await verifier.verify(issuer.mint("owner-a"))).memberships == {}


async def test_five_hundred_memberships_are_the_limit(issuer: Issuer, verifier: TokenVerifier) -> None:
    entry = {"account": "a", "roles": []}
    many: dict[str, Any] = {"memberships": [entry] * 500}
    assert len(issuer.mint("owner-a", **many)) > 8192  # the length of a token bounds it first
    with pytest.raises(InvalidToken, match="not valid"):
        tokens._convert([entry] * 501, tokens._Grants, "memberships")
    assert len(tokens._convert([entry] * 500, tokens._Grants, "memberships")) == 500


@pytest.mark.parametrize(
    ("persona", "claims", "kind"),
    [
        ("owner-a", {}, PrincipalKind.USER),
        ("staff", {}, PrincipalKind.STAFF),
        ("owner-a", {"client_id": "usr_owner_a"}, PrincipalKind.MACHINE),
        ("owner-a", {"client_id": None, "azp": "usr_owner_a"}, PrincipalKind.MACHINE),
        ("owner-a", {"client_id": None}, PrincipalKind.USER),
        ("staff", {"client_id": "usr_staff"}, PrincipalKind.STAFF),
        ("owner-a", {"memberships": [{"account": "a", "roles": ["x", "staff-new"]}]}, PrincipalKind.STAFF),
        ("owner-a", {"memberships": [{"account": "a", "roles": ["staff", "a-staff-"]}]}, PrincipalKind.USER),
    ],
)
async def test_the_kind_of_caller(
    verifier: TokenVerifier, issuer: Issuer, persona: str, claims: dict[str, Any], kind: PrincipalKind
) -> None:
    assert (await verifier.verify(issuer.mint(persona, **claims))).kind is kind


async def test_client_id_goes_before_azp(verifier: TokenVerifier, issuer: Issuer) -> None:
    assert (await verifier.verify(issuer.mint("owner-a", azp="other"))).client_id == CLIENT_ID
    token = issuer.mint("owner-a", client_id=None, azp="other")
    assert (await verifier.verify(token)).client_id == "other"


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"aud": ["other", AUDIENCE]}, {}),
        ({"exp": 1_800_000_000.5 + 60}, {}),
        ({"exp": 1_800_000_000 + 24 * 3600}, {}),
        ({"nbf": 1_800_000_030, "iat": 1_800_000_030}, {}),
        ({"nbf": None, "iat": None, "jti": None, "name": None, "email": None}, {}),
        ({"sub": "s" * 255}, {}),
        ({"name": "Grüße 😀"}, {}),
        ({}, {"typ": "application/at+jwt"}),
        ({}, {"typ": "Application/AT+JWT"}),
        ({}, {"kid": None}),
        ({}, {"x5t": "harmless", "unknown": 1}),
    ],
)
async def test_what_the_rules_allow_is_accepted(
    verifier: TokenVerifier, issuer: Issuer, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    assert (await verifier.verify(issuer.mint("owner-a", header=header, **claims))).issuer == issuer.url


async def test_a_token_ends_on_the_second(verifier: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    token = issuer.mint("owner-a")
    clock.advance(3599.9)
    await verifier.verify(token)
    clock.advance(0.1)
    assert await reason(verifier, token) == "expired"  # although it was kept
    assert not verifier._cache


async def test_a_verified_token_is_kept(
    verifier: TokenVerifier, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.mint("owner-a")
    principal = await verifier.verify(token)
    monkeypatch.setattr(tokens, "_read_header", None)  # whoever parses again fails
    assert await verifier.verify(token) is principal
    assert token not in repr(verifier._cache)


async def test_a_kept_token_ends_with_its_key(verifier: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    token = issuer.mint("owner-a")
    await verifier.verify(token)
    issuer.rotate()
    await verifier.verify(token)
    clock.advance(600)
    assert await reason(verifier, token) == "unknown_key"
    assert not verifier._cache


async def test_the_cache_is_bounded_and_forgets_the_oldest(
    verifier: TokenVerifier, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_MAX_CACHED", 3)
    minted = [issuer.mint("owner-a", alg="EdDSA") for _ in range(5)]
    principals = [await verifier.verify(token) for token in minted]
    assert len(verifier._cache) == 3
    assert [held.principal for held in verifier._cache.values()] == principals[2:]
    assert await verifier.verify(minted[0]) == principals[0]


async def test_a_refused_token_is_not_kept(verifier: TokenVerifier, issuer: Issuer, clock: Clock) -> None:
    token = issuer.mint("owner-a", nbf=int(clock.now) + 60)
    assert await reason(verifier, token) == "not_yet_valid"
    assert not verifier._cache
    clock.advance(30)
    await verifier.verify(token)


async def test_rotation(verifier: TokenVerifier, issuer: Issuer, fetch: Fetch, clock: Clock) -> None:
    old = issuer.mint("owner-a")
    await verifier.verify(old)
    issuer.rotate()
    new = issuer.mint("owner-a")
    await verifier.verify(new)
    assert fetch.key_sets == 2
    assert await reason(verifier, old) == "unknown_key"
    for _ in range(50):
        assert await reason(verifier, old) == "unknown_key"
    assert fetch.key_sets == 2  # the one refetch in ten seconds was spent on the new key
    clock.advance(10)
    assert await reason(verifier, old) == "unknown_key"
    assert fetch.key_sets == 3


async def test_a_token_without_kid_needs_a_single_key(
    verifier: TokenVerifier, idp: Idp, clock: Clock
) -> None:
    token = idp.issuer.mint("owner-a", header={"kid": None})
    idp.jwks = {"keys": [*idp.issuer.jwks()["keys"], *Issuer("").jwks()["keys"]]}
    assert await reason(verifier, token) == "kid_required"
    idp.jwks = None
    clock.advance(600)
    await verifier.verify(token)


async def test_keys_of_one_id_are_all_tried(verifier: TokenVerifier, idp: Idp) -> None:
    shared = [
        key | {"kid": "shared"} for jwks in (Issuer("").jwks(), idp.issuer.jwks()) for key in jwks["keys"]
    ]
    idp.jwks = {"keys": shared}
    await verifier.verify(idp.issuer.mint("owner-a", header={"kid": "shared"}))
    await verifier.verify(idp.issuer.mint("owner-a", header={"kid": "shared"}, alg="ES256"))


async def test_an_outage_with_a_warm_cache_stops_nobody(
    verifier: TokenVerifier, idp: Idp, clock: Clock
) -> None:
    kept = idp.issuer.mint("owner-a")
    await verifier.verify(kept)
    await idp.stop()
    clock.advance(1200)
    await verifier.verify(kept)
    await verifier.verify(idp.issuer.mint("owner-b"))
    clock.advance(25 * 3600)
    with pytest.raises(UpstreamError):
        await verifier.verify(idp.issuer.mint("owner-b"))


async def test_an_outage_with_a_cold_cache_is_not_the_callers_fault(
    verifier: TokenVerifier, idp: Idp
) -> None:
    await idp.stop()
    with pytest.raises(UpstreamError) as caught:
        await verifier.verify(idp.issuer.mint("owner-a"))
    assert caught.value.code is Code.UPSTREAM_UNAVAILABLE
    assert caught.value.system == "identity"


@pytest.mark.parametrize(
    "header", ["Bearer abc.def-_~+/==", "bearer abc.def-_~+/==", "BEARER   abc.def-_~+/=="]
)
def test_bearer_takes_the_token(header: str) -> None:
    assert bearer(header) == "abc.def-_~+/=="


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "missing"),
        ("", "missing"),
        ("Basic YTpi", "missing"),
        ("Bearerx y", "missing"),
        ("Bearer,x", "missing"),
        (" Bearer x", "missing"),
        ("Bearer", "malformed"),
        ("Bearer ", "malformed"),
        ("Bearer a b", "malformed"),
        ("Bearer a, Bearer b", "malformed"),
        ("Bearer a\n", "malformed"),
        ('Bearer "a"', "malformed"),
        ("Bearer a=b", "malformed"),
        ("Bearer ä", "malformed"),
        ("Bearer\ta", "missing"),
    ],
)
def test_bearer_refuses_the_rest(header: str | None, expected: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        bearer(header)
    assert caught.value.reason == expected


def test_the_challenge() -> None:
    assert challenge(None) == challenge(InvalidToken("missing")) == 'Bearer realm="gateway"'
    invalid = 'Bearer realm="gateway", error="invalid_token"'
    assert challenge(InvalidToken("expired")) == invalid
    assert challenge(InvalidToken('x", realm="forged\r\n')) == invalid


def test_the_public_error_tells_nothing() -> None:
    error = InvalidToken("expired")
    assert error.code is Code.UNAUTHENTICATED
    assert str(error) == error.message == InvalidToken("signature").message
    assert error.extensions() == {"code": "UNAUTHENTICATED", "retryable": False}
