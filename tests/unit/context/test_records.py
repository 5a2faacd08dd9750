"""Every record passes the boundary, whatever a connector gives back."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.mapping import Reader
from gateway.connectors.ports.orders import OrdersPort
from gateway.context import RequestContext
from gateway.errors import Code, UpstreamError
from tests.support.operation import ARGUMENTS, FIRST, GET, LIST, ROWS, alarm, refused
from tests.support.ports import (
    FIELDS,
    INVOICE,
    NATIVES,
    NOW,
    ORDER,
    PRODUCT,
    Port,
    listing,
    make_context,
    scope_of,
)


async def test_loads_a_record_of_the_account(context: RequestContext, acme: AccountScope) -> None:
    assert (await context.load(GET, Ref(acme, "in_1"))).number == "A-1"
    assert (await context.load(GET, Ref(acme, "in_2"))).number == "A-2"
    assert await context.load(GET, Ref(acme, "in_9")) is None


async def test_one_batch_for_all_that_is_asked_together(
    context: RequestContext, invoices: Port, acme: AccountScope, bravo: AccountScope
) -> None:
    refs = [Ref(acme, "in_1"), Ref(acme, "in_2"), Ref(bravo, "in_3"), Ref(acme, "in_1")]
    found = await asyncio.gather(*(context.load(GET, ref) for ref in refs))
    assert [record.number for record in found] == ["A-1", "A-2", "B-1", "A-1"]
    assert invoices.calls == [refs[:3]]
    assert found[0] is found[3] is await context.load(GET, refs[0])
    assert len(invoices.calls) == 1


async def test_the_same_id_in_two_accounts_is_two_records(
    context: RequestContext, invoices: Port, acme: AccountScope, bravo: AccountScope
) -> None:
    ours, theirs = await asyncio.gather(context.load(GET, Ref(acme, "7")), context.load(GET, Ref(bravo, "7")))
    assert (ours.number, theirs.number) == ("A-7", "B-7")
    assert (ours.scope.key, theirs.scope.key) == ("acme", "bravo")
    assert len(invoices.calls) == 1
    # Again, one after the other: what is remembered is not mixed up either.
    assert (await context.load(GET, Ref(bravo, "7"))).number == "B-7"
    assert (await context.load(GET, Ref(acme, "7"))).number == "A-7"


async def test_the_same_id_in_two_ports_is_two_records() -> None:
    invoices = Port("billing", INVOICE, ROWS)
    orders = Port("erp", ORDER, [{"id": "7", "customer": "1", "number": "O-7"}])
    context = make_context(invoices=invoices, orders=orders)
    acme = await scope_of(context, "acme")
    found = await asyncio.gather(
        context.load(GET, Ref(acme, "7")), context.load(OrdersPort.get_many, Ref(acme, "7"))
    )
    assert [record.number for record in found] == ["A-7", "O-7"]


async def test_a_foreign_record_is_as_if_it_did_not_exist(
    context: RequestContext,
    acme: AccountScope,
    alarms: Callable[[], list[dict[str, str]]],
    violations: Callable[[], dict[str, int]],
) -> None:
    foreign, missing = await context.load_many(GET, [Ref(acme, "in_3"), Ref(acme, "in_9")])
    assert foreign is missing is None
    assert alarms() == [alarm()]
    assert violations() == {"billing": 1}


async def test_a_foreign_record_does_not_take_its_neighbours(
    context: RequestContext, acme: AccountScope, bravo: AccountScope
) -> None:
    refs = [Ref(acme, "in_1"), Ref(acme, "in_3"), Ref(bravo, "in_3"), Ref(bravo, "in_1")]
    found = await context.load_many(GET, refs)
    assert [record and record.number for record in found] == ["A-1", None, "B-1", None]


@pytest.mark.parametrize(
    "change",
    [
        {"customer": None},
        {"customer": ""},
        {"customer": "cus_b"},
        {"lines": [{"id": "li_1", "invoice": "in_2"}]},
        {"lines": [{"id": "li_1"}]},
    ],
)
async def test_a_record_that_is_not_wholly_the_accounts_is_refused(
    change: dict[str, Any], alarms: Callable[[], list[dict[str, str]]]
) -> None:
    context = make_context(invoices=Port("billing", INVOICE, [ROWS[0] | change]))
    assert await context.load(GET, Ref(await scope_of(context, "acme"), "in_1")) is None
    assert alarms() == [alarm()]


def stamped(scope: AccountScope, name: str = "billing", wire: dict[str, Any] | None = None) -> Any:
    """Read a row as a connector would for `scope`."""
    return Reader(INVOICE, FIELDS, name, NOW).read(wire or ROWS[0], scope)


async def test_a_record_with_another_stamp_is_refused(
    context: RequestContext, invoices: Port, acme: AccountScope, alarms: Callable[[], list[dict[str, str]]]
) -> None:
    # Each names cus_a as its owner; only the stamp is wrong.
    equal = AccountScope("acme", acme.permissions, acme.natives)
    wider = AccountScope("acme", frozenset(Permission), {"billing": ("cus_a", "cus_b"), "erp": ("cus_a",)})
    other = AccountScope("bravo", acme.permissions, acme.natives)
    stamps = [stamped(equal), stamped(wider), stamped(other), stamped(acme, "erp"), stamped(wider, "erp")]
    for stamp in stamps:

        async def answer(asked: Any, stamp: Any = stamp) -> Any:
            return listing([stamp]) if isinstance(asked, AccountScope) else [stamp for _ in asked]

        invoices.broken = answer
        fresh = make_context(invoices=invoices)
        assert await fresh.load(GET, Ref(acme, "in_1")) is None
        error = await refused(fresh.list(LIST, acme, FIRST, *ARGUMENTS))
        assert isinstance(error, UpstreamError)
        assert error.detail == "a foreign row in a list"
    assert alarms() == [alarm()] * 10


async def test_an_id_counts_in_its_own_system_only() -> None:
    # Both systems count from 1: what is acme's number in one is bravo's in the other.
    natives = {"acme": {"billing": ("1",), "erp": ("2",)}, "bravo": {"billing": ("2",), "erp": ("1",)}}
    port = Port("billing", INVOICE, [{"id": "in_1", "customer": "2"}])
    context = make_context(invoices=port, natives=natives)
    acme, bravo = await scope_of(context, "acme"), await scope_of(context, "bravo")
    mine, theirs = await context.load_many(GET, [Ref(acme, "in_1"), Ref(bravo, "in_1")])
    assert (mine, theirs.id) == (None, "in_1")

    async def mislabelled(refs: Sequence[Ref]) -> Any:
        return [stamped(ref.scope, "erp", port.rows[0]) for ref in refs]

    port.broken = mislabelled
    fresh = make_context(invoices=port, natives=natives)
    assert await fresh.load(GET, Ref(await scope_of(fresh, "acme"), "in_1")) is None


async def test_a_shared_record_does_not_come_in_by_an_account_port() -> None:
    context = make_context(invoices=Port("billing", PRODUCT, [{"id": "p1", "sold": True}]))
    assert await context.load(GET, Ref(await scope_of(context, "acme"), "p1")) is None


async def test_the_scope_of_an_account_is_one_object(context: RequestContext, acme: AccountScope) -> None:
    again = await asyncio.gather(*(scope_of(context, "acme") for _ in range(3)))
    assert all(scope is acme for scope in again)
    assert acme.natives == NATIVES["acme"]
    assert acme.permissions == frozenset(Permission)
    assert (await context.load(GET, Ref(acme, "in_1"))).scope is acme


# What a connector must not answer.


@pytest.mark.parametrize("size", [0, 1, 3])
async def test_a_batch_of_another_length_is_broken_for_all(
    context: RequestContext, invoices: Port, acme: AccountScope, size: int
) -> None:
    async def answer(refs: Sequence[Ref]) -> Any:
        return [invoices.find(refs[0])] * size

    invoices.broken = answer
    found = await context.load_many(GET, [Ref(acme, "in_1"), Ref(acme, "in_2")])
    assert [error.code for error in found] == [Code.UPSTREAM_CONTRACT_BROKEN] * 2
    assert found[0].detail == "a batch answer of another length"


async def test_a_batch_in_another_order_is_broken_not_mixed_up(
    context: RequestContext, invoices: Port, acme: AccountScope, bravo: AccountScope
) -> None:
    async def answer(refs: Sequence[Ref]) -> Any:
        return [invoices.find(ref) for ref in reversed(refs)]

    invoices.broken = answer
    first, second = await context.load_many(GET, [Ref(acme, "in_1"), Ref(acme, "in_2")])
    assert first.detail == second.detail == "a record of another id"
    # Of two accounts, even with the same id: to each the other's record does not exist.
    assert await context.load_many(GET, [Ref(acme, "7"), Ref(bravo, "7")]) == [None, None]


@pytest.mark.parametrize("value", [{"id": "in_1", "number": "A-1"}, "A-1", object(), [], 0, False])
async def test_what_is_no_record_never_passes(
    context: RequestContext, invoices: Port, acme: AccountScope, value: object
) -> None:
    async def answer(refs: Sequence[Ref]) -> Any:
        return [value for _ in refs]

    async def rows(_scope: AccountScope) -> Any:
        return listing([value])

    invoices.broken = answer
    error = await refused(context.load(GET, Ref(acme, "in_1")))
    assert isinstance(error, UpstreamError)
    assert error.detail == "neither a record nor an error"
    invoices.broken = rows
    await refused(context.list(LIST, acme, FIRST, *ARGUMENTS))
