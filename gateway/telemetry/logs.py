"""Logs: one JSON object a line, default deny.

A line has `time` (RFC 3339, UTC), `level`, `logger`, `message`, and where known `request_id`, `trace_id`,
`span_id`. Of `extra` only `EXTRA_KEYS` pass. An exception is told by its type, its code and where it was
raised, never by its text, which may hold what an upstream sent. Other libraries' messages lose every argument
that is not a number: they hold addresses, URLs and representations of values.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final

from opentelemetry import trace

from gateway.errors import GatewayError, UpstreamError

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

EXTRA_KEYS: Final = frozenset({
    "account",
    "attempts",
    "code",
    "connector",
    "detail",
    "document_hash",
    "duration_ms",
    "error_id",
    "event",
    "method",
    "model",
    "operation",
    "outcome",
    "permission",
    "port_method",
    "retry_after",
    "route",
    "size",
    "status",
    "system",
})  # fmt: skip
"""What a log call may pass as `extra`: names, codes and counts, chosen by the project, not by a caller."""

_OWN: Final = ("gateway", "sandbox")  # loggers whose messages the project writes
_MAX_TEXT: Final = 500  # characters of one value
_MAX_FRAMES: Final = 30  # innermost frames of one traceback
_MAX_CAUSES: Final = 5


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, without its end."""
        line: dict[str, object] = {
            "time": _utc(record.created),
            "level": record.levelname,
            "logger": record.name,
        }
        line |= (
            _access(record) if record.name == "uvicorn.access" else {"message": _message(record)[:_MAX_TEXT]}
        )
        if (request := request_id.get()) is not None:
            line["request_id"] = request
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = trace.format_trace_id(context.trace_id)
            line["span_id"] = trace.format_span_id(context.span_id)
        line |= {key: _plain(value) for key, value in record.__dict__.items() if key in EXTRA_KEYS}
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _exception(record.exc_info[1])
        return json.dumps(line, allow_nan=False)  # ASCII: no text, however odd, breaks the stream


def configure_logging(level: str = "INFO") -> None:
    """Send every logger's records from `level` up to standard error as JSON lines, uvicorn's too.

    Start uvicorn with `log_config=None`, or it replaces its loggers' handlers again.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _utc(seconds: float) -> str:
    return (
        dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _message(record: logging.LogRecord) -> str:
    template = str(record.msg)
    own = record.name.partition(".")[0] in _OWN
    if not own:
        template = template.partition("\n")[0]  # asyncio and uvicorn append representations and tracebacks
    if not record.args:
        return template
    try:
        return template % (record.args if own else _numbers(record.args))
    except (TypeError, ValueError, KeyError):
        return template  # a malformed log call still tells where it stands


def _numbers(args: tuple[object, ...] | Mapping[str, object]) -> tuple[object, ...] | dict[str, object]:
    """Give the arguments with all but numbers blotted out."""

    def blot(value: object) -> object:
        return value if isinstance(value, int | float) else "***"

    if isinstance(args, Mapping):
        return {key: blot(value) for key, value in args.items()}
    return tuple(blot(value) for value in args)


def _access(record: logging.LogRecord) -> dict[str, object]:
    """Read a uvicorn access record: (client address, method, path with query, HTTP version, status)."""
    match record.args:
        case (_, str(method), str(path), _, int(status)):
            return {
                "message": "request",
                "method": method,
                "path": path.partition("?")[0][:_MAX_TEXT],
                "status": status,
            }
        case _:
            return {"message": "request"}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    return value[:_MAX_TEXT] if isinstance(value, str) else type(value).__name__


def _exception(error: BaseException) -> dict[str, Any]:
    """Tell type, code and frames of an exception and of what caused it; no text, no values."""
    told: dict[str, Any] = {}
    inner = told
    for _ in range(_MAX_CAUSES):
        inner |= {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
        if isinstance(error, GatewayError):
            inner["code"] = error.code.value
        if isinstance(error, UpstreamError):
            inner |= {"system": error.system, "detail": error.detail}
        inner["frames"] = _frames(error.__traceback__)
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            break
        error, inner["cause"] = cause, {}
        inner = inner["cause"]
    return told


def _frames(trace_back: TracebackType | None) -> list[str]:
    """Give "module:line function" per frame, outermost first."""
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_qualname}"
        for frame, line in walk_tb(trace_back)
    ]
    return frames[-_MAX_FRAMES:]
