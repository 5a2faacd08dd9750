"""The circuit breaker: a system that is down is left alone for a while instead of being waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

_LOG = logging.getLogger(__name__)


class Breaker:
    """Opens after failed calls of `threshold` requests in a row; after `pause` seconds one probe decides.

    One request's calls count once, however many fail: it alone must not shut a system to all others.

    A call waits until the circuit is `settled()`, asks `allows()`, then `start()`s and `end()`s. Only an
    unavailable system and timeouts are failures; any other answer, a 4xx included, shows that the system
    lives and closes the circuit.
    """

    def __init__(
        self, system: str, clock: Callable[[], float], *, threshold: int = 5, pause: float = 2.0
    ) -> None:
        self._system, self._clock, self._threshold, self._pause = system, clock, threshold, pause
        self._failed: set[object] = set()
        self._probe_at = 0.0
        self._decided = asyncio.Event()
        self._decided.set()  # not set while a probe is under way

    @property
    def _open(self) -> bool:
        return len(self._failed) >= self._threshold

    async def settled(self) -> None:
        """Wait while a probe is under way: what it finds holds for the calls that came with it."""
        while not self._decided.is_set():
            await self._decided.wait()

    def allows(self) -> bool:
        """Whether a call may go out now."""
        return not self._open or (self._decided.is_set() and self._clock() >= self._probe_at)

    def start(self) -> bool:
        """Begin an allowed call; True when it is the probe. `end()` must follow."""
        if self._open:
            self._decided.clear()
        return self._open

    def end(self, *, probe: bool, healthy: bool | None, source: object = None) -> None:
        """Report a call; `healthy` None says nothing about the system (the caller gave up).

        `source` is the request it was made for; None stands for one of its own.
        """
        if probe:
            self._decided.set()
        if healthy is None:
            return
        if healthy:
            if self._open:
                _LOG.info("circuit closed", extra={"system": self._system})
            self._failed.clear()
            return
        was_open = self._open
        if not was_open:
            self._failed.add(source or object())
        if probe or (self._open and not was_open):  # a straggler does not lengthen the pause
            self._probe_at = self._clock() + self._pause
            _LOG.warning("circuit opened", extra={"system": self._system})
