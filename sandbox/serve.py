"""A stand-in system on a port of this machine, in the running event loop.

It uses uvicorn's HTTP protocol without uvicorn's server: that one installs signal handlers, ends
the process when a port is taken and needs tenths of a second to stop.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from sandbox.faults import Answer, Faults, Mode, plain_broken, plain_throttled

HOST = "127.0.0.1"
CONTROL = "/_sandbox/"
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_LONGEST = 3600
_PATIENCE = 2.0  # seconds for the system to give a port free, and for handlers to end


class PortTakenError(OSError):
    """A stand-in cannot listen on its port; the message names it."""


@dataclass
class Call:
    """One call that reached the stand-in. `status` is None until an answer was begun.

    Header names are lower-cased; the values of those that carry credentials are "(hidden)".
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    status: int | None = None


class StandIn:
    """Serves one ASGI app over real HTTP on 127.0.0.1; `async with` starts and stops it.

    `port` 0 lets the system choose. `throttled` and `broken` make those faults' answers in the
    vendor's manner. The app's lifespan is not run. `calls` holds what was called, in order of
    arrival, without the calls to `/_sandbox/`.
    """

    def __init__(
        self,
        name: str,
        app: ASGIApp,
        *,
        port: int = 0,
        throttled: Answer = plain_throttled,
        broken: Answer = plain_broken,
    ) -> None:
        self.name = name
        self.calls: list[Call] = []
        self._wanted = port
        self._port: int | None = None
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._state = ServerState()
        self._faults = Faults(app, throttled=throttled, broken=broken, hang_up=self._hang_up)
        self._config = uvicorn.Config(
            self._entry, interface="asgi3", http=HttpToolsProtocol, ws="none", lifespan="off",
            log_config=None, log_level=None, proxy_headers=False, timeout_keep_alive=75,
        )  # fmt: skip
        self._config.load()

    @property
    def port(self) -> int:
        """The port it listens on, also while it is down."""
        if self._port is None:
            raise RuntimeError(f"The stand-in {self.name!r} is not started.")
        return self._port

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def mode(self) -> Mode:
        """How it behaves now."""
        return self._faults.mode

    async def start(self) -> None:
        """Listen. Raises PortTakenError when another program has the port."""
        if self._port is not None:
            raise RuntimeError(f"The stand-in {self.name!r} is already started.")
        bound = self._bind(self._wanted)
        self._port = port = bound.getsockname()[1]
        try:
            await self._listen(bound, port)
        except PortTakenError:
            self._port = None
            raise

    async def stop(self) -> None:
        """Close the port, end every connection and wait for what still runs."""
        self._close()
        if self._held is not None:
            self._held.close()
            self._held = None
        for connection in list(self._state.connections):
            connection.transport.abort()
        running = {*self._state.tasks} - {asyncio.current_task()}
        if running:  # handlers that wait see the disconnect; others get time to end
            _, late = await asyncio.wait(running, timeout=_PATIENCE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for _ in range(100):  # an aborted connection ends in one of the event loop's next turns
            if not self._state.connections:
                break
            await asyncio.sleep(0)
        self._faults.mode = Mode.OK
        self._port = None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def reset(self) -> None:
        """Forget the recorded calls."""
        self.calls.clear()

    async def fault(self, mode: str, *, delay: float | None = None) -> None:
        """Behave like this from now on; `delay` in seconds is for `slow`.

        `down` also ends the connections there are. Raises ValueError for an unknown mode or an
        impossible delay.
        """
        wanted = Mode(mode)
        port = self.port
        if delay is not None:
            if not 0 <= delay <= _LONGEST:
                raise ValueError(f"A delay is 0 to {_LONGEST} seconds.")
            self._faults.delay = delay
        self._faults.mode = wanted
        if wanted is Mode.DOWN:
            if self._server is not None:
                self._close()
                for connection in list(self._state.connections):
                    connection.transport.close()
                self._held = await self._hold(port)
        elif self._held is not None:
            held, self._held = self._held, None
            await self._listen(held, port)

    def _bind(self, port: int) -> socket.socket:
        # With the protocol named, asyncio sets TCP_NODELAY; without, answers wait 40 ms for the client's ACK.
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if os.name == "posix":  # elsewhere this option would share a port that is in use
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((HOST, port))
        except OSError as error:
            bound.close()
            raise self._taken(error, port) from error
        return bound

    async def _hold(self, port: int) -> socket.socket:
        """Keep the port bound without listening, so that nobody else takes it meanwhile."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        while True:
            try:
                return self._bind(port)
            except PortTakenError:
                if loop.time() > until:
                    raise
            await asyncio.sleep(0)  # some event loops close a listener in their next turn

    async def _listen(self, bound: socket.socket, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._protocol, sock=bound)
        except OSError as error:
            bound.close()
            raise self._taken(error, port) from error

    def _taken(self, error: OSError, port: int) -> PortTakenError:
        reason = "the port is taken" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        return PortTakenError(
            error.errno, f"The stand-in {self.name!r} cannot listen on {HOST}:{port}: {reason}."
        )

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _protocol(self) -> HttpToolsProtocol:
        protocol = HttpToolsProtocol(self._config, self._state, app_state={})
        # Here and not in the configuration, which would switch off the whole process's access log.
        protocol.access_log = False
        return protocol

    def _hang_up(self, scope: Scope) -> None:
        for connection in self._state.connections:
            if getattr(connection, "client", None) == scope["client"]:
                connection.transport.close()

    async def _entry(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(CONTROL):
            await self._control(scope, receive, send)
            return
        call = Call(
            scope["method"],
            scope["path"],
            parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            {
                name: "(hidden)" if name in _SECRET_HEADERS else value.decode("latin-1")
                for name, value in ((key.decode("latin-1").lower(), value) for key, value in scope["headers"])
            },
        )
        self.calls.append(call)

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        await self._faults(scope, receive, note)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `POST /_sandbox/fault` with body {"mode": ..., "delay": seconds, optional}."""
        request = Request(scope, receive)
        if (request.method, scope["path"]) != ("POST", f"{CONTROL}fault"):
            await JSONResponse({"error": "There is only POST /_sandbox/fault."}, 404)(scope, receive, send)
            return
        try:
            body = await request.json()
            mode, delay = Mode(body["mode"]), body.get("delay")
            if mode is not Mode.DOWN:
                await self.fault(mode, delay=None if delay is None else float(delay))
        except (ValueError, TypeError, KeyError, AttributeError):
            text = (
                f'Send {{"mode": one of {", ".join(Mode)}}}; for slow also "delay" in seconds, if you like.'
            )
            await JSONResponse({"error": text}, 400)(scope, receive, send)
            return
        await JSONResponse({"system": self.name, "mode": mode})(scope, receive, send)
        if mode is Mode.DOWN:  # last, since this connection ends with it
            await self.fault(mode)
