"""What Stripe must not answer: rows twice, rows that were not asked for, pages that do not move on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.billing import (
    AccountBalance,
    BalancesPort,
    Invoice,
    InvoiceFilter,
    InvoiceSort,
    InvoicesPort,
)
from gateway.connectors.ports.common import Page, Selection
from gateway.connectors.stripe.connector import Connector
from gateway.connectors.stripe.lists import Rows, merged, rows_of
from gateway.connectors.testing import Wire
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed
from gateway.errors import Code, UpstreamError
from sandbox.data import DataSet

NUMBER: Selection = {Invoice: frozenset({"number"})}
SCOPE = AccountScope("acme", frozenset(), {"billing": ("cus_a",)})


@pytest.mark.parametrize(
    ("rows", "after"),
    [
        ([{"id": "in_1", "created": 2}, {"id": "in_1", "created": 2}], None),
        ([{"id": "in_2", "created": 1}, {"id": "in_1", "created": 2}], "in_1"),
    ],
)
def test_a_row_that_comes_twice_breaks_the_page(rows: list[dict[str, Any]], after: str | None) -> None:
    with pytest.raises(UpstreamError) as caught:
        rows_of({"data": rows, "has_more": False}, "billing", after)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_rows_without_a_moment_cannot_be_merged() -> None:
    async def fetch(_customer: str, _after: str | None, _limit: int) -> Rows:
        return Rows([{"id": "in_1"}], more=False)

    with pytest.raises(UpstreamError) as caught:
        await merged(fetch, ["cus_a"], SCOPE, Page(first=5), lambda row, _scope: row, "billing")
    assert (caught.value.code, caught.value.system) == (Code.UPSTREAM_CONTRACT_BROKEN, "billing")


@pytest.mark.parametrize(
    "lie",
    [replaced("data", lambda rows: rows * 2), replaced("status", lambda _: "void")],
    ids=["twice", "void"],
)
async def test_a_balance_adds_up_open_invoices_once(
    connector: Connector, scope_of: Callable[[str], AccountScope], wire: Wire, lie: Callable[[bytes], bytes]
) -> None:
    port: Any = connector.ports[BalancesPort]
    fields: Selection = {AccountBalance: frozenset({"outstanding"})}
    wire.spoil = changed(lie)
    [balance] = await port.get_many([Ref(scope_of("bright"), "bright")], fields)
    assert isinstance(balance, UpstreamError)
    assert balance.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize("native", ["cus_x/sources", "../cus_x", "cus_x,cus_y=in_1", "in_1", "cus_", ""])
async def test_what_is_no_customer_id_reaches_no_path_and_no_answer(
    connector: Connector, wire: Wire, native: str
) -> None:
    scope = AccountScope("acme", frozenset(), {connector.name: (native,)})
    invoices: Any = connector.ports[InvoicesPort]
    balances: Any = connector.ports[BalancesPort]
    wire.reset()
    with pytest.raises(UpstreamError) as caught:
        await invoices.list_invoices(scope, Page(first=5), InvoiceFilter(), InvoiceSort(), NUMBER)
    assert (caught.value.system, caught.value.code) == ("identity", Code.UPSTREAM_CONTRACT_BROKEN)
    [balance] = await balances.get_many([Ref(scope, "acme")], {AccountBalance: frozenset({"credit"})})
    assert isinstance(balance, UpstreamError)
    assert wire.calls == []


async def test_a_customer_named_twice_counts_once(
    connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet
) -> None:
    honest = scope_of("bright")
    twice = AccountScope("bright", frozenset(), {connector.name: honest.owners(connector.name) * 2})
    port: Any = connector.ports[BalancesPort]
    fields: Selection = {AccountBalance: frozenset({"outstanding"})}
    [once] = await port.get_many([Ref(honest, "bright")], fields)
    [again] = await port.get_many([Ref(twice, "bright")], fields)
    assert again.outstanding == once.outstanding


async def test_one_accounts_broken_list_is_not_anothers(
    connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet
) -> None:
    broken = AccountScope("acme", frozenset(), {connector.name: ("not-a-customer",)})
    mine = [row.id for row in data.invoices if row.account == "bright" and row.status != "draft"]
    refs = [*(Ref(broken, row.id) for row in data.invoices[:6]), Ref(scope_of("bright"), mine[0])]
    port: Any = connector.ports[InvoicesPort]
    found = await port.get_many(refs, NUMBER)
    assert all(isinstance(one, UpstreamError) for one in found[:6])
    assert found[6].id == mine[0]


async def test_a_row_deleted_while_ids_are_looked_up_does_not_fail_them(
    connector: Connector, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list cannot go on after a row that is gone; the ids that are left are read one by one."""
    customer = data.accounts["acme"].stripe_customers["EUR"]
    scope = AccountScope("acme", frozenset(), {connector.name: (customer,)})
    mine = [row for row in data.invoices if row.customer == customer and row.status != "draft"]
    oldest = sorted(mine, key=lambda row: row.created)[:5]
    port: Any = connector.ports[InvoicesPort]
    page = port._page

    async def gone(customer: str, after: str | None, limit: int, *more: Any) -> Rows:
        return await page(customer, after and "in_gone", min(limit, 10), *more)

    monkeypatch.setattr(port, "_page", gone)
    found = await port.get_many([Ref(scope, row.id) for row in oldest], NUMBER)
    assert [one.number for one in found] == [row.number for row in oldest]
