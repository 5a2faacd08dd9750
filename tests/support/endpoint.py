"""An endpoint by itself: a door that lets `good` in, and a schema whose fields fail in every way."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from gateway.auth.principal import Principal, PrincipalKind
from gateway.auth.tokens import InvalidToken
from gateway.errors import BoundaryViolation, Code, RequestError, UpstreamError
from gateway.schema.base import Arg, field
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


async def endless(parent: object, context: object) -> Any:
    return await endless(parent, context)


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


def fields() -> dict[str, Any]:
    """Declare them as fields of a root type."""
    text: Any = str | None
    return {
        "fine": field(text, fine, description="."),
        "boom": field(text, boom, description="."),
        "down": field(text, down, description="."),
        "denied": field(text, denied, description="."),
        "foreign": field(text, foreign, description="."),
        "strict": field(str, down, description="."),
        "rows": field(list[text], failing_rows, description="."),
        "crashes": field(list[text], crashing_rows, description="."),
        "endless": field(text, endless, description="."),
        "number": field(int | None, not_an_int, description="."),
        "missing": field(str, nothing, description="."),
        "odd": field(text, odd_text, description="."),
        "hang": field(text, hang, description="."),
        "echo": field(
            text, echo, description=".", args=[Arg("day", dt.date | None, "."), Arg("many", int | None, ".")]
        ),
    }


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


def error_of(answer: Any) -> dict[str, Any]:
    (error,) = answer["errors"]
    assert isinstance(error, dict)
    return error
