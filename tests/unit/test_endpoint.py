"""GraphQL over real HTTP, on a schema whose fields fail in every way."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from gateway.auth.principal import Principal, PrincipalKind
from gateway.auth.tokens import InvalidToken
from gateway.connectors.ports.common import Url
from gateway.endpoint import Endpoint, refused
from gateway.errors import BoundaryViolation, Code, RequestError, UpstreamError
from gateway.schema import base
from gateway.schema.base import Arg, field, object_type
from gateway.schema.build import build
from gateway.telemetry.logs import JsonFormatter
from sandbox.serve import StandIn

SECRET = "jane@customer.example"
MAX_BODY = 2_000


async def fine(_parent: object, _context: object) -> str:
    return "yes"


async def boom(_parent: object, _context: object) -> str:
    raise ZeroDivisionError(SECRET)


async def down(_parent: object, _context: object) -> str:
    raise UpstreamError(Code.UPSTREAM_UNAVAILABLE, "billing", retry_after=3, detail="HTTP 503")


async def denied(_parent: object, _context: object) -> str:
    raise RequestError(Code.FORBIDDEN, "Root.denied needs the permission ORDERS_READ in this account.")


async def foreign(_parent: object, _context: object) -> str:
    raise BoundaryViolation("billing", "Invoice")


async def failing_rows(_parent: object, _context: object) -> list[Any]:
    return [
        UpstreamError(Code.UPSTREAM_TIMEOUT, "billing", detail="page 2"),
        UpstreamError(Code.UPSTREAM_TIMEOUT, "billing", detail="page 2"),
        UpstreamError(Code.UPSTREAM_TIMEOUT, "erp"),
    ]


async def crashing_rows(_parent: object, _context: object) -> list[Any]:
    shared = KeyError(SECRET)
    return [shared, shared, "row"]


async def not_an_int(_parent: object, _context: object) -> Any:
    return SECRET


async def nothing(_parent: object, _context: object) -> None:
    return None


async def odd_text(_parent: object, _context: object) -> str:
    return "\ud800"


async def echo(_parent: object, _context: object, **given: Any) -> str:
    return f"{given}"


async def hang(_parent: object, context: Any) -> str:
    context.started.set()
    await context.released.wait()
    return "late"


@pytest.fixture(scope="module")
def schema() -> Iterator[GraphQLSchema]:
    import datetime as dt  # noqa: PLC0415  only here

    kept = dict(base.TYPES)
    text: Any = str | None
    fields = {
        "fine": field(text, fine, description="."),
        "boom": field(text, boom, description="."),
        "down": field(text, down, description="."),
        "denied": field(text, denied, description="."),
        "foreign": field(text, foreign, description="."),
        "strict": field(str, down, description="."),
        "rows": field(list[text], failing_rows, description="."),
        "crashes": field(list[text], crashing_rows, description="."),
        "number": field(int | None, not_an_int, description="."),
        "missing": field(str, nothing, description="."),
        "odd": field(text, odd_text, description="."),
        "link": field(Url | None, fine, description="."),
        "hang": field(text, hang, description="."),
        "echo": field(
            text, echo, description=".", args=[Arg("day", dt.date | None, "."), Arg("many", int | None, ".")]
        ),
    }
    made = object_type(requires=[])(type("EndpointRoot", (), {"__doc__": "Everything.", **fields}))
    yield build(made)[0]
    base.TYPES.clear()
    base.TYPES.update(kept)


class Door:
    """Lets `good` in."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    async def verify(self, token: str) -> Principal:
        if self.failure:
            raise self.failure
        if token != "good":
            raise InvalidToken("signature")
        return Principal("usr_1", "https://issuer.example", PrincipalKind.USER, 0)


@dataclass
class Server:
    url: str
    session: aiohttp.ClientSession
    door: Door
    stand_in: StandIn
    started: asyncio.Event
    released: asyncio.Event

    async def send(
        self, body: bytes | str, *, method: str = "POST", path: str = "/graphql", **headers: str | None
    ) -> tuple[aiohttp.ClientResponse, Any]:
        sent = {"authorization": "Bearer good", "content_type": "application/json"} | headers
        named = {key.replace("_", "-"): value for key, value in sent.items() if value is not None}
        async with self.session.request(method, self.url + path, data=body, headers=named) as response:
            return response, json.loads(await response.read())

    async def ask(self, query: str, **members: Any) -> Any:
        response, answer = await self.send(json.dumps({"query": query, **members}))
        assert response.status == 200
        assert response.headers["Content-Type"] == "application/json"
        return answer


