"""What several of Tryton's values mean together: statuses, what has left, what is due, names and streets.

Each function takes wire values of the types its row declares, null as None, and raises ValueError for
what Tryton does not send.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from gateway.connectors.ports.billing import InvoiceKind, InvoiceStatus
from gateway.connectors.ports.orders import OrderStatus
from gateway.connectors.tryton.encodings import to_date, to_decimal, to_midnight, to_moment, to_quantity

_PROCESSING = {
    "none": OrderStatus.IN_PROGRESS,
    "waiting": OrderStatus.IN_PROGRESS,
    "partially shipped": OrderStatus.PARTIALLY_SHIPPED,
    "sent": OrderStatus.SHIPPED,
}


def first(*texts: str | None) -> str | None:
    """Give the first text that says anything."""
    return next((text for text in texts if text), None)


def order_status(state: str | None, shipments: str | None, invoices: str | None) -> OrderStatus | None:
    """Tell how far a sale has come; `conditions` finds sales by the same rule."""
    if state == "processing":
        stuck = "exception" in (shipments, invoices)
        return OrderStatus.ON_HOLD if stuck else _PROCESSING.get(shipments or "", OrderStatus.UNKNOWN)
    known = {None: None, "confirmed": OrderStatus.CONFIRMED, "done": OrderStatus.COMPLETED}
    return known.get(state, OrderStatus.UNKNOWN)


def shipment_owner(customer: int | None, ordering: int | None, receiving: int | None) -> str | None:
    """Tell whose a shipment is: its customer's, or who ordered it to be sent to that customer."""
    owner = ordering if customer is not None and customer == receiving and ordering is not None else customer
    return None if owner is None else str(owner)


def shipped(ordered: Decimal | None, moves: list[Any] | None, shipments: list[Any] | None) -> Decimal:
    """Add up what has left: moves that are done, and those of shipments on the way.

    A move stays `assigned` while its shipment is `shipped`. Of a line with a negative quantity (goods that
    come back) the moves count against it.
    """
    on_the_way = {
        f"stock.shipment.out,{item['id']}" for item in _items(shipments) if _text(item, "state") == "shipped"
    }
    left = Decimal(0)
    for move in _items(moves):
        state = _text(move, "state")
        under_way = move["shipment"] is not None and _text(move, "shipment") in on_the_way
        if state == "done" or (under_way and state != "cancelled"):
            left += to_quantity(move["quantity"])
    return -left if ordered is not None and ordered < 0 else left


def invoiced(unit: int | None, lines: list[Any] | None) -> Decimal | None:
    """Add up what stands on invoices that customers see; None where a part was invoiced in another unit.

    A refunded invoice is cancelled. Other credit notes do not tell which sale they are for.
    """
    total = Decimal(0)
    for item in _items(lines):
        invoice = item["invoice"]
        if invoice is None or _text(invoice, "state") not in ("posted", "paid"):
            continue
        if not isinstance(item["unit"], int | None):
            raise ValueError("no unit")  # noqa: TRY004  what the vendor sent is no programming error
        if item["unit"] not in (None, unit):
            return None
        total += to_quantity(item["quantity"])
    return total


def latest(*moments: object) -> dt.datetime | None:
    """Give the latest of the moments that are known: a record that was never changed has none of changing."""
    return max((to_moment(item) for item in moments if item is not None), default=None)


def shipped_at(state: str | None, effective: object) -> dt.datetime | None:
    """Read the effective day once the goods are gone; before, it is somebody's plan."""
    return to_midnight(effective) if state in ("shipped", "done") and effective is not None else None


def tracking_numbers(reference: str | None) -> tuple[str, ...]:
    """Read a shipment's reference, the one place for them in the base modules."""
    return (reference,) if reference else ()


def addressee(address: int | None, *names: str | None) -> str | None:
    """Name who is at an address; where there is no address, nobody is."""
    return None if address is None else first(*names)


def line1(street: str | None) -> str | None:
    """Give the first line of a street."""
    return next(iter(_lines(street)), None)


def line2(street: str | None) -> str | None:
    """Give the other lines of a street, in one."""
    return ", ".join(_lines(street)[1:]) or None


def invoice_kind(total: object) -> InvoiceKind:
    """Tell a credit note: the same type of record, with a negative total."""
    return InvoiceKind.CREDIT_NOTE if to_decimal(total) < 0 else InvoiceKind.INVOICE


def invoice_status(state: str | None, total: object, to_pay: object) -> InvoiceStatus | None:
    """Tell where an invoice stands."""
    if state == "posted":
        untouched = to_decimal(total) == to_decimal(to_pay)
        return InvoiceStatus.OPEN if untouched else InvoiceStatus.PARTIALLY_PAID
    return {None: None, "paid": InvoiceStatus.PAID}.get(state, InvoiceStatus.UNKNOWN)


def payable(state: str | None, total: object, to_pay: object) -> bool | None:
    """Tell whether money can be paid on it: something is left, and it is no credit note."""
    if state is None:
        return None
    return state == "posted" and to_decimal(to_pay) > 0 and to_decimal(total) >= 0


def purchase_order_number(reference: str | None, sales: list[Any] | None) -> str | None:
    """Give the invoice's own reference, or else that of its sales, where they have one in common."""
    ordered = {_text(item, "reference") for item in _items(sales) if item["reference"] is not None}
    return first(reference, *ordered) if len(ordered) <= 1 else first(reference)


def due_on(parts: list[Any] | None) -> dt.date | None:
    """Give the last day on which a part of the invoice is due."""
    return max(_due_days(parts), default=None)


def overdue(now: dt.datetime, state: str | None, due: object, parts: list[Any] | None) -> bool | None:
    """Tell whether money is due and a due day has passed. `due` is what is due by the end of today."""
    if state is None:
        return None
    return state == "posted" and to_decimal(due) > 0 and any(day < now.date() for day in _due_days(parts))


def _due_days(parts: list[Any] | None) -> list[dt.date]:
    return [to_date(item["maturity_date"]) for item in _items(parts) if item["maturity_date"] is not None]


def _items(wire: list[Any] | None) -> Iterator[dict[str, Any]]:
    """Give the records of a list; Tryton's lists are never null."""
    if wire is None or not all(isinstance(item, dict) for item in wire):
        raise ValueError("no list of records")
    yield from wire


def _text(item: dict[str, Any], name: str) -> str:
    value = item[name]
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004  what the vendor sent is no programming error
    return value


def _lines(street: str | None) -> list[str]:
    return [line.strip() for line in (street or "").splitlines() if line.strip()]
