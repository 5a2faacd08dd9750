"""What one request may use: set once at the top, seen by every call below it, tasks included."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from gateway.errors import Code, RequestError


class Allowance:
    """The end of a request (monotonic seconds) and the calls it may still make; None: without limit."""

    __slots__ = ("_all", "calls", "until")

    def __init__(self, until: float, calls: int | None) -> None:
        self.until = until
        self.calls = calls
        self._all = calls

    def spend(self) -> None:
        """Take one call; OPERATION_REFUSED when none is left."""
        if self.calls is None:
            return
        if self.calls <= 0:
            raise RequestError(
                Code.OPERATION_REFUSED,
                f"The operation needs more than {self._all} calls to business systems. Ask for less at once.",
            )
        self.calls -= 1


_allowance: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def deadline(seconds: float, calls: int | None = None) -> Iterator[None]:
    """Give everything inside at most `seconds` from now. An outer, earlier deadline stays in force.

    `calls`, where given, bounds how many vendor calls are made inside.
    """
    until, outer = time.monotonic() + seconds, _allowance.get()
    token = _allowance.set(Allowance(until if outer is None else min(until, outer.until), calls))
    try:
        yield
    finally:
        _allowance.reset(token)


def allowance() -> Allowance | None:
    """Give the allowance in force, one object per request; None outside of any."""
    return _allowance.get()


def remaining() -> float | None:
    """Seconds until the deadline, at or below zero when it has passed; None when there is none."""
    found = _allowance.get()
    return None if found is None else found.until - time.monotonic()
