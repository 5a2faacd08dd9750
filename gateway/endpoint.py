"""GraphQL over HTTP: request in, response out. The one place where errors are mapped to the outside."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from graphql import GraphQLError, GraphQLSchema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway import outbound, telemetry
from gateway.auth.principal import Principal
from gateway.auth.tokens import InvalidToken, bearer, challenge
from gateway.context import RequestContext
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.operations.documents import TOO_MUCH, Document, Documents, Operation
from gateway.operations.execute import run

_LOG = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Verifier(Protocol):
    """Turns a token into a principal, or raises InvalidToken (or UpstreamError: no keys)."""

    async def verify(self, token: str) -> Principal:
        """Verify an access token."""
        ...


class GraphQLRequest(msgspec.Struct):
    """The body of a request. Members it does not know are ignored, as the specification asks."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(GraphQLRequest).decode


class Endpoint:
    """`POST /graphql` with a JSON body and a bearer token."""

    def __init__(
        self,
        *,
        schema: GraphQLSchema,
        verifier: Verifier,
        context: Callable[[Principal, Operation, str | None, Callable[[], str]], RequestContext],
        deadline_seconds: float,
        max_body_bytes: int,
        max_vendor_calls: int,
    ) -> None:
        self._schema = schema
        self._documents = Documents(schema)
        self._verifier = verifier
        self._context = context
        self._deadline = deadline_seconds
        self._max_body = max_body_bytes
        self._max_calls = max_vendor_calls

    async def respond(self, request: Request) -> Response:
        """Answer one request; every outcome is JSON."""
        telemetry.request_id.set(secrets.token_hex(8))
        try:
            with outbound.deadline(self._deadline, self._max_calls):
                return await self._respond(request)
        except Exception as error:  # noqa: BLE001  the outermost place: nothing may leave unmasked
            return Response(_encode({"errors": [_masked(error)]}), 500, media_type="application/json")

    async def _respond(self, request: Request) -> Response:
        try:
            principal = await self._verifier.verify(bearer(request.headers.get("authorization")))
        except InvalidToken as error:
            _LOG.info("access token refused", extra={"outcome": error.reason})
            sent = error if "authorization" in request.headers else None
            return _failure(401, error, {"WWW-Authenticate": challenge(sent)})
        except GatewayError as error:
            return _failure(503, error)
        try:
            body = await self._read(request)
        except _Malformed as malformed:
            return _failure(malformed.status, RequestError(Code.INVALID_INPUT, str(malformed)))

        def base_url() -> str:
            return str(request.base_url).rstrip("/")

        return Response(_encode(await self._answer(principal, body, base_url)), media_type="application/json")

    async def _read(self, request: Request) -> GraphQLRequest:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise _Malformed(415, "content-type: write application/json.")
        chunks = bytearray()
        try:
            async with asyncio.timeout(self._deadline):
                async for chunk in request.stream():
                    chunks += chunk
                    if len(chunks) > self._max_body:
                        raise _Malformed(413, f"body: write at most {self._max_body} bytes.")
        except TimeoutError:
            raise _Malformed(408, f"body: send it within {self._deadline:g} seconds.") from None
        except ClientDisconnect:
            raise _Malformed(400, "body: it ended early.") from None
        try:
            return _decode(bytes(chunks))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise _Malformed(
                400,
                'body: write a JSON object with "query" (a string) and, where needed, '
                '"variables" (an object) and "operationName" (a string).',
            ) from None

    async def _answer(
        self, principal: Principal, body: GraphQLRequest, base_url: Callable[[], str]
    ) -> dict[str, Any]:
        document = self._documents.get(body.query)
        if document.errors:
            return {"errors": _formatted(document.errors)}
        try:
            operation = document.operation(body.operation_name)
        except RequestError as error:
            return {"errors": [_public(error)]}
        return await self._execute(principal, document, operation, body, base_url)

    async def _execute(
        self,
        principal: Principal,
        document: Document,
        operation: Operation,
        body: GraphQLRequest,
        base_url: Callable[[], str],
    ) -> dict[str, Any]:
        name = operation.node.name.value if operation.node.name else None
        with telemetry.operation(name, document.hash, operation.node.operation.value) as recording:
            context = self._context(principal, operation, name, base_url)
            try:
                result = await run(self._schema, document, name, body.variables or {}, context)
            finally:
                context.forget()
            told = context.sources.told()
            # Only where a system was asked: an answer of the gateway's own has no sources.
            answer: dict[str, Any] = {"extensions": {"sources": told}} if told else {}
            if not result.errors:
                return {"data": result.data} | answer
            recording.outcome = "errors"
            errors = _formatted(result.errors)
        # A request that never began to run (a wrong variable, say) has no data at all.
        before = result.data is None and all(error.path is None for error in result.errors)
        return {"errors": errors} if before else {"data": result.data, "errors": errors} | answer


async def refused(request: Request, error: Exception) -> Response:
    """Answer what no route takes: another path, or another method than its."""
    assert isinstance(error, HTTPException)  # noqa: S101  registered for nothing else
    text = f"{request.method} is not served at this path. For GraphQL write POST /graphql."
    return _failure(error.status_code, RequestError(Code.INVALID_INPUT, text), error.headers)


class _Malformed(Exception):  # noqa: N818  a finding about the request, answered at once
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _formatted(errors: Sequence[GraphQLError]) -> list[dict[str, Any]]:
    """Map errors to what a client may see. A failure that many fields share is told and logged once."""
    shown: dict[object, dict[str, Any]] = {}
    answer = []
    for error in errors:
        cause = _cause(error)
        # Each record of a failed batch has an error of its own; they are one failure all the same.
        key = (cause.code, cause.system, cause.detail) if isinstance(cause, UpstreamError) else id(cause)
        if key not in shown:
            shown[key] = _shown(error, cause)
        located = error.formatted
        answer.append(shown[key] | {part: located[part] for part in ("locations", "path") if part in located})
    return answer


def _cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _shown(error: GraphQLError, cause: Exception) -> dict[str, Any]:
    """Give message and extensions; what is not the caller's to mend is logged."""
    if isinstance(cause, GatewayError):
        if not isinstance(cause, RequestError):
            of_system = {key: getattr(cause, key, None) for key in ("system", "detail")}
            _LOG.warning("field failed", extra={"code": cause.code.value, **of_system})
        return _public(cause)
    if isinstance(cause, RecursionError):
        # The stack ends a little before the nesting that the parser still takes.
        _LOG.warning("stack exhausted", exc_info=cause)
        return _public(RequestError(Code.INVALID_INPUT, TOO_MUCH))
    # graphql-core names a place in the document when the document or a variable is wrong. Without one it is
    # a value of ours that does not fit its type, and the message quotes it.
    if isinstance(cause, GraphQLError) and (cause.nodes or error.path is None):
        return _public(RequestError(Code.INVALID_INPUT, error.message))
    return _masked(cause)


def _masked(error: Exception) -> dict[str, Any]:
    reference = secrets.token_hex(8)
    _LOG.error("unforeseen error %s", reference, exc_info=error, extra={"error_id": reference})
    return {
        "message": f"Internal error {reference}.",
        "extensions": {"code": Code.INTERNAL.value, "retryable": False},
    }


def _public(error: GatewayError) -> dict[str, Any]:
    return {"message": error.message, "extensions": error.extensions()}


def _failure(status: int, error: GatewayError, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        _encode({"errors": [_public(error)]}),
        status,
        headers=dict(headers or {}),
        media_type="application/json",
    )
