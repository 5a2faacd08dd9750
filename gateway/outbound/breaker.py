"""The circuit breaker: a system that is down is left alone for a while instead of being waited for."""

from __future__ import annotations

import logging
from collections.abc import Callable

_LOG = logging.getLogger(__name__)


class Breaker:
    """Opens after `threshold` failed calls in a row; after `pause` seconds one probe decides.

    A call asks `allows()`, then `start()`s and `end()`s. Only an unavailable system and timeouts are
    failures; any other answer, a 4xx included, shows that the system lives and closes the circuit.
    """

    def __init__(
        self, system: str, clock: Callable[[], float], *, threshold: int = 5, pause: float = 2.0
    ) -> None:
        self._system, self._clock, self._threshold, self._pause = system, clock, threshold, pause
        self._failures = 0
        self._probe_at = 0.0
        self._probing = False

    @property
    def _open(self) -> bool:
        return self._failures >= self._threshold

    def allows(self) -> bool:
        """Whether a call may go out now."""
        return not self._open or (not self._probing and self._clock() >= self._probe_at)

    def start(self) -> bool:
        """Begin an allowed call; True when it is the probe. `end()` must follow."""
        self._probing = self._probing or self._open
        return self._open

    def end(self, *, probe: bool, healthy: bool | None) -> None:
        """Report a call; None says nothing about the system (the caller gave up)."""
        if probe:
            self._probing = False
        if healthy is None:
            return
        if healthy:
            if self._open:
                _LOG.info("circuit closed", extra={"system": self._system})
            self._failures = 0
            return
        self._failures += 1
        if probe or self._failures == self._threshold:  # a straggler does not lengthen the pause
            self._probe_at = self._clock() + self._pause
            _LOG.warning("circuit opened", extra={"system": self._system})
