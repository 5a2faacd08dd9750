from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.auth.keys import KeySource
from gateway.errors import Code, ConfigurationError, UpstreamError
from sandbox.oidc import Issuer
from tests.unit.auth.conftest import Clock, Fetch, Idp


async def refused(keys: KeySource) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await keys.find("RS256", None)
    assert caught.value.system == "identity"
    return caught.value


def kid(issuer: Issuer, alg: str = "RS256") -> str | None:
    return issuer.keys[alg].kid


async def test_finds_a_key_by_algorithm_and_id(keys: KeySource, issuer: Issuer) -> None:
    for alg in ("RS256", "ES256", "EdDSA"):
        (found,) = await keys.find(alg, kid(issuer, alg))
        assert (found.alg, found.kid) == (alg, kid(issuer, alg))
        assert not found.jwk.is_private
        assert await keys.find(alg, None) == (found,)


async def test_a_key_answers_for_its_own_algorithm_only(keys: KeySource, issuer: Issuer) -> None:
    assert await keys.find("ES256", kid(issuer, "RS256")) == ()


async def test_keys_are_cached_for_ten_minutes(
    keys: KeySource, issuer: Issuer, fetch: Fetch, clock: Clock
) -> None:
    await keys.find("RS256", kid(issuer))
    clock.advance(599)
    await keys.find("RS256", kid(issuer))
    assert fetch.key_sets == 1
    clock.advance(1)
    await keys.find("RS256", kid(issuer))
    assert fetch.key_sets == 2


async def test_a_withdrawn_key_goes_when_the_cache_ends(
    keys: KeySource, issuer: Issuer, clock: Clock
) -> None:
    old = kid(issuer)
    assert await keys.find("RS256", old)
    issuer.rotate()
    assert await keys.find("RS256", old)
    clock.advance(600)
    assert await keys.find("RS256", old) == ()


async def test_vouches_for_keys_of_the_last_ten_minutes_without_asking(
    keys: KeySource, issuer: Issuer, fetch: Fetch, clock: Clock
) -> None:
    (old,) = await keys.find("RS256", kid(issuer))
    clock.advance(599.9)
    assert keys.vouches(old)
    clock.advance(0.1)
    assert not keys.vouches(old)
    assert fetch.key_sets == 1
    issuer.rotate()
    (new,) = await keys.find("RS256", kid(issuer))
    assert (keys.vouches(old), keys.vouches(new)) == (False, True)
    assert fetch.key_sets == 2


async def test_a_new_key_is_found_by_one_refetch(keys: KeySource, issuer: Issuer, fetch: Fetch) -> None:
    await keys.find("RS256", kid(issuer))
    issuer.rotate()
    assert len(await keys.find("RS256", kid(issuer))) == 1
    assert fetch.key_sets == 2


async def test_many_unknown_ids_cost_one_refetch_in_ten_seconds(
    keys: KeySource, issuer: Issuer, fetch: Fetch, clock: Clock
) -> None:
    await keys.find("RS256", kid(issuer))
    for n in range(100):
        assert await keys.find("RS256", f"unknown-{n}") == ()
    assert fetch.key_sets == 2
    clock.advance(9.9)
    await asyncio.gather(*(keys.find("RS256", f"more-{n}") for n in range(100)))
    assert fetch.key_sets == 2
    clock.advance(0.1)
    await asyncio.gather(*(keys.find("RS256", f"again-{n}") for n in range(100)))
    assert fetch.key_sets == 3


async def test_an_unknown_id_on_a_cold_cache_costs_one_fetch(keys: KeySource, fetch: Fetch) -> None:
    assert await keys.find("RS256", "unknown") == ()
    assert fetch.key_sets == 1


async def test_callers_share_one_fetch_and_one_that_gives_up_ends_it_for_nobody(
    keys: KeySource, idp: Idp, fetch: Fetch
) -> None:
    idp.gate.clear()
    callers = [asyncio.create_task(keys.find("RS256", kid(idp.issuer))) for _ in range(50)]
    await idp.entered.wait()
    callers[0].cancel()
    idp.gate.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(isinstance(found, tuple) and len(found) == 1 for found in results[1:])
    assert len(fetch.urls) == 2


async def test_callers_join_a_refetch_that_is_under_way(keys: KeySource, idp: Idp, fetch: Fetch) -> None:
    await keys.find("RS256", kid(idp.issuer))
    idp.issuer.rotate()
    idp.gate.clear()
    idp.entered.clear()
    first = asyncio.create_task(keys.find("RS256", kid(idp.issuer)))
    await idp.entered.wait()
    second = asyncio.create_task(keys.find("ES256", kid(idp.issuer, "ES256")))
    await asyncio.sleep(0)  # let it join; no time passes
    idp.gate.set()
    assert len(await first) == len(await second) == 1
    assert fetch.key_sets == 2


async def test_a_cold_cache_and_no_issuer_is_an_upstream_error(
    keys: KeySource, idp: Idp, fetch: Fetch, clock: Clock
) -> None:
    idp.status = 500
    assert (await refused(keys)).code is Code.UPSTREAM_UNAVAILABLE
    attempts = len(fetch.urls)
    await refused(keys)
    assert len(fetch.urls) == attempts  # at most one attempt in a second
    clock.advance(1)
    idp.status = 200
    assert await keys.find("RS256", None)


