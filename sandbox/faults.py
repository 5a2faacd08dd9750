"""What can go wrong with a vendor's system, to order.

One ASGI middleware stands between the server and a stand-in's app and spoils answers by mode.
`down` is the listener's business (see `sandbox.serve`); here it passes calls through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RETRY_AFTER = 2
"""Seconds that a throttled answer asks to wait."""


class Mode(StrEnum):
    """How a stand-in behaves."""

    OK = "ok"
    DOWN = "down"  # the port is closed: connections are refused
    SLOW = "slow"  # the right answer, late
    THROTTLED = "throttled"  # 429 with Retry-After
    BROKEN = "broken"  # 500
    GARBAGE = "garbage"  # HTML with status 200, as from a proxy's sign-in page
    TRUNCATED = "truncated"  # half the JSON, in a response that is whole by HTTP's rules
    CUT = "cut"  # the full Content-Length announced, half sent, connection closed


Answer = Callable[[], Response]


def plain_throttled() -> Response:
    """Answer 429 where the vendor has no manner of its own."""
    return JSONResponse({"error": "Too many requests."}, status_code=429)


def plain_broken() -> Response:
    """Answer 500 where the vendor has no manner of its own."""
    return PlainTextResponse("Internal Server Error", status_code=500)


class Faults:
    """ASGI middleware that answers by `mode`; `delay` is what `slow` waits, in seconds.

    `throttled` and `broken` make those answers in the vendor's own manner. `hang_up` closes the
    connection of a scope once what was sent is out.
    """

    def __init__(
        self, app: ASGIApp, *, throttled: Answer, broken: Answer, hang_up: Callable[[Scope], None]
    ) -> None:
        self.mode = Mode.OK
        self.delay = 5.0
        self._app = app
        self._throttled = throttled
        self._broken = broken
        self._hang_up = hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request in the present mode."""
        match self.mode:
            case Mode.SLOW:
                await self._slow(scope, receive, send)
            case Mode.THROTTLED:
                response = self._throttled()
                response.headers["Retry-After"] = str(RETRY_AFTER)
                await response(scope, receive, send)
            case Mode.BROKEN:
                await self._broken()(scope, receive, send)
            case Mode.GARBAGE:
                page = "<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>"
                await HTMLResponse(page)(scope, receive, send)
            case Mode.TRUNCATED:
                _, _, body = await self._answer(scope, receive)
                half = Response(body[: len(body) // 2], media_type="application/json")
                await half(scope, receive, send)
            case Mode.CUT:
                await self._cut(scope, receive, send)
            case Mode.OK | Mode.DOWN:
                await self._app(scope, receive, send)

    async def _slow(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer, unless the client leaves or the server stops meanwhile."""
        seen = [message := await receive()]
        while message.get("more_body"):
            seen.append(message := await receive())
        try:
            # After the body, the next message can only be the disconnect.
            await asyncio.wait_for(receive(), timeout=self.delay)
        except TimeoutError:
            seen.reverse()

            async def replay() -> Message:
                return seen.pop() if seen else await receive()

            await self._app(scope, replay, send)

    async def _cut(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = await self._answer(scope, receive)
        kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        kept.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": kept})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        self._hang_up(scope)
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Let the app answer and keep its status, headers and body."""
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, keep)
        return start["status"], list(start.get("headers", ())), bytes(body)
