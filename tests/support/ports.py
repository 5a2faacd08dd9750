"""Ports in memory for unit tests: real tables read wire dicts; what a system must not do can be told.

The integration user of a real system sees every customer's rows, so these hold them all: asked for an
id, a port prefers a row of the account that asks and gives another customer's row otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.auth.audit import Audit
from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership, Principal, PrincipalKind
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.converters import boolean, minor_units
from gateway.connectors.identity import AccountRef, Ask, ChainedMap, IdentityMap, Known, StaticFileMap
from gateway.connectors.mapping import Reader, Table, each, path, row, shared, via_parent
from gateway.connectors.ports.billing import Invoice, InvoiceLine, InvoicesPort
from gateway.connectors.ports.common import Listing, Page, Record, Selection
from gateway.connectors.ports.orders import Order, OrdersPort, Product, ProductsPort
from gateway.connectors.registry import Registry
from gateway.context import RequestContext, Services
from gateway.ids import Cursors

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
KEY = b"k" * 32
ALL = frozenset(Permission)

LINE = Table(InvoiceLine, owner=via_parent("invoice"), id=row("id"), description=row("description"))
INVOICE = Table(
    Invoice,
    owner=path("customer"),
    id=row("id"),
    number=row("number"),
    total=row("total", "currency", minor_units),
    lines=row("lines", each(LINE)),
    lines_have_more=row("more", boolean, default=False),
)
ORDER = Table(Order, owner=path("customer"), id=row("id"), number=row("number"))
PRODUCT = Table(Product, owner=shared("sold", boolean), id=row("id"), name=row("name"))

FIELDS: Selection = {
    Invoice: frozenset({"number", "lines", "lines_have_more"}),
    InvoiceLine: frozenset({"description"}),
    Order: frozenset({"number"}),
    Product: frozenset({"name"}),
}


class Port:
    """Rows of one sort in one system. `calls` holds what was asked; `broken` stands in for an answer."""

    def __init__(self, name: str, table: Table[Any], rows: Sequence[dict[str, Any]]) -> None:
        self.name = name
        self.table = table
        self.rows = rows
        self.calls: list[Any] = []
        self.broken: Callable[[Any], Any] | None = None

    def read(self, wire: dict[str, Any], scope: AccountScope, parent: Record | None = None) -> Any:
        return Reader(self.table, FIELDS, self.name, NOW).read(wire, scope, parent)

    def find(self, ref: Ref) -> Any:
        found = [wire for wire in self.rows if wire["id"] == ref.native_id]
        own = [wire for wire in found if wire.get("customer") in ref.scope.owners(self.name)]
        return self.read((own or found)[0], ref.scope) if found else None

    async def get_many(self, refs: Sequence[Ref], _fields: Selection) -> Any:
        self.calls.append(list(refs))
        if self.broken:
            return await self.broken(refs)
        return [self.find(ref) for ref in refs]

    async def _list(self, scope: AccountScope, page: Page, *_arguments: Any) -> Any:
        self.calls.append((scope.key, page))
        if self.broken:
            return await self.broken(scope)
        own = [wire for wire in self.rows if wire.get("customer") in scope.owners(self.name)]
        return listing([self.read(wire, scope) for wire in own])

    list_invoices = list_orders = _list

    async def list_products(self, scope: AccountScope, page: Page, *_arguments: Any) -> Any:
        self.calls.append((scope.key, page))
        return listing([record for wire in self.rows if (record := self.read(wire, scope)) is not None])

    async def list_lines(self, invoice: Invoice, page: Page, fields: Selection) -> Listing[InvoiceLine]:
        self.calls.append((invoice.id, page))
        reader = Reader(LINE, fields, self.name, NOW)
        [wire] = [wire for wire in self.rows if wire["id"] == invoice.id]
        lines = [*wire["lines"], *wire.get("further", [])]
        start = next((i + 1 for i, line in enumerate(lines) if line["id"] == page.after), 0)
        end = start + page.size
        rows = [(reader.read(line, invoice.scope, invoice), line["id"]) for line in lines[start:end]]
        return Listing(rows, has_next=end < len(lines), has_previous=start > 0)


class Connector:
    """One system with the ports that are bound to it."""

    def __init__(self, name: str, ports: Mapping[type, object]) -> None:
        self.name = name
        self.ports = ports

    async def ping(self) -> None:
        raise AssertionError("nobody asks")


class CountedMap(IdentityMap):
    """An identity map that counts what it is asked."""

    shareable = True

    def __init__(self, accounts: Mapping[str, AccountRef]) -> None:
        self.inner = StaticFileMap(accounts)
        self.calls: list[list[str]] = []
        self.error: Exception | None = None

    async def resolve(self, accounts: Sequence[str], ask: Ask) -> Known:
        self.calls.append(list(accounts))
        if self.error:
            raise self.error
        return await self.inner.resolve(accounts, ask)


def listing(records: Sequence[Any], **more: Any) -> Listing[Any]:
    """Make a page of records; a cursor is the record's id."""
    return Listing(
        [(record, getattr(record, "id", "#")) for record in records],
        **{"has_next": False, "has_previous": False} | more,
    )


def make_principal(*accounts: str, permissions: frozenset[Permission] = ALL, **more: Any) -> Principal:
    """Make a caller with a membership in each account."""
    return Principal(
        subject="usr_1",
        issuer="https://id.example",
        kind=PrincipalKind.USER,
        expires_at=2_000_000_000,
        memberships={key: Membership(key, ("owner",), permissions) for key in accounts},
        **more,
    )


def make_registry(**ports: Port) -> Registry:
    """Bind each port by its name in configuration, such as `invoices=Port("billing", ...)`."""
    protocols = {"invoices": InvoicesPort, "orders": OrdersPort, "products": ProductsPort}
    systems: dict[str, dict[type, object]] = {}
    for bound, port in ports.items():
        systems.setdefault(port.name, {})[protocols[bound]] = port
    connectors = {name: Connector(name, served) for name, served in systems.items()}
    return Registry(connectors, {bound: port.name for bound, port in ports.items()})


def make_context(
    principal: Principal | None = None,
    *,
    natives: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
    identity: IdentityMap | None = None,
    **ports: Port,
) -> RequestContext:
    """Make the context of one operation: by default of a member of `acme` and `bravo`."""
    accounts = {key: AccountRef(natives=dict(ids)) for key, ids in (natives or NATIVES).items()}
    services = Services(
        registry=make_registry(**ports),
        identity=ChainedMap([identity or CountedMap(accounts)]),
        cursors=Cursors([KEY]),
        audit=Audit(KEY),
    )
    return RequestContext(
        services, principal=principal or make_principal("acme", "bravo"), fields=FIELDS, operation="Op"
    )


NATIVES = {
    "acme": {"billing": ("cus_a", "cus_a2"), "erp": ("1",)},
    "bravo": {"billing": ("cus_b",), "erp": ("2",)},
}


async def scope_of(context: RequestContext, account: str) -> AccountScope:
    """Give the scope of one of the caller's accounts."""
    membership = context.membership(account)
    assert membership is not None
    return await context.scope(membership)