async def test_a_ping_wants_keys_at_hand(keys: KeySource, idp: Idp, fetch: Fetch, clock: Clock) -> None:
    idp.status = 500
    with pytest.raises(UpstreamError) as caught:
        await keys.ping()
    assert (caught.value.code, caught.value.system) == (Code.UPSTREAM_UNAVAILABLE, "identity")
    clock.advance(1)
    idp.status = 200
    await keys.ping()
    seen = len(fetch.urls)
    idp.status = 500
    await keys.ping()  # they are at hand
    assert len(fetch.urls) == seen


async def test_known_keys_serve_through_an_outage_of_a_day(
    keys: KeySource, idp: Idp, fetch: Fetch, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    known = kid(idp.issuer)
    await keys.find("RS256", known)
    await idp.stop()
    clock.advance(601)
    assert await keys.find("RS256", known)
    attempts = len(fetch.urls)
    clock.advance(5)
    assert await keys.find("RS256", known)
    assert len(fetch.urls) == attempts
    clock.advance(24 * 3600 - 607)
    assert await keys.find("RS256", known)
    clock.advance(1 + 10)
    assert (await refused(keys)).code is Code.UPSTREAM_UNAVAILABLE
    assert "UPSTREAM_TIMEOUT" in caplog.text
    assert "http://" not in caplog.text


async def test_a_day_without_callers_is_no_outage(keys: KeySource, issuer: Issuer, clock: Clock) -> None:
    await keys.find("RS256", kid(issuer))
    clock.advance(3 * 24 * 3600)
    assert await keys.find("RS256", kid(issuer))


async def test_during_an_outage_nobody_waits_and_recovery_is_noticed(
    keys: KeySource, idp: Idp, clock: Clock
) -> None:
    old = kid(idp.issuer)
    await keys.find("RS256", old)
    clock.advance(601)
    idp.status = 503
    assert await keys.find("RS256", old)
    clock.advance(10)
    idp.status = 200
    idp.issuer.rotate()
    idp.gate.clear()
    assert await keys.find("RS256", old)  # answered while the issuer hangs
    idp.gate.set()
    assert len(await keys.find("RS256", kid(idp.issuer))) == 1  # joins the fetch behind
    assert await keys.find("RS256", old) == ()


async def test_an_unknown_key_during_an_outage_is_not_called_bad(keys: KeySource, idp: Idp) -> None:
    await keys.find("RS256", kid(idp.issuer))
    idp.status = 500
    with pytest.raises(UpstreamError) as caught:
        await keys.find("RS256", "perhaps-new")
    assert caught.value.code is Code.UPSTREAM_UNAVAILABLE


async def test_a_fault_of_the_gateway_is_not_taken_for_an_outage(issuer: Issuer, clock: Clock) -> None:
    async def broken(_: str) -> bytes:
        raise RuntimeError("bug")

    keys = KeySource(issuer.url, broken, clock=clock)
    with pytest.raises(RuntimeError):
        await keys.find("RS256", None)
    with pytest.raises(RuntimeError):
        await keys.find("RS256", None)


@pytest.mark.parametrize(
    "document",
    [
        b"<html>200</html>",
        b"[]",
        b'{"jwks_uri": 1}',
        b'{"issuer": "x"}',
        b"[" * 100_000,
        b'{"issuer": "\xff"}',
    ],
    ids=["html", "list", "types", "member", "deep", "utf8"],
)
async def test_a_broken_document_breaks_the_contract(keys: KeySource, idp: Idp, document: bytes) -> None:
    idp.discovery = document
    assert (await refused(keys)).code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_document_has_at_most_256_kilobytes(keys: KeySource, idp: Idp, clock: Clock) -> None:
    plain = json.dumps(idp.issuer.jwks()).encode()
    idp.jwks = plain + b" " * (256 * 1024 - len(plain) + 1)
    assert (await refused(keys)).code is Code.UPSTREAM_CONTRACT_BROKEN
    clock.advance(10)
    idp.jwks = idp.jwks[:-1]
    assert await keys.find("RS256", None)


@pytest.mark.parametrize("suffix", ["/", "x", "?a=b"])
async def test_the_discovery_document_must_be_the_issuers_own(keys: KeySource, idp: Idp, suffix: str) -> None:
    idp.discovery = idp.issuer.discovery() | {"issuer": idp.issuer.url + suffix}
    assert (await refused(keys)).code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(
    "uri",
    [
        "http://issuer.example/jwks",
        "http://10.0.0.1/jwks",
        "http://127.0.0.1.issuer.example/jwks",
        "https://127.0.0.1/jwks",
        "http://user@127.0.0.1/jwks",
        "http://127.0.0.1/jwks#part",
        "http://127.0.0.1:99999/jwks",
        "http://[::1/jwks",
        "file:///etc/hosts",
        "http:///jwks",
        "/jwks",
    ],
)
async def test_keys_are_not_read_from_just_anywhere(
    keys: KeySource, idp: Idp, fetch: Fetch, uri: str
) -> None:
    idp.discovery = idp.issuer.discovery() | {"jwks_uri": uri}
    assert (await refused(keys)).code is Code.UPSTREAM_CONTRACT_BROKEN
    assert len(fetch.urls) == 1


async def test_an_https_issuer_names_an_https_key_set(clock: Clock) -> None:
    asked: list[str] = []
    documents: dict[str, Any] = {
        "https://issuer.example/a/.well-known/openid-configuration": {
            "issuer": "https://issuer.example/a/",
            "jwks_uri": "https://keys.example/jwks",
        },
        "https://keys.example/jwks": {"keys": [RSAKey.generate_key().as_dict(private=False)]},
    }

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return json.dumps(documents[url]).encode()

    assert len(await KeySource("https://issuer.example/a/", fetch, clock=clock).find("RS256", None)) == 1
    assert asked == list(documents)
    documents[asked[0]]["jwks_uri"] = "http://127.0.0.1/jwks"
    assert (
        await refused(KeySource("https://issuer.example/a/", fetch))
    ).code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(
    "issuer", ["http://issuer.example", "ftp://issuer.example", "issuer.example", "", "https://", "http://[x"]
)
def test_an_issuer_without_https_is_refused_at_start(issuer: str, fetch: Fetch) -> None:
    with pytest.raises(ConfigurationError, match="https") as caught:
        KeySource(issuer, fetch)
    assert caught.value.key == "auth.issuer"


@pytest.mark.parametrize("issuer", ["http://localhost:1", "http://[::1]:1", "http://127.9.9.9"])
def test_a_loopback_issuer_may_use_http(issuer: str, fetch: Fetch) -> None:
    assert KeySource(issuer, fetch)


def good(**members: object) -> dict[str, object]:
    return {**RSAKey.generate_key().as_dict(private=False), "kid": "good", **members}


def weak() -> dict[str, object]:
    with pytest.warns(UserWarning, match="2048"):
        return dict(RSAKey.generate_key(1024).as_dict(private=False))


@pytest.mark.parametrize(
    "entry",
    [
        OctKey.generate_key(256).as_dict(),
        {"kty": "oct", "k": "AAAA", "alg": "RS256"},
        good(use="enc"),
        good(alg="RS512"),
        good(alg="HS256"),
        good(alg="PS256"),
        good(key_ops=["sign"]),
        good(n="AQAB"),
        good(n="!"),
        good(n=""),
        good(e=""),
        good(e="Ag"),
        good(n=7),
        good(kid=7),
        good(kty="rsa"),
        ECKey.generate_key("P-384").as_dict(private=False),
        {**ECKey.generate_key("P-256").as_dict(private=False), "x": "AAAA"},
        {**ECKey.generate_key("P-256").as_dict(private=False), "alg": "ES384"},
        OKPKey.generate_key("X25519").as_dict(private=False),
        OKPKey.generate_key("Ed448").as_dict(private=False),
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "RSA"},
        {},
        "key",
        None,
    ],
)
async def test_a_key_of_no_use_is_ignored(keys: KeySource, idp: Idp, entry: object) -> None:
    idp.jwks = {"keys": [entry, idp.issuer.jwks()["keys"][0]]}
    assert [key.kid for key in await keys.find("RS256", None)] == [kid(idp.issuer)]
    assert [key.kid for key in keys._keys] == [kid(idp.issuer)]


