"""Passes: addresses of this gateway that let a file in or out, each for one file and a few minutes.

A pass is base64url(MAC + msgpack(fields)). Whoever holds it may use it, like a presigned URL, so it is made
on request only, and is kept in no cache, log or span. It is made after all checks; opening it repeats none.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from gateway.errors import Code, RequestError
from gateway.ids import armour, unarmour
from gateway.state import State

_MAC_BYTES: Final = 32
_UPLOAD_KEPT: Final = 3600.0


class FilePass(msgspec.Struct, array_like=True, frozen=True, tag="file"):
    """Lets one file out of `connector`: `native_id` of `account`, called `owners` there."""

    connector: str
    account: str
    owners: tuple[str, ...]
    native_id: str
    expires_at: int


class UploadPass(msgspec.Struct, array_like=True, frozen=True, tag="upload"):
    """Lets one file of exactly `size` bytes in; `upload` is what a later draft names it by."""

    connector: str
    account: str
    owners: tuple[str, ...]
    upload: str
    file_name: str
    mime_type: str
    size: int
    expires_at: int


class _HandedIn(msgspec.Struct, array_like=True):
    account: str
    connector: str
    secret: str


P = TypeVar("P", FilePass, UploadPass)


class Passes:
    """Makes and reads passes. The first of `keys` signs, all verify; uploads are remembered in `state`."""

    def __init__(
        self,
        keys: Sequence[bytes],
        state: State,
        *,
        workspace: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = tuple(keys)
        self._state = state
        self._workspace = workspace
        self._clock = clock

    def address(self, issued: FilePass | UploadPass, base_url: str) -> str:
        """Give the URL below `base_url` to send a GET (a file) or PUT (an upload) to."""
        body = msgspec.msgpack.encode(issued)
        folder = "files" if isinstance(issued, FilePass) else "uploads"
        return f"{base_url}/{folder}/{armour(self._mac(self._keys[0], body) + body)}"

    def expiry(self, seconds: int) -> int:
        """Give the Unix time `seconds` from now."""
        return int(self._clock()) + seconds

    def read(self, text: str, type_: type[P]) -> P | None:
        """Read the last part of an address; None for anything but a pass of this kind that is still good."""
        try:
            raw = unarmour(text)
            mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if any(hmac.compare_digest(mac, self._mac(key, body)) for key in self._keys):
                issued = msgspec.msgpack.decode(body, type=type_)
                return issued if issued.expires_at > self._clock() else None
        except (ValueError, msgspec.MsgspecError):
            pass
        return None

    def new_upload(self) -> str:
        """Make the name of an upload: long enough that nobody guesses another's."""
        return secrets.token_urlsafe(24)

    async def begin(self, issued: UploadPass) -> bool:
        """Take the pass: True for the first one who comes with it."""
        left = max(issued.expires_at - self._clock(), 1.0)
        return await self._state.add(f"uploading:{self._workspace}:{issued.upload}", b"", left)

    async def again(self, issued: UploadPass) -> None:
        """Give the pass back: the file did not arrive."""
        await self._state.delete(f"uploading:{self._workspace}:{issued.upload}")

    async def handed_in(self, issued: UploadPass, secret: str) -> None:
        """Remember for an hour what the system calls the file that came with this pass."""
        kept = _HandedIn(issued.account, issued.connector, secret)
        await self._state.set(self._name(issued.upload), msgspec.msgpack.encode(kept), _UPLOAD_KEPT)

    async def secret(self, upload: str, account: str, connector: str, argument: str) -> str:
        """Give what the system calls an upload of this account; INVALID_INPUT names the argument."""
        stored = await self._state.get(self._name(upload))
        if stored is not None:
            kept = msgspec.msgpack.decode(stored, type=_HandedIn)
            if (kept.account, kept.connector) == (account, connector):
                return kept.secret
        raise RequestError(
            Code.INVALID_INPUT,
            f"{argument}: no file was handed in for it. Write the id of an upload whose PUT was answered 201 "
            "within the last hour.",
        )

    def _name(self, upload: str) -> str:
        return f"upload:{self._workspace}:{upload}"

    def _mac(self, key: bytes, body: bytes) -> bytes:
        # The word keeps these apart from cursors, which share the keys.
        bound = b"pass\0" + self._workspace.encode() + b"\0"
        return hmac.new(key, bound + body, hashlib.sha256).digest()
