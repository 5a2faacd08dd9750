"""The web application: where things are, who may ask, and pages of queries."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.data import DataSet
from sandbox.salesforce.errors import (
    ApiError,
    GrantError,
    crash,
    malformed,
    no_session,
    not_found,
    refuse,
    refuse_grant,
    too_many,
)
from sandbox.salesforce.objects import Object, Row
from sandbox.salesforce.sessions import Sessions
from sandbox.salesforce.store import Store
from sandbox.serve import StandIn

VERSION = "v66.0"
"""The one API version spoken here."""
ALLOCATION = 100_000
"""Calls a day."""
BATCH = 2000
"""Records in one answer to a query, and ids in one collection."""
_SMALLEST_BATCH = 200
_LONGEST = 16_384  # bytes of address and headers

Clock = Callable[[], float]
View = Callable[[Request], Awaitable[Any]]


def create_app(
    data: DataSet,
    *,
    client_id: str,
    public_key_pem: str,
    username: str,
    now: Clock | None = None,
    batch: int = BATCH,
) -> Starlette:
    """Serve the data set as Salesforce would; `now` gives unix seconds and must be the real time.

    `batch` is the most records in one answer to a query: Salesforce may send fewer than were asked for.
    """
    sessions = Sessions(
        client_id=client_id, public_key_pem=public_key_pem, username=username, now=now or time.time
    )
    return _Service(Store(data, VERSION), sessions, batch).app()


def stand_in(
    data: DataSet,
    *,
    client_id: str,
    public_key_pem: str,
    username: str,
    port: int = 0,
    now: Clock | None = None,
    batch: int = BATCH,
) -> StandIn:
    """Make a stand-in whose faults speak as Salesforce does."""
    app = create_app(
        data,
        client_id=client_id,
        public_key_pem=public_key_pem,
        username=username,
        now=now,
        batch=batch,
    )
    return StandIn(
        "salesforce",
        app,
        port=port,
        throttled=lambda: refuse(too_many()),
        broken=lambda: refuse(crash()),
    )


class _Service:
    def __init__(self, store: Store, sessions: Sessions, batch: int) -> None:
        self._store = store
        self._sessions = sessions
        self._batch = batch
        self._spent = 0
        self._open: dict[str, list[Row]] = {}

    def app(self) -> Starlette:
        base = f"/services/data/{VERSION}"
        views: list[tuple[str, View, list[str]]] = [
            (f"{base}/query", self._query, ["GET"]),
            (f"{base}/query/", self._query, ["GET"]),
            (f"{base}/query/{{locator}}", self._more, ["GET"]),
            (f"{base}/composite/sobjects/{{kind}}", self._collection, ["GET", "POST"]),
            (f"{base}/sobjects/{{kind}}/{{id}}", self._record, ["GET"]),
            (f"{base}/limits", self._limits, ["GET"]),
            (f"{base}/limits/", self._limits, ["GET"]),
        ]

        async def unknown(_request: Request, _error: Exception) -> Response:
            return refuse(not_found())

        app = Starlette(
            routes=[
                Route("/services/oauth2/token", self._token, methods=["POST"]),
                Route("/services/oauth2/revoke", self._revoke, methods=["POST"]),
                *(Route(path, self._view(view), methods=methods) for path, view, methods in views),
            ],
            exception_handlers={404: unknown, 405: unknown},
        )
        app.router.redirect_slashes = False
        return app

    def _view(self, view: View) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            size = len(request.scope["raw_path"]) + len(request.scope["query_string"])
            size += sum(len(name) + len(value) for name, value in request.scope["headers"])
            if size > _LONGEST:
                return PlainTextResponse("URI Too Long", 414)
            self._spent += 1
            try:
                if not self._sessions.admits(request.headers.get("authorization", "")):
                    raise no_session()
                body = msgspec.json.encode(await view(request))
                response = Response(body, media_type="application/json;charset=UTF-8")
            except ApiError as error:
                response = refuse(error)
            response.headers["Sforce-Limit-Info"] = f"api-usage={self._spent}/{ALLOCATION}"
            return response

        return answer

    async def _token(self, request: Request) -> Response:
        try:
            body = self._sessions.grant(await _form(request))
        except GrantError as error:
            return refuse_grant(error)
        return Response(
            msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"}
        )

    async def _revoke(self, request: Request) -> Response:
        if not self._sessions.revoke((await _form(request)).get("token", "")):
            return refuse_grant(GrantError("unsupported_token_type", "this token type is not supported"))
        return Response()

    async def _query(self, request: Request) -> Any:
        text = request.query_params.get("q")
        if not text:
            raise malformed("A query string has to be specified")
        query, records = self._store.find(text)
        if query.fields is None:
            return {"totalSize": len(records), "done": True, "records": []}
        size = _batch(request, self._batch)
        locator = f"01g5g{len(self._open):010}AAA"
        if len(records) > size:
            self._open[locator] = records
        return _page(records, locator, 0, size)

    async def _more(self, request: Request) -> Any:
        locator, _, place = request.path_params["locator"].partition("-")
        if locator not in self._open or not place.isdigit() or int(place) >= len(self._open[locator]):
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return _page(self._open[locator], locator, int(place), _batch(request, self._batch))

    async def _collection(self, request: Request) -> Any:
        kind = self._kind(request)
        if request.method == "GET":
            params = request.query_params
            ids, fields = params.get("ids", "").split(","), params.get("fields", "").split(",")
        else:
            ids, fields = _wanted(await request.body())
        if not any(ids) or not any(fields):
            raise ApiError("REQUIRED_FIELD_MISSING", "Required parameters: ids and fields.")
        if len(ids) > BATCH:
            raise ApiError("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {BATCH} IDs")
        paths = self._store.flat(kind, fields)
        paths = paths if ["Id"] in paths else [["Id"], *paths]
        return [self._store.get(kind, one, paths) for one in ids]

    async def _record(self, request: Request) -> Any:
        kind = self._kind(request)
        names = [name for name in request.query_params.get("fields", "").split(",") if name]
        found = self._store.get(
            kind, request.path_params["id"], self._store.flat(kind, names or list(kind.fields))
        )
        if found is None:
            raise not_found()
        return found

    async def _limits(self, _request: Request) -> Any:
        return {"DailyApiRequests": {"Max": ALLOCATION, "Remaining": ALLOCATION - self._spent}}

    def _kind(self, request: Request) -> Object:
        found = self._store.object(request.path_params["kind"])
        if found is None:
            raise not_found()
        return found


def _page(records: list[Row], locator: str, start: int, size: int) -> dict[str, Any]:
    end = start + size
    found: dict[str, Any] = {"totalSize": len(records), "done": end >= len(records)}
    if not found["done"]:
        found["nextRecordsUrl"] = f"/services/data/{VERSION}/query/{locator}-{end}"
    return found | {"records": records[start:end]}


class _Wanted(msgspec.Struct):
    ids: list[str]
    fields: list[str]


def _wanted(body: bytes) -> tuple[list[str], list[str]]:
    try:
        found = msgspec.json.decode(body, type=_Wanted)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ApiError("JSON_PARSER_ERROR", "The body is not what this resource takes.") from None
    return found.ids, found.fields


async def _form(request: Request) -> Mapping[str, str]:
    return dict(parse_qsl((await request.body()).decode("latin-1")))


def _batch(request: Request, most: int) -> int:
    """Read the hint `Sforce-Query-Options: batchSize=200`."""
    name, _, size = request.headers.get("sforce-query-options", "").partition("=")
    if name.strip().lower() == "batchsize" and size.strip().isdigit():
        return min(most, max(_SMALLEST_BATCH, int(size)))
    return most