async def test_weak_and_overlong_rsa_keys_are_ignored(keys: KeySource, idp: Idp) -> None:
    overlong = good(n="_" * 1400)
    idp.jwks = {"keys": [weak(), overlong, good()]}
    assert [key.kid for key in await keys.find("RS256", None)] == ["good"]


async def test_the_private_part_of_a_key_is_never_read(keys: KeySource, idp: Idp) -> None:
    idp.jwks = {"keys": [key.as_dict(private=True) for key in idp.issuer.keys.values()]}
    await keys.find("RS256", None)
    assert len(keys._keys) == 3
    assert not any(key.jwk.is_private for key in keys._keys)


async def test_a_key_set_has_at_most_fifty_keys(keys: KeySource, idp: Idp, clock: Clock) -> None:
    idp.jwks = {"keys": [good()] * 51}
    assert (await refused(keys)).code is Code.UPSTREAM_CONTRACT_BROKEN
    clock.advance(10)
    idp.jwks = {"keys": [good()] * 50}
    assert len(await keys.find("RS256", "good")) == 50


async def test_a_key_set_without_a_usable_key_withdraws_all_and_says_so(
    keys: KeySource, idp: Idp, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.auth.keys")
    assert await keys.find("RS256", kid(idp.issuer))
    assert "3 of 3 usable" in caplog.text
    idp.jwks = {"keys": [{"kty": "oct", "k": "AAAA"}]}
    clock.advance(600)
    error = await refused(keys)
    assert error.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert error.detail == "no usable key in the key set"
    assert "0 of 1 usable" in caplog.text
    with pytest.raises(UpstreamError) as caught:
        await keys.ping()
    assert caught.value.detail == error.detail
