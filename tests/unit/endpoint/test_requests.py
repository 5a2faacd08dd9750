"""Who gets in and which requests are read."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.errors import Code, UpstreamError
from tests.support.endpoint import MAX_BODY, SECRET, Server, error_of


async def test_an_answer(server: Server) -> None:
    assert await server.ask("{ fine }") == {"data": {"fine": "yes"}}


async def test_members_that_are_not_known_are_ignored(server: Server) -> None:
    answer = await server.ask("{ fine }", extensions={"a": 1}, other=[1], variables=None, operationName=None)
    assert answer == {"data": {"fine": "yes"}}


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON"])
async def test_content_types_that_are_json(server: Server, content_type: str) -> None:
    response, answer = await server.send('{"query": "{ fine }"}', content_type=content_type)
    assert (response.status, answer) == (200, {"data": {"fine": "yes"}})


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/graphql", "application/x-www-form-urlencoded", "multipart/form-data", ""],
)
async def test_other_content_types(server: Server, content_type: str) -> None:
    # What a browser sends across origins without asking first is none of ours.
    response, answer = await server.send('{"query": "{ fine }"}', content_type=content_type)
    assert response.status == 415
    assert answer == {
        "errors": [
            {
                "message": "content-type: write application/json.",
                "extensions": {"code": "INVALID_INPUT", "retryable": False},
            }
        ]
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_methods(server: Server, method: str) -> None:
    response, answer = await server.send("", method=method, path="/graphql?query={fine}")
    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert error_of(answer)["message"] == (
        f"{method} is not served at this path. For GraphQL write POST /graphql."
    )


async def test_other_paths(server: Server) -> None:
    response, answer = await server.send("{}", path="/graphiql")
    assert response.status == 404
    assert error_of(answer)["extensions"]["code"] == "INVALID_INPUT"


BODIES = {
    "empty": b"",
    "space": b"  ",
    "broken": b'{"query": "{ fine }"',
    "two": b'{"query": "{ fine }"}{}',
    "list": b'[{"query": "{ fine }"}]',
    "string": b'"{ fine }"',
    "null": b"null",
    "number": b"1",
    "no-query": b"{}",
    "null-query": b'{"query": null}',
    "number-query": b'{"query": 1}',
    "list-variables": b'{"query": "{ fine }", "variables": []}',
    "text-variables": b'{"query": "{ fine }", "variables": "{}"}',
    "number-name": b'{"query": "{ fine }", "operationName": 1}',
    "invalid-utf-8": b'{"query": "\xff\xfe"}',
    "overlong-utf-8": b'{"query": "\xc0\x80"}',
    "raw-nul": b'{"query": "{ fine }\x00"}',
    "bom": b'\xef\xbb\xbf{"query": "{ fine }"}',
    "utf-16": '{"query": "{ fine }"}'.encode("utf-16"),
    "nan": b'{"query": "{ fine }", "variables": {"a": NaN}}',
    "infinity": b'{"query": "{ fine }", "variables": {"a": 1e999}}',
    "deeper": b"[" * 1_900,
    "lone-surrogate": b'{"query": "\\ud800"}',
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_bodies_that_are_no_request(server: Server, body: bytes) -> None:
    response, answer = await server.send(body)
    assert response.status == 400
    assert response.headers["Content-Type"] == "application/json"
    assert error_of(answer) == {
        "message": 'body: write a JSON object with "query" (a string) and, where needed, '
        '"variables" (an object) and "operationName" (a string).',
        "extensions": {"code": "INVALID_INPUT", "retryable": False},
    }


async def test_of_a_member_written_twice_the_last_counts(server: Server) -> None:
    _, answer = await server.send(b'{"query": "{ nonsense }", "query": "{ fine }"}')
    assert answer == {"data": {"fine": "yes"}}


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large(server: Server, chunked: bool) -> None:  # noqa: FBT001  a parameter
    body = b'{"query": "{ fine }' + b" " * 3_000_000 + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    data: Any = chunks() if chunked else io.BytesIO(body)
    response, answer = await server.send(data)
    assert response.status == 413
    assert error_of(answer)["message"] == f"body: write at most {MAX_BODY} bytes."
    assert (await server.ask("{ fine }"))["data"] == {"fine": "yes"}


async def test_the_largest_body(server: Server) -> None:
    query = json.dumps({"query": "{ fine }"})
    response, _ = await server.send(query + " " * (MAX_BODY - len(query)))
    assert response.status == 200
    response, _ = await server.send(query + " " * (MAX_BODY - len(query) + 1))
    assert response.status == 413


async def test_a_body_that_does_not_end(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.stand_in.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n"
        b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query":'
    )
    answer = await asyncio.wait_for(reader.readuntil(b"}]}"), 5)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"body: send it within 0.5 seconds." in answer


async def test_a_client_that_leaves_in_the_middle_of_the_body(
    server: Server, lines: list[dict[str, Any]]
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", server.stand_in.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n"
        b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query":'
    )
    await writer.drain()
    while not server.stand_in.calls:  # noqa: ASYNC110  turns of the loop the server runs in, no waiting
        await asyncio.sleep(0)
    writer.close()
    await writer.wait_closed()
    assert (await server.ask("{ fine }"))["data"] == {"fine": "yes"}
    assert lines == []


@pytest.mark.parametrize(
    ("header", "challenge", "reason"),
    [
        (None, 'Bearer realm="gateway"', "missing"),
        ("Basic Z29vZA==", 'Bearer realm="gateway"', "missing"),
        ("Bearer", 'Bearer realm="gateway", error="invalid_token"', "malformed"),
        ("Bearer a b", 'Bearer realm="gateway", error="invalid_token"', "malformed"),
        ("Bearer bad", 'Bearer realm="gateway", error="invalid_token"', "signature"),
    ],
)
async def test_callers_who_are_not_known(
    server: Server, lines: list[dict[str, Any]], header: str | None, challenge: str, reason: str
) -> None:
    response, answer = await server.send('{"query": "{ fine }"}', authorization=header)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == challenge
    assert error_of(answer) == {
        "message": "The access token is missing, expired or not valid.",
        "extensions": {"code": "UNAUTHENTICATED", "retryable": False},
    }
    (line,) = lines
    assert (line["level"], line["outcome"]) == ("INFO", reason)


async def test_the_caller_is_asked_before_the_body_is_looked_at(server: Server) -> None:
    response, _ = await server.send(b"\xff", authorization=None, content_type="text/plain")
    assert response.status == 401


async def test_an_issuer_that_is_down(server: Server) -> None:
    server.door.failure = UpstreamError(Code.UPSTREAM_UNAVAILABLE, "identity")
    response, answer = await server.send('{"query": "{ fine }"}')
    assert response.status == 503
    assert "WWW-Authenticate" not in response.headers
    assert error_of(answer)["extensions"] == {
        "code": "UPSTREAM_UNAVAILABLE", "retryable": True, "system": "identity",
    }  # fmt: skip


async def test_a_failure_of_the_gateway_itself(server: Server, lines: list[dict[str, Any]]) -> None:
    server.door.failure = ZeroDivisionError(SECRET)
    response, answer = await server.send('{"query": "{ fine }"}')
    assert response.status == 500
    assert response.headers["Content-Type"] == "application/json"
    error = error_of(answer)
    assert error["extensions"] == {"code": "INTERNAL", "retryable": False}
    (line,) = lines
    assert error["message"] == f"Internal error {line['error_id']}."
    assert SECRET not in json.dumps([answer, lines])