@pytest.fixture
async def server(schema: GraphQLSchema) -> AsyncIterator[Server]:
    door, started, released = Door(), asyncio.Event(), asyncio.Event()

    class Context:
        def __init__(self, *_arguments: object) -> None:
            self.started, self.released = started, released

        def denied(self, coordinate: str, account: str) -> None:
            """Nothing here has an account."""

    endpoint = Endpoint(
        schema=schema,
        verifier=door,
        context=Context,  # type: ignore[arg-type]  the fields here ask no more of it
        deadline_seconds=0.5,
        max_body_bytes=MAX_BODY,
    )
    routes = [Route("/graphql", endpoint.respond, methods=["POST"])]
    app = Starlette(routes=routes, exception_handlers={HTTPException: refused})
    async with StandIn("gateway", app) as stand_in, aiohttp.ClientSession() as session:
        yield Server(stand_in.url, session, door, stand_in, started, released)
        released.set()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """What operators read: the log as it is written."""
    found: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(json.loads(JsonFormatter().format(record)))

    handler = Keep()
    logger = logging.getLogger("gateway.endpoint")
    caplog.set_level(logging.INFO, "gateway.endpoint")
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)


def error_of(answer: Any) -> dict[str, Any]:
    (error,) = answer["errors"]
    assert isinstance(error, dict)
    return error


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


async def test_a_request_that_never_ran_has_no_data(server: Server) -> None:
    for query, members in (
        ("{", {}),
        ("{ nonsense }", {}),
        ("query A { fine } query B { fine }", {}),
        ("query ($n: Int!) { echo(many: $n) }", {}),
        ("query ($n: Int!) { echo(many: $n) }", {"variables": {"n": "x"}}),
        ("{ fine }", {"operationName": "A"}),
    ):
        answer = await server.ask(query, **members)
        assert answer.keys() == {"errors"}
        assert error_of(answer)["extensions"] == {"code": "INVALID_INPUT", "retryable": False}


async def test_which_operation_runs(server: Server) -> None:
    both = "query A { a: fine } query B { b: fine }"
    assert await server.ask(both, operationName="B") == {"data": {"b": "yes"}}
    answer = await server.ask(both)
    assert error_of(answer)["message"] == "operationName: write one of the document's operations: A, B."


async def test_wrong_variables_say_what_to_write(server: Server) -> None:
    query = "query ($day: Date) { echo(day: $day) }"
    error = error_of(await server.ask(query, variables={"day": "31.01.2026"}))
    assert "Variable '$day' has invalid value" in error["message"]
    assert 'Date: write year-month-day, for example "2026-01-31".' in error["message"]
    assert error["locations"] == [{"line": 1, "column": 8}]


async def test_wrong_literals_say_what_to_write(server: Server) -> None:
    error = error_of(await server.ask('{ echo(day: "31.01.2026") }'))
    assert 'Date: write year-month-day, for example "2026-01-31".' in error["message"]
    assert error["locations"] == [{"line": 1, "column": 13}]


async def test_a_variable_that_is_missing_where_it_is_needed(server: Server) -> None:
    answer = await server.ask("query ($no: Boolean) { fine @skip(if: $no) }")
    assert error_of(answer)["extensions"]["code"] == "INVALID_INPUT"


async def test_a_very_large_number(server: Server) -> None:
    error = error_of(await server.ask("query ($n: Int) { echo(many: $n) }", variables={"n": 10**1000}))
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert len(error["message"]) < 3_000


async def test_deep_values_of_variables(server: Server) -> None:
    deep: Any = 1
    for _ in range(800):
        deep = [deep]
    query = "query ($n: Int) { echo(many: $n) }"
    assert (await server.ask(query, variables={"unused": deep}))["data"] == {"echo": "{}"}
    error = error_of(await server.ask(query, variables={"n": deep}))
    assert "Variable '$n' has invalid value" in error["message"]
    assert len(error["message"]) < 200


