"""State that expires and can be rebuilt: caches, sessions, rate limits, de-duplication, idempotency records.

Nothing here is the only copy of anything: an entry may be gone before its time (eviction, a restart).
"""

from __future__ import annotations

from typing import Protocol


class State(Protocol):
    """Bytes by key, each with a time to live in seconds, which must be positive and finite.

    Keys carry their owner's prefix ("jwks:", "session:"). An expired entry is never served.
    """

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when there is none or it has expired."""
        ...

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Store the value for `ttl` seconds, in place of what was there."""
        ...

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        """Store the value unless the key has a live one, in one step; tell whether it was stored."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key; no error when it is not there."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
