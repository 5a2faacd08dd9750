"""Balances: an account's open invoices added up, and what the business owes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.billing import AccountBalance, BalancesPort
from gateway.connectors.stripe.connector import Connector
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed, fixed
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import EXPONENTS, DataSet, Invoice, build
from sandbox.stripe import stand_in
from tests.contract.stripe.conftest import NOW, connected, issued


def owed(rows: Sequence[Invoice], fits: Callable[[Invoice], bool]) -> dict[str, int]:
    """Add up what is still to be paid, in minor units."""
    totals: dict[str, int] = {}
    for row in rows:
        if row.status == "open" and fits(row):
            totals[row.currency] = totals.get(row.currency, 0) + row.remaining_minor
    return totals


def minor(amounts: Sequence[Any]) -> dict[str, int]:
    return {
        money.currency_code: int(money.amount.scaleb(EXPONENTS[money.currency_code])) for money in amounts
    }


@pytest.mark.parametrize("key", ["acme", "bright", "ledger", "reach", "empty"])
async def test_balances_add_up(
    connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet, key: str
) -> None:
    port: Any = connector.ports[BalancesPort]
    [balance] = await port.get_many([Ref(scope_of(key), key)], everything(AccountBalance))
    rows, account = issued(data, key), data.accounts[key]
    assert minor(balance.outstanding) == owed(rows, lambda _: True)
    assert minor(balance.overdue) == owed(
        rows, lambda row: row.due is not None and row.due.date() < NOW.date()
    )
    assert minor(balance.credit) == ({account.currency: account.credit_minor} if account.credit_minor else {})
    assert (balance.id, balance.as_of) == (key, NOW)


@pytest.mark.parametrize(
    ("selected", "paths"),
    [
        ({"outstanding"}, ["/v1/invoices", "/v1/invoices"]),
        ({"overdue", "as_of"}, ["/v1/invoices", "/v1/invoices"]),
        ({"credit"}, ["/v1/customers/EUR", "/v1/customers/USD"]),
        ({"as_of"}, []),
    ],
)
async def test_a_balance_costs_what_is_selected(
    connector: Connector,
    acme: AccountScope,
    data: DataSet,
    wire: Wire,
    selected: set[str],
    paths: list[str],
) -> None:
    port: Any = connector.ports[BalancesPort]
    await port.get_many([Ref(acme, "acme")] * 2, {AccountBalance: frozenset(selected)})
    names = {customer: currency for currency, customer in data.accounts["acme"].stripe_customers.items()}
    called = ["/".join(names.get(part, part) for part in call.path.split("/")) for call in wire.calls]
    assert sorted(called) == paths


@pytest.mark.parametrize(("count", "enough"), [(150, True), (1001, False)])
async def test_a_balance_of_many_open_invoices(
    outbound: Outbound, api_key: str, count: int, *, enough: bool
) -> None:
    """All pages are added up; beyond ten there is no answer rather than a wrong one."""
    data = build()
    row = next(row for row in issued(data, "reach") if row.status == "open")
    customer = data.accounts["empty"].stripe_customers["EUR"]
    data.invoices.extend(
        [
            dataclasses.replace(row, id=f"in_many{n}", customer=customer, lines=row.lines[:1])
            for n in range(count)
        ]
    )
    scope = AccountScope("empty", frozenset(), {"billing": (customer,)})
    async with stand_in(data, api_key=api_key, rate_limit=None) as system:
        port: Any = connected("billing", system.url, outbound, api_key).ports[BalancesPort]
        [balance] = await port.get_many([Ref(scope, "empty")], {AccountBalance: frozenset({"outstanding"})})
    if enough:
        assert minor(balance.outstanding) == owed(data.invoices[-count:], lambda _: True)
    else:
        assert isinstance(balance, RequestError)
        assert balance.code is Code.UNSUPPORTED_CAPABILITY


@pytest.mark.parametrize("key", ["amount_remaining", "status", "currency", "balance"])
async def test_a_balance_is_no_sum_of_what_is_missing(
    connector: Connector, acme: AccountScope, wire: Wire, key: str
) -> None:
    wire.spoil = changed(replaced(key, lambda _: None))
    port: Any = connector.ports[BalancesPort]
    [balance] = await port.get_many([Ref(acme, "acme")], everything(AccountBalance))
    assert isinstance(balance, UpstreamError)
    assert balance.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_balance_in_no_known_currency(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    wire.spoil = changed(replaced("currency", lambda _: "zzz"))
    port: Any = connector.ports[BalancesPort]
    [balance] = await port.get_many([Ref(acme, "acme")], {AccountBalance: frozenset({"credit"})})
    assert isinstance(balance, UpstreamError)
    assert balance.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_deleted_customer_has_no_credit(connector: Connector, data: DataSet, wire: Wire) -> None:
    customer = data.accounts["acme"].stripe_customers["EUR"]
    scope = AccountScope("acme", frozenset(), {"billing": (customer,)})
    wire.spoil = fixed(200, f'{{"id": "{customer}", "object": "customer", "deleted": true}}'.encode())
    port: Any = connector.ports[BalancesPort]
    [balance] = await port.get_many([Ref(scope, "acme")], {AccountBalance: frozenset({"credit"})})
    assert balance.credit == ()
