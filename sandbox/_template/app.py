"""The web application: who may ask, where things are, and Template's errors in its own words."""

from __future__ import annotations

import hmac
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox._template.rows import contact, contact_id
from sandbox.data import DataSet
from sandbox.serve import StandIn

_TAKES = frozenset({"account_id", "status", "ids", "after", "limit", "fields"})
_MOST = 100


class ApiError(Exception):
    """What is answered to a request that is refused."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


def create_app(data: DataSet, *, token: str) -> Starlette:
    """Serve the data set as Template would."""

    async def me(request: Request) -> Response:
        _authenticate(request, token)
        return JSONResponse({"token": "portal"})

    async def contacts(request: Request) -> Response:
        _authenticate(request, token)
        return JSONResponse(_contacts(data, request))

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)  # noqa: S101  registered for it below
        return JSONResponse({"error": error.error}, error.status)

    async def unknown(_: Request, __: Exception) -> Response:
        return JSONResponse({"error": "not_found"}, 404)

    app = Starlette(
        routes=[Route("/me", me, methods=["GET"]), Route("/contacts", contacts, methods=["GET"])],
        exception_handlers={ApiError: refuse, 404: unknown, 405: unknown},
    )
    app.router.redirect_slashes = False
    return app


def stand_in(data: DataSet, *, token: str, port: int = 0) -> StandIn:
    """Make a stand-in whose credentials are `token`."""
    return StandIn("_template", create_app(data, token=token), port=port)


def _authenticate(request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
        raise ApiError("unauthorized", 401)


def _contacts(data: DataSet, request: Request) -> dict[str, Any]:
    """List by name, after a row. What is not filtered is everybody: as careless as real systems are."""
    params = request.query_params
    if set(params) - _TAKES:
        raise ApiError("unknown_parameter")
    rows = sorted(data.contacts, key=lambda row: (row.family, row.given, contact_id(row)))
    found = [contact(row, data) for row in rows]
    if "account_id" in params:
        found = [row for row in found if row["account_id"] in params.getlist("account_id")]
    if "status" in params:
        found = [row for row in found if row["status"] == params["status"]]
    if "ids" in params:
        found = [row for row in found if row["id"] in params["ids"].split(",")]
    limit = params.get("limit", "20")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= _MOST:
        raise ApiError("bad_limit")
    start = 0
    if "after" in params:
        places = [place for place, row in enumerate(found) if row["id"] == params["after"]]
        if not places:
            raise ApiError("unknown_row")
        start = places[0] + 1
    page = found[start : start + int(limit)]
    names = params["fields"].split(",") if "fields" in params else None
    if names and found and set(names) - set(found[0]):
        raise ApiError("unknown_field")
    items = [{name: row[name] for name in names} if names else row for row in page]
    return {"items": items, "has_more": start + len(page) < len(found)}
