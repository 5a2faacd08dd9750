"""Tokens that an attacker, or a careless issuer, would send. Each is refused, for the stated reason."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry

from gateway.auth.tokens import InvalidToken, TokenVerifier
from sandbox.oidc import AUDIENCE, Issuer
from tests.unit.auth.conftest import Clock, Fetch, Idp

NOW = 1_800_000_000
Attack = Callable[[Issuer], str]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts(issuer: Issuer) -> list[str]:
    return issuer.mint("owner-a").split(".")


def claims(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    return {"iss": issuer.url, "sub": "u", "aud": AUDIENCE, "exp": NOW + 60} | changes


def signed(header: bytes, payload: bytes, key: Any, alg: str = "RS256") -> str:
    """Sign any bytes, however malformed, with a real key."""
    message = f"{b64(header)}.{b64(payload)}"
    return f"{message}.{b64(JWSRegistry.algorithms[alg].sign(message.encode(), key))}"


def head(issuer: Issuer, **changes: Any) -> bytes:
    return json.dumps({"alg": "RS256", "typ": "at+jwt", "kid": issuer.keys["RS256"].kid} | changes).encode()


def claiming(**changes: Any) -> Attack:
    return lambda issuer: issuer.mint("owner-a", **changes)


def heading(**changes: Any) -> Attack:
    return lambda issuer: issuer.mint("owner-a", header=changes)


def paying(payload: bytes) -> Attack:
    return lambda issuer: signed(head(issuer), payload, issuer.keys["RS256"])


def raw_claim(name: str, text: str) -> Attack:
    """Sign claims in which one value is written as `text`, whatever JSON thinks of it."""

    def attack(issuer: Issuer) -> str:
        payload = json.dumps(claims(issuer, **{name: "@"})).replace('"@"', text)
        return signed(head(issuer), payload.encode(), issuer.keys["RS256"])

    return attack


def none_algorithm(issuer: Issuer) -> str:
    return f"{b64(head(issuer, alg='none'))}.{parts(issuer)[1]}.AA"


def unsigned(issuer: Issuer) -> str:
    return f"{b64(head(issuer, alg='none'))}.{parts(issuer)[1]}."


def hmac_with_the_public_key(issuer: Issuer) -> str:
    message = f"{b64(head(issuer, alg='HS256'))}.{parts(issuer)[1]}"
    public = issuer.keys["RS256"].as_pem(private=False)
    return f"{message}.{b64(hmac.new(public, message.encode(), hashlib.sha256).digest())}"


def hmac_called_rs256(issuer: Issuer) -> str:
    message = f"{b64(head(issuer))}.{parts(issuer)[1]}"
    public = issuer.keys["RS256"].as_pem(private=False)
    return f"{message}.{b64(hmac.new(public, message.encode(), hashlib.sha256).digest())}"


def pss_padding(issuer: Issuer) -> str:
    payload = json.dumps(claims(issuer)).encode()
    return signed(head(issuer, alg="PS256"), payload, issuer.keys["RS256"], "PS256")


def sha512_called_rs256(issuer: Issuer) -> str:
    return signed(head(issuer), json.dumps(claims(issuer)).encode(), issuer.keys["RS256"], "RS512")


def own_key(issuer: Issuer) -> str:
    return signed(head(issuer), json.dumps(claims(issuer)).encode(), RSAKey.generate_key())


def own_key_embedded(issuer: Issuer) -> str:
    key = RSAKey.generate_key()
    return signed(head(issuer, jwk=key.as_dict(private=False)), json.dumps(claims(issuer)).encode(), key)


def key_of_another_algorithm(issuer: Issuer) -> str:
    key = issuer.keys["ES256"]
    return signed(head(issuer, alg="ES256"), json.dumps(claims(issuer)).encode(), key, "ES256")


def zero_signature(issuer: Issuer) -> str:
    header = head(issuer, alg="ES256", kid=issuer.keys["ES256"].kid)
    return f"{b64(header)}.{parts(issuer)[1]}.{b64(bytes(64))}"


def der_signature(issuer: Issuer) -> str:
    header = head(issuer, alg="ES256", kid=issuer.keys["ES256"].kid)
    return f"{b64(header)}.{parts(issuer)[1]}.{b64(bytes(70))}"


def tampered_payload(issuer: Issuer) -> str:
    header, payload, signature = parts(issuer)
    body = json.loads(base64.urlsafe_b64decode(payload + "=="))
    body["memberships"] = [{"account": "bright", "roles": ["owner"]}]
    return f"{header}.{b64(json.dumps(body).encode())}.{signature}"


def tampered_header(issuer: Issuer) -> str:
    _, payload, signature = parts(issuer)
    return f"{b64(head(issuer, cty='JWT'))}.{payload}.{signature}"


def tampered_signature(issuer: Issuer) -> str:
    header, payload, signature = parts(issuer)
    flipped = bytearray(base64.urlsafe_b64decode(signature + "=="))
    flipped[10] ^= 1
    return f"{header}.{payload}.{b64(bytes(flipped))}"


def truncated_signature(issuer: Issuer) -> str:
    header, payload, signature = parts(issuer)
    return f"{header}.{payload}.{b64(base64.urlsafe_b64decode(signature + '==')[:-1])}"


def swapped_signature(issuer: Issuer) -> str:
    return ".".join([*parts(issuer)[:2], issuer.mint("owner-b").split(".")[2]])


def second_spelling(issuer: Issuer) -> str:
    """Set stray bits in the last character: the same bytes, another text."""
    token = issuer.mint("owner-a")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def duplicate_header(issuer: Issuer) -> str:
    header = b'{"alg":"none",' + head(issuer)[1:]
    return signed(header, json.dumps(claims(issuer)).encode(), issuer.keys["RS256"])


def duplicate_claim(issuer: Issuer) -> str:
    payload = b'{"sub":"victim",' + json.dumps(claims(issuer)).encode()[1:]
    return signed(head(issuer), payload, issuer.keys["RS256"])


def duplicate_within(issuer: Issuer) -> str:
    return raw_claim("memberships", '[{"account":"a","account":"b","roles":[]}]')(issuer)


def deep_header(issuer: Issuer) -> str:
    return f"{b64(b'[' * 4000)}.{parts(issuer)[1]}.AA"


MALFORMED: dict[str, Attack] = {
    "empty": lambda _: "",
    "dots": lambda _: "..",
    "word": lambda _: "token",
    "opaque": lambda _: "a" * 40,
    "no signature": lambda issuer: ".".join([*parts(issuer)[:2], ""]),
    "two parts": lambda issuer: ".".join(parts(issuer)[:2]),
    "four parts": lambda issuer: issuer.mint("owner-a") + ".AA",
    "five parts, as encrypted": lambda issuer: issuer.mint("owner-a") + ".AA.AA",
    "no header": lambda issuer: "." + ".".join(parts(issuer)[1:]),
    "no payload": lambda issuer: f"{parts(issuer)[0]}..{parts(issuer)[2]}",
    "one character": lambda issuer: ".".join([*parts(issuer)[:2], "A"]),
    "padded": lambda issuer: issuer.mint("owner-a") + "==",
    "standard alphabet": lambda issuer: ".".join([*parts(issuer)[:2], "+/+/"]),
    "line break": lambda issuer: issuer.mint("owner-a") + "\n",
    "space": lambda issuer: " " + issuer.mint("owner-a"),
    "null": lambda issuer: issuer.mint("owner-a") + "\0",
    "not ASCII": lambda issuer: issuer.mint("owner-a") + "é",
    "lone surrogate": lambda issuer: issuer.mint("owner-a") + "\ud800",
    "second spelling": second_spelling,
    "huge": lambda issuer: issuer.mint("owner-a", name="x" * 8192),
    "JSON serialization": lambda issuer: json.dumps({"payload": parts(issuer)[1], "signatures": []}),
    "header is a list": lambda issuer: f"{b64(b'[]')}.{parts(issuer)[1]}.AA",
    "header is no JSON": lambda issuer: f"{b64(b'{alg:1}')}.{parts(issuer)[1]}.AA",
    "header is not UTF-8": lambda issuer: f"{b64(bytes([255, 254]))}.{parts(issuer)[1]}.AA",
    "header is UTF-16": lambda issuer: f"{b64(head(issuer).decode().encode('utf-16'))}.{parts(issuer)[1]}.AA",
    "header nests deep": deep_header,
    "header has duplicates": duplicate_header,
    "claims are a list": paying(b"[]"),
    "claims are a string": paying(b'"sub"'),
    "claims are no JSON": paying(b"sub=u"),
    "claims are not UTF-8": paying(b'{"sub":"\xff"}'),
    "claims have a byte order mark": lambda issuer: signed(
        head(issuer), b"\xef\xbb\xbf" + json.dumps(claims(issuer)).encode(), issuer.keys["RS256"]
    ),
    "claims have more behind": paying(b"{}{}"),
    "claims nest deep": paying(b'{"a":' + b"[" * 4000),
    "claims have duplicates": duplicate_claim,
    "a membership has duplicates": duplicate_within,
    "exp is NaN": raw_claim("exp", "NaN"),
    "exp is Infinity": raw_claim("exp", "Infinity"),
    "exp overflows": raw_claim("exp", "1e999"),
    "exp has 5000 digits": raw_claim("exp", "9" * 5000),
    "nbf is -Infinity": raw_claim("nbf", "-Infinity"),
    "sub is half a character": raw_claim("sub", r'"\ud800"'),
}

REFUSED: list[tuple[str, str, Attack]] = [
    ("alg none", "algorithm", none_algorithm),
    ("alg none, unsigned", "algorithm", unsigned),
    ("alg None", "algorithm", heading(alg="None")),
    ("HS256 with the public key", "algorithm", hmac_with_the_public_key),
    ("HS256 under the name RS256", "signature", hmac_called_rs256),
    ("PS256", "algorithm", pss_padding),
    ("RS512", "algorithm", heading(alg="RS512")),
    ("RS512 under the name RS256", "signature", sha512_called_rs256),
    ("rs256", "algorithm", heading(alg="rs256")),
    ("no alg", "header", heading(alg=None)),
    ("alg is a list", "header", heading(alg=["RS256"])),
    ("no typ", "header", heading(typ=None)),
    ("typ of an ID token", "type", heading(typ="JWT")),
    ("typ of a logout token", "type", heading(typ="logout+jwt")),
    ("typ with a parameter", "type", heading(typ="at+jwt; x=1")),
    ("typ is a number", "header", heading(typ=1)),
    ("crit", "header", heading(crit=["exp"])),
    ("crit, empty", "header", heading(crit=[])),
    ("jku", "header", heading(jku="https://attacker.example/jwks")),
    ("jwk", "header", own_key_embedded),
    ("x5u", "header", heading(x5u="https://attacker.example/cert")),
    ("x5c", "header", heading(x5c=["AAAA"])),
    ("b64", "header", heading(b64=False)),
    ("kid is a path", "unknown_key", heading(kid="../../dev/null")),
    ("kid is a number", "header", heading(kid=1)),
    ("kid is empty", "header", heading(kid="")),
    ("kid is long", "header", heading(kid="k" * 256)),
    ("unknown kid", "unknown_key", heading(kid="unknown")),
    ("kid of another algorithm", "unknown_key", key_of_another_algorithm),
    ("own key under a known kid", "signature", own_key),
    ("zero ECDSA signature", "signature", zero_signature),
    ("ECDSA signature of another length", "signature", der_signature),
    ("tampered payload", "signature", tampered_payload),
    ("tampered header", "signature", tampered_header),
    ("tampered signature", "signature", tampered_signature),
    ("signature of another token", "signature", swapped_signature),
    ("truncated signature", "signature", truncated_signature),
    ("wrong iss", "issuer", claiming(iss="https://attacker.example")),
    ("iss with a slash", "issuer", lambda issuer: issuer.mint("owner-a", iss=issuer.url + "/")),
    ("iss in capitals", "issuer", lambda issuer: issuer.mint("owner-a", iss=issuer.url.upper())),
    ("no iss", "claims", claiming(iss=None)),
    ("iss is a list", "claims", lambda issuer: issuer.mint("owner-a", iss=[issuer.url])),
    ("wrong aud", "audience", claiming(aud="other")),
    ("aud of other services", "audience", claiming(aud=["other", "portal-gateway.other"])),
    ("aud contains it as text", "audience", claiming(aud="portal-gateway-2")),
    ("aud is empty", "audience", claiming(aud=[])),
    ("no aud", "claims", claiming(aud=None)),
    ("aud is mixed", "claims", claiming(aud=[AUDIENCE, 1])),
    ("aud is a map", "claims", claiming(aud={AUDIENCE: True})),
    ("expired", "expired", claiming(exp=NOW)),
    ("expired long ago", "expired", claiming(exp=-1e300)),
    ("no exp", "claims", claiming(exp=None)),
    ("exp is text", "claims", claiming(exp=str(NOW + 60))),
    ("exp is true", "claims", claiming(exp=True)),
    ("exp is a list", "claims", claiming(exp=[NOW + 60])),
    ("exp in more than a day", "lifetime", claiming(exp=NOW + 24 * 3600 + 1)),
    ("exp in milliseconds", "lifetime", claiming(exp=(NOW + 60) * 1000)),
    ("exp beyond 64 bits", "lifetime", raw_claim("exp", str(2**64))),
    ("exp beyond all", "lifetime", claiming(exp=1e308)),
    ("nbf ahead", "not_yet_valid", claiming(nbf=NOW + 31)),
    ("nbf is text", "claims", claiming(nbf="0")),
    ("nbf is true", "claims", claiming(nbf=True)),
    ("iat ahead", "issued_in_the_future", claiming(iat=NOW + 31)),
    ("iat is text", "claims", claiming(iat="0")),
    ("no sub", "claims", claiming(sub=None)),
    ("sub is empty", "claims", claiming(sub="")),
    ("sub is long", "claims", claiming(sub="s" * 256)),
    ("sub is a number", "claims", claiming(sub=1)),
    ("name is a map", "claims", claiming(name={})),
    ("email is a list", "claims", claiming(email=[])),
    ("client_id is a number", "claims", claiming(client_id=1)),
    ("azp is empty", "claims", claiming(azp="")),
]

_ENTRY = {"account": "acme", "roles": ["viewer"]}
MEMBERSHIPS: list[Any] = [
    "acme",
    {},
    True,
    ["acme"],
    [None],
    [[]],
    [{}],
    [{"account": "acme"}],
    [{"roles": ["owner"]}],
    [_ENTRY | {"account": ""}],
    [_ENTRY | {"account": "a" * 256}],
    [_ENTRY | {"account": 1}],
    [_ENTRY | {"account": None}],
    [_ENTRY | {"account": ["acme", "bright"]}],
    [_ENTRY | {"roles": "owner"}],
    [_ENTRY | {"roles": None}],
    [_ENTRY | {"roles": {"owner": True}}],
    [_ENTRY | {"roles": ["owner", 1]}],
    [_ENTRY | {"roles": [""]}],
    [_ENTRY | {"natives": []}],
    [_ENTRY | {"natives": None}],
    [_ENTRY | {"natives": {"stripe": 1}}],
    [_ENTRY | {"natives": {"stripe": ""}}],
    [_ENTRY | {"natives": {"stripe": [1]}}],
    [_ENTRY | {"natives": {"stripe": {"id": "cus_1"}}}],
    [_ENTRY | {"natives": {"": "cus_1"}}],
    [_ENTRY | {"permissions": ["invoices:read"]}],
    [_ENTRY, _ENTRY | {"until": 0}],
]


async def refuse(verifier: TokenVerifier, token: str) -> InvalidToken:
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    error = caught.value
    # Nothing of the token may travel with the error, neither in its text nor in a printed cause.
    assert error.message == "The access token is missing, expired or not valid."
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert not verifier._cache
    return error


@pytest.mark.parametrize("attack", MALFORMED.values(), ids=MALFORMED)
async def test_malformed(verifier: TokenVerifier, issuer: Issuer, attack: Attack) -> None:
    assert (await refuse(verifier, attack(issuer))).reason == "malformed"
    await verifier.verify(issuer.mint("owner-a"))


@pytest.mark.parametrize(
    ("expected", "attack"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_refused(verifier: TokenVerifier, issuer: Issuer, expected: str, attack: Attack) -> None:
    assert (await refuse(verifier, attack(issuer))).reason == expected
    await verifier.verify(issuer.mint("owner-a"))


@pytest.mark.parametrize("claim", MEMBERSHIPS, ids=json.dumps)
async def test_malformed_memberships(verifier: TokenVerifier, issuer: Issuer, claim: Any) -> None:
    token = issuer.mint("owner-a", memberships=claim)
    assert (await refuse(verifier, token)).reason == "memberships"


async def test_null_memberships(verifier: TokenVerifier, issuer: Issuer) -> None:
    assert (await refuse(verifier, raw_claim("memberships", "null")(issuer))).reason == "memberships"


async def test_a_weak_rsa_key_in_the_key_set_vouches_for_nothing(verifier: TokenVerifier, idp: Idp) -> None:
    with pytest.warns(UserWarning, match="2048"):
        weak = RSAKey.generate_key(1024)
    idp.jwks = {"keys": [*idp.issuer.jwks()["keys"], weak.as_dict(private=False, kid="weak")]}
    token = signed(head(idp.issuer, kid="weak"), json.dumps(claims(idp.issuer)).encode(), weak)
    assert (await refuse(verifier, token)).reason == "unknown_key"


@pytest.mark.parametrize(("alg", "reason"), [("HS256", "algorithm"), ("RS256", "unknown_key")])
async def test_a_symmetric_key_in_the_key_set_vouches_for_nothing(
    verifier: TokenVerifier, idp: Idp, alg: str, reason: str
) -> None:
    secret = OctKey.generate_key(256)
    idp.jwks = {"keys": [*idp.issuer.jwks()["keys"], secret.as_dict(kid="shared")]}
    header = head(idp.issuer, alg=alg, kid="shared")
    token = signed(header, json.dumps(claims(idp.issuer)).encode(), secret, "HS256")
    assert (await refuse(verifier, token)).reason == reason


@pytest.mark.parametrize("change", [{"use": "enc"}, {"alg": "RS384"}, {"key_ops": ["encrypt"]}])
async def test_a_key_for_other_ends_vouches_for_nothing(
    verifier: TokenVerifier, idp: Idp, change: dict[str, Any]
) -> None:
    key = RSAKey.generate_key()
    idp.jwks = {"keys": [*idp.issuer.jwks()["keys"], key.as_dict(private=False, kid="other") | change]}
    token = signed(head(idp.issuer, kid="other"), json.dumps(claims(idp.issuer)).encode(), key)
    assert (await refuse(verifier, token)).reason == "unknown_key"


async def test_another_curve_vouches_for_nothing(verifier: TokenVerifier, idp: Idp) -> None:
    key = ECKey.generate_key("P-384")
    idp.jwks = {"keys": [*idp.issuer.jwks()["keys"], key.as_dict(private=False, kid="curve")]}
    header = head(idp.issuer, alg="ES256", kid="curve")
    token = signed(header, json.dumps(claims(idp.issuer)).encode(), key, "ES256")
    assert (await refuse(verifier, token)).reason == "unknown_key"


async def test_a_token_of_another_issuer_at_the_same_address(
    verifier: TokenVerifier, issuer: Issuer, clock: Clock
) -> None:
    attacker = Issuer(issuer.url, clock=clock)
    assert (await refuse(verifier, attacker.mint("owner-a"))).reason == "unknown_key"
    stolen = attacker.mint("owner-a", header={"kid": issuer.keys["RS256"].kid})
    assert (await refuse(verifier, stolen)).reason == "signature"


async def test_garbage_never_reaches_the_issuer(
    verifier: TokenVerifier, issuer: Issuer, fetch: Fetch
) -> None:
    for attack in (none_algorithm, hmac_with_the_public_key, own_key_embedded, deep_header, unsigned):
        await refuse(verifier, attack(issuer))
    assert fetch.urls == []


async def test_a_swarm_of_forged_kids_costs_one_refetch(
    verifier: TokenVerifier, issuer: Issuer, fetch: Fetch
) -> None:
    await verifier.verify(issuer.mint("owner-a"))
    verifier._cache.clear()
    for n in range(200):
        await refuse(verifier, issuer.mint("owner-a", alg="EdDSA", header={"kid": f"forged-{n}"}))
    assert fetch.key_sets == 2
