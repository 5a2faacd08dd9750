"""The bench that every contract test stands at: a fresh connector behind a wire that can be spoiled."""

# ruff: noqa: S101  assertions are how a suite speaks

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Kind, Listing, Page, Record, Selection
from gateway.connectors.registry import Connector
from gateway.connectors.testing.subject import KEY_A, KEY_B, NAME, Case, Operation, Subject, everything
from gateway.connectors.testing.wire import Wire
from gateway.outbound import Outbound

SIZES = (1, 2, 7, 100)
_ENDLESS = 1000  # pages; no subject has so many


class Bench:
    """A connector, wired to the system under test."""

    def __init__(self, subject: Subject, wire: Wire, outbound: Outbound) -> None:
        self.subject = subject
        self.wire = wire
        self.outbound = outbound
        self.connector = subject.connect(NAME, wire.url, outbound)
        self.a = subject.scope(KEY_A)
        self.b = subject.scope(KEY_B)

    def case(self, operation: Operation) -> Case:
        """Give the case of the operation's port."""
        return self.subject.cases[operation.port]

    async def get(
        self,
        port: type,
        refs: Sequence[Ref],
        fields: Selection | None = None,
        connector: Connector | None = None,
    ) -> list[Any]:
        """Call `get_many`, with everything selected unless told."""
        chosen = everything(Operation(port, "get_many").model) if fields is None else fields
        implementation: Any = (connector or self.connector).ports[port]
        return list(await implementation.get_many(refs, chosen))

    async def parent(self, operation: Operation) -> Record:
        """Load the record whose parts are listed."""
        wanted = self.case(operation).lists[operation.name].parent
        assert wanted is not None, f"name a `parent` for {operation}"
        [record] = await self.get(operation.port, [Ref(self.a, wanted)])
        assert isinstance(record, Record)
        return record

    async def page(
        self,
        operation: Operation,
        whose: AccountScope | Record,
        page: Page,
        *,
        fields: Selection | None = None,
        arguments: tuple[Any, ...] | None = None,
        connector: Connector | None = None,
    ) -> Listing[Any]:
        """Call a list method, with everything selected and the case's arguments unless told."""
        chosen = everything(operation.model) if fields is None else fields
        given = self.case(operation).lists[operation.name].arguments if arguments is None else arguments
        implementation: Any = (connector or self.connector).ports[operation.port]
        listing: Listing[Any] = await getattr(implementation, operation.name)(whose, page, *given, chosen)
        return listing

    async def whose(self, operation: Operation) -> AccountScope | Record:
        """Give what the list method lists of: account A or the parent."""
        return await self.parent(operation) if operation.parts else self.a

    async def ready(
        self, operation: Operation, fields: Selection | None = None, connector: Connector | None = None
    ) -> Callable[[], Awaitable[list[Any]]]:
        """Prepare one call of any method for account A: three records, or the first rows of the list."""
        if not operation.lists:
            refs = [Ref(self.a, one) for one in self.case(operation).known[:3]]
            return lambda: self.get(operation.port, refs, fields, connector)
        whose = await self.whose(operation)

        async def call() -> list[Any]:
            listing = await self.page(operation, whose, Page(first=3), fields=fields, connector=connector)
            return [*(record for record, _ in listing.items), listing.has_next]

        return call

    async def walk(self, operation: Operation, size: int, *, backward: bool = False) -> Listing[Any]:
        """Page through a whole list; has_next and has_previous are the last page's."""
        whose = await self.whose(operation)
        items: list[tuple[Any, str]] = []
        cursor: str | None = None
        for _ in range(_ENDLESS):
            page = Page(last=size, before=cursor) if backward else Page(first=size, after=cursor)
            listing = await self.page(operation, whose, page)
            assert len(listing.items) <= size
            items = listing.items + items if backward else items + listing.items
            if not (listing.has_previous if backward else listing.has_next):
                return Listing(items, listing.has_next, listing.has_previous, listing.total)
            ends = [cursor for _, cursor in listing.items]
            following = ends[0] if backward else listing.end_cursor or ends[-1]
            assert following != cursor, "a page that leads nowhere"
            cursor = following
        raise AssertionError(f"{operation} does not come to an end")

    def assert_admitted(self, record: Any, scope: AccountScope, port: Any) -> None:
        """The record was read for this account, and the boundary lets it pass."""
        assert isinstance(record, Record), record
        assert record.scope is scope, "a record carries the scope object of its ref, not an equal one"
        assert record.connector == NAME
        shared = port.kind is Kind.SHARED
        assert boundary.admits(record, shared=shared), "the record's owners are not the account's"
        assert not (shared and record.owners), "a shared record has no owner"
