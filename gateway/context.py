"""RequestContext: what one operation may see, and the only way to a connector.

A resolver makes one call: `load(Port.get_many, Ref(scope, id))` or `list(Port.list_..., scope, ...)`.
There is one loader per port method and request, keyed by `Ref`; lists are memoised. A write is
`write(...)`; what the request knew before it is then read anew. Every record that comes back passes the
boundary here, so no resolver and no connector can forget it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiodataloader import DataLoader

from gateway import telemetry
from gateway.auth import boundary
from gateway.auth.audit import Audit, AuditEvent
from gateway.auth.principal import Membership, Principal
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.identity import Ask, IdentityMap, unknown_account
from gateway.connectors.ports.common import Kind, Listing, Page, Record, Selection, native_id
from gateway.connectors.ports.directory import AccountRef
from gateway.connectors.registry import Registry
from gateway.connectors.sources import Sources
from gateway.errors import BoundaryViolation, Code, GatewayError, RequestError, UpstreamError
from gateway.ids import Cursors
from gateway.passes import FilePass, Passes, UploadPass
from gateway.state.once import Once

PortMethod = Callable[..., Awaitable[Any]]
# Named here because `list` inside the class is its method.
_Refs = list[Ref]
_Values = list[Any]
_Keys = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What all requests of a process share, and none of them changes.

    Without `passes`, files are not passed on; without `once`, nothing is written.
    """

    registry: Registry
    identity: IdentityMap
    cursors: Cursors
    audit: Audit
    passes: Passes | None = None
    once: Once | None = None
    max_rows: int = 10_000


