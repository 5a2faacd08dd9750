"""Stripe's errors, in its own words and shapes."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from starlette.responses import Response


class ApiError(Exception):
    """What Stripe answers to a request that it refuses."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.headers = headers or {}


def missing(noun: str, row_id: str, param: str, *, status: int = 400) -> ApiError:
    """There is no such row; 404 where the address names it, 400 where a parameter does."""
    return ApiError(f"No such {noun}: '{row_id}'", status=status, code="resource_missing", param=param)


def unknown_address(method: str, path: str) -> ApiError:
    """Nothing is served there."""
    return ApiError(
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help"
        " at https://support.stripe.com/.",
        status=404,
    )


def too_many() -> ApiError:
    """More requests than the endpoint takes. Stripe sends no Retry-After."""
    return ApiError(
        "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
        status=429,
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": "endpoint-rate"},
    )


def answer(body: dict[str, Any], version: str, *, status: int = 200, request_id: str = "") -> Response:
    """Encode an answer with the headers that every one has."""
    headers = {"Request-Id": request_id or _request_id(), "Stripe-Version": version}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def refuse(error: ApiError, version: str) -> Response:
    """Turn an error into Stripe's answer."""
    request_id = _request_id()
    body = {
        "type": "invalid_request_error",
        "message": error.message,
        "request_log_url": f"https://dashboard.stripe.example/test/logs/{request_id}",
    }
    if error.code:
        body["code"] = error.code
        body["doc_url"] = f"https://stripe.com/docs/error-codes/{error.code.replace('_', '-')}"
    if error.param:
        body["param"] = error.param
    response = answer({"error": body}, version, status=error.status, request_id=request_id)
    response.headers.update(error.headers)
    return response


def crash(version: str) -> Response:
    """Answer as Stripe does when the fault is its own."""
    body = {"error": {"type": "api_error", "message": "An unknown error occurred. Please try again."}}
    return answer(body, version, status=500)


def _request_id() -> str:
    return f"req_{secrets.token_hex(7)}"
