"""State in this process: the default, for one worker; several workers share a server instead."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable


class MemoryState:
    """A bounded map; when it is full, the entry unused for longest goes. `clock` gives monotonic seconds."""

    def __init__(self, max_entries: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        if max_entries < 1:
            raise ValueError("max_entries must be at least 1")
        self._max_entries, self._clock = max_entries, clock
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()  # key -> value, end

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when there is none or it has expired."""
        return self._live(key)

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Store the value for `ttl` seconds, in place of what was there."""
        self._store(key, value, ttl)

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        """Store the value unless the key has a live one; tell whether it was stored."""
        if self._live(key) is not None:
            return False
        self._store(key, value, ttl)
        return True

    async def delete(self, key: str) -> None:
        """Forget the key; no error when it is not there."""
        self._entries.pop(key, None)

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def _live(self, key: str) -> bytes | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, end = entry
        if self._clock() >= end:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    def _store(self, key: str, value: bytes, ttl: float) -> None:
        if not (ttl > 0 and math.isfinite(ttl)):
            raise ValueError("ttl must be a positive, finite number of seconds")
        self._entries[key] = (value, self._clock() + ttl)
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