class RequestContext:
    """Made for one operation and thrown away with it; nothing in it is shared between requests.

    `base_url()` gives the gateway's own address. `fresh`: build on no identity that is due to be renewed.
    """

    def __init__(
        self,
        services: Services,
        *,
        principal: Principal,
        fields: Selection,
        operation: str | None = None,
        base_url: Callable[[], str] = str,
        fresh: bool = False,
    ) -> None:
        self.principal = principal
        self.fields = fields
        self.cursors = services.cursors
        self.sources = Sources()
        self._services = services
        self._registry = services.registry
        self._audit = services.audit
        self._operation = operation
        self._base_url = base_url
        self._fresh = fresh
        self._rows = 0
        self._denied: set[tuple[str, str]] = set()
        self._loaders: dict[PortMethod, DataLoader[Ref, Any]] = {}
        self._lists: dict[tuple[Any, ...], asyncio.Future[Any]] = {}
        self._scopes: dict[str, AccountScope] = {}
        self._accounts: DataLoader[str, AccountRef | None] | None = None

    def membership(self, account: str) -> Membership | None:
        """Select one of the caller's memberships; None for any other account, existing or not."""
        return self.principal.memberships.get(account)

    async def account_ref(self, membership: Membership) -> AccountRef:
        """Give what the directory knows of the account: native ids, type, parent."""
        if self._accounts is None:
            self._accounts = DataLoader(self._resolve_accounts)
        ref = await asyncio.shield(self._accounts.load(membership.account))
        if ref is None:
            raise unknown_account()
        return ref

    async def scope(self, membership: Membership) -> AccountScope:
        """Give the scope every port call for this account carries: one object per account and request."""
        if (known := self._scopes.get(membership.account)) is not None:
            return known
        ref = await self.account_ref(membership)
        audience = frozenset({ref.type.value}) if ref.type else frozenset[str]()
        made = AccountScope(membership.account, membership.permissions, ref.natives, audience)
        return self._scopes.setdefault(membership.account, made)

    def forget(self) -> None:
        """Let go of what was read, once the answer is made.

        Loaders hold on to the context and the context to them: all that a request has read would stay in
        memory until the garbage collector comes by.
        """
        self._loaders.clear()
        self._lists.clear()
        self._accounts = None

    def count_rows(self, rows: int) -> None:
        """Count rows that go into the answer; OPERATION_REFUSED beyond the limit.

        Lists are remembered, so an answer can grow without any call: only this bounds it.
        """
        self._rows += rows
        if self._rows > self._services.max_rows:
            raise RequestError(
                Code.OPERATION_REFUSED,
                f"The answer would have more than {self._services.max_rows} rows. Ask for less at once.",
            )

    def system(self, method: PortMethod) -> str:
        """Give the configured name of the system that serves a port."""
        return self._binding(method)[0]

    def serves(self, method: PortMethod) -> bool:
        """Whether a system is bound to the port."""
        return self._registry.binding(method) is not None

    async def load(self, method: PortMethod, ref: Ref) -> Any:
        """Load one record. None: missing, not for customers, or of another account."""
        name, _ = self._binding(method)
        if self._registry.kind_of(method) is Kind.ACCOUNT and not ref.scope.owners(name):
            return None
        # Shielded: one caller that is cancelled must not take the answer from the others.
        return await asyncio.shield(self._loader(method).load(ref))

    async def load_many(self, method: PortMethod, refs: Sequence[Ref]) -> _Values:
        """Load several records that are a list in the answer; an error stands in its record's place."""
        self.count_rows(len(refs))
        return await self.load_all(method, refs)

    async def load_all(self, method: PortMethod, refs: Sequence[Ref]) -> _Values:
        """Load several records in one batch; an error stands in its record's place."""
        if not refs:
            return []
        name, _ = self._binding(method)
        owned = self._registry.kind_of(method) is Kind.ACCOUNT
        load = self._loader(method).load
        pending = [None if owned and not ref.scope.owners(name) else load(ref) for ref in refs]
        if waited := {future for future in pending if future is not None}:
            # It leaves them under way when this caller is cancelled: they are others' too.
            await asyncio.wait(waited)
        return [None if future is None else future.exception() or future.result() for future in pending]

    async def list(
        self,
        method: PortMethod,
        scope: AccountScope,
        page: Page,
        *arguments: Any,
        parent: Record | None = None,
    ) -> Listing[Any]:
        """List records of one account, or parts of the record `parent` that was loaded before.

        One foreign row fails the whole list: the vendor's filter did not work, and a silently
        shortened list would hide it.
        """
        key = (method, scope, parent and (type(parent), native_id(parent)), page, *arguments)
        pending = self._lists.get(key)
        if pending is None:
            pending = self._lists[key] = asyncio.ensure_future(
                self._list(method, scope, page, arguments, parent)
            )
        return await asyncio.shield(pending)

    async def _list(
        self,
        method: PortMethod,
        scope: AccountScope,
        page: Page,
        arguments: tuple[Any, ...],
        parent: Record | None,
    ) -> Listing[Any]:
        name, read = self._binding(method)
        owned = self._registry.kind_of(method) is Kind.ACCOUNT
        if owned and not scope.owners(name):
            # Not known there: nothing to ask for, and never an empty filter sent upstream.
            return Listing([], has_next=False, has_previous=False, total=0)
        with self._measured(method, name, 1):
            listing: Listing[Any] = await read(parent or scope, page, *arguments, self.fields)
        try:
            for record, _ in listing.items:
                if not isinstance(record, GatewayError):
                    self._admit(record, scope, name, shared=not owned)
        except BoundaryViolation:
            raise _broken(name, "a foreign row in a list") from None
        return listing

    async def write(
        self,
        method: PortMethod,
        target: AccountScope | Record,
        *arguments: Any,
        loads: PortMethod | None = None,
    ) -> Any:
        """Make or change something of the account `target`, or of the record `target` that was loaded before.

        Gives the record as the system answered. `loads` names the method that would load it: it then need
        not. Lists of this request are forgotten, since they may have changed.
        """
        name, act = self._binding(method)
        scope = target.scope if isinstance(target, Record) else target
        self.check_known(method, scope)
        try:
            with self._measured(method, name, 1, write=True):
                record: Record = await act(target, *arguments, self.fields)
            self._admit(record, scope, name, shared=False)
        except BoundaryViolation:
            raise UpstreamError(
                Code.UPSTREAM_CONTRACT_BROKEN,
                name,
                detail="a foreign record after a write",
                outcome_unknown=True,
            ) from None
        finally:
            self._lists.clear()
            self._loaders.clear()
        if loads is not None:
            self._prime(loads, record)
        return record

    async def call(self, method: PortMethod, target: AccountScope | Record, *arguments: Any) -> Any:
        """Call what gives no record: a link to a record that was loaded before, a file handed in."""
        name, act = self._binding(method)
        self.check_known(method, target.scope if isinstance(target, Record) else target)
        with self._measured(method, name, 1):
            return await act(target, *arguments)

    def address(self, issued: FilePass | UploadPass) -> str:
        """Give this gateway's own address for a file in or out."""
        return self.passes.address(issued, self._base_url())

    @property
    def passes(self) -> Passes:
        """Give what makes addresses of this gateway for files in and out."""
        if self._services.passes is None:
            raise RequestError(Code.UNSUPPORTED_CAPABILITY, "Files are not passed on here.")
        return self._services.passes

    @property
    def once(self) -> Once:
        """Give what keeps a write from being done twice."""
        if self._services.once is None:
            raise RequestError(Code.UNSUPPORTED_CAPABILITY, "Nothing can be written here.")
        return self._services.once

    def check_known(self, method: PortMethod, scope: AccountScope) -> None:
        """Make sure that the system which serves the port knows the account; else UNSUPPORTED_CAPABILITY."""
        name, _ = self._binding(method)
        if self._registry.kind_of(method) is Kind.ACCOUNT and not scope.owners(name):
            raise RequestError(Code.UNSUPPORTED_CAPABILITY, f"The account is not known in {name!r}.")

    def _prime(self, method: PortMethod, record: Record) -> None:
        bound = self._registry.binding(method)
        if bound is None or bound[0] != record.connector:
            return
        self._loader(method).prime(Ref(record.scope, native_id(record)), record)

    def _loader(self, method: PortMethod) -> DataLoader[Ref, Any]:
        loader = self._loaders.get(method)
        if loader is None:
            loader = self._loaders[method] = DataLoader(self._batch(method))
        return loader

    def _batch(self, method: PortMethod) -> Callable[[_Refs], Coroutine[Any, Any, _Values]]:
        name, read = self._binding(method)
        owned = self._registry.kind_of(method) is Kind.ACCOUNT

        def judged(ref: Ref, value: object) -> object:
            if value is None or isinstance(value, Exception):
                return value
            if not isinstance(value, Record):
                return _broken(name, "neither a record nor an error")
            try:
                self._admit(value, ref.scope, name, shared=not owned)
            except BoundaryViolation:
                return None  # exactly like a missing one
            return value if native_id(value) == ref.native_id else _broken(name, "a record of another id")

        async def run(refs: _Refs) -> _Values:
            try:
                with self._measured(method, name, len(refs)):
                    found = await read(refs, self.fields)
            except GatewayError as error:
                # Remembered like any answer: what failed is not asked for again in this request.
                return [error for _ in refs]
            if len(found) != len(refs):
                return [_broken(name, "a batch answer of another length") for _ in refs]
            return [judged(ref, value) for ref, value in zip(refs, found, strict=True)]

        return run

    def denied(self, coordinate: str, account: str) -> None:
        """Audit, once per request, that the caller asked for a field without the permission for it."""
        if (coordinate, account) in self._denied:
            return
        self._denied.add((coordinate, account))
        self._audit.record(
            AuditEvent(
                event="ACCESS_DENIED",
                outcome="denied",
                subject=self.principal.subject,
                account=account,
                operation=self._operation,
                coordinate=coordinate,
            )
        )

    def _admit(self, record: object, scope: AccountScope, system: str, *, shared: bool) -> None:
        """Let a record pass that belongs to the scope; any other one is an audited BoundaryViolation."""
        # The very scope: one of another request, however equal, carries another caller's permissions.
        stamped = isinstance(record, Record) and record.scope is scope and record.connector == system
        if isinstance(record, Record) and stamped and boundary.admits(record, shared=shared):
            return
        self._audit.record(
            AuditEvent(
                event=Code.TENANT_VIOLATION_BLOCKED,
                outcome="blocked",
                subject=self.principal.subject,
                account=scope.key,
                operation=self._operation,
                system=system,
                model=type(record).__name__,
            )
        )
        telemetry.boundary_violation(system)
        raise BoundaryViolation(system, type(record).__name__)

    def _binding(self, method: PortMethod) -> tuple[str, Callable[..., Awaitable[Any]]]:
        if self._registry.kind_of(method) is Kind.DIRECTORY:
            raise TypeError("a directory port is not for resolvers")
        bound = self._registry.binding(method)
        if bound is None:
            port = self._registry.port_of(method).__name__
            raise RequestError(Code.UNSUPPORTED_CAPABILITY, f"No system is bound to {port} here.")
        return bound

    async def _resolve_accounts(self, keys: _Keys) -> _Values:
        try:
            found = await self._services.identity.resolve(
                keys, Ask(self.principal, self.sources, self._fresh)
            )
        except GatewayError as error:
            return [error for _ in keys]
        return [found.get(key) for key in keys]

    @contextmanager
    def _measured(self, method: PortMethod, system: str, size: int, *, write: bool = False) -> Iterator[None]:
        """Record a call. One that cancels itself has failed: nobody who waits for it was cancelled."""
        try:
            with telemetry.batch(method.__qualname__, system, size):
                yield
        except asyncio.CancelledError:
            self.sources.failed(system, Code.UPSTREAM_UNAVAILABLE)
            raise UpstreamError(
                Code.UPSTREAM_UNAVAILABLE, system, detail="the call was cancelled", outcome_unknown=write
            ) from None
        except UpstreamError as error:
            self.sources.failed(error.system, error.code)
            raise
        self.sources.answered(system)


def _broken(system: str, detail: str) -> UpstreamError:
    return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, system, detail=detail)
