"""Identity maps: what one account is called in each business system.

Maps are chained: the first one that knows an account's ids in a system wins. What a map that
costs a call answers is cached in `state/`; the token's own map is never shared between callers.
"""

from __future__ import annotations

import asyncio
import contextvars
import datetime as dt
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias

import msgspec

from gateway.auth.principal import Principal
from gateway.connectors.ports.common import Kind
from gateway.connectors.ports.directory import AccountRef, DirectoryPort
from gateway.connectors.sources import Sources
from gateway.errors import Code, ConfigurationError, GatewayError, UpstreamError
from gateway.settings import convert
from gateway.state import State


class _Entry(AccountRef, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account as an operator writes it: a misspelt key is an error."""


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    accounts: dict[str, dict[str, Any]]


Known: TypeAlias = dict[str, AccountRef | GatewayError]
"""What is known by account key; an error stands where it could not be found out."""


@dataclass(frozen=True, slots=True)
class Ask:
    """For whom it is asked, where it is noted which system answered, and whether it must not be stale."""

    principal: Principal
    sources: Sources = field(default_factory=Sources)
    fresh: bool = False


class IdentityMap(Protocol):
    """A directory port: only `context` asks it."""

    kind: ClassVar[Kind] = Kind.DIRECTORY
    shareable: ClassVar[bool]
    """Whether one caller's answer holds for the next one, so that it may be cached."""

    async def resolve(self, accounts: Sequence[str], ask: Ask) -> Known:
        """Give what is known of these account keys; unknown ones are left out."""
        ...


class TokenClaimMap(IdentityMap):
    """Native ids that the identity provider puts in the token: no look-up, gone with the token."""

    shareable: ClassVar[bool] = False

    async def resolve(self, accounts: Sequence[str], ask: Ask) -> Known:
        """Read the caller's own token."""
        natives = ask.principal.natives
        return {key: AccountRef(natives=dict(natives[key])) for key in accounts if key in natives}


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

    async def resolve(self, accounts: Sequence[str], _ask: Ask) -> Known:
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


class DirectoryMap(IdentityMap):
    """The map that a business system holds, a CRM as a rule: one batch call for all accounts asked for."""

    shareable: ClassVar[bool] = True

    def __init__(self, system: str, directory: DirectoryPort) -> None:
        self._system = system
        self._directory = directory

    async def resolve(self, accounts: Sequence[str], ask: Ask) -> Known:
        """Ask the system; an account's broken entry is an error in its place."""
        try:
            found = await self._directory.resolve(accounts)
        except UpstreamError as error:
            ask.sources.failed(error.system, error.code)
            raise
        ask.sources.answered(self._system)
        return {key: found[key] for key in accounts if key in found}


class _Stored(msgspec.Struct, array_like=True):
    """What was found for one account, and when (Unix seconds); None: nothing."""

    at: float
    ref: AccountRef | None


class CachedMap(IdentityMap):
    """Another map, remembered in `state/`: found for `ttl` seconds, not found for `negative_ttl`.

    For up to `stale` seconds what was found is still served, while it is asked for anew behind the request;
    so a directory that is down takes nobody's known accounts away. Writes do not build on that.
    `clock` gives Unix seconds.
    """

    shareable: ClassVar[bool] = True

    def __init__(
        self,
        inner: IdentityMap,
        state: State,
        *,
        workspace: str,
        system: str = "",
        ttl: float = 600,
        negative_ttl: float = 30,
        stale: float = 3600,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not inner.shareable:
            raise TypeError("a map that answers by caller must not be shared")
        self._inner = inner
        self._state = state
        self._prefix = f"map:{workspace}:"
        self._system = system
        self._ttl, self._negative_ttl, self._stale = ttl, negative_ttl, stale
        self._clock = clock
        self._renewing: dict[str, asyncio.Task[None]] = {}

    async def resolve(self, accounts: Sequence[str], ask: Ask) -> Known:
        """Answer from state; ask the inner map once for all that is not there."""
        stored = await asyncio.gather(*(self._state.get(self._prefix + key) for key in accounts))
        found: Known = {}
        missing: list[str] = []
        old: list[str] = []
        for key, value in zip(accounts, stored, strict=True):
            entry = None if value is None else _decode(value)
            aged = entry is not None and self._clock() - entry.at >= self._ttl
            if entry is None or (aged and ask.fresh):
                missing.append(key)
                continue
            if entry.ref is not None:
                found[key] = entry.ref
            if aged:
                old.append(key)
            if self._system:
                at = dt.datetime.fromtimestamp(entry.at, dt.UTC)
                ask.sources.answered(self._system, at=at, stale=aged)
        self._renew(old, ask)
        if missing:
            found |= await self._ask(missing, ask)
        return found

    async def _ask(self, accounts: Sequence[str], ask: Ask) -> Known:
        try:
            fresh = await self._inner.resolve(accounts, ask)
        except UpstreamError as error:
            # In their places only: what is remembered of other accounts is no worse for it.
            return dict.fromkeys(accounts, error)
        at = self._clock()
        for key in accounts:
            ref = fresh.get(key)
            if isinstance(ref, GatewayError):
                continue
            kept = self._negative_ttl if ref is None else max(self._ttl, self._stale)
            await self._state.set(self._prefix + key, msgspec.msgpack.encode(_Stored(at, ref)), kept)
        return fresh

    def _renew(self, accounts: Sequence[str], ask: Ask) -> None:
        """Ask anew behind the request, each account once at a time."""
        wanted = [key for key in accounts if key not in self._renewing]
        if not wanted:
            return

        async def renew() -> None:
            try:
                await self._ask(wanted, Ask(ask.principal))
            finally:
                for key in wanted:
                    del self._renewing[key]

        # A context of its own: the request's deadline and its calls are not this task's.
        task = asyncio.create_task(renew(), context=contextvars.Context())
        self._renewing |= dict.fromkeys(wanted, task)


class ChainedMap(IdentityMap):
    """Several maps, asked in order until every account is known; the first to know a system wins."""

    shareable: ClassVar[bool] = False

    def __init__(self, maps: Sequence[IdentityMap]) -> None:
        self._maps = maps

    async def resolve(self, accounts: Sequence[str], ask: Ask) -> Known:
        """Merge the answers of all maps; where one failed, what the others know is not the whole."""
        merged: Known = {}
        for source in self._maps:
            for key, ref in (await source.resolve(accounts, ask)).items():
                known = merged.get(key)
                if known is None or isinstance(ref, GatewayError):
                    merged[key] = ref
                elif not isinstance(known, GatewayError):
                    merged[key] = _merge(known, ref)
        return merged


def _merge(first: AccountRef, second: AccountRef) -> AccountRef:
    return AccountRef(
        natives=second.natives | first.natives,
        type=first.type or second.type,
        parent=first.parent or second.parent,
    )


_decode = msgspec.msgpack.Decoder(_Stored).decode


def malformed_id() -> UpstreamError:
    """An id that cannot be one of the system it is given for: nothing found by it would be an answer."""
    return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, "identity", detail="a native id of another form")


def unknown_account() -> UpstreamError:
    """An account the caller is a member of, but that no map knows: the directory is wrong."""
    return UpstreamError(
        Code.UPSTREAM_CONTRACT_BROKEN, "identity", detail="no identity map knows the account"
    )
