"""The REST interface: `GET /{database}/rest/model/{name}[/{id}]` and `POST .../search_count`."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.data import DataSet
from sandbox.serve import StandIn
from sandbox.tryton.domain import search
from sandbox.tryton.errors import Refused, UserError
from sandbox.tryton.order import arrange
from sandbox.tryton.read import decode, encode, read, select
from sandbox.tryton.rows import Context, Row
from sandbox.tryton.store import Store

_COUNTED = 10
"""A range counts at most this many times the rows up to its end; beyond, the total is `*`."""


def create_app(data: DataSet, *, key: str, database: str = "tryton") -> Starlette:
    """Serve the data set as Tryton would to the one user application whose key is `key`."""
    interface = _Interface(Store(data), key, database)
    base = "/{database}/rest/model/{name}"
    app = Starlette(
        routes=[
            Route(base, _answer(interface.find), methods=["GET"]),
            Route(base + "/{id:int}", _answer(interface.get), methods=["GET"]),
            Route(base + "/search_count", _answer(interface.count), methods=["POST"]),
        ],
        # Tryton routes OPTIONS everywhere, so what it does not know is a wrong method to it.
        exception_handlers={404: _no_such_method, 405: _no_such_method},
    )
    app.router.redirect_slashes = False
    return app


def stand_in(data: DataSet, *, key: str, database: str = "tryton", port: int = 0) -> StandIn:
    """Make a stand-in whose faults speak as Tryton does."""
    return StandIn(
        "tryton",
        create_app(data, key=key, database=database),
        port=port,
        throttled=lambda: Refused(status=HTTPStatus.TOO_MANY_REQUESTS).response(),
        broken=lambda: Refused("database is locked").response(),
    )


def _answer(
    endpoint: Callable[[Request, Context], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            context = _context(request)
            response = await endpoint(request, context)
        except (Refused, UserError) as error:
            return error.response()
        response.headers["Content-Language"] = str(context.get("language") or "en").replace("_", "-")
        return response

    return answer


async def _no_such_method(_: Request, __: Exception) -> Response:
    return Refused(status=HTTPStatus.METHOD_NOT_ALLOWED).response()


class _Interface:
    def __init__(self, store: Store, key: str, database: str) -> None:
        self._store = store
        self._key = key
        self._database = database

    async def find(self, request: Request, context: Context) -> Response:
        """Answer a search."""
        name = self._enter(request)
        query = request.query_params
        domain = _unwrapped(query["d"]) if "d" in query else []
        wanted = _range(request)
        order = _unwrapped(query["o"]) if "o" in query else None
        found = search(self._store, name, domain, context)
        rows = arrange(self._store, name, found, order, context)
        end = None if wanted.limit is None else wanted.offset + wanted.limit
        rows = rows[wanted.offset : end]
        response = _json(self._read(request, name, rows, context))
        if wanted.counted:
            if not rows and wanted.offset:
                raise Refused(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            response.headers["Accept-Ranges"] = "records"
            response.headers["Content-Range"] = (
                f"records {wanted.offset}-{wanted.offset + len(rows)}/{wanted.total(len(rows), len(found))}"
            )
        return response

    async def get(self, request: Request, context: Context) -> Response:
        """Answer the read of one record."""
        name = self._enter(request)
        self._store.fields(name)
        row = self._store.rows(name).get(request.path_params["id"])
        if row is None:
            raise Refused(status=HTTPStatus.NOT_FOUND)
        return _json(self._read(request, name, [row], context)[0])

    async def count(self, request: Request, context: Context) -> Response:
        """Answer how many records a domain finds: exact, without the range's limit."""
        name = self._enter(request)
        if "json" not in request.headers.get("Content-Type", ""):
            raise Refused("the body is not JSON")
        body = decode((await request.body()).decode())
        if not isinstance(body, dict) or set(body) != {"domain"}:
            raise Refused("search_count() takes a domain")
        return _json(len(search(self._store, name, body["domain"], context)))

    def _enter(self, request: Request) -> str:
        """Check database and key; give the model's name."""
        if request.path_params["database"] != self._database:
            raise Refused(status=HTTPStatus.NOT_FOUND)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), self._key.encode()):
            raise Refused(status=HTTPStatus.UNAUTHORIZED)
        return str(request.path_params["name"])

    def _read(self, request: Request, name: str, rows: list[Row], context: Context) -> list[dict[str, Any]]:
        paths = request.query_params.getlist("f") if "f" in request.query_params else ["rec_name"]
        tree = select(self._store, name, paths)
        return [read(self._store, name, row, tree, context) for row in rows]


@dataclass(frozen=True)
class _Range:
    offset: int = 0
    limit: int | None = None
    counted: bool = False

    def total(self, shown: int, found: int) -> int | str:
        limit = shown if self.limit is None else self.limit
        if shown < limit:
            return self.offset + shown
        most = _COUNTED * (limit + self.offset)
        return "*" if found >= most else found


def _range(request: Request) -> _Range:
    """Read the `Range` header, or else the parameters `s` and `p`. A negative number is no limit."""
    header = request.headers.get("Range")
    try:
        if not header:
            query = request.query_params
            limit = int(query["s"]) if "s" in query else -1
            return _Range(max(int(query.get("p", 0)), 0), None if limit < 0 else limit)
        if "," in header:
            return _Range()
        _, span = header.split("=", 1)
        first, last = span.split("-", 1)
        if not first:
            return _Range()
        offset = int(first)
        limit = int(last) - offset if last else -1
    except ValueError as error:
        raise Refused(error) from error
    return _Range(offset, None if limit < 0 else limit, counted=True)


def _context(request: Request) -> Context:
    """Read the context header; the language may also come from `Accept-Language`."""
    header = request.headers.get("X-Tryton-Context")
    context = _unwrapped(header) if header else {}
    if not isinstance(context, dict):
        raise Refused("cannot convert dictionary update sequence element #0 to a sequence")
    if accepted := request.headers.get("Accept-Language"):
        context["language"] = max(map(_language, accepted.split(",")))[1]
    return context


def _language(text: str) -> tuple[float, str]:
    name, _, quality = text.partition(";")
    try:
        return float(quality.partition("=")[2]) if quality else 1.0, name.strip()
    except ValueError as error:
        raise Refused(error) from error


def _unwrapped(text: str) -> Any:
    """Read JSON in URL-safe base64, which must be padded."""
    try:
        return decode(base64.urlsafe_b64decode(text).decode())
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused(error) from error


def _json(value: Any) -> Response:
    return Response(encode(value), media_type="application/json")
