"""Doing a write once: what a caller's idempotency key has come to so far.

This is the quick memory, not the promise: an entry may be gone before its time. The promise that a key never
makes a second object is the connector's (`TicketWritesPort`); here a finished write is answered again
without a call, one under way is not begun twice, and a key that comes with another input is refused.
"""

from __future__ import annotations

import hashlib

import msgspec

from gateway.errors import Code, RequestError
from gateway.state import State

_KEPT = 24 * 3600.0
_UNDER_WAY = 60.0


class Earlier(msgspec.Struct, frozen=True):
    """An earlier try with the same key and input: what it came to, None when that is not known."""

    result: str | None


class _Entry(msgspec.Struct, array_like=True):
    fingerprint: bytes
    result: str | None = None
    under_way: bool = True


class Once:
    """Entries in `state`, apart by `workspace`."""

    def __init__(self, state: State, workspace: str) -> None:
        self._state = state
        self._workspace = workspace

    def key(self, *parts: str) -> str:
        """Make the key of a write: 64 hexadecimal digits, bound to account, caller, purpose and key."""
        return hashlib.sha256(msgspec.msgpack.encode([self._workspace, *parts])).hexdigest()

    async def begin(self, key: str, given: object) -> Earlier | None:
        """Begin the write: give the earlier try with this key, or None when there is none.

        Raises IDEMPOTENCY_KEY_REUSED when the key came with another input before, CONFLICT while that write
        is under way.
        """
        fingerprint = hashlib.sha256(msgspec.msgpack.encode(given)).digest()
        fresh = msgspec.msgpack.encode(_Entry(fingerprint))
        if await self._state.add(self._name(key), fresh, _UNDER_WAY):
            return None
        stored = await self._state.get(self._name(key))
        if stored is None:  # gone meanwhile: the connector sees to it that nothing is done twice
            return None
        entry = msgspec.msgpack.decode(stored, type=_Entry)
        if entry.fingerprint != fingerprint:
            raise RequestError(
                Code.IDEMPOTENCY_KEY_REUSED,
                "idempotencyKey: it came with another input before. Write a new key for each new object.",
            )
        if entry.under_way:
            raise RequestError(
                Code.CONFLICT,
                "idempotencyKey: this write is under way. Ask again in a moment.",
                retryable=True,
            )
        if entry.result is None:
            await self._state.set(self._name(key), fresh, _UNDER_WAY)
        return Earlier(entry.result)

    async def done(self, key: str, given: object, result: str | None) -> None:
        """Note what the write came to; None when that is not known: it may then be tried again."""
        fingerprint = hashlib.sha256(msgspec.msgpack.encode(given)).digest()
        entry = _Entry(fingerprint, result, under_way=False)
        await self._state.set(self._name(key), msgspec.msgpack.encode(entry), _KEPT)

    async def forget(self, key: str) -> None:
        """Note that nothing was done."""
        await self._state.delete(self._name(key))

    def _name(self, key: str) -> str:
        return f"once:{key}"
