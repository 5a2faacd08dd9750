from __future__ import annotations

import base64
import json
from typing import Any

import aiohttp
import pytest

from gateway.auth.keys import KeySource
from gateway.auth.policy import load_policy
from gateway.auth.tokens import InvalidToken, TokenVerifier
from sandbox.data import build
from sandbox.oidc import AUDIENCE, GRANT_TYPE, Issuer, create_app
from sandbox.personas import NAMED_ACCOUNTS, PERSONAS
from tests.unit.auth.conftest import Clock, Fetch, Serve


@pytest.fixture
async def live(clock: Clock, serve: Serve) -> Issuer:
    where: list[str] = []
    issuer = Issuer(lambda: where[0], clock=clock)
    where.append((await serve(create_app(issuer))).url)
    return issuer


async def ask(issuer: Issuer, path: str, **form: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.post(issuer.url + path, data=form) as response:
        assert path == "/rotate" or response.headers["Cache-Control"] == "no-store"
        return response.status, await response.json(content_type=None)


async def token(issuer: Issuer, persona: str, **form: str) -> str:
    status, answer = await ask(issuer, "/token", grant_type=GRANT_TYPE, persona=persona, **form)
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3600)
    return answer["access_token"]


def test_personas_stand_on_the_data_set() -> None:
    accounts = build().accounts
    assert set(NAMED_ACCOUNTS) == set(accounts)
    assert list(PERSONAS) == ["owner-a", "billing-a", "viewer-a", "owner-b", "multi", "staff", "partner"]
    roles = load_policy().roles
    for key, persona in PERSONAS.items():
        assert persona.key == key
        assert persona.memberships.keys() <= accounts.keys()
        assert {role for held in persona.memberships.values() for role in held} <= roles.keys()
    assert len({persona.subject for persona in PERSONAS.values()}) == len(PERSONAS)


@pytest.mark.parametrize("persona", PERSONAS)
async def test_every_persona_signs_in_over_http(
    live: Issuer, fetch: Fetch, clock: Clock, persona: str
) -> None:
    keys = KeySource(live.url, fetch, clock=clock)
    verifier = TokenVerifier(issuer=live.url, audience=AUDIENCE, keys=keys, policy=load_policy(), clock=clock)
    principal = await verifier.verify(await token(live, persona))
    expected = PERSONAS[persona]
    assert (principal.subject, principal.display_name) == (expected.subject, expected.display_name)
    assert {key: held.roles for key, held in principal.memberships.items()} == expected.memberships


async def test_rotation_over_http(live: Issuer, fetch: Fetch, clock: Clock) -> None:
    keys = KeySource(live.url, fetch, clock=clock)
    verifier = TokenVerifier(issuer=live.url, audience=AUDIENCE, keys=keys, policy=load_policy(), clock=clock)
    old = [await token(live, "owner-a", alg=alg) for alg in ("RS256", "ES256", "EdDSA")]
    for each in old:
        await verifier.verify(each)
    assert await ask(live, "/rotate") == (204, None)
    await verifier.verify(await token(live, "owner-a", alg="ES256"))
    for each in old:
        with pytest.raises(InvalidToken) as caught:
            await verifier.verify(each)
        assert caught.value.reason == "unknown_key"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "unsupported_grant_type"),
        ({"grant_type": "password", "persona": "owner-a"}, "unsupported_grant_type"),
        ({"grant_type": GRANT_TYPE}, "invalid_grant"),
        ({"grant_type": GRANT_TYPE, "persona": "nobody"}, "invalid_grant"),
        ({"grant_type": GRANT_TYPE, "persona": "owner-a", "alg": "none"}, "invalid_request"),
    ],
)
async def test_bad_requests_are_refused_as_the_rfc_says(
    live: Issuer, form: dict[str, str], error: str
) -> None:
    assert await ask(live, "/token", **form) == (400, {"error": error})


async def test_private_keys_are_not_published(live: Issuer, fetch: Fetch) -> None:
    published = json.loads(await fetch(f"{live.url}/jwks"))["keys"]
    assert [key["alg"] for key in published] == ["RS256", "ES256", "EdDSA"]
    assert not any({"d", "p", "q", "dp", "dq", "qi"} & key.keys() for key in published)


async def test_it_answers_to_its_own_host_name_only(live: Issuer) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{live.url}/jwks", headers={"Host": "attacker.example"}) as response,
    ):
        assert response.status == 400


@pytest.mark.parametrize("client", [("192.0.2.1", 1), None])
async def test_it_answers_to_this_machine_only(client: tuple[str, int] | None) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/jwks", "headers": [], "client": client}
    await create_app(Issuer("http://127.0.0.1"))(scope, None, send)
    assert sent[0]["status"] == 403


def test_mint_overrides_and_leaves_out_single_members(clock: Clock) -> None:
    made = Issuer("http://127.0.0.1", clock=clock).mint(
        "owner-a", issuer="other", header={"kid": None}, jti=None
    )
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in made.split(".")[:2])
    assert header == {"alg": "RS256", "typ": "at+jwt"}
    assert claims["iss"] == "other"
    assert "jti" not in claims
    assert claims["exp"] == claims["iat"] + 3600 == clock.now + 3600
