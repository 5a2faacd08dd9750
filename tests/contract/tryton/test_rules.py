"""What the connector for Tryton makes of single wire values: statuses, sums, days, encodings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors.mapping import Reader
from gateway.connectors.ports.billing import InvoiceKind, InvoiceStatus
from gateway.connectors.ports.orders import Availability, OrderStatus
from gateway.connectors.testing import everything
from gateway.connectors.tryton import encodings, mapping, rules
from gateway.connectors.tryton.query import native_ids, wire_paths
from gateway.errors import Code

NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "table",
    [
        mapping.ACCOUNT,
        mapping.ORDER,
        mapping.SHIPMENT,
        mapping.PRODUCT,
        mapping.AVAILABILITY,
        mapping.INVOICE,
    ],
)
def test_no_path_is_asked_for_both_as_a_value_and_as_what_is_behind_it(table: Any) -> None:
    """Tryton answers one of the two under one name."""
    paths = wire_paths(table, everything(table.model))
    assert len(paths) == len(set(paths))
    assert not [one for one in paths for other in paths if other.startswith(f"{one}.")]
    # No path leads through a reference, which Tryton refuses.
    assert not [one for one in paths if ".shipment." in one or ".origin." in one]


@pytest.mark.parametrize(
    ("state", "shipments", "invoices", "status"),
    [
        ("confirmed", "none", "none", OrderStatus.CONFIRMED),
        ("processing", "none", "pending", OrderStatus.IN_PROGRESS),
        ("processing", "waiting", "none", OrderStatus.IN_PROGRESS),
        ("processing", "partially shipped", "paid", OrderStatus.PARTIALLY_SHIPPED),
        ("processing", "sent", "awaiting payment", OrderStatus.SHIPPED),
        ("processing", "exception", "none", OrderStatus.ON_HOLD),
        ("processing", "sent", "exception", OrderStatus.ON_HOLD),
        ("processing", "teleported", "none", OrderStatus.UNKNOWN),
        ("processing", None, None, OrderStatus.UNKNOWN),
        ("done", "sent", "paid", OrderStatus.COMPLETED),
        ("done", "exception", "exception", OrderStatus.COMPLETED),
        ("a new state", "none", "none", OrderStatus.UNKNOWN),
        (None, None, None, None),
    ],
)
def test_order_status(state: Any, shipments: Any, invoices: Any, status: OrderStatus | None) -> None:
    assert rules.order_status(state, shipments, invoices) is status


def move(quantity: str, state: str, shipment: int | None) -> dict[str, Any]:
    reference = None if shipment is None else f"stock.shipment.out,{shipment}"
    return {"id": 1, "quantity": Decimal(quantity), "state": state, "shipment": reference}


@pytest.mark.parametrize(
    ("customer", "ordering", "receiving", "owner"),
    [
        (7, None, None, "7"),  # read by itself
        (7, 7, None, "7"),
        (8, 7, 8, "7"),  # ordered by one party, sent to another
        (9, 7, 8, "9"),  # a stranger's, whatever the order says
        (8, None, 8, "8"),
        (None, 7, None, None),
    ],
)
def test_whose_a_shipment_is(
    customer: int | None, ordering: int | None, receiving: int | None, owner: str | None
) -> None:
    assert rules.shipment_owner(customer, ordering, receiving) == owner


def test_what_has_left_is_done_or_on_its_way() -> None:
    shipments = [{"id": 1, "state": "shipped"}, {"id": 11, "state": "packed"}, {"id": 2, "state": "done"}]
    moves = [
        move("0.1", "done", 2), move("0.2", "assigned", 1), move("4.0", "assigned", 11),
        move("8.0", "cancelled", 1), move("16.0", "staging", None), move("32.0", "draft", 3),
    ]  # fmt: skip
    assert rules.shipped(Decimal(5), moves, shipments) == Decimal("0.3")
    assert rules.shipped(Decimal(-5), moves, shipments) == Decimal("-0.3")
    assert rules.shipped(Decimal(5), [], []) == 0
    for broken in ([None], [{"state": "done"}], [move("1.0", "done", 1) | {"quantity": "1.0"}],
                   [move("1.0", "done", 1) | {"shipment": 1}], None):  # fmt: skip
        with pytest.raises((ValueError, LookupError)):
            rules.shipped(Decimal(5), broken, shipments)


def billed(quantity: str, state: str | None, unit: int | None = 1) -> dict[str, Any]:
    invoice = None if state is None else {"id": 5, "state": state}
    return {"id": 1, "quantity": Decimal(quantity), "unit": unit, "invoice": invoice}


def test_what_is_invoiced_stands_on_invoices_that_were_issued() -> None:
    lines = [
        billed("0.1", "posted"), billed("0.2", "paid"), billed("4.0", "draft"), billed("8.0", "validated"),
        billed("16.0", "cancelled"), billed("32.0", None), billed("1.0", "paid", None),
    ]  # fmt: skip
    assert rules.invoiced(1, lines) == Decimal("1.3")
    assert rules.invoiced(1, [billed("-5.0", "paid")]) == -5  # goods that come back
    assert rules.invoiced(1, []) == 0
    assert rules.invoiced(None, [billed("2.0", "paid", None)]) == 2
    # In another unit it cannot be told; on an invoice that was not issued it does not matter.
    assert rules.invoiced(1, [*lines, billed("1.0", "paid", 2)]) is None
    assert rules.invoiced(1, [billed("1.0", "draft", 2)]) == 0
    for broken in (None, [None], [1], [{"id": 1}], [billed("1.0", "paid") | {"invoice": 5}],
                   [billed("1.0", "paid") | {"quantity": None}], [billed("1.0", "paid") | {"unit": object()}],
                   [billed("1.0", "paid") | {"invoice": {"state": None}}]):  # fmt: skip
        with pytest.raises((ValueError, LookupError, TypeError)):
            rules.invoiced(1, broken)


@pytest.mark.parametrize(
    ("street", "first", "second"),
    [
        (None, None, None), ("", None, None), ("\n \r\n", None, None), ("1 Main St", "1 Main St", None),
        ("1 Main Street\nDock 4", "1 Main Street", "Dock 4"), ("A\r\n\r\nB\nC", "A", "B, C"),
    ],
)  # fmt: skip
def test_streets(street: str | None, first: str | None, second: str | None) -> None:
    assert (rules.line1(street), rules.line2(street)) == (first, second)


def test_no_address_has_no_name() -> None:
    assert rules.addressee(None, None, "Acme") is None
    assert rules.addressee(1, None, "", "Acme") == "Acme"
    assert rules.addressee(1, "Gate 5", "Acme") == "Gate 5"


def number(text: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": text}


def day(text: str) -> dict[str, Any]:
    value = dt.date.fromisoformat(text)
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


@pytest.mark.parametrize(
    ("state", "due", "days", "late"),
    [
        ("posted", "10.00", ["2026-06-29"], True),
        ("posted", "10.00", ["2026-06-30"], False),  # due today is not overdue
        ("posted", "0", ["2026-06-29"], False),
        ("posted", "10.00", ["2026-07-30", "2026-06-01"], True),
        ("posted", "10.00", [], False),
        ("paid", "0", ["2026-06-29"], False),
        (None, None, None, None),
    ],
)
def test_overdue(state: Any, due: Any, days: Any, late: Any) -> None:
    parts = (
        None if days is None else [{"maturity_date": day(one)} for one in days] + [{"maturity_date": None}]
    )
    assert rules.overdue(NOW, state, due and number(due), parts) is late


@pytest.mark.parametrize(
    ("state", "total", "due", "payable"),
    [
        ("posted", "10.00", "10.00", True), ("posted", "10.00", "0.01", True),
        ("posted", "10.00", "0", False),
        ("posted", "-10.00", "-10.00", False), ("posted", "-10.00", "5.00", False),
        ("posted", "10.00", "-1.00", False),
        ("paid", "10.00", "0", False), ("a new state", "10.00", "10.00", False), (None, "10.00", "0", None),
    ],
)  # fmt: skip
def test_what_can_be_paid(state: Any, total: str, due: str, payable: Any) -> None:
    assert rules.payable(state, number(total), number(due)) is payable


def test_a_record_that_was_never_changed_was_last_touched_when_it_was_made() -> None:
    made, changed = moment(second=1), moment(second=2)
    assert rules.latest(changed, made) == rules.latest(None, changed, made) == encodings.to_moment(changed)
    assert rules.latest(None, made) == encodings.to_moment(made)
    assert rules.latest(None, None) is None


def test_due_day_is_the_last_part_s() -> None:
    parts = [
        {"maturity_date": day("2026-07-01")},
        {"maturity_date": day("2026-08-01")},
        {"maturity_date": None},
    ]
    assert rules.due_on(parts) == dt.date(2026, 8, 1)
    assert rules.due_on([]) is None


def test_purchase_order_number_is_the_invoices_or_that_of_its_sales() -> None:
    one, other, none = {"reference": "PO-1"}, {"reference": "PO-2"}, {"reference": None}
    assert rules.purchase_order_number(None, [one, none, one]) == "PO-1"
    assert rules.purchase_order_number("PO-3", [one, other]) == "PO-3"
    assert rules.purchase_order_number(None, [one, other]) is None
    assert rules.purchase_order_number("", []) is None


def test_credit_notes_are_negative_invoices() -> None:
    assert rules.invoice_kind(number("-0.01")) is InvoiceKind.CREDIT_NOTE
    assert rules.invoice_kind(number("0")) is InvoiceKind.INVOICE
    assert rules.invoice_status("posted", number("-5.0"), number("-5.00")) is InvoiceStatus.OPEN
    assert rules.invoice_status("posted", number("-5.0"), number("-2.00")) is InvoiceStatus.PARTIALLY_PAID
    assert rules.invoice_status("validated", number("5"), number("0")) is InvoiceStatus.UNKNOWN


def test_services_have_no_stock_and_nothing_is_shown_without_leave() -> None:
    fields = everything(Availability)
    reader = Reader(mapping.AVAILABILITY, fields, "erp", NOW)
    scope = AccountScope("acme", frozenset(), {})
    wire = {"id": 1, "salable": True, "type": "goods", "quantity": Decimal("2.0"), "forecast_quantity": 1}
    stock = reader.read(wire, scope)
    assert (stock.on_hand, stock.available, stock.as_of) == (2, 1, NOW)
    assert reader.read(wire | {"type": "service"}, scope) is None
    assert reader.read(wire | {"salable": False}, scope) is None
    assert reader.read(wire | {"salable": None}, scope) is None
    assert reader.read(wire | {"salable": 1}, scope).code is Code.UPSTREAM_CONTRACT_BROKEN


# Encodings


@pytest.mark.parametrize("text", ["20.00", "0", "-1.5", "1E+3", "99999999999999999999.9999"])
def test_decimals_are_exact(text: str) -> None:
    assert str(encodings.to_decimal(number(text))) == text


@pytest.mark.parametrize(
    "wire",
    [
        None, 1, "20.00", Decimal("20.00"), {}, {"decimal": "1"}, number("x"), number("NaN"), number("-Inf"),
        number("1E+999999999"), number("1E-999999999"), {"__class__": "Decimal", "decimal": 1},
        {"__class__": "float", "decimal": "1"}, [number("1")],
    ],
)  # fmt: skip
def test_other_decimals_are_refused(wire: Any) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        encodings.to_decimal(wire)


@pytest.mark.parametrize(
    "wire",
    [
        None, "2026-06-30", {}, {"__class__": "datetime", "year": 2026, "month": 6, "day": 30},
        day("2026-06-30") | {"day": 31}, day("2026-06-30") | {"year": "2026"},
        day("2026-06-30") | {"day": True}, day("2026-06-30") | {"year": 10**30},
        day("2026-06-30") | {"month": Decimal(6)}, {"__class__": "date"},
    ],
)  # fmt: skip
def test_other_dates_are_refused(wire: Any) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        encodings.to_date(wire)


def moment(**changes: Any) -> dict[str, Any]:
    parts = {
        "year": 2026,
        "month": 6,
        "day": 30,
        "hour": 13,
        "minute": 19,
        "second": 22,
        "microsecond": 320474,
    }
    return {"__class__": "datetime"} | parts | changes


def test_moments_are_utc_and_exact() -> None:
    found = encodings.to_moment(moment())
    assert found == dt.datetime(2026, 6, 30, 13, 19, 22, 320474, dt.UTC)
    assert found.tzinfo is dt.UTC


@pytest.mark.parametrize(
    "wire",
    [
        None, "2026-06-30T13:19:22", {}, day("2026-06-30"), {"__class__": "datetime"}, moment(day=31),
        moment(hour="13"), moment(second=None), moment(second=True), moment(microsecond=Decimal("0.5")),
        moment(year=10**30), moment(__class__="date"),
    ],
)  # fmt: skip
def test_other_moments_are_refused(wire: Any) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        encodings.to_moment(wire)


def test_quantities_lose_no_digit_and_no_size() -> None:
    texts = {
        "2.0": "2",
        "20.0": "20",
        "0.25": "0.25",
        "0.10": "0.1",
        "-3.0": "-3",
        "0.0": "0",
        "1E+3": "1000",
    }
    for wire, wanted in texts.items():
        assert format(encodings.to_quantity(Decimal(wire)), "f") == wanted
    for wire in (True, "2", None, 2.0):
        with pytest.raises(ValueError, match="no number"):
            encodings.to_quantity(wire)


def test_native_ids_have_one_spelling() -> None:
    odd = ["0", "-1", "+1", "01", " 1", "1 ", "1.0", "1e3", "\uff11", "x", "", "2147483648", "9" * 30]
    assert native_ids([*odd, "1", "2147483647", "1"]) == [1, 2147483647]
