"""The stand-in for S3 judged by the vendor's own client, and what it refuses."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from gateway.connectors.s3.signing import Keys, encoded, presign, sign
from sandbox.data import DataSet
from sandbox.s3 import stand_in
from sandbox.serve import StandIn
from tests.clients.fixture import ask, client_python
from tests.contract.s3.conftest import KEY_ID, NOW, SECRET, folders_of, shown

__all__ = ["client_python"]

SIGNING = Keys(KEY_ID, SECRET, "us-east-1")
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

BOTO3 = """
import json, sys, boto3, botocore
from botocore.config import Config
from urllib.request import urlopen
url, key_id, secret, known, gone, versioned = sys.argv[1:]
style = Config(s3={"addressing_style": "path"}, signature_version="s3v4", retries={"max_attempts": 1})
def client(secret):
    return boto3.client("s3", endpoint_url=url, aws_access_key_id=key_id, aws_secret_access_key=secret,
                        region_name="us-east-1", config=style)
def failing(call, **asked):
    try:
        call(Bucket="documents", **asked)
    except botocore.exceptions.ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
s3 = client(secret)
def keys(**asked):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="documents", **asked)
    return [[r["Key"] for page in pages for r in page.get("Contents", [])],
            [r["Prefix"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="documents", **asked)
             for r in page.get("CommonPrefixes", [])]]
head = s3.head_object(Bucket="documents", Key=known)
states = s3.get_paginator("list_object_versions").paginate(
    Bucket="documents", Prefix=versioned, PaginationConfig={"PageSize": 1})
versions = [row["VersionId"] for page in states for row in page.get("Versions", [])]
got = s3.get_object(Bucket="documents", Key=known)["Body"].read().hex()
link = s3.generate_presigned_url("get_object", ExpiresIn=60, Params={
    "Bucket": "documents", "Key": known,
    "ResponseContentDisposition": "attachment; filename*=UTF-8''x%20y"})
with urlopen(link) as answer:
    linked = [answer.read().hex(), answer.headers["Content-Disposition"]]
