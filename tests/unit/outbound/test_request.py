"""What a call puts on the wire, and the ends of a session."""

import asyncio
from collections.abc import Mapping

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway import telemetry
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.outbound import Outbound, Request, VendorClient, segment
from tests.unit.outbound.misbehaving import MIB, SECRET, Vendor, failure, http


class Tokens:
    """Another token for each call, until none is left; `spare` are had after a refusal."""

    def __init__(self, *tokens: str, renewable: bool = False) -> None:
        self.tokens = list(tokens)
        self.renewable = renewable
        self.turned_down: list[str] = []

    async def headers(self, _request: Request) -> dict[str, str]:
        if not self.tokens:
            raise UpstreamError(Code.UPSTREAM_UNAVAILABLE, "identity")
        return {"Authorization": self.tokens.pop(0)}

    def refused(self, headers: Mapping[str, str]) -> bool:
        self.turned_down.append(headers["Authorization"])
        return self.renewable


async def test_request_is_written_as_given(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client(
        "billing", f"{vendor.base}/api/", credentials={"authorization": "Bearer t", "X-A": "1"}
    )
    query = [("expand[]", "a b"), ("expand[]", "ä/+&=%2F"), ("empty", "")]
    answer = await client.get(f"/v1/invoices/{segment('a/b?c d')}", query=query, headers={"x-a": "2"})
    assert (answer.status, answer.body, answer.headers["CONTENT-length"]) == (200, b"{}", "2")
    head = vendor.requests[0][0]
    target = "/api/v1/invoices/a%2Fb%3Fc%20d?expand%5B%5D=a%20b&expand%5B%5D=%C3%A4%2F%2B%26%3D%252F&empty="
    assert head.startswith(f"GET {target} HTTP/1.1\r\n")
    names = [header.partition(":")[0].lower() for header in head.split("\r\n")[1:-2]]
    assert sorted(names) == ["accept", "accept-encoding", "authorization", "host", "user-agent", "x-a"]
    assert "x-a: 2\r\n" in head
    assert "Accept: application/json\r\n" in head


async def test_headers_may_be_made_per_call(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client("billing", vendor.base, credentials=Tokens("one", "two"))
    await client.get("/")
    await client.get("/")
    assert [
        "Authorization: one\r\n" in vendor.requests[0][0],
        "Authorization: two\r\n" in vendor.requests[1][0],
    ]
    assert len(vendor.writers) == 1  # kept alive


async def test_failure_of_the_token_source_is_passed_on_and_is_no_failure_of_the_system(
    outbound: Outbound, vendor: Vendor
) -> None:
    client = outbound.client("billing", vendor.base, credentials=Tokens())
    for _ in range(6):
        with pytest.raises(UpstreamError) as caught:
            await client.get("/")
        assert caught.value.system == "identity"
        assert not caught.value.detail
    assert vendor.requests == []


async def test_a_refused_token_is_renewed_once(outbound: Outbound, vendor: Vendor) -> None:
    tokens = Tokens("old", "new", renewable=True)
    client = outbound.client("billing", vendor.base, credentials=tokens)
    vendor.will(http(401), http(201, b"[]"))
    made = await client.post("/", b"x", content_type="text/plain", idempotent=False, accept=frozenset({201}))
    assert made.status == 201
    assert tokens.turned_down == ["old"]
    assert "Authorization: new\r\n" in vendor.requests[1][0]


async def test_a_token_that_is_refused_twice_is_told(outbound: Outbound, vendor: Vendor) -> None:
    tokens = Tokens("old", "new", "newer", renewable=True)
    client = outbound.client("billing", vendor.base, credentials=tokens)
    vendor.will(http(401), http(401))
    with pytest.raises(UpstreamError) as caught:
        await client.get("/")
    assert caught.value.code is Code.UPSTREAM_AUTH_FAILED
    assert tokens.turned_down == ["old", "new"]


@pytest.mark.parametrize(
    ("status", "unknown"), [(500, True), (503, True), (400, False), (429, False), (200, True)]
)
async def test_a_failed_write_says_whether_it_may_have_been_done(
    client: VendorClient, vendor: Vendor, status: int, *, unknown: bool
) -> None:
    vendor.will(http(status))
    with pytest.raises(UpstreamError) as caught:
        await client.post("/", b"x", content_type="text/plain", idempotent=False, accept=frozenset({201}))
    assert caught.value.outcome_unknown is unknown


async def test_a_refused_second_attempt_does_not_say_that_the_first_did_nothing(
    client: VendorClient, vendor: Vendor
) -> None:
    vendor.will(http(503), http(429))
    with pytest.raises(UpstreamError) as caught:
        await client.post("/", b"x", content_type="text/plain", idempotent=True, accept=frozenset({201}))
    assert (caught.value.code, caught.value.outcome_unknown) == (Code.UPSTREAM_RATE_LIMITED, True)
    assert len(vendor.requests) == 2


async def test_a_failed_read_did_nothing(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(http(500))
    with pytest.raises(UpstreamError) as caught:
        await client.get("/")
    assert not caught.value.outcome_unknown


async def test_head_reads_headers_however_large_the_body_would_be(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client("billing", vendor.base, max_bytes=10)
    vendor.will(http(503), b'HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\nETag: "a"\r\n\r\n')
    answer = await client.head("/files/a", query=[("versionId", "1")])
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "5000000", b"")
    assert answer.headers["etag"] == '"a"'
    assert [head.split("\r\n")[0] for head, _ in vendor.requests] == [
        "HEAD /files/a?versionId=1 HTTP/1.1"
    ] * 2
    await client.get("/")
    assert len(vendor.writers) == 1  # nothing of a body was waited for


async def test_a_failed_head_did_nothing(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(http(500))
    with pytest.raises(UpstreamError) as caught:
        await client.head("/")
    assert (caught.value.code, caught.value.outcome_unknown) == (Code.UPSTREAM_UNAVAILABLE, False)


async def test_post(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(http(201, b"[]"))
    answer = await client.post(
        "/v1", b'{"a":1}', content_type="application/json", idempotent=False, accept=frozenset({201})
    )
    assert answer.status == 201
    head, body = vendor.requests[0]
    assert head.startswith("POST /v1 HTTP/1.1\r\n")
    assert "Content-Type: application/json\r\n" in head
    assert body == b'{"a":1}'


@pytest.mark.parametrize(
    "path",
    [
        "",
        "v1",
        "@evil.test/",
        "//evil.test/",
        "/../x",
        "/a/%2e%2e/b",
        "/a/..%2Fb",
        "/a/.",
        "/a?b",
        "/a#b",
        "/a b",
        "/a\r\nX: y",
        "/a\\b",
        "/é",
        "/%zz",
        ":80/",
    ],
)
async def test_a_path_cannot_leave_the_base_url(client: VendorClient, vendor: Vendor, path: str) -> None:
    with pytest.raises(ValueError, match="not a path below the base URL"):
        await client.get(path)
    assert vendor.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vendor.test",
        "ftp://vendor.test",
        "http://",
        "http://u:p@vendor.test",
        "http://v.test/?a=b",
        "http://v.test/#",
        "http://v.test:x/",
        "http://[::1",
    ],
)
def test_a_base_url_is_checked(outbound: Outbound, url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"connectors\.billing\.base_url: write"):
        outbound.client("billing", url)


async def test_cookies_are_not_kept(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client("billing", vendor.base.replace("127.0.0.1", "localhost"))  # jars skip addresses
    vendor.will(http(200, b"{}", "Set-Cookie: session=1; Path=/"))
    await client.get("/")
    await client.get("/")
    assert "cookie" not in vendor.requests[1][0].lower()


async def test_a_call_is_one_span_with_its_attempts(client: VendorClient, vendor: Vendor) -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    handle = telemetry.setup(span_exporter=exporter, metric_reader=reader, log_level=None)
    try:
        vendor.will(http(503))
        await client.get(f"/v1/{SECRET}", query=[("q", SECRET)], route="/v1/{id}")
        vendor.will(http(404, SECRET.encode()))
        await failure(client.get(f"/v1/{SECRET}"))
    finally:
        handle.shutdown()
    first, second = exporter.get_finished_spans()
    assert first.name == "GET /v1/{id}"
    assert dict(first.attributes or {}) == {
        "gateway.connector": "billing",
        "http.request.method": "GET",
        "url.template": "/v1/{id}",
        "gateway.attempts": 2,
        "http.response.status_code": 200,
        "gateway.outcome": "ok",
    }
    assert dict(second.attributes or {})["gateway.outcome"] == "UPSTREAM_CONTRACT_BROKEN"
    assert SECRET not in first.to_json() + second.to_json()


async def test_fetch_reads_a_document_by_its_url(outbound: Outbound, vendor: Vendor) -> None:
    vendor.will(http(200, b"keys"))
    assert await outbound.fetch(f"{vendor.base}/jwks?p=a%20b") == b"keys"
    assert vendor.requests[0][0].startswith("GET /jwks?p=a%20b HTTP/1.1")
    vendor.will(http(200, b"a" * (MIB + 1)), http(302, b"", "Location: /elsewhere"))
    for _ in range(2):
        with pytest.raises(UpstreamError) as caught:
            await outbound.fetch(f"{vendor.base}/jwks")
        assert (caught.value.code, caught.value.system) == (Code.UPSTREAM_CONTRACT_BROKEN, "identity")
    with pytest.raises(UpstreamError, match="identity"):
        await outbound.fetch("file:///etc/passwd")


async def test_nothing_goes_out_after_closing(
    outbound: Outbound, client: VendorClient, vendor: Vendor
) -> None:
    await client.get("/")
    await outbound.close()
    with pytest.raises(RuntimeError, match="closed"):
        await client.get("/")
    await asyncio.wait_for(vendor.hung_up.wait(), 1)
