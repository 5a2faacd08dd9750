"""The connector for Stripe against the stand-in: the contract suite, and what is Stripe's own."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.billing import (
    AccountBalance,
    BalancesPort,
    Invoice,
    InvoiceFilter,
    InvoiceSort,
    InvoiceSortField,
    InvoicesPort,
    InvoiceStatus,
    Payment,
    PaymentsPort,
    SubscriptionsPort,
)
from gateway.connectors.ports.common import DateRange, Direction, Page
from gateway.connectors.stripe.config import API_VERSION
from gateway.connectors.stripe.connector import Connector
from gateway.connectors.testing import (
    KEY_A,
    Call,
    Case,
    ConnectorContract,
    ListCase,
    Subject,
    Wire,
    everything,
)
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed, fixed
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet, build
from sandbox.data import Invoice as Row
from sandbox.serve import StandIn
from sandbox.stripe import stand_in
from tests.contract.stripe.conftest import NOW, connected, issued

NEWEST = (InvoiceFilter(), InvoiceSort())
NUMBERS = {Invoice: frozenset({"number"})}


def expanded(calls: Sequence[Call]) -> set[str]:
    """Which linked objects were asked for."""
    return {value.removeprefix("data.") for call in calls for name, value in call.query if name == "expand[]"}


class TestContract(ConnectorContract):
    ports = (InvoicesPort, PaymentsPort, SubscriptionsPort, BalancesPort)

    @pytest.fixture
    def subject(self, system: StandIn, data: DataSet, api_key: str) -> Subject:
        def ids(rows: Sequence[Any], key: str) -> tuple[str, ...]:
            return tuple(row.id for row in rows if row.account == key)

        issued = [row for row in data.invoices if row.status != "draft"]
        unsupported = [
            ("orderBy", (InvoiceFilter(), InvoiceSort(field=InvoiceSortField.DUE_ON))),
            ("orderBy", (InvoiceFilter(), InvoiceSort(direction=Direction.ASC))),
            ("filter.number", (InvoiceFilter(number="C-1001-0001"), InvoiceSort())),
            ("filter.overdue", (InvoiceFilter(overdue=False), InvoiceSort())),
            ("filter.status", (InvoiceFilter(status=(InvoiceStatus.OPEN,)), InvoiceSort())),
        ]
        long_one = next(row for row in issued if row.account == "acme" and len(row.lines) > 10)
        return Subject(
            url=system.url,
            connect=lambda name, url, outbound: connected(name, url, outbound, api_key),
            denied=lambda name, url, outbound: connected(name, url, outbound, "rk_test_wrong"),
            secrets=(api_key, "rk_test_wrong"),
            a=tuple(data.accounts["acme"].stripe_customers.values()),
            b=tuple(data.accounts["bright"].stripe_customers.values()),
            empty=tuple(data.accounts["empty"].stripe_customers.values()),
            requested=expanded,
            cases={
                InvoicesPort: Case(
                    known=ids(issued, "acme"),
                    foreign=ids(issued, "bright"),
                    missing=lambda n: f"in_none{n}",
                    alien=(data.payments[0].id, data.subscriptions[0].id, data.invoices[0].lines[0].id),
                    selects={"number": frozenset(), "payment_ids": frozenset({"payments"})},
                    max_calls=5,
                    lists={
                        "list_invoices": ListCase(
                            arguments=NEWEST, rows=len(ids(issued, "acme")), refused=unsupported
                        ),
                        "list_lines": ListCase(parent=long_one.id, rows=len(long_one.lines)),
                    },
                ),
                PaymentsPort: Case(
                    known=ids(data.payments, "acme"),
                    foreign=ids(data.payments, "bright"),
                    missing=lambda n: f"pi_none{n}",
                    alien=(data.invoices[0].id, data.subscriptions[0].id),
                    selects={
                        "amount": frozenset(),
                        "status": frozenset({"latest_charge"}),
                        "receipt_url": frozenset({"latest_charge"}),
                    },
                    max_calls=5,
                    lists={"list_payments": ListCase(rows=len(ids(data.payments, "acme")))},
                ),
                SubscriptionsPort: Case(
                    known=ids(data.subscriptions, "acme"),
                    foreign=ids(data.subscriptions, "bright"),
                    missing=lambda n: f"sub_none{n}",
                    alien=(data.invoices[0].id, data.payments[0].id),
                    selects={"status": frozenset(), "latest_invoice_id": frozenset()},
                    max_calls=5,
                    lists={"list_subscriptions": ListCase(rows=len(ids(data.subscriptions, "acme")))},
                ),
                BalancesPort: Case(
                    known=(KEY_A,),
                    selects={"credit": frozenset(), "outstanding": frozenset()},
                    max_calls=4,
                ),
            },
        )


# What is Stripe's own


async def ids_of(
    connector: Connector, scope: AccountScope, wanted: InvoiceFilter, size: int = 50
) -> list[str]:
    """Page through the invoices that a filter finds."""
    port: Any = connector.ports[InvoicesPort]
    found: list[str] = []
    page = Page(first=size)
    while True:
        listing = await port.list_invoices(scope, page, wanted, InvoiceSort(), NUMBERS)
        found += [record.id for record, _ in listing.items]
        if not listing.has_next:
            return found
        page = Page(first=size, after=listing.end_cursor)


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_two_customers_of_an_account_are_one_list(
    connector: Connector, acme: AccountScope, data: DataSet, size: int
) -> None:
    rows = issued(data, "acme")
    assert {row.currency for row in rows} == {"EUR", "USD"}
    ties = [(a, b) for a, b in pairwise(rows) if a.created == b.created]
    assert any(a.customer != b.customer for a, b in ties)
    assert any(a.customer == b.customer for a, b in ties)
    assert await ids_of(connector, acme, InvoiceFilter(), size) == [row.id for row in rows]


async def test_drafts_are_nobodys_business(connector: Connector, acme: AccountScope, data: DataSet) -> None:
    drafts = [row.id for row in data.invoices if row.status == "draft"]
    own = [row.id for row in data.invoices if row.status == "draft" and row.account == "acme"]
    port: Any = connector.ports[InvoicesPort]
    assert len(own) > 1
    for batch in (own[:1], [*own, *(row.id for row in issued(data, "acme")[:5])]):
        found = await port.get_many([Ref(acme, one) for one in batch], NUMBERS)
        assert [record and record.id for record in found] == [None if one in drafts else one for one in batch]
    first = await port.list_invoices(acme, Page(first=2), *NEWEST, NUMBERS)
    assert [record.id for record, _ in first.items] == [row.id for row in issued(data, "acme")[:2]]


async def test_paging_passes_over_many_drafts(outbound: Outbound, api_key: str) -> None:
    """A page may be short, even empty, but it leads on."""
    data = build()
    draft = next(row for row in data.invoices if row.account == "group" and row.status == "draft")
    data.invoices.extend([dataclasses.replace(draft, id=f"in_draft{n}") for n in range(9)])
    scope = AccountScope(
        "group", frozenset(), {"billing": tuple(data.accounts["group"].stripe_customers.values())}
    )
    async with stand_in(data, api_key=api_key, rate_limit=None) as system:
        connector = connected("billing", system.url, outbound, api_key)
        port: Any = connector.ports[InvoicesPort]
        listing = await port.list_invoices(scope, Page(first=1), *NEWEST, NUMBERS)
        assert (listing.items, listing.has_next) == ([], True)
        assert await ids_of(connector, scope, InvoiceFilter(), 1) == [row.id for row in issued(data, "group")]


FILTERS: list[tuple[InvoiceFilter, Callable[[Row], bool]]] = [
    (
        InvoiceFilter(status=(InvoiceStatus.PARTIALLY_PAID, InvoiceStatus.OPEN)),
        lambda row: row.status == "open",
    ),
    (InvoiceFilter(status=(InvoiceStatus.PAID,)), lambda row: row.status == "paid"),
    (InvoiceFilter(status=(InvoiceStatus.VOID,)), lambda row: row.status == "void"),
    (InvoiceFilter(status=(InvoiceStatus.UNCOLLECTIBLE,)), lambda row: row.status == "uncollectible"),
    (InvoiceFilter(overdue=True), lambda row: row.status == "open" and row.due.date() < NOW.date()),
    (
        InvoiceFilter(overdue=True, due_on=DateRange(lt=dt.date(2026, 5, 1))),
        lambda row: row.status == "open" and row.due.date() < dt.date(2026, 5, 1),
    ),
    (
        InvoiceFilter(overdue=True, due_on=DateRange(gte=dt.date(2026, 5, 1), lt=dt.date(2027, 1, 1))),
        lambda row: (
            row.status == "open" and row.due.date() < NOW.date() and row.due.date() >= dt.date(2026, 5, 1)
        ),
    ),
    (
        InvoiceFilter(issued_on=DateRange(gte=dt.date(2026, 5, 16), lt=dt.date(2026, 6, 3))),
        lambda row: dt.date(2026, 5, 16) <= row.created.date() < dt.date(2026, 6, 3),
    ),
    (
        InvoiceFilter(due_on=DateRange(gte=dt.date(2026, 6, 1)), status=(InvoiceStatus.PAID,)),
        lambda row: row.status == "paid" and row.due.date() >= dt.date(2026, 6, 1),
    ),
]


@pytest.mark.parametrize(("wanted", "fits"), FILTERS)
async def test_filters(
    connector: Connector,
    acme: AccountScope,
    data: DataSet,
    wire: Wire,
    wanted: InvoiceFilter,
    fits: Callable[[Row], bool],
) -> None:
    expected = [row.id for row in issued(data, "acme") if fits(row)]
    assert 0 < len(expected) < len(issued(data, "acme"))
    assert await ids_of(connector, acme, wanted) == expected
    for call in wire.calls:
        assert len(dict(call.query)) == len(call.query)  # of two equal parameters, Stripe takes the last


async def test_only_open_invoices_are_overdue(connector: Connector, acme: AccountScope) -> None:
    with pytest.raises(RequestError, match=r"filter\.status") as refused:
        await ids_of(connector, acme, InvoiceFilter(overdue=True, status=(InvoiceStatus.PAID,)))
    assert refused.value.code is Code.UNSUPPORTED_CAPABILITY


async def test_lines_go_on_where_the_invoice_stops(
    connector: Connector, acme: AccountScope, data: DataSet
) -> None:
    row = next(row for row in issued(data, "acme") if len(row.lines) > 10)
    port: Any = connector.ports[InvoicesPort]
    [invoice] = await port.get_many([Ref(acme, row.id)], everything(Invoice))
    assert invoice.lines_have_more is True
    assert [line.id for line in invoice.lines] == [line.id for line in row.lines[:10]]
    rest = await port.list_lines(invoice, Page(first=100, after=invoice.lines[-1].id), everything(Invoice))
    assert [line.id for line, _ in rest.items] == [line.id for line in row.lines[10:]]
    assert (rest.has_next, rest.has_previous) == (False, True)
    short = next(row for row in issued(data, "acme") if len(row.lines) <= 10)
    [invoice] = await port.get_many([Ref(acme, short.id)], everything(Invoice))
    assert invoice.lines_have_more is False


# The boundary


@pytest.mark.parametrize("owner", ["cus_somebodyelses", None])
async def test_foreign_rows_are_not_admitted(
    connector: Connector, acme: AccountScope, wire: Wire, owner: str | None
) -> None:
    """Were Stripe's filter to fail, the records themselves tell it."""
    wire.spoil = changed(replaced("customer", lambda _: owner))
    invoices: Any = connector.ports[InvoicesPort]
    balances: Any = connector.ports[BalancesPort]
    listing = await invoices.list_invoices(acme, Page(first=5), *NEWEST, NUMBERS)
    [balance] = await balances.get_many([Ref(acme, "acme")], {AccountBalance: frozenset({"outstanding"})})
    for record in (*(record for record, _ in listing.items), balance):
        assert not boundary.admits(record)


