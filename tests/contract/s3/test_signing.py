"""Signatures: AWS's published examples, and the ways in which a request can be written."""

from __future__ import annotations

import datetime as dt
import hashlib
from urllib.parse import parse_qsl

import pytest
from yarl import URL

from gateway.connectors.s3.signing import Keys, Signer, host, presign, sign
from gateway.outbound import Request

# AWS, S3 API reference, "Signature Calculations for the Authorization Header" and "Using Query Parameters".
KEYS = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
AT = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)
BUCKET = "https://examplebucket.s3.amazonaws.com"
NOTHING = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "signature"),
    [
        (
            "GET", "/test.txt", {"Range": "bytes=0-9"}, b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT", "/test%24file.text",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET", "/?lifecycle=", {}, b"",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET", "/?prefix=J&max-keys=2", {}, b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)  # fmt: skip
def test_published_examples(
    method: str, path: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    digest = hashlib.sha256(body).hexdigest()
    added = sign(KEYS, method, URL(BUCKET + path, encoded=True), headers, digest, AT)
    assert added["Authorization"].endswith(f"Signature={signature}")
    assert added["x-amz-date"] == "20130524T000000Z"


def test_published_example_of_an_address() -> None:
    url = presign(KEYS, URL(f"{BUCKET}/test.txt", encoded=True), [], 86_400, AT)
    assert dict(parse_qsl(url.partition("?")[2])) == {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
        "X-Amz-Date": "20130524T000000Z",
        "X-Amz-Expires": "86400",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    }


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://store.example/a", "store.example"),
        ("https://store.example:443/a", "store.example"),
        ("http://store.example:443/a", "store.example:443"),
        ("http://127.0.0.1:9000/", "127.0.0.1:9000"),
        ("http://[::1]:9000/", "[::1]:9000"),
    ],
)
def test_host_is_what_the_client_will_send(url: str, expected: str) -> None:
    assert host(URL(url)) == expected


async def test_a_call_signs_its_own_amz_headers_and_its_payload() -> None:
    session = Keys(KEYS.access_key_id, KEYS.secret_access_key, KEYS.region, "token")
    signer = Signer(session, lambda: AT)
    headers = {"X-Amz-Meta-A": "1", "Content-Type": "text/plain"}
    for body, digest in ((None, NOTHING), (b"abc", hashlib.sha256(b"abc").hexdigest())):
        request = Request("PUT", URL(f"{BUCKET}/a"), headers, body, frozenset({200}), repeatable=False)
        added = await signer.headers(request)
        assert added["x-amz-content-sha256"] == digest
        assert added["x-amz-security-token"] == "token"
        signed = "host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-security-token"
        assert f"SignedHeaders={signed}," in added["Authorization"]
    assert signer.refused(added) is False


def test_a_session_token_is_part_of_an_address() -> None:
    session = Keys(KEYS.access_key_id, KEYS.secret_access_key, KEYS.region, "a/token=")
    url = presign(session, URL(f"{BUCKET}/a"), [], 60, AT)
    assert ("X-Amz-Security-Token", "a/token=") in parse_qsl(url.partition("?")[2])


def test_keys_do_not_show_their_secrets() -> None:
    shown = repr(Keys("id", "very-secret", "us-east-1", "also-secret"))
    assert "very-secret" not in shown
    assert "also-secret" not in shown
