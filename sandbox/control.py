"""Faults of a running demo to order, from another terminal.

A stand-in that is `down` hears nothing, so the demo has a server of its own for this. Where it is stands in
a file of the demo's temporary folder, which is named by the demo's port and readable by its user only.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import secrets
import stat
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.errors import ConfigurationError
from sandbox.faults import Mode
from sandbox.serve import HOST, StandIn

FILE = "control.json"
_TIMEOUT = 5.0


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What to do with a system; `delay` in seconds is for `slow`."""

    system: str
    mode: str
    delay: float | None = None


def prefix(port: int) -> str:
    """Give how the name of the temporary folder of a demo on `port` begins."""
    return f"portal-gateway-{port}-"


def not_running(port: int) -> ConfigurationError:
    """Say that there is nobody to ask."""
    return ConfigurationError(
        "demo",
        f"no demo answers on port {port}. Start it with `make demo`, or name its port: --port {port + 1}",
    )


@asynccontextmanager
async def published(systems: Mapping[str, StandIn], folder: Path) -> AsyncIterator[None]:
    """Take orders for these systems; `folder` is the demo's temporary one and ends with it."""
    key = secrets.token_urlsafe(32)
    async with StandIn("control", _app(systems, key)) as server:
        file = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as out:
            json.dump({"port": server.port, "key": key}, out)
        yield


def ask(port: int, order: Order | None = None) -> dict[str, str]:
    """Give the mode of each system of the demo on `port`, after it did `order`; ConfigurationError if not."""
    for server, key in _found(port):
        try:
            return _call(server, key, order)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            continue  # a demo that was killed left its file: nobody answers there, or another program
    raise not_running(port)


def _app(systems: Mapping[str, StandIn], key: str) -> Starlette:
    turn = asyncio.Lock()

    async def control(request: Request) -> JSONResponse:
        # A page in a browser can reach this port, but it cannot know the key.
        given = request.headers.get("authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {key}".encode()):
            return JSONResponse({}, 401)
        if request.method == "POST":
            try:
                order = msgspec.json.decode(await request.body(), type=Order)
                async with turn:
                    await _obey(systems, order)
            except ConfigurationError as error:
                hint = error.message.removeprefix(f"{error.key}: ")
                return JSONResponse({"key": error.key, "hint": hint}, 400)
            except (msgspec.DecodeError, OSError) as error:
                return JSONResponse({"key": "demo", "hint": str(error)}, 400)
        return JSONResponse({"systems": {name: system.mode for name, system in systems.items()}})

    return Starlette(routes=[Route("/", control, methods=["GET", "POST"])])


async def _obey(systems: Mapping[str, StandIn], order: Order) -> None:
    if order.system not in systems:
        raise ConfigurationError("system", f"write one of {', '.join(systems)}; {order.system!r} was given")
    if order.mode not in {*Mode}:
        raise ConfigurationError("mode", f"write one of {', '.join(Mode)}; {order.mode!r} was given")
    if order.delay is not None and order.mode != Mode.SLOW:
        raise ConfigurationError("delay", f"only {Mode.SLOW} has one: leave it out")
    try:
        await systems[order.system].fault(order.mode, delay=order.delay)
    except ValueError as error:
        raise ConfigurationError("delay", str(error)) from None


def _found(port: int) -> Iterator[tuple[int, str]]:
    """Give port and key of every control that a demo on `port` has left, the newest first."""
    files = []
    for file in Path(tempfile.gettempdir()).glob(f"{prefix(port)}*/{FILE}"):
        try:
            if _own(file.parent) and _own(file) and stat.S_ISREG(file.lstat().st_mode):
                files.append((file.stat().st_mtime, file.read_text("utf-8")))
        except (OSError, UnicodeDecodeError):
            continue  # it went away meanwhile, or is not the demo's
    for _, text in sorted(files, reverse=True):
        try:
            said = json.loads(text)
            yield int(said["port"]), str(said["key"])
        except (ValueError, KeyError, TypeError):
            continue  # half written by a demo that was killed


def _own(file: Path) -> bool:
    """Whether nobody else put it here: the folder for temporary files is everybody's."""
    return not hasattr(os, "getuid") or file.lstat().st_uid == os.getuid()


def _call(server: int, key: str, order: Order | None) -> dict[str, str]:
    request = urllib.request.Request(
        f"http://{HOST}:{server}/",
        data=None if order is None else msgspec.json.encode(order),
        headers={"Authorization": f"Bearer {key}"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy reaches this machine
    try:
        with direct.open(request, timeout=_TIMEOUT) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            refused = json.load(error)
        raise ConfigurationError(refused["key"], refused["hint"]) from None
    return dict(found["systems"])
