"""Files through the gateway: GET /files/{pass} lets one out, PUT /uploads/{pass} takes one in.

A pass was made after all checks (see `passes`) and is all that is asked for here. Files are passed on as they
come; nothing of them is kept.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from gateway import outbound
from gateway.auth.scope import AccountScope
from gateway.connectors.ports.support import Content, TicketsPort, TicketWritesPort, Upload
from gateway.connectors.registry import Registry
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.passes import FilePass, Passes, UploadPass

UPLOAD_SECONDS: Final = 60.0
_HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
}
_LOG = logging.getLogger(__name__)


class Transfers:
    """The two endpoints."""

    def __init__(self, registry: Registry, passes: Passes) -> None:
        self._registry = registry
        self._passes = passes

    async def file(self, request: Request) -> Response:
        """Let a file out, always as an attachment: what a customer sent must not run in the portal's name."""
        issued = self._passes.read(request.path_params["issued"], FilePass)
        bound = self._bound(TicketsPort.open_attachment, issued.connector) if issued else None
        if issued is None or bound is None:
            return _failure(404, RequestError(Code.INVALID_INPUT, "The link is not good, or no longer."))
        scope = AccountScope(issued.account, frozenset(), {issued.connector: issued.owners})
        stack = AsyncExitStack()
        try:
            content: Content = await stack.enter_async_context(bound(scope, issued.native_id))
        except UpstreamError as error:
            await stack.aclose()
            return _failed(error)
        except BaseException:
            await stack.aclose()
            raise
        headers = _HEADERS | {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(content.file_name, safe='')}",
        }
        if content.size is not None:
            headers["Content-Length"] = str(content.size)
        return StreamingResponse(content.chunks, headers=headers, background=BackgroundTask(stack.aclose))

    async def upload(self, request: Request) -> Response:
        """Take a file in: 201 when the system has it. The size must be the one that was announced."""
        issued = self._passes.read(request.path_params["issued"], UploadPass)
        bound = self._bound(TicketWritesPort.upload, issued.connector) if issued else None
        if issued is None or bound is None:
            return _failure(404, RequestError(Code.INVALID_INPUT, "The address is not good, or no longer."))
        if request.headers.get("content-length") != str(issued.size):
            text = f"content-length: send exactly the {issued.size} bytes that were announced."
            return _failure(400, RequestError(Code.INVALID_INPUT, text))
        if not await self._passes.begin(issued):
            return _failure(409, RequestError(Code.CONFLICT, "A file came, or is coming, with this address."))
        arrived = False
        try:
            scope = AccountScope(issued.account, frozenset(), {issued.connector: issued.owners})
            file = Upload(issued.file_name, issued.mime_type, issued.size, _body(request, issued.size))
            with outbound.deadline(UPLOAD_SECONDS):
                secret = await bound(scope, file)
            await self._passes.handed_in(issued, secret)
            arrived = True
        except UpstreamError as error:
            return _failed(error)
        except (ClientDisconnect, _OtherSizeError):
            text = f"body: it ended before or after the {issued.size} bytes that were announced."
            return _failure(400, RequestError(Code.INVALID_INPUT, text))
        finally:
            if not arrived:
                await self._passes.again(issued)
        return JSONResponse({"id": issued.upload}, 201, headers={"Cache-Control": "no-store"})

    def _bound(self, method: Any, connector: str) -> Any:
        """Give the method of the connector that the pass was made for, if the port is bound to it still."""
        found = self._registry.binding(method)
        return found[1] if found is not None and found[0] == connector else None


class _OtherSizeError(Exception):
    """The body is not as long as was announced."""


async def _body(request: Request, size: int) -> AsyncIterator[bytes]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > size:
            break
        if chunk:
            yield chunk
    if seen != size:
        raise _OtherSizeError


def _failed(error: UpstreamError) -> Response:
    _LOG.warning(
        "file not passed on", extra={"code": error.code.value, "system": error.system, "detail": error.detail}
    )
    return _failure(502, error)


def _failure(status: int, error: GatewayError) -> Response:
    body = {"errors": [{"message": error.message, "extensions": error.extensions()}]}
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