async def test_values_of_variables_arrive(server: Server) -> None:
    answer = await server.ask(
        "query ($n: Int) { echo(many: $n) }", variables={"n": 3, "unused": {"a": [None]}}
    )
    assert answer == {"data": {"echo": "{'many': 3}"}}


async def test_an_unforeseen_error_is_masked(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ fine boom }")
    assert answer["data"] == {"fine": "yes", "boom": None}
    error = error_of(answer)
    assert error["path"] == ["boom"]
    assert error["locations"] == [{"line": 1, "column": 8}]
    (line,) = lines
    assert error["message"] == f"Internal error {line['error_id']}."
    assert line["exception"]["type"] == "builtins.ZeroDivisionError"
    assert any("boom" in frame for frame in line["exception"]["frames"])
    assert SECRET not in json.dumps([answer, lines])


async def test_a_value_that_does_not_fit_its_type_is_not_the_callers_fault(
    server: Server, lines: list[dict[str, Any]]
) -> None:
    for name in ("number", "missing"):
        answer = await server.ask(f"{{ {name} }}")
        error = error_of(answer)
        assert error["extensions"]["code"] == "INTERNAL"
        assert error["path"] == [name]
        assert error["message"] == f"Internal error {lines[-1]['error_id']}."
        assert SECRET not in json.dumps([answer, lines])


async def test_a_system_that_fails(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ fine down }")
    assert answer["data"] == {"fine": "yes", "down": None}
    assert error_of(answer) == {
        "message": "The system 'billing' is not available now.",
        "extensions": {
            "code": "UPSTREAM_UNAVAILABLE", "retryable": True, "system": "billing", "retryAfterSeconds": 3,
        },
        "locations": [{"line": 1, "column": 8}],
        "path": ["down"],
    }  # fmt: skip
    (line,) = lines
    assert (line["code"], line["system"], line["detail"]) == ("UPSTREAM_UNAVAILABLE", "billing", "HTTP 503")


async def test_a_failure_of_the_whole_answer_is_located(server: Server) -> None:
    answer = await server.ask("{ fine strict }")
    assert answer["data"] is None
    assert error_of(answer)["path"] == ["strict"]


async def test_one_failure_of_many_rows_is_logged_once(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ rows }")
    assert answer["data"] == {"rows": [None, None, None]}
    assert [error["path"] for error in answer["errors"]] == [["rows", 0], ["rows", 1], ["rows", 2]]
    assert [error["extensions"]["system"] for error in answer["errors"]] == ["billing", "billing", "erp"]
    assert [(line["system"], line["detail"]) for line in lines] == [("billing", "page 2"), ("erp", "")]


async def test_one_crash_of_many_rows_has_one_id(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ crashes }")
    assert answer["data"] == {"crashes": [None, None, "row"]}
    first, second = answer["errors"]
    assert first["message"] == second["message"]
    assert (first["path"], second["path"]) == (["crashes", 0], ["crashes", 1])
    assert len(lines) == 1


async def test_a_denial_is_no_warning(server: Server, lines: list[dict[str, Any]]) -> None:
    error = error_of(await server.ask("{ denied }"))
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert lines == []


async def test_a_blocked_record_is_one(server: Server, lines: list[dict[str, Any]]) -> None:
    error = error_of(await server.ask("{ foreign }"))
    assert error["message"] == "Not available."
    (line,) = lines
    assert (line["level"], line["code"], line["system"]) == ("WARNING", "TENANT_VIOLATION_BLOCKED", "billing")


async def test_text_that_cannot_be_written(server: Server, lines: list[dict[str, Any]]) -> None:
    response, answer = await server.send('{"query": "{ odd }"}')
    assert response.status == 500
    assert error_of(answer)["extensions"]["code"] == "INTERNAL"
    assert len(lines) == 1


async def test_requests_do_not_wait_for_each_other(server: Server) -> None:
    slow = asyncio.create_task(server.ask("{ hang }"))
    await server.started.wait()
    assert (await server.ask("{ fine }"))["data"] == {"fine": "yes"}
    server.released.set()
    assert await slow == {"data": {"hang": "late"}}


async def test_each_request_has_an_id_in_the_log(server: Server, lines: list[dict[str, Any]]) -> None:
    await server.ask("{ down }")
    await server.ask("{ down }")
    first, second = lines
    assert first["request_id"] != second["request_id"]
