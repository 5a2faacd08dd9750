"""Lists: one foreign row breaks them; equal ones are asked once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.billing import InvoiceFilter, InvoiceSort, InvoicesPort, InvoiceStatus
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.orders import OrdersPort
from gateway.context import RequestContext
from gateway.errors import UpstreamError
from tests.support.operation import ARGUMENTS, FIRST, GET, LIST, ROWS, alarm, refused
from tests.support.ports import (
    INVOICE,
    ORDER,
    Port,
    listing,
    make_context,
    scope_of,
)


async def test_lists_the_accounts_rows(
    context: RequestContext, acme: AccountScope, bravo: AccountScope
) -> None:
    ours, theirs = await asyncio.gather(
        context.list(LIST, acme, FIRST, *ARGUMENTS), context.list(LIST, bravo, FIRST, *ARGUMENTS)
    )
    assert [record.number for record, _ in ours.items] == ["A-1", "A-2", "A-7"]
    assert [record.number for record, _ in theirs.items] == ["B-1", "B-7"]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_foreign_row_breaks_the_list(
    invoices: Port,
    context: RequestContext,
    acme: AccountScope,
    place: int,
    alarms: Callable[[], list[dict[str, str]]],
    violations: Callable[[], dict[str, int]],
) -> None:
    wires = [ROWS[0], ROWS[1]]
    wires.insert(place, ROWS[2])

    async def unfiltered(scope: AccountScope) -> Any:
        return listing([invoices.read(wire, scope) for wire in wires])

    invoices.broken = unfiltered
    error = await refused(context.list(LIST, acme, FIRST, *ARGUMENTS))
    assert error.extensions() == {
        "code": "UPSTREAM_CONTRACT_BROKEN", "retryable": False, "system": "billing"
    }  # fmt: skip
    assert "bravo" not in error.message
    assert "cus_b" not in error.message
    assert alarms() == [alarm()]
    assert violations() == {"billing": 1}


async def test_a_row_that_cannot_be_read_stays_in_its_place(
    invoices: Port, context: RequestContext, acme: AccountScope
) -> None:
    async def answer(scope: AccountScope) -> Any:
        return listing([invoices.read(ROWS[0], scope), invoices.read({"id": 5}, scope)])

    invoices.broken = answer
    listed = await context.list(LIST, acme, FIRST, *ARGUMENTS)
    assert listed.items[0][0].number == "A-1"
    assert isinstance(listed.items[1][0], UpstreamError)


async def test_equal_lists_are_asked_once(
    context: RequestContext, invoices: Port, acme: AccountScope
) -> None:
    def ask() -> Awaitable[Any]:
        wanted = InvoiceFilter(status=(InvoiceStatus.PAID,), number="1")
        return context.list(LIST, acme, Page(first=20, after="x"), wanted, InvoiceSort())

    first, second = await asyncio.gather(ask(), ask())
    assert first is second is await ask()
    assert len(invoices.calls) == 1


async def test_lists_that_differ_in_anything_are_asked_apart(acme: AccountScope) -> None:
    invoices, orders = Port("billing", INVOICE, ROWS), Port("erp", ORDER, [])
    context = make_context(invoices=invoices, orders=orders)
    acme, bravo = await scope_of(context, "acme"), await scope_of(context, "bravo")
    plain, sort = ARGUMENTS
    await context.list(LIST, acme, FIRST, plain, sort)
    await context.list(LIST, bravo, FIRST, plain, sort)
    await context.list(LIST, acme, Page(first=21), plain, sort)
    await context.list(LIST, acme, Page(last=20), plain, sort)
    await context.list(LIST, acme, Page(first=20, after="x"), plain, sort)
    await context.list(LIST, acme, Page(first=20, after=""), plain, sort)
    await context.list(LIST, acme, FIRST, InvoiceFilter(number="1"), sort)
    await context.list(LIST, acme, FIRST, InvoiceFilter(overdue=True), sort)
    assert len(invoices.calls) == 8
    await context.list(OrdersPort.list_orders, acme, FIRST, plain, sort)
    assert (len(invoices.calls), len(orders.calls)) == (8, 1)


async def test_parts_are_remembered_by_their_parent(
    context: RequestContext, invoices: Port, acme: AccountScope
) -> None:
    invoices.rows = [
        {"id": key, "customer": "cus_a", "lines": [{"id": f"{key}-1", "invoice": key}]} for key in ("a", "b")
    ]
    first, second = await context.load_many(GET, [Ref(acme, "a"), Ref(acme, "b")])
    invoices.calls.clear()
    ask = InvoicesPort.list_lines
    lists = await asyncio.gather(
        *(context.list(ask, acme, FIRST, parent=parent) for parent in (first, second, first))
    )
    assert [[cursor for _, cursor in listed.items] for listed in lists] == [["a-1"], ["b-1"], ["a-1"]]
    assert invoices.calls == [("a", FIRST), ("b", FIRST)]


async def test_a_part_of_another_parent_breaks_the_list(
    context: RequestContext, invoices: Port, acme: AccountScope
) -> None:
    invoices.rows = [{"id": "a", "customer": "cus_a", "lines": [], "further": [{"id": "1", "invoice": "b"}]}]
    parent = await context.load(GET, Ref(acme, "a"))
    await refused(context.list(InvoicesPort.list_lines, acme, FIRST, parent=parent))


async def test_arguments_that_cannot_be_compared_are_refused_before_any_call(
    context: RequestContext, invoices: Port, acme: AccountScope
) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        await context.list(LIST, acme, FIRST, InvoiceFilter(status=[InvoiceStatus.PAID]), InvoiceSort())
    assert invoices.calls == []
