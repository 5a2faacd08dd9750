"""Zendesk's errors, in its own words and shapes."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response


class ApiError(Exception):
    """What Zendesk answers to a request that it refuses; `body` is the whole answer."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(body.get("error"))
        self.status = status
        self.body = body
        self.headers = headers or {}


def not_found() -> ApiError:
    """There is no such record, or it was deleted."""
    return ApiError(404, {"error": "RecordNotFound", "description": "Not found"})


def invalid_endpoint() -> ApiError:
    """Nothing is served there."""
    return ApiError(404, {"error": "InvalidEndpoint", "description": "Not found"})


def bad_attribute(name: str, kind: str = "an integer") -> ApiError:
    """A value in the address or the query is not of its kind."""
    message = (
        f"You passed an invalid value for the {name} attribute. Invalid parameter: {name} must be {kind}"
    )
    return ApiError(400, {"error": {"title": "Invalid attribute", "message": message}})


def bad_paging(title: str) -> ApiError:
    """A page is asked for that there cannot be."""
    return ApiError(400, {"error": "InvalidPaginationParameter", "description": title})


def bad_json() -> ApiError:
    """The body is not what was said."""
    return ApiError(422, {"error": "Unprocessable Entity", "message": "Server could not parse JSON"})


def missing(name: str) -> ApiError:
    """Something that is required was left out."""
    return ApiError(
        400, {"error": {"title": "Missing parameter", "message": f"Missing required parameter: {name}"}}
    )


def too_many_values(most: int) -> ApiError:
    """One request names more records than it may."""
    return ApiError(400, {"error": "TooManyValues", "description": f"Exceeded the maximum of {most} values"})


def invalid(field: str, description: str, code: str) -> ApiError:
    """A record does not hold with what it would become. `field` "base" is the record as a whole."""
    details = {field: [{"description": description, "error": code}]}
    return ApiError(
        422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    )


def conflict() -> ApiError:
    """Somebody else was faster."""
    text = (
        "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data"
        " and try again."
    )
    return ApiError(409, {"error": "UpdateConflict", "description": text})


def bad_token() -> ApiError:
    """The bearer is nobody, or nobody any more."""
    text = "The access token provided is expired, revoked, malformed or invalid for other reasons."
    return ApiError(
        401,
        {"error": "invalid_token", "error_description": text},
        {"WWW-Authenticate": 'Bearer realm="Zendesk", error="invalid_token"'},
    )


def no_token() -> ApiError:
    """Nobody said who they are."""
    return ApiError(
        401, {"error": "Couldn't authenticate you"}, {"WWW-Authenticate": 'Basic realm="Web Password"'}
    )


def too_many(seconds: int | None = None) -> ApiError:
    """More requests a minute than the plan has; `seconds` until there are more."""
    text = "Number of allowed API requests per minute exceeded"
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return ApiError(429, {"error": "APIRateLimitExceeded", "description": text}, headers)


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """Encode an answer."""
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json; charset=utf-8")


def refuse(error: ApiError) -> Response:
    """Turn an error into Zendesk's answer."""
    return answer(error.status, error.body, error.headers)


def crash() -> Response:
    """Answer as Zendesk does when the fault is its own."""
    return answer(500, {"error": "InternalServerError", "message": "Something went wrong"})
