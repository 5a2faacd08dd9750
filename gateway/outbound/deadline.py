"""The one deadline of a request: set once at the top, seen by every call below it, tasks included."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give everything inside at most `seconds` from now. An outer, earlier deadline stays in force."""
    until, outer = time.monotonic() + seconds, _until.get()
    token = _until.set(until if outer is None else min(until, outer))
    try:
        yield
    finally:
        _until.reset(token)


def remaining() -> float | None:
    """Seconds until the deadline, at or below zero when it has passed; None when there is none."""
    until = _until.get()
    return None if until is None else until - time.monotonic()
