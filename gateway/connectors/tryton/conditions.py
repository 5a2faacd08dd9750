"""Filters and sorts in Tryton's terms; what it cannot do is refused, naming the argument."""

from __future__ import annotations

from gateway.connectors.ports.billing import InvoiceFilter, InvoiceSort, InvoiceSortField, InvoiceStatus
from gateway.connectors.ports.common import DateRange, Direction
from gateway.connectors.ports.orders import OrderFilter, OrderSort, OrderSortField, OrderStatus, ProductFilter
from gateway.connectors.tryton.paging import ByPosition, Sort, by_amount, by_date
from gateway.connectors.tryton.query import NOTHING, Domain
from gateway.errors import Code, RequestError

_LONGEST = 200  # characters of a text; it travels in the URL

_SOUND: Domain = ["invoice_state", "!=", "exception"]
_ORDER_STATUS: dict[OrderStatus, Domain] = {
    OrderStatus.CONFIRMED: [["state", "=", "confirmed"]],
    OrderStatus.IN_PROGRESS: [
        ["state", "=", "processing"],
        ["shipment_state", "in", ["none", "waiting"]],
        _SOUND,
    ],
    OrderStatus.PARTIALLY_SHIPPED: [
        ["state", "=", "processing"],
        ["shipment_state", "=", "partially shipped"],
        _SOUND,
    ],
    OrderStatus.SHIPPED: [["state", "=", "processing"], ["shipment_state", "=", "sent"], _SOUND],
    OrderStatus.COMPLETED: [["state", "=", "done"]],
    OrderStatus.ON_HOLD: [
        ["state", "=", "processing"],
        ["OR", ["shipment_state", "=", "exception"], ["invoice_state", "=", "exception"]],
    ],
}
_INVOICE_STATE = {
    InvoiceStatus.OPEN: "posted",
    InvoiceStatus.PARTIALLY_PAID: "posted",
    InvoiceStatus.PAID: "paid",
}


def orders(wanted: OrderFilter) -> Domain:
    """Give the clauses of a filter of orders."""
    clauses: Domain = []
    if wanted.status is not None:
        unknown = [status.value for status in wanted.status if status not in _ORDER_STATUS]
        if unknown:
            raise unsupported(
                "filter.status",
                f"this system does not tell {', '.join(unknown)}. "
                f"Write of {', '.join(status.value for status in _ORDER_STATUS)}.",
            )
        # An empty OR would find everything.
        clauses.append(["OR", NOTHING, *(_ORDER_STATUS[status] for status in dict.fromkeys(wanted.status))])
    clauses += _days("sale_date", wanted.placed_on)
    clauses += _exactly("number", wanted.number, "filter.number")
    return clauses + _exactly("reference", wanted.purchase_order_number, "filter.purchaseOrderNumber")


def order_sort(wanted: OrderSort) -> Sort:
    """Give the order of orders; every field of the port can be had."""
    descending = wanted.direction is Direction.DESC
    match wanted.field:
        case OrderSortField.PLACED_AT:
            return by_date("sale_date", descending=descending)
        case OrderSortField.TOTAL:
            # The sum itself cannot be sorted by; this copy is made when a sale is confirmed.
            return by_amount("total_amount_cache", descending=descending)
        case OrderSortField.NUMBER:
            return ByPosition("number", descending)


def invoices(wanted: InvoiceFilter) -> Domain:
    """Give the clauses of a filter of invoices."""
    if wanted.overdue is not None:
        raise unsupported("filter.overdue", "this system cannot search by what is overdue. Leave it out.")
    if wanted.due_on is not None:
        raise unsupported("filter.dueOn", "this system cannot search by due day. Leave it out.")
    clauses = _days("invoice_date", wanted.issued_on) + _exactly("number", wanted.number, "filter.number")
    if wanted.status is not None:
        chosen = frozenset(wanted.status)
        posted = {InvoiceStatus.OPEN, InvoiceStatus.PARTIALLY_PAID}
        if not chosen <= _INVOICE_STATE.keys() or len(chosen & posted) == 1:
            raise unsupported(
                "filter.status",
                "this system finds OPEN and PARTIALLY_PAID together only, and PAID. "
                "Write [OPEN, PARTIALLY_PAID], [PAID] or all three.",
            )
        clauses.append(["state", "in", sorted({_INVOICE_STATE[status] for status in chosen})])
    return clauses


def invoice_sort(wanted: InvoiceSort) -> Sort:
    """Give the order of invoices; due day and amount due are not stored, so nothing sorts by them."""
    descending = wanted.direction is Direction.DESC
    if wanted.field is InvoiceSortField.ISSUED_ON:
        return by_date("invoice_date", descending=descending)
    if wanted.field is InvoiceSortField.NUMBER:
        return ByPosition("number", descending)
    raise unsupported(
        "orderBy", f"this system cannot sort by {wanted.field.value}. Write ISSUED_ON or NUMBER."
    )


def products(wanted: ProductFilter) -> Domain:
    """Give the clauses of a filter of products."""
    clauses = _exactly("code", wanted.sku, "filter.sku")
    if wanted.text is not None:
        if not _searchable(wanted.text, "filter.text"):
            return [NOTHING]
        pattern = f"%{_literal(wanted.text)}%"
        clauses.append(["OR", ["name", "ilike", pattern], ["code", "ilike", pattern]])
    return clauses


def unsupported(argument: str, text: str) -> RequestError:
    """Make the refusal of what Tryton cannot do."""
    return RequestError(Code.UNSUPPORTED_CAPABILITY, f"{argument}: {text}")


def _days(field: str, wanted: DateRange | None) -> Domain:
    bounds = ((">=", wanted.gte), ("<", wanted.lt)) if wanted else ()
    return [[field, operator, day.isoformat()] for operator, day in bounds if day is not None]


def _exactly(field: str, text: str | None, argument: str) -> Domain:
    if text is None:
        return []
    # To Tryton an empty text is the same as none, which nobody means by "exactly this".
    return [[field, "=", text]] if _searchable(text, argument) and text.strip() else [NOTHING]


def _searchable(text: str, argument: str) -> bool:
    """Whether a database can hold the text: what it refuses would look like a failure of the system."""
    if len(text) > _LONGEST:
        raise RequestError(Code.INVALID_INPUT, f"{argument}: write at most {_LONGEST} characters.")
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _literal(text: str) -> str:
    """Escape the wildcards of `ilike`."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
