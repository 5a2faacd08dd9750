"""Which systems an answer came from: `extensions.sources`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.errors import Code


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(slots=True)
class _Source:
    fetched_at: dt.datetime | None = None
    stale: bool = False
    failure: Code | None = None


class Sources:
    """Notes, for one request, how each system fared. `clock` gives aware UTC."""

    def __init__(self, clock: Callable[[], dt.datetime] = _now) -> None:
        self._clock = clock
        self._found: dict[str, _Source] = {}

    def answered(self, system: str, *, at: dt.datetime | None = None, stale: bool = False) -> None:
        """Note an answer, fetched `at` (now, when left out); `stale`: it should have been renewed by now."""
        source = self._found.setdefault(system, _Source())
        moment = at or self._clock()
        # The oldest of several: no part of the answer is older than what is told.
        source.fetched_at = min(moment, source.fetched_at or moment)
        source.stale |= stale

    def failed(self, system: str, code: Code) -> None:
        """Note a failure; the first one is told."""
        source = self._found.setdefault(system, _Source())
        source.failure = source.failure or code

    def told(self) -> list[dict[str, Any]]:
        """Give per system, by name: status OK, PARTIAL or FAILED, code of a failure, fetchedAt, stale."""
        return [_told(name, source) for name, source in sorted(self._found.items())]


def _told(name: str, source: _Source) -> dict[str, Any]:
    fetched = source.fetched_at
    status = "OK" if source.failure is None else "PARTIAL" if fetched else "FAILED"
    told: dict[str, Any] = {"system": name, "status": status}
    if source.failure:
        told["code"] = source.failure.value
    at = fetched.replace(microsecond=0).isoformat().replace("+00:00", "Z") if fetched else None
    return told | {"fetchedAt": at, "stale": source.stale}
