"""Access tokens of a certified OpenID provider, as the gateway takes them: by discovery, over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway.auth.keys import KeySource
from gateway.auth.policy import load_policy
from gateway.auth.principal import PrincipalKind
from gateway.auth.tokens import InvalidToken, TokenVerifier
from gateway.outbound import Outbound
from sandbox.oidc import AUDIENCE, CLIENT_ID, Issuer
from sandbox.personas import PERSONAS
from tests.real.oidc.fixture import RESOURCE, OpenIDProvider, openid_provider
from tests.real.oidc.sign_in import SignInError, sign_in

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("oidc")]

__all__ = ["openid_provider"]


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    outbound = Outbound()
    yield outbound
    await outbound.close()


@pytest.fixture
def keys(openid_provider: OpenIDProvider, outbound: Outbound) -> KeySource:
    return KeySource(openid_provider.issuer, outbound.fetch)


@pytest.fixture
def verifier(openid_provider: OpenIDProvider, keys: KeySource) -> TokenVerifier:
    return verifier_with(keys, openid_provider.issuer)


def verifier_with(keys: KeySource, issuer: str) -> TokenVerifier:
    return TokenVerifier(issuer=issuer, audience=AUDIENCE, keys=keys, policy=load_policy())


def read(token: str, part: int) -> dict[str, Any]:
    segment = token.split(".")[part]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return found


async def refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(token)
    return caught.value.reason


@pytest.mark.parametrize("persona", PERSONAS)
async def test_a_persona_who_signed_in_is_the_same_principal_as_in_the_sandbox(
    openid_provider: OpenIDProvider, verifier: TokenVerifier, persona: str
) -> None:
    who = PERSONAS[persona]

    principal = await verifier.verify(openid_provider.token(persona))

    assert principal.subject == who.subject
    assert principal.issuer == openid_provider.issuer
    assert principal.client_id == CLIENT_ID
    assert (principal.display_name, principal.email) == (who.display_name, who.email)
    assert principal.kind is (PrincipalKind.STAFF if persona == "staff" else PrincipalKind.USER)
    assert {key: held.roles for key, held in principal.memberships.items()} == who.memberships


async def test_tokens_are_of_the_shape_that_the_sandbox_mints(openid_provider: OpenIDProvider) -> None:
    real = openid_provider.token("owner-a")
    minted = Issuer(openid_provider.issuer).mint("owner-a")

    assert read(real, 0).keys() == read(minted, 0).keys()
    assert {name: read(real, 0)[name] for name in ("alg", "typ")} == {"alg": "RS256", "typ": "at+jwt"}
    assert read(real, 1).keys() >= read(minted, 1).keys()
    fresh = {"iat", "exp", "jti"}
    assert {k: v for k, v in read(minted, 1).items() if k not in fresh}.items() <= read(real, 1).items()


async def test_a_token_for_another_audience_is_refused(
    openid_provider: OpenIDProvider, verifier: TokenVerifier
) -> None:
    answer = openid_provider.tokens("owner-a", resource="urn:another-service")

    assert read(answer["access_token"], 1)["aud"] == "urn:another-service"
    assert await refusal(verifier, answer["access_token"]) == "audience"


async def test_an_id_token_is_no_access_token(
    openid_provider: OpenIDProvider, verifier: TokenVerifier
) -> None:
    answer = openid_provider.tokens("owner-a")

    assert await refusal(verifier, answer["id_token"]) in ("malformed", "header", "type")


async def test_claims_of_another_token_do_not_fit_the_signature(
    openid_provider: OpenIDProvider, verifier: TokenVerifier
) -> None:
    mine, theirs = (openid_provider.token(persona).split(".") for persona in ("owner-a", "owner-b"))

    assert await refusal(verifier, ".".join((mine[0], theirs[1], mine[2]))) == "signature"


async def test_a_restart_changes_nothing_for_tokens(
    openid_provider: OpenIDProvider, outbound: Outbound
) -> None:
    token = openid_provider.token("owner-a")
    openid_provider.restart()

    verifier = verifier_with(KeySource(openid_provider.issuer, outbound.fetch), openid_provider.issuer)

    assert (await verifier.verify(token)).subject == PERSONAS["owner-a"].subject


async def test_a_new_key_is_found_and_tokens_of_the_old_one_hold_while_it_is_published(
    openid_provider: OpenIDProvider, verifier: TokenVerifier
) -> None:
    old = openid_provider.token("owner-a")
    await verifier.verify(old)
    openid_provider.rotate()
    new = openid_provider.token("owner-a")

    assert read(old, 0)["kid"] != read(new, 0)["kid"]
    assert (await verifier.verify(new)).subject == PERSONAS["owner-a"].subject
    assert (await verifier.verify(old)).subject == PERSONAS["owner-a"].subject


async def test_a_withdrawn_key_takes_its_tokens_with_it(
    openid_provider: OpenIDProvider, outbound: Outbound
) -> None:
    # Keys that are never fresh: each token asks the issuer anew.
    verifier = verifier_with(
        KeySource(openid_provider.issuer, outbound.fetch, ttl=0.0), openid_provider.issuer
    )
    old = openid_provider.token("owner-a")
    await verifier.verify(old)
    openid_provider.restart(ECKey.generate_key("P-256", auto_kid=True))
    new = openid_provider.token("owner-a")

    assert read(new, 0)["alg"] == "ES256"
    assert (await verifier.verify(new)).subject == PERSONAS["owner-a"].subject
    assert await refusal(verifier, old) == "unknown_key"


def test_somebody_unknown_is_not_signed_in(openid_provider: OpenIDProvider) -> None:
    base = openid_provider.issuer
    discovery = {"issuer": base, "authorization_endpoint": f"{base}/auth", "token_endpoint": f"{base}/token"}

    with pytest.raises(SignInError):
        sign_in(
            discovery,
            subject="usr_nobody",
            client_id=CLIENT_ID,
            redirect_uri="http://127.0.0.1/signed-in",
            resource=RESOURCE,
        )