print(json.dumps({
    "all": keys(Prefix="acct/acme/", PaginationConfig={"PageSize": 3})[0],
    "folders": keys(Prefix="acct/acme/", Delimiter="/", PaginationConfig={"PageSize": 2}),
    "after": keys(Prefix="acct/acme/", StartAfter=known)[0],
    "head": [head["ContentLength"], head["ContentType"], head["ETag"], head["LastModified"].isoformat(),
             head["Metadata"], head["VersionId"]],
    "versions": versions, "got": got, "linked": linked,
    "gone": failing(s3.head_object, Key=gone), "none": failing(s3.get_object, Key=known + "x"),
    "wrong": failing(client("wrong").list_objects_v2, Prefix="acct/"),
    "marks": [row["Key"] for row in
              s3.list_object_versions(Bucket="documents", Prefix=gone)["DeleteMarkers"]],
}))
"""


@pytest.fixture
async def present(data: DataSet) -> AsyncIterator[StandIn]:
    """A stand-in by the machine's own clock, which the vendor's client signs by."""
    async with stand_in(data, access_key_id=KEY_ID, secret_access_key=SECRET, now=time.time) as running:
        yield running


async def test_the_vendors_own_client_agrees(client_python: Path, present: StandIn, data: DataSet) -> None:
    rows = shown(data, "acme")
    known = next(row for row in rows if row.notes and "&" in row.key)
    versioned = next(row for row in rows if len(row.versions) > 1)
    [gone] = [row.key for row in data.files if row.account == "acme" and row.deleted]
    found = await ask(client_python, BOTO3, present.url, KEY_ID, SECRET, known.key, gone, versioned.key)
    assert found["all"] == [row.key for row in rows]
    assert found["folders"] == [[], folders_of(data, "acme")]
    assert found["after"] == [row.key for row in rows if row.key > known.key]
    size, media_type, etag, stored, notes, version = found["head"]
    assert (size, media_type, notes) == (len(known.latest.content), known.content_type, known.notes)
    assert (dt.datetime.fromisoformat(stored), version) == (known.latest.stored, known.latest.id)
    assert len(etag) == 34
    assert found["versions"] == [one.id for one in versioned.versions[::-1]]
    assert found["got"] == known.latest.content.hex()
    assert found["linked"] == [known.latest.content.hex(), "attachment; filename*=UTF-8''x%20y"]
    assert found["gone"] == ["404", 404]
    assert found["none"] == ["NoSuchKey", 404]
    assert found["wrong"] == ["SignatureDoesNotMatch", 403]
    assert found["marks"] == [gone]


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def code_of(browser: aiohttp.ClientSession, url: URL, **asked: Any) -> tuple[int, str]:
    """Ask, and give status and error code; no header beside the given ones is signed."""
    async with browser.request(asked.pop("method", "GET"), url, **asked) as response:
        text = await response.text(errors="replace")
        return response.status, text.partition("<Code>")[2].partition("</Code>")[0]


def signed(
    url: URL, method: str = "GET", keys: Keys = SIGNING, at: dt.datetime = NOW, digest: str = NOTHING
) -> Mapping[str, str]:
    return sign(keys, method, url, {}, digest, at)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 501, "NotImplemented"),
        ("list-type=1", 501, "NotImplemented"),
        ("list-type=2&fetch-owner=true", 501, "NotImplemented"),
        ("list-type=2&max-keys=x", 400, "InvalidArgument"),
        ("list-type=2&max-keys=-1", 400, "InvalidArgument"),
        ("list-type=2&encoding-type=base64", 400, "InvalidArgument"),
        ("list-type=2&prefix=a&prefix=b", 400, "InvalidArgument"),
        ("list-type=2&continuation-token=%25", 400, "InvalidArgument"),
        ("versions=&delimiter=%2F", 501, "NotImplemented"),
        ("versions=&version-id-marker=x", 400, "InvalidArgument"),
        ("versions=&key-marker=x&version-id-marker=x", 400, "InvalidArgument"),
        ("uploads=", 501, "NotImplemented"),
    ],
)
async def test_parameters_it_refuses(
    system: StandIn, browser: aiohttp.ClientSession, query: str, status: int, code: str
) -> None:
    url = URL(f"{system.url}/documents?{query}", encoded=True)
    assert await code_of(browser, url, headers=signed(url)) == (status, code)


async def test_addresses_it_refuses(system: StandIn, browser: aiohttp.ClientSession, data: DataSet) -> None:
    row = next(row for row in data.files if row.deleted)
    marker = f"d{row.latest.id[1:]}"
    key = row.key.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
    for path, method, status, code in (
        ("/other?list-type=2", "GET", 404, "NoSuchBucket"),
        ("/documents/none", "GET", 404, "NoSuchKey"),
        (f"/documents/{key}", "GET", 404, "NoSuchKey"),
        (f"/documents/{key}?versionId={marker}", "GET", 405, "MethodNotAllowed"),
        (f"/documents/{key}?versionId=none", "GET", 404, "NoSuchVersion"),
        (f"/documents/{key}?acl=", "GET", 501, "NotImplemented"),
        ("/documents/none", "DELETE", 405, "MethodNotAllowed"),
    ):
        url = URL(system.url + path, encoded=True)
        found = await code_of(browser, url, method=method, headers=signed(url, method))
        assert found == (status, code), path


async def test_signatures_it_refuses(system: StandIn, browser: aiohttp.ClientSession) -> None:
    url = URL(f"{system.url}/documents?list-type=2", encoded=True)
    late = NOW + dt.timedelta(minutes=16)
    other = Keys("AKIAOTHER", SECRET, "us-east-1")
    wrong = Keys(KEY_ID, "wrong", "us-east-1")
    elsewhere = Keys(KEY_ID, SECRET, "eu-central-1")
    good = dict(signed(url))
    for headers, status, code in (
        (good, 200, ""),
        ({}, 403, "AccessDenied"),
        (good | {"x-amz-meta-more": "1"}, 403, "AccessDenied"),
        (good | {"Authorization": "Bearer x"}, 400, "AuthorizationHeaderMalformed"),
        (signed(url, at=late), 403, "RequestTimeTooSkewed"),
        (good | {"x-amz-date": "yesterday"}, 403, "AccessDenied"),
        (signed(url, keys=other), 403, "InvalidAccessKeyId"),
        (signed(url, keys=wrong), 403, "SignatureDoesNotMatch"),
        (signed(url, keys=elsewhere), 400, "AuthorizationHeaderMalformed"),
        (signed(url, digest="0" * 64), 400, "XAmzContentSHA256Mismatch"),
        (signed(url, method="HEAD"), 403, "SignatureDoesNotMatch"),
        (signed(url.update_query(prefix="a")), 403, "SignatureDoesNotMatch"),
    ):
        assert await code_of(browser, url, headers=headers) == (status, code), code


async def test_signed_addresses_it_refuses(system: StandIn, browser: aiohttp.ClientSession) -> None:
    place = URL(f"{system.url}/documents/acct/acme/w2/2024/W-2.pdf", encoded=True)
    good = presign(SIGNING, place, [], 60, NOW)
    malformed = (400, "AuthorizationQueryParametersError")
    for address, expected in (
        (good, (200, "")),
        (good.replace("&X-Amz-Date", "&X-Amz-Dat"), malformed),
        (good + "&X-Amz-Expires=60", malformed),
        (good.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), malformed),
        (presign(SIGNING, place, [], 604_801, NOW), malformed),
        (presign(SIGNING, place, [], 0, NOW), malformed),
        (presign(SIGNING, place, [], 60, NOW + dt.timedelta(minutes=16)), (403, "AccessDenied")),
        (good.replace("SignedHeaders=host", "SignedHeaders=date"), (403, "AccessDenied")),
    ):
        assert await code_of(browser, URL(address, encoded=True)) == expected, address


async def test_paging_by_its_own_tokens(
    system: StandIn, browser: aiohttp.ClientSession, data: DataSet
) -> None:
    token, found = "", []
    while True:
        query = [("list-type", "2"), ("prefix", "acct/acme/"), ("max-keys", "4"), ("encoding-type", "url")]
        query += [("continuation-token", token)] if token else []
        url = URL(f"{system.url}/documents?{encoded(query)}", encoded=True)
        async with browser.get(url, headers=signed(url)) as response:
            text = await response.text()
        found += [part.partition("</Key>")[0] for part in text.split("<Key>")[1:]]
        token = text.partition("<NextContinuationToken>")[2].partition("</NextContinuationToken>")[0]
        if not token:
            break
    assert len(found) == len(set(found)) == len(shown(data, "acme"))
    assert "acct/acme/contract/Annexes/Annex+%C3%84+%28prices%29.xlsx" in found
