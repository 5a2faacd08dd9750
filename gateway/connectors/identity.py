"""Identity maps: what one account is called in each business system.

Maps are chained: the first one that knows an account's ids in a system wins. What a map that
costs a call answers is cached in `state/`; the token's own map is never shared between callers.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import msgspec

from gateway.auth.principal import Principal
from gateway.connectors.ports.common import Kind
from gateway.connectors.ports.directory import AccountRef
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.settings import convert
from gateway.state import State


class _Entry(AccountRef, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account as an operator writes it: a misspelt key is an error."""


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    accounts: dict[str, dict[str, Any]]


class IdentityMap(Protocol):
    """A directory port: only `context` asks it."""

    kind: ClassVar[Kind] = Kind.DIRECTORY
    shareable: ClassVar[bool]
    """Whether one caller's answer holds for the next one, so that it may be cached."""

    async def resolve(self, accounts: Sequence[str], principal: Principal) -> dict[str, AccountRef]:
        """Give what is known of these account keys; unknown ones are left out."""
        ...


class TokenClaimMap(IdentityMap):
    """Native ids that the identity provider puts in the token: no look-up, gone with the token."""

    shareable: ClassVar[bool] = False

    async def resolve(self, accounts: Sequence[str], principal: Principal) -> dict[str, AccountRef]:
        """Read the caller's own token."""
        return {
            key: AccountRef(natives=dict(principal.natives[key]))
            for key in accounts
            if key in principal.natives
        }


class StaticFileMap(IdentityMap):
    """A TOML file: `[accounts.KEY]`, `natives = {billing = ["cus_1"], erp = ["101"]}`, `type`, `parent`."""

    shareable: ClassVar[bool] = True

    def __init__(self, accounts: Mapping[str, AccountRef]) -> None:
        self._accounts = accounts

    @classmethod
    def load(cls, file: Path) -> StaticFileMap:
        """Read the file; ConfigurationError names the place that is wrong."""
        try:
            accounts = convert(tomllib.loads(file.read_text("utf-8")), _Content).accounts
            entries = {key: convert(entry, _Entry, f"accounts.{key}") for key, entry in accounts.items()}
            _refuse_shared_ids(entries)
            return cls(entries)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError("identity.file", f"cannot read {file}: {type(error).__name__}") from None
        except (tomllib.TOMLDecodeError, ConfigurationError) as error:
            raise ConfigurationError("identity.file", f"{file.name}: {error}") from None

    async def resolve(self, accounts: Sequence[str], _principal: Principal) -> dict[str, AccountRef]:
        """Look the keys up."""
        return {key: self._accounts[key] for key in accounts if key in self._accounts}


def _refuse_shared_ids(entries: Mapping[str, AccountRef]) -> None:
    """One id in two accounts would show each the other's records; twice in one, it would count double."""
    seen: dict[tuple[str, str], str] = {}
    for key, entry in entries.items():
        for connector, ids in entry.natives.items():
            for native in ids:
                if other := seen.get((connector, native)):
                    raise ConfigurationError(
                        f"accounts.{key}.natives.{connector}",
                        f"{native!r} stands in account {other!r} already",
                    )
                seen[connector, native] = key


class CachedMap(IdentityMap):
    """Another map, remembered in `state/`: found for `ttl` seconds, not found for `negative_ttl`."""

    shareable: ClassVar[bool] = True

    def __init__(
        self, inner: IdentityMap, state: State, *, workspace: str, ttl: float = 600, negative_ttl: float = 30
    ) -> None:
        if not inner.shareable:
            raise TypeError("a map that answers by caller must not be shared")
        self._inner = inner
        self._state = state
        self._prefix = f"map:{workspace}:"
        self._ttl = ttl
        self._negative_ttl = negative_ttl

    async def resolve(self, accounts: Sequence[str], principal: Principal) -> dict[str, AccountRef]:
        """Answer from state; ask the inner map once for all that is not there."""
        stored = await asyncio.gather(*(self._state.get(self._prefix + key) for key in accounts))
        found: dict[str, AccountRef] = {}
        missing: list[str] = []
        for key, value in zip(accounts, stored, strict=True):
            if value is None:
                missing.append(key)
            elif value:
                found[key] = msgspec.msgpack.decode(value, type=AccountRef)
        if missing:
            fresh = await self._inner.resolve(missing, principal)
            for key in missing:
                ref = fresh.get(key)
                value = msgspec.msgpack.encode(ref) if ref else b""
                await self._state.set(self._prefix + key, value, self._ttl if ref else self._negative_ttl)
            found |= fresh
        return found


class ChainedMap(IdentityMap):
    """Several maps, asked in order until every account is known; the first to know a system wins."""

    shareable: ClassVar[bool] = False

    def __init__(self, maps: Sequence[IdentityMap]) -> None:
        self._maps = maps

    async def resolve(self, accounts: Sequence[str], principal: Principal) -> dict[str, AccountRef]:
        """Merge the answers of all maps."""
        merged: dict[str, AccountRef] = {}
        for source in self._maps:
            for key, ref in (await source.resolve(accounts, principal)).items():
                known = merged.get(key)
                merged[key] = ref if known is None else _merge(known, ref)
        return merged


def _merge(first: AccountRef, second: AccountRef) -> AccountRef:
    return AccountRef(
        natives=second.natives | first.natives,
        type=first.type or second.type,
        parent=first.parent or second.parent,
    )


def malformed_id() -> UpstreamError:
    """An id that cannot be one of the system it is given for: nothing found by it would be an answer."""
    return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, "identity", detail="a native id of another form")


def unknown_account() -> UpstreamError:
    """An account the caller is a member of, but that no map knows: the directory is wrong."""
    return UpstreamError(
        Code.UPSTREAM_CONTRACT_BROKEN, "identity", detail="no identity map knows the account"
    )
