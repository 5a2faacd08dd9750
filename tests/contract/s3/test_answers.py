"""Reading the store's XML: what is refused before it is parsed, and what an answer must have."""

from __future__ import annotations

import pytest

from gateway.connectors.s3.answers import classify, error_code, listing
from gateway.errors import Code, UpstreamError
from gateway.outbound import Answer

HEAD = "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
ONE = "<Contents><Key>a%2Bb+c%C3%A4</Key><Size>1</Size></Contents>"


def answer(inner: str, *, root: str = "ListBucketResult", before: str = "", status: int = 200) -> Answer:
    return Answer(status, {}, f"{before}<{root} xmlns='urn:x'>{inner}</{root}>".encode())


def rows(given: Answer) -> list[dict[str, str]]:
    return listing(given, "files", "ListBucketResult", Contents="Key", CommonPrefixes="Prefix").named(
        "Contents"
    )


def test_keys_are_decoded_once() -> None:
    assert rows(answer(HEAD + ONE)) == [{"Key": "a+b cä", "Size": "1"}]


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>"


@pytest.mark.parametrize(
    "body",
    [
        f"{LAUGHS}<ListBucketResult>{HEAD}</ListBucketResult>".encode(),
        f'<?xml version="1.0" encoding="UTF-16"?>{LAUGHS}<a/>'.encode("utf-16"),
        f'<?xml version="1.0" encoding="cp037"?>{LAUGHS}<a/>'.encode("cp037"),
        f"<ListBucketResult>{HEAD}<!ENTITY a 'b'></ListBucketResult>".encode(),
        b"<!DOCTYPE html><html></html>",
        ("<a>" * 50 + "</a>" * 50).encode(),
        f"<ListBucketResult>{HEAD}<Contents>{'<a>' * 50}{'</a>' * 50}</Contents></ListBucketResult>".encode(),
        b"",
        b"<ListBucketResult>",
    ],
)
def test_what_declares_anything_or_is_no_xml_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        rows(Answer(200, {}, body))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    "inner",
    [
        "<IsTruncated>false</IsTruncated>",
        "<EncodingType>url</EncodingType>",
        HEAD.replace("false", "maybe"),
        HEAD + "<KeyCount>1</KeyCount>",
        HEAD + "<Contents>text</Contents>",
        HEAD + "<Contents><Size>1</Size></Contents>",
        HEAD + "<Contents><Key><a/></Key></Contents>",
        HEAD + "<Contents><Key>a</Key><Key>b</Key></Contents>",
        HEAD + "<Contents><Key>%FF</Key></Contents>",
    ],
)
def test_what_a_list_must_have(inner: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        rows(answer(inner))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "AccessDenied", Code.UPSTREAM_AUTH_FAILED),
        (403, "SignatureDoesNotMatch", Code.UPSTREAM_AUTH_FAILED),
        (400, "ExpiredToken", Code.UPSTREAM_AUTH_FAILED),
        (400, "AuthorizationHeaderMalformed", Code.UPSTREAM_AUTH_FAILED),
        (503, "SlowDown", Code.UPSTREAM_RATE_LIMITED),
        (503, "ServiceUnavailable", None),
        (404, "NoSuchKey", None),
    ],
)
def test_errors_by_their_codes(status: int, code: str, expected: Code | None) -> None:
    given = answer(f"<Code>{code}</Code><Message>m</Message>", root="Error", status=status)
    assert error_code(given) == code
    assert classify(given) is expected


@pytest.mark.parametrize("body", [b"", b"{}", b"<Code>SlowDown</Code>", b"<Error><Code><a/></Code></Error>"])
def test_what_is_no_error_document_says_nothing(body: bytes) -> None:
    given = Answer(503, {}, body)
    assert error_code(given) == ""
    assert classify(given) is None
