"""Every way an answer can be wrong has its error, and none tells what the vendor sent."""

import gzip
import socket

import pytest

from gateway.errors import Code
from gateway.outbound import Answer, Outbound, VendorClient
from tests.unit.outbound.misbehaving import (
    MIB,
    SECRET,
    Action,
    Vendor,
    failure,
    http,
    in_use,
    say_and_close,
    say_and_reset,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (204, Code.UPSTREAM_CONTRACT_BROKEN),
        (304, Code.UPSTREAM_CONTRACT_BROKEN),
        (400, Code.UPSTREAM_CONTRACT_BROKEN),
        (401, Code.UPSTREAM_AUTH_FAILED),
        (403, Code.UPSTREAM_AUTH_FAILED),
        (404, Code.UPSTREAM_CONTRACT_BROKEN),
        (409, Code.UPSTREAM_CONTRACT_BROKEN),
        (429, Code.UPSTREAM_RATE_LIMITED),
        (500, Code.UPSTREAM_UNAVAILABLE),
        (501, Code.UPSTREAM_UNAVAILABLE),
    ],
)
async def test_status_to_error(client: VendorClient, vendor: Vendor, status: int, code: Code) -> None:
    vendor.will(http(status, b"" if status in {204, 304} else SECRET.encode()))
    error = await failure(client.get("/"))
    assert (error.code, error.detail, error.retry_after) == (code, f"HTTP {status}", None)
    assert len(vendor.requests) == 1


async def test_redirects_are_not_followed(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(http(302, b"", f"Location: /{SECRET}"))
    assert (await failure(client.get("/"))).code is Code.UPSTREAM_CONTRACT_BROKEN
    assert len(vendor.requests) == 1


async def test_accepted_statuses_are_returned(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(http(404, b"gone"))
    answer = await client.get("/", accept=frozenset({200, 404}))
    assert (answer.status, answer.body) == (404, b"gone")


async def test_classify_may_name_the_error(outbound: Outbound, vendor: Vendor) -> None:
    def classify(answer: Answer) -> Code | None:
        return Code.UPSTREAM_RATE_LIMITED if b"LIMIT" in answer.body else None

    client = outbound.client("billing", vendor.base, classify=classify)
    vendor.will(http(403, b"LIMIT", "Retry-After: 60"), http(403, b""), http(200, b"LIMIT"), http(200, b"[]"))
    error = await failure(client.get("/"))
    assert (error.code, error.retry_after) == (Code.UPSTREAM_RATE_LIMITED, 60)
    assert (await failure(client.get("/"))).code is Code.UPSTREAM_AUTH_FAILED
    assert (await failure(client.get("/"))).code is Code.UPSTREAM_RATE_LIMITED
    assert (await client.get("/")).body == b"[]"


BROKEN_CONNECTIONS = {
    "closed without an answer": say_and_close(b""),
    "reset without an answer": say_and_reset(b""),
    "closed within the head": say_and_close(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "reset within the head": say_and_reset(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "closed within the body": say_and_close(
        b"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n" + SECRET.encode()
    ),
    "reset within the body": say_and_reset(
        b"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n" + SECRET.encode()
    ),
    "chunks without end": say_and_close(CHUNKED + b"3\r\nabc\r\n"),
    "chunk without end": say_and_close(CHUNKED + b"30\r\nabc"),
}


@pytest.mark.parametrize("action", BROKEN_CONNECTIONS.values(), ids=BROKEN_CONNECTIONS)
async def test_broken_connections_are_tried_once_more(
    client: VendorClient, outbound: Outbound, vendor: Vendor, action: Action
) -> None:
    vendor.will(action)
    assert (await client.get("/")).body == b"{}"
    vendor.will(action, action)
    error = await failure(client.get("/"))
    assert (error.code, error.retryable) == (Code.UPSTREAM_UNAVAILABLE, True)
    assert error.detail.isidentifier()  # the name of a type
    assert len(vendor.requests) == 4
    assert in_use(outbound) == 0


async def test_refused(outbound: Outbound) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = await failure(outbound.client("billing", f"http://127.0.0.1:{port}").get("/"))
    assert (error.code, error.detail) == (Code.UPSTREAM_UNAVAILABLE, "ClientConnectorError")


async def test_name_not_found(outbound: Outbound, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, SECRET)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    error = await failure(outbound.client("billing", "http://vendor.test").get("/"))
    assert (error.code, error.detail) == (Code.UPSTREAM_UNAVAILABLE, "ClientConnectorDNSError")


BROKEN_ANSWERS = {
    "not HTTP": SECRET.encode() + b"\r\n\r\n",
    "bad header": b"HTTP/1.1 200 OK\r\nContent Length: 3\r\n\r\nabc",
    "contradictory lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "endless header": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "bad chunk size": CHUNKED + b"zz\r\n" + SECRET.encode(),
    "bad second chunk": CHUNKED + b"3\r\nabc\r\nzz\r\n",
    "bad compression": http(200, SECRET.encode(), "Content-Encoding: gzip"),
    "too long, announced": http(200, b"a" * (MIB + 1)),
    "too long, chunked": CHUNKED + b"8000\r\n%b\r\n" % (b"a" * 0x8000) * 40,
    "too long, compressed": http(200, gzip.compress(b"a" * (MIB + 1)), "Content-Encoding: gzip"),
    "two answers": http(200, b"{}") + b"junk",
}


@pytest.mark.parametrize("data", BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS)
async def test_broken_answers(outbound: Outbound, vendor: Vendor, data: bytes) -> None:
    client = outbound.client("billing", vendor.base, max_bytes=MIB, timeout=1)
    vendor.will(data)
    error = await failure(client.get("/"))
    assert (error.code, error.retryable) == (Code.UPSTREAM_CONTRACT_BROKEN, False)
    assert len(vendor.requests) == 1
    assert in_use(outbound) == 0
    assert (await client.get("/")).body == b"{}"


GOOD_ANSWERS = {
    "chunked": CHUNKED + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
    "compressed": http(200, gzip.compress(b"abcdef"), "Content-Encoding: gzip"),
    "after early hints": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http(200, b"abcdef"),
    "ended by closing": b"HTTP/1.1 200 OK\r\n\r\nabcdef",
}


@pytest.mark.parametrize("data", GOOD_ANSWERS.values(), ids=GOOD_ANSWERS)
async def test_good_answers(client: VendorClient, vendor: Vendor, data: bytes) -> None:
    vendor.will(say_and_close(data))
    assert (await client.get("/")).body == b"abcdef"


async def test_a_body_of_exactly_the_limit_passes(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client("billing", vendor.base, max_bytes=MIB)
    vendor.will(http(200, b"a" * MIB))
    assert len((await client.get("/")).body) == MIB
