"""Salesforce's errors, in its own shapes."""

from __future__ import annotations

import msgspec
from starlette.responses import JSONResponse, Response


class ApiError(Exception):
    """What Salesforce answers to a request that it refuses: `code` is its `errorCode`."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class GrantError(Exception):
    """What the token endpoint answers (RFC 6749, 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def refuse(error: ApiError) -> Response:
    """Turn an error into an answer: always a list, even of one."""
    body = [{"message": error.message, "errorCode": error.code}]
    return Response(msgspec.json.encode(body), error.status, media_type="application/json")


def refuse_grant(error: GrantError) -> Response:
    """Turn a refused grant into an answer."""
    return JSONResponse({"error": error.error, "error_description": error.description}, 400)


def no_session() -> ApiError:
    """No token, an unknown one, or one that has ended."""
    return ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def not_found() -> ApiError:
    """No such address, object or record."""
    return ApiError("NOT_FOUND", "The requested resource does not exist", status=404)


def too_many() -> ApiError:
    """The allocation of calls is spent. It is a 403, and without Retry-After."""
    return ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)


def crash() -> ApiError:
    """The fault is Salesforce's own."""
    return ApiError("UNKNOWN_EXCEPTION", "An unexpected error occurred.", status=500)


def malformed(message: str) -> ApiError:
    """A query that is not in the language."""
    return ApiError("MALFORMED_QUERY", message)


def no_field(kind: str, name: str) -> ApiError:
    """A field that the object does not have, or that the user may not read: both look the same."""
    return ApiError("INVALID_FIELD", f"No such column '{name}' on entity '{kind}'.")
