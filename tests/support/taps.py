"""Between the HTTP server of a stand-in and its app: what a test makes of calls and answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sandbox.faults import Faults, Mode, plain_broken, plain_throttled
from sandbox.serve import StandIn
from sandbox.world import TOKEN_PATHS

Pairs = list[tuple[str, str]]
_QUIET_TURNS = 300  # turns of the event loop without a new call, after which no call can be on its way


class Rounds:
    """Holds every call until no further one arrives, then lets all go: `depth` is the length in calls
    of the longest chain in which each call began only after an answer to the one before it.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.calls: list[list[str]] = []
        self._waiting: list[tuple[str, asyncio.Event]] = []
        self._arrived = 0
        self._task: asyncio.Task[None] | None = None

    async def enter(self, path: str) -> None:
        """Wait for the end of the round that this call is in."""
        self._arrived += 1
        gate = asyncio.Event()
        self._waiting.append((path, gate))
        if self._task is None:
            self._task = asyncio.ensure_future(self._release())
        await gate.wait()

    async def _release(self) -> None:
        quiet, seen = 0, self._arrived
        while quiet < _QUIET_TURNS:
            await asyncio.sleep(0)  # one turn of the event loop, which all servers here share
            quiet, seen = (quiet + 1, seen) if seen == self._arrived else (0, self._arrived)
        self.depth += 1
        self.calls.append([path for path, _ in self._waiting])
        waiting, self._waiting, self._task = self._waiting, [], None
        for _, gate in waiting:
            gate.set()


class Tap:
    """Stands before a stand-in's app. All that it does is off until a test sets it.

    `ask(path, query)` gives the query to put in the place of the one that came; `tell(path, body)`
    the JSON to put in the place of the answer's. `rounds` holds calls. Of a call that the system has done:
    `pause(method, path)` is awaited before the answer goes out, `instead(method, path)` may give another
    answer, and `cut(method, path)` says whether the answer breaks off half-way.
    """

    def __init__(self, system: StandIn) -> None:
        self.ask: Callable[[str, Pairs], Pairs] | None = None
        self.tell: Callable[[str, Any], Any] | None = None
        self.rounds: Rounds | None = None
        self.pause: Callable[[str, str], Awaitable[None]] | None = None
        self.instead: Callable[[str, str], Response | None] | None = None
        self.cut: Callable[[str, str], bool] | None = None
        self._app = system._faults._app
        self._cutting = Faults(
            self._app, throttled=plain_throttled, broken=plain_broken, hang_up=system._hang_up
        )
        self._cutting.mode = Mode.CUT
        system._faults._app = self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one call through."""
        method, path = scope["method"], scope["path"]
        if self.rounds is not None and path not in TOKEN_PATHS:
            await self.rounds.enter(path)
        if self.cut is not None and self.cut(method, path):
            await self._cutting(scope, receive, send)
            return
        if self.ask is not None:
            query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
            scope = {**scope, "query_string": urlencode(self.ask(path, query)).encode()}
        if (self.tell, self.pause, self.instead) == (None, None, None):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, keep)
        if self.pause is not None:
            await self.pause(method, path)
        if self.instead is not None and (other := self.instead(method, path)) is not None:
            await other(scope, receive, send)
            return
        told = bytes(body)
        kind = dict(start["headers"]).get(b"content-type", b"")
        if self.tell is not None and start["status"] == 200 and kind.startswith(b"application/json"):
            told = json.dumps(self.tell(path, json.loads(told))).encode()
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await send({**start, "headers": [*kept, (b"content-length", str(len(told)).encode())]})
        await send({"type": "http.response.body", "body": told})
