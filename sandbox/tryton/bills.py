"""The data set's invoices, and those of its orders, as Tryton's records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from sandbox.data import EXPONENTS, Invoice, Order, Product
from sandbox.tryton.models import COMPANY, CURRENCIES, TERM, UNIT, VAT

Add = Callable[..., None]
"""`add(model, id, **values)`."""

_STATES = {
    "draft": "draft",
    "open": "posted",
    "uncollectible": "posted",
    "paid": "paid",
    "void": "cancelled",
}
_TERM_DAYS = 30
_PRICE = Decimal("0.0001")


def midnight(day: dt.date) -> dt.datetime:
    """Give the moment a day begins as Tryton keeps moments: UTC, without saying so."""
    return dt.datetime.combine(day, dt.time())


class Bills:
    """Adds invoices, counting them and their lines."""

    def __init__(self, add: Add) -> None:
        self._add = add
        self._ids, self._lines = count(1), count(1)

    def add(self, invoice: Invoice, party: int) -> None:
        """Add an invoice of the data set; their ids are their places in it, from 1 on."""

        def money(minor: int) -> Decimal:
            return Decimal(minor).scaleb(-EXPONENTS[invoice.currency])

        index = next(self._ids)
        state = _STATES[invoice.status]
        taxes = (index,) if invoice.tax_minor else ()
        lines = tuple(
            self._line(
                index, invoice.currency, description=line.description, quantity=float(line.quantity),
                unit_price=money(line.unit_minor).quantize(_PRICE), amount=money(line.amount_minor),
                taxes=(VAT,) if taxes else (), rec_name=line.description,
            )
            for line in invoice.lines
        )  # fmt: skip
        if taxes:
            self._add(
                "account.invoice.tax", index, invoice=index, description="VAT", tax=VAT, manual=0,
                base=money(invoice.subtotal_minor), amount=money(invoice.tax_minor), rec_name="VAT",
            )  # fmt: skip
        created = invoice.created.replace(tzinfo=None)
        changed = invoice.paid_at.replace(tzinfo=None) if invoice.paid_at else created
        self._invoice(
            index, party, state, invoice.currency, number=invoice.number, reference=invoice.po_number,
            invoice_date=invoice.created.date() if state != "draft" else None,
            reconciled=invoice.paid_at.date() if invoice.paid_at else None,
            due=invoice.due.date() if invoice.due else None, untaxed_amount=money(invoice.subtotal_minor),
            tax_amount=money(invoice.tax_minor), total_amount=money(invoice.total_minor),
            owed=money(invoice.remaining_minor), lines=lines, taxes=taxes, sales=(),
            create_date=created, write_date=changed if state != "draft" else None,
        )  # fmt: skip

    def add_of_order(
        self, order: Order, party: int, products: Mapping[int, Product]
    ) -> tuple[int, dict[int, tuple[int, ...]]]:
        """Add the paid invoice of an order that is done; give its id, and its lines by those of the order."""
        index = next(self._ids)
        digits = Decimal(1).scaleb(-EXPONENTS[order.currency])
        lines = {
            line.id: self._line(
                index, order.currency, product=line.product, unit=UNIT, quantity=float(line.quantity),
                unit_price=line.unit_price.quantize(_PRICE), taxes=(),
                amount=(line.quantity * line.unit_price).quantize(digits),
                rec_name=products[line.product].name,
            )
            for line in order.lines
        }  # fmt: skip
        paid_on = order.placed_on + dt.timedelta(days=12)
        self._invoice(
            index, party, "paid", order.currency, number=f"INV-{order.id}", invoice_date=order.placed_on,
            reconciled=paid_on, due=order.placed_on + dt.timedelta(days=_TERM_DAYS),
            untaxed_amount=order.untaxed.quantize(digits), tax_amount=Decimal(0),
            total_amount=order.untaxed.quantize(digits), owed=Decimal(0), lines=tuple(lines.values()),
            taxes=(), sales=(order.id,), create_date=midnight(order.placed_on),
            write_date=midnight(paid_on),
        )  # fmt: skip
        return index, {line: (billed,) for line, billed in lines.items()}

    def _line(self, index: int, currency: str, **values: Any) -> int:
        line_id = next(self._lines)
        self._add(
            "account.invoice.line", line_id, invoice=index, type="line", currency=CURRENCIES[currency],
            company=COMPANY, **values,
        )  # fmt: skip
        return line_id

    def _invoice(
        self, index: int, party: int, state: str, currency: str, *, due: dt.date | None, owed: Decimal,
        **values: Any,
    ) -> None:  # fmt: skip
        final = state in ("posted", "paid")
        total = values["total_amount"]
        if final:
            self._add(
                "account.move.line", index, debit=total, credit=Decimal(0), party=party, maturity_date=due,
                rec_name=values["number"],
            )  # fmt: skip
        left = owed if state == "posted" else Decimal(0)
        self._add(
            "account.invoice", index, type="out", state=state, party=party, invoice_address=party,
            currency=CURRENCIES[currency], company=COMPANY, payment_term=TERM if due else None,
            amount_to_pay=left, amount_to_pay_today=left, lines_to_pay=(index,) if final else (),
            total_amount_cache=total if state != "draft" else None,
            rec_name=values["number"] or f"({index})", **values,
        )  # fmt: skip
