"""Accounts, the systems that serve them, and what is shared between them: nothing but the catalogue."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gateway.auth.audit import Audit
from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.identity import AccountRef
from gateway.connectors.ports.billing import InvoicesPort
from gateway.connectors.ports.common import Kind
from gateway.connectors.ports.orders import OrdersPort, ProductFilter, ProductsPort
from gateway.context import RequestContext
from gateway.errors import Code, RequestError, UpstreamError
from tests.support.operation import ARGUMENTS, FIRST, GET, LIST, ROWS, alarm, refused
from tests.support.ports import (
    INVOICE,
    KEY,
    NATIVES,
    PRODUCT,
    CountedMap,
    Port,
    make_context,
    make_principal,
    scope_of,
)


async def test_an_account_that_is_not_known_in_a_system_costs_it_no_call(invoices: Port) -> None:
    for natives in ({}, {"billing": ()}, {"erp": ("cus_a",)}):
        context = make_context(invoices=invoices, natives={"acme": natives})
        acme = await scope_of(context, "acme")
        assert await context.load(GET, Ref(acme, "in_1")) is None
        assert await context.load_many(GET, [Ref(acme, "in_1")]) == [None]
        listed = await context.list(LIST, acme, FIRST, *ARGUMENTS)
        assert (listed.items, listed.total, listed.has_next, listed.has_previous) == ([], 0, False, False)
    assert invoices.calls == []


async def test_an_account_that_no_map_knows_is_an_error() -> None:
    context = make_context(make_principal("ghost"))
    membership = context.membership("ghost")
    assert membership is not None
    for _ in range(2):
        error = await refused(context.scope(membership))
        assert isinstance(error, UpstreamError)
        assert error.system == "identity"


async def test_accounts_are_looked_up_together_and_once() -> None:
    identity = CountedMap({key: AccountRef(natives=NATIVES[key]) for key in NATIVES})
    context = make_context(identity=identity)
    await asyncio.gather(*(scope_of(context, key) for key in ("acme", "bravo", "acme")))
    await scope_of(context, "bravo")
    assert identity.calls == [["acme", "bravo"]]


async def test_a_directory_that_fails_is_not_asked_again() -> None:
    identity = CountedMap({})
    identity.error = UpstreamError(Code.UPSTREAM_TIMEOUT, "identity")
    context = make_context(identity=identity)
    for _ in range(2):
        await refused(scope_of(context, "acme"), Code.UPSTREAM_TIMEOUT)
    assert len(identity.calls) == 1


async def test_only_the_callers_accounts_can_be_selected(context: RequestContext) -> None:
    assert context.membership("acme") is context.principal.memberships["acme"]
    for key in ("charlie", "", "ACME", "acme "):
        assert context.membership(key) is None


async def test_a_port_that_nothing_serves_is_named(context: RequestContext, acme: AccountScope) -> None:
    for call in (
        context.load(OrdersPort.get_many, Ref(acme, "1")),
        context.list(OrdersPort.list_orders, acme, FIRST),
    ):
        error = await refused(call, Code.UNSUPPORTED_CAPABILITY)
        assert isinstance(error, RequestError)
        assert "OrdersPort" in error.message
    assert context.system(GET) == "billing"
    with pytest.raises(RequestError):
        context.system(OrdersPort.get_many)


async def test_a_directory_port_is_not_for_resolvers(
    context: RequestContext, acme: AccountScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InvoicesPort, "kind", Kind.DIRECTORY)
    with pytest.raises(TypeError, match="directory"):
        await context.load(GET, Ref(acme, "in_1"))
    with pytest.raises(TypeError, match="directory"):
        await context.list(LIST, acme, FIRST, *ARGUMENTS)


# Shared ports.

GOODS = [{"id": "p1", "sold": True, "name": "Desk"}, {"id": "p2", "sold": False, "name": "Secret"}]


async def test_shared_records_need_no_owner_and_no_account_there() -> None:
    products = Port("shop", PRODUCT, GOODS)
    context = make_context(products=products)
    acme = await scope_of(context, "acme")
    assert acme.owners("shop") == ()
    desk, hidden = await context.load_many(ProductsPort.get_many, [Ref(acme, "p1"), Ref(acme, "p2")])
    assert (desk.name, hidden) == ("Desk", None)
    listed = await context.list(ProductsPort.list_products, acme, FIRST, ProductFilter())
    assert [record.name for record, _ in listed.items] == ["Desk"]


async def test_shared_records_are_stamped_for_each_audience(
    alarms: Callable[[], list[dict[str, str]]],
) -> None:
    # One product for two accounts: each sees it with its own permissions, never with the other's.
    products = Port("shop", PRODUCT, GOODS)
    context = make_context(products=products)
    acme, bravo = await scope_of(context, "acme"), await scope_of(context, "bravo")
    refs = [Ref(acme, "p1"), Ref(bravo, "p1")]
    ours, theirs = await context.load_many(ProductsPort.get_many, refs)
    assert (ours.scope, theirs.scope) == (acme, bravo)

    async def once(refs: Sequence[Ref]) -> Any:
        return [products.read(GOODS[0], refs[0].scope)] * len(refs)

    products.broken = once
    fresh = make_context(products=products)
    acme, bravo = await scope_of(fresh, "acme"), await scope_of(fresh, "bravo")
    ours, theirs = await fresh.load_many(ProductsPort.get_many, [Ref(acme, "p1"), Ref(bravo, "p1")])
    assert (ours.name, theirs) == ("Desk", None)
    assert alarms() == [alarm("bravo", "shop", "Product")]


async def test_an_owned_record_does_not_come_in_by_a_shared_port() -> None:
    products = Port("billing", INVOICE, ROWS)
    context = make_context(products=products)
    acme = await scope_of(context, "acme")
    ours, theirs = await context.load_many(ProductsPort.get_many, [Ref(acme, "in_1"), Ref(acme, "in_3")])
    assert (ours.number, theirs) == ("A-1", None)


# Two operations.


async def test_two_contexts_share_nothing(invoices: Port) -> None:
    identity = CountedMap({key: AccountRef(natives=NATIVES[key]) for key in NATIVES})
    one = make_context(make_principal("acme"), invoices=invoices, identity=identity)
    two = make_context(
        make_principal("acme", permissions=frozenset({Permission.ACCOUNT_READ})),
        invoices=invoices,
        identity=identity,
    )
    mine, yours = await scope_of(one, "acme"), await scope_of(two, "acme")
    assert mine is not yours
    assert (mine.permissions, yours.permissions) == (frozenset(Permission), {Permission.ACCOUNT_READ})
    first, second = await one.load(GET, Ref(mine, "in_1")), await two.load(GET, Ref(yours, "in_1"))
    assert first is not second
    assert (first.granted, second.granted) == (mine.permissions, yours.permissions)
    await one.list(LIST, mine, FIRST, *ARGUMENTS)
    await two.list(LIST, yours, FIRST, *ARGUMENTS)
    assert len(invoices.calls) == 4
    assert len(identity.calls) == 2
    assert two.membership("bravo") is None


async def test_a_denial_is_audited(
    context: RequestContext, alarms: Callable[[], list[dict[str, str]]]
) -> None:
    context.denied("Account.invoices", "acme")
    assert alarms() == [
        {
            "event": "ACCESS_DENIED",
            "outcome": "denied",
            "subject": Audit(KEY).subject("usr_1"),
            "account": "acme",
            "operation": "Op",
            "coordinate": "Account.invoices",
        }
    ]
