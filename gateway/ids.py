"""Global ids and cursors. Both are hostile input when they come back.

An id is base64url(msgpack([version, type, connector, account key, native id])): deterministic and
unsigned. Its account part selects one of the caller's memberships and never grants one.

A cursor is base64url(MAC + msgpack([version, native cursor])). The MAC binds it to one list of one
account: another account, list, filter or sort makes it invalid.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from gateway.errors import Code, RequestError

_VERSION = 1
_MAC_BYTES = 16
_MAX_LENGTH = 8192
_MIN_KEY_BYTES = 32
_URLSAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class GlobalId:
    """What an id says: a record of `type` with `native_id` in `connector`, seen in `account`."""

    type: str
    connector: str
    account: str
    native_id: str


class _IdWire(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    type: str
    connector: str
    account: str
    native_id: str


class _CursorWire(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    native: str


_decode_id = msgspec.msgpack.Decoder(_IdWire).decode
_decode_cursor = msgspec.msgpack.Decoder(_CursorWire).decode
_encode = msgspec.msgpack.Encoder().encode


def encode_id(identity: GlobalId) -> str:
    """Make the opaque text of an id."""
    return write_id(identity.type, identity.connector, identity.account, identity.native_id)


def write_id(type_name: str, connector: str, account: str, native_id: str) -> str:
    """Make the opaque text of an id from its parts: an answer has hundreds."""
    # A tuple is written as the struct that reads it is, and made in less time.
    raw = _encode((_VERSION, type_name, connector, account, native_id))
    return b2a_base64(raw, newline=False).translate(_URLSAFE, b"=").decode()


def decode_id(text: str, argument: str = "id") -> GlobalId:
    """Read an id; INVALID_INPUT when it is not the exact text this gateway writes."""
    try:
        raw = unarmour(text)
        wire = _decode_id(raw)
    except (ValueError, msgspec.MsgspecError):
        wire = None
    # One id, one text: what decodes but is not what we write is refused.
    if wire is None or wire.version != _VERSION or _encode(wire) != raw:
        raise RequestError(
            Code.INVALID_INPUT, f"{argument}: not an id of this gateway. Write an id that an answer gave you."
        )
    return GlobalId(wire.type, wire.connector, wire.account, wire.native_id)


class Cursors:
    """Writes and reads cursors with a keyring: the first key signs, all keys verify."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < _MIN_KEY_BYTES for key in keys):
            raise ValueError(f"cursor keys: at least one key of {_MIN_KEY_BYTES} bytes or more")
        self._keys = tuple(keys)

    def encode(self, binding: bytes, native: str) -> str:
        """Make the cursor for a connector's own cursor `native` in the list that `binding` names."""
        body = _encode(_CursorWire(_VERSION, native))
        return armour(_mac(self._keys[0], binding, body) + body)

    def decode(self, binding: bytes, text: str, argument: str) -> str:
        """Read a cursor of exactly this list; INVALID_CURSOR for any other text."""
        try:
            raw = unarmour(text)
            mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if any(hmac.compare_digest(mac, _mac(key, binding, body)) for key in self._keys):
                wire = _decode_cursor(body)
                if wire.version == _VERSION:
                    return wire.native
        except (ValueError, msgspec.MsgspecError):
            pass
        raise RequestError(
            Code.INVALID_CURSOR,
            f"{argument}: not a cursor of this list. Write a cursor that this list gave for the same "
            "account, filter and order, or leave it out to start again.",
        )


def binding(*parts: object) -> bytes:
    """Digest what a cursor belongs to: account key, list, parent, filter, sort."""
    return hashlib.sha256(_encode(parts)).digest()


def _mac(key: bytes, bound: bytes, body: bytes) -> bytes:
    return hmac.new(key, bound + body, hashlib.sha256).digest()[:_MAC_BYTES]


def armour(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return b2a_base64(raw, newline=False).translate(_URLSAFE, b"=").decode()


def unarmour(text: str) -> bytes:
    """Read what `armour` wrote; ValueError for any other text."""
    if len(text) > _MAX_LENGTH:
        raise ValueError("too long")
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The decoder skips what is not of its alphabet, and stray bits: what it would not write is refused.
    if armour(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
