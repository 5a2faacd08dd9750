"""Files through the gateway: GET /files/{pass} lets one out, PUT /uploads/{pass} takes one in.

A pass was made after all checks (see `passes`) and is all that is asked for here. Files are passed on as they
come; nothing of them is kept.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from gateway import outbound, telemetry
from gateway.auth.scope import AccountScope
from gateway.connectors.ports.support import Content, TicketsPort, TicketWritesPort, Upload
from gateway.connectors.registry import Registry
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.passes import FilePass, Passes, UploadPass

UPLOAD_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 10.0
"""How long one part of a file may take to come or to be taken."""
PER_ACCOUNT: Final = 4
"""Files of one account on their way at a time: one customer must not take the helpdesk from others."""
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
        self._under_way: Counter[str] = Counter()

    async def file(self, request: Request) -> Response:
        """Let a file out, always as an attachment: what a customer sent must not run in the portal's name."""
        telemetry.request_id.set(secrets.token_hex(8))
        if request.method != "GET":  # HEAD would open the file for nothing
            return _failure(405, RequestError(Code.INVALID_INPUT, "Send a GET."))
        issued = self._passes.read(request.path_params["issued"], FilePass)
        bound = self._bound(TicketsPort.open_attachment, issued.connector) if issued else None
        if issued is None or bound is None:
            return _failure(404, RequestError(Code.INVALID_INPUT, "The link is not good, or no longer."))
        scope = AccountScope(issued.account, frozenset(), {issued.connector: issued.owners})
        async with AsyncExitStack() as stack:
            try:
                stack.enter_context(self._turn(issued.account))
                content: Content = await stack.enter_async_context(bound(scope, issued.native_id))
            except Exception as error:  # noqa: BLE001  the outermost place: nothing may leave unmasked
                return _failed(error)
            return _File(content, request, stack.pop_all())

    async def upload(self, request: Request) -> Response:  # noqa: PLR0911  each refusal has its answer
        """Take a file in: 201 when the system has it. The size must be the one that was announced."""
        telemetry.request_id.set(secrets.token_hex(8))
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
            with self._turn(issued.account), outbound.deadline(UPLOAD_SECONDS):
                secret = await bound(scope, file)
            await self._passes.handed_in(issued, secret)
            arrived = True
        except (ClientDisconnect, _OtherSizeError):
            text = f"body: it ended before or after the {issued.size} bytes that were announced."
            return _failure(400, RequestError(Code.INVALID_INPUT, text))
        except _StalledError:
            text = f"body: send each part within {IDLE_SECONDS:g} seconds."
            return _failure(408, RequestError(Code.INVALID_INPUT, text))
        except Exception as error:  # noqa: BLE001  the outermost place: nothing may leave unmasked
            return _failed(error)
        finally:
            if not arrived:
                await self._passes.again(issued)
        return JSONResponse({"id": issued.upload}, 201, headers={"Cache-Control": "no-store"})

    @contextmanager
    def _turn(self, account: str) -> Iterator[None]:
        """Count one file of the account; RATE_LIMITED when as many as may be are on their way."""
        if self._under_way[account] >= PER_ACCOUNT:
            raise RequestError(
                Code.RATE_LIMITED,
                f"{PER_ACCOUNT} files of this account are on their way. Try again when one is through.",
                retryable=True,
            )
        self._under_way[account] += 1
        try:
            yield
        finally:
            self._under_way[account] -= 1
            if not self._under_way[account]:
                del self._under_way[account]

    def _bound(self, method: Any, connector: str) -> Any:
        """Give the method of the connector that the pass was made for, if the port is bound to it still."""
        found = self._registry.binding(method)
        return found[1] if found is not None and found[0] == connector else None


class _File(Response):
    """A file as it comes. What holds it is let go when the response ends, however it ends."""

    def __init__(self, content: Content, request: Request, held: AsyncExitStack) -> None:
        super().__init__(
            headers=_HEADERS
            | {
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(content.file_name, safe='')}",
            }
        )
        del self.headers["content-length"]  # of the empty body that a Response begins with
        if content.size is not None:
            self.headers["content-length"] = str(content.size)
        self._content = content
        self._request = request
        self._held = held

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Pass the file on; without its last part when the system or the reader gives up."""
        async with self._held:
            try:
                await self._pass_on(send)
            except (UpstreamError, TimeoutError, OSError, _OtherSizeError) as error:
                # Half a file is out: the server closes the connection, and the length says that it is half.
                detail = {"code": getattr(error, "code", Code.INTERNAL).value, "detail": type(error).__name__}
                _LOG.warning("file not passed on to its end", extra=detail)

    async def _pass_on(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await _in_time(send(start))
        left = self._content.size
        async for chunk in self._content.chunks:
            if await self._request.is_disconnected():
                return
            if left is not None:
                left -= len(chunk)
                if left < 0:  # a beginning of it must not pass for the whole
                    raise _OtherSizeError
            await _in_time(send({"type": "http.response.body", "body": chunk, "more_body": True}))
        if left:
            raise _OtherSizeError
        await _in_time(send({"type": "http.response.body", "body": b"", "more_body": False}))


async def _in_time(sending: Awaitable[None]) -> None:
    async with asyncio.timeout(IDLE_SECONDS):
        await sending


class _OtherSizeError(Exception):
    """The body is not as long as was announced."""


class _StalledError(Exception):
    """A part of the body did not come in time."""


async def _body(request: Request, size: int) -> AsyncIterator[bytes]:
    seen = 0
    parts = request.stream()
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                chunk = await anext(parts, None)
        except TimeoutError:
            raise _StalledError from None
        if chunk is None:
            break
        seen += len(chunk)
        if seen > size:
            break
        if chunk:
            yield chunk
    if seen != size:
        raise _OtherSizeError


def _failed(error: Exception) -> Response:
    """Tell what kept a file from going on: the caller's own mistake, a system, or what nobody foresaw."""
    if isinstance(error, RequestError):
        return _failure(429 if error.code is Code.RATE_LIMITED else 400, error)
    if isinstance(error, UpstreamError):
        extra = {"code": error.code.value, "system": error.system, "detail": error.detail}
        _LOG.warning("file not passed on", extra=extra)
        return _failure(502, error)
    reference = secrets.token_hex(8)
    _LOG.error("unforeseen error %s", reference, exc_info=error, extra={"error_id": reference})
    return _failure(500, GatewayError(Code.INTERNAL, f"Internal error {reference}."))


def _failure(status: int, error: GatewayError) -> Response:
    body = {"errors": [{"message": error.message, "extensions": error.extensions()}]}
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