async def test_a_payment_with_anothers_charge_is_not_admitted(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    theirs = data.accounts["bright"].stripe_customers["USD"]
    wire.spoil = changed(replaced("latest_charge", lambda charge: charge | {"customer": theirs}))
    port: Any = connector.ports[PaymentsPort]
    fields = {Payment: frozenset({"receipt_url"})}
    listing = await port.list_payments(acme, Page(first=3), fields)
    found = [record for record, _ in listing.items]
    assert found
    found += await port.get_many([Ref(acme, found[0].id)], fields)
    assert not any(boundary.admits(record) for record in found)


async def test_lines_of_another_invoice_are_not_admitted(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    port: Any = connector.ports[InvoicesPort]
    [invoice] = await port.get_many([Ref(acme, issued(data, "acme")[0].id)], everything(Invoice))
    wire.spoil = changed(replaced("invoice", lambda _: "in_another"))
    listing = await port.list_lines(invoice, Page(first=5), everything(Invoice))
    assert listing.items
    assert not any(boundary.admits(line) for line, _ in listing.items)


# Calls


async def test_every_call_names_key_and_version(connector: Connector, wire: Wire, api_key: str) -> None:
    await connector.ping()
    [call] = wire.calls
    assert call.headers["authorization"] == f"Bearer {api_key}"
    assert call.headers["stripe-version"] == API_VERSION
    assert (call.method, call.path, call.query) == ("GET", "/v1/invoices", [("limit", "1")])


async def test_few_are_read_by_id_and_many_by_customer(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    ids = [row.id for row in issued(data, "acme")]
    port: Any = connector.ports[InvoicesPort]
    await port.get_many([Ref(acme, one) for one in ids[:3]], everything(Invoice))
    assert sorted(call.path for call in wire.calls) == sorted(f"/v1/invoices/{one}" for one in ids[:3])
    assert all(call.query == [("expand[]", "payments")] for call in wire.calls)
    wire.reset()
    await port.get_many([Ref(acme, one) for one in ids[:4]], everything(Invoice))
    assert [call.path for call in wire.calls] == ["/v1/invoices"] * 2
    assert {dict(call.query)["customer"] for call in wire.calls} == set(acme.owners("billing"))
    assert all(("expand[]", "data.payments") in call.query for call in wire.calls)


async def test_what_lies_beyond_the_first_pages_is_read_by_id(outbound: Outbound, api_key: str) -> None:
    data = build()
    old = issued(data, "reach")[-1]
    data.invoices.extend(
        [
            dataclasses.replace(old, id=f"in_new{n:03}", created=old.created + dt.timedelta(seconds=n + 1))
            for n in range(510)
        ]
    )
    natives = tuple(data.accounts["reach"].stripe_customers.values())
    scope = AccountScope("reach", frozenset(), {"billing": natives})
    async with stand_in(data, api_key=api_key, rate_limit=None) as system:
        port: Any = connected("billing", system.url, outbound, api_key).ports[InvoicesPort]
        ids = [old.id, "in_new509", "in_new500", "in_none", "in_new020"]
        found = await port.get_many([Ref(scope, one) for one in ids], NUMBERS)
        paths = [call.path for call in system.calls]
    assert [record and record.id for record in found] == [*ids[:3], None, ids[4]]
    assert paths[:5] == ["/v1/invoices"] * 5
    assert sorted(paths[5:]) == [f"/v1/invoices/{one}" for one in sorted([old.id, "in_none"])]


async def test_a_deleted_object_is_missing(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    wire.spoil = fixed(200, json.dumps({"id": "in_1", "object": "invoice", "deleted": True}).encode())
    invoices: Any = connector.ports[InvoicesPort]
    assert await invoices.get_many([Ref(acme, "in_1")], NUMBERS) == [None]


async def test_another_object_than_the_one_asked_for(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    first, second = issued(data, "acme")[:2]
    wire.spoil = changed(replaced("id", lambda one: second.id if one == first.id else one))
    invoices: Any = connector.ports[InvoicesPort]
    [found] = await invoices.get_many([Ref(acme, first.id)], NUMBERS)
    assert isinstance(found, UpstreamError)
    assert found.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_404_that_is_not_stripes(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    wire.spoil = fixed(404, b'{"error": {"code": "wrong_address"}}')
    payments: Any = connector.ports[PaymentsPort]
    [found] = await payments.get_many([Ref(acme, "pi_1")], {Payment: frozenset({"amount"})})
    assert isinstance(found, UpstreamError)
    assert found.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(
    ("mode", "code"),
    [("throttled", Code.UPSTREAM_RATE_LIMITED), ("broken", Code.UPSTREAM_UNAVAILABLE)],
)
async def test_faults_in_stripes_own_words(
    connector: Connector, system: StandIn, mode: str, code: Code
) -> None:
    await system.fault(mode)
    with pytest.raises(UpstreamError) as caught:
        await connector.ping()
    assert (caught.value.code, caught.value.system) == (code, "billing")


# Cursors whose row is gone


@pytest.mark.parametrize("size", [1, 3])
async def test_a_list_cannot_go_on_after_a_deleted_row(
    outbound: Outbound, api_key: str, acme: AccountScope, data: DataSet, size: int
) -> None:
    async with stand_in(data, api_key=api_key, rate_limit=None) as system:
        port: Any = connected("billing", system.url, outbound, api_key).ports[InvoicesPort]
        listing = await port.list_invoices(acme, Page(first=size), *NEWEST, NUMBERS)
    record, cursor = listing.items[-1]
    less = dataclasses.replace(data, invoices=[row for row in data.invoices if row.id != record.id])
    async with stand_in(less, api_key=api_key, rate_limit=None) as system:
        port = connected("billing", system.url, outbound, api_key).ports[InvoicesPort]
        with pytest.raises(RequestError, match="start again") as caught:
            await port.list_invoices(acme, Page(first=size, after=cursor), *NEWEST, NUMBERS)
    assert caught.value.code is Code.INVALID_CURSOR
    assert record.id not in caught.value.message


async def test_lines_cannot_go_on_after_a_deleted_line(
    connector: Connector, acme: AccountScope, data: DataSet
) -> None:
    port: Any = connector.ports[InvoicesPort]
    [invoice] = await port.get_many([Ref(acme, issued(data, "acme")[0].id)], everything(Invoice))
    with pytest.raises(RequestError, match="start again") as caught:
        await port.list_lines(invoice, Page(first=5, after="il_gone"), everything(Invoice))
    assert caught.value.code is Code.INVALID_CURSOR


async def test_another_400_is_no_matter_of_cursors(connector: Connector) -> None:
    """An identity map that names no customer of Stripe is the operator's to mend, not the client's."""
    nobody = AccountScope("nobody", frozenset(), {"billing": ("cus_none",)})
    port: Any = connector.ports[InvoicesPort]
    with pytest.raises(UpstreamError) as caught:
        await port.list_invoices(nobody, Page(first=5), *NEWEST, NUMBERS)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
