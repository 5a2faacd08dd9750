"""What each address answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.data import DataSet, Invoice
from sandbox.stripe import invoices, shapes, subscriptions
from sandbox.stripe.book import Agreement, Book, Customer, InvoicePayment, Product, sibling
from sandbox.stripe.errors import ApiError, missing
from sandbox.stripe.query import Query, Takes
from sandbox.stripe.table import Row, Slice, Span, Table

Wire = dict[str, Any]
Maker = Callable[[str], Wire | None]
R = TypeVar("R", bound=Row)

_PARAMS = {  # what Stripe calls the id in an address when it knows no such object
    "customer": "id",
    "invoice": "invoice",
    "invoice_payment": "invoice_payment",
    "payment_intent": "intent",
    "product": "id",
    "subscription": "id",
}
_CREATED = frozenset({"created"})
_COLLECTION = ("charge_automatically", "send_invoice")
_ENDED = frozenset({"canceled", "incomplete_expired"})
_TAKES = {
    "invoices": Takes(
        paged=True,
        texts=frozenset({"customer", "subscription"}),
        choices={
            "status": ("draft", "open", "paid", "uncollectible", "void"),
            "collection_method": _COLLECTION,
        },
        spans=_CREATED | {"due_date"},
    ),
    "invoice_payments": Takes(
        paged=True,
        texts=frozenset({"invoice"}),
        choices={"status": ("canceled", "open", "paid")},
        spans=_CREATED,
        parts={"payment": ("type", "payment_intent")},
    ),
    "payment_intents": Takes(paged=True, texts=frozenset({"customer"}), spans=_CREATED),
    "products": Takes(
        paged=True, choices={"active": ("true", "false")}, spans=_CREATED, many=frozenset({"ids"})
    ),
    "subscriptions": Takes(
        paged=True,
        texts=frozenset({"customer"}),
        choices={
            "status": (
                "active", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired", "trialing",
                "paused", "all", "ended",
            ),
            "collection_method": _COLLECTION,
        },
        spans=_CREATED,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Endpoint:
    """An address: the kind of what it answers, what it takes, and how it answers."""

    path: str
    kind: str
    takes: Takes
    handle: Callable[[str, Query], Wire]


class Endpoints:
    """Every address, over one data set."""

    def __init__(self, data: DataSet, clock: Callable[[], float]) -> None:
        self._book = book = Book(data)
        self._clock = clock
        self._makers: dict[str, Maker] = {
            "charge": lambda charge_id: _make(book.payments, shapes.charge, sibling(charge_id, "pi")),
            "customer": lambda row_id: _make(book.customers, self._customer, row_id),
            "invoice": lambda row_id: _make(book.invoices, self._invoice, row_id),
            "invoice_payment": lambda row_id: _make(book.invoice_payments, invoices.invoice_payment, row_id),
            "list:invoice_payment": self._payments_of,
            "payment_intent": lambda row_id: _make(book.payments, shapes.payment_intent, row_id),
            "product": lambda row_id: _make(book.products, subscriptions.product, row_id),
            "subscription": lambda row_id: _make(book.subscriptions, subscriptions.subscription, row_id),
        }

    def all(self) -> list[Endpoint]:
        """List the addresses."""
        single = [
            Endpoint(f"/v1/{kind}s/{{id}}", kind, Takes(), self._one(kind, param))
            for kind, param in _PARAMS.items()
        ]
        lists = {
            "invoices": self._invoices,
            "invoice_payments": self._invoice_payments,
            "payment_intents": self._payment_intents,
            "products": self._products,
            "subscriptions": self._subscriptions,
        }
        return [
            *single,
            *(Endpoint(f"/v1/{n}", f"list:{n[:-1]}", _TAKES[n], handle) for n, handle in lists.items()),
            Endpoint("/v1/invoices/{id}/lines", "list:line_item", Takes(paged=True), self._lines),
        ]

    def load(self, kind: str, row_id: str) -> Wire:
        """Give the object behind an id, for expansion."""
        made = self._makers[kind](row_id)
        if made is None:
            raise LookupError(f"The data set names a {kind} that it does not have.")
        return made

    def _one(self, kind: str, param: str) -> Callable[[str, Query], Wire]:
        def handle(row_id: str, _: Query) -> Wire:
            made = self._makers[kind](row_id)
            if made is None:
                raise missing(kind, row_id, param, status=404)
            return made

        return handle

    def _customer(self, row: Customer) -> Wire:
        bills = self._book.invoices.where(customer=row.id)
        now = self._clock()
        late = any(bill.status == "open" and bill.due and bill.due.timestamp() < now for bill in bills)
        numbered = sum(1 for bill in bills if bill.number)
        return shapes.customer(row, delinquent=late, next_sequence=numbered + 1)

    def _invoice(self, row: Invoice) -> Wire:
        customer = self._book.customers.get(row.customer)
        if customer is None:
            raise LookupError("The data set has an invoice of no customer.")
        return invoices.invoice(row, customer)

    def _payments_of(self, invoice_id: str) -> Wire:
        made = [
            invoices.invoice_payment(row) for row in self._book.invoice_payments.where(invoice=invoice_id)
        ]
        return shapes.listing(f"/v1/invoice_payments?invoice={invoice_id}", made, has_more=False)

    def _invoices(self, _: str, query: Query) -> Wire:
        status, method = query.texts.get("status"), query.texts.get("collection_method")
        due = query.spans.get("due_date", Span())

        def fits(row: Invoice) -> bool:
            return (
                (status is None or row.status == status)
                and (method is None or invoices.collection_method(row) == method)
                and due.holds(row.due)
            )

        table = self._book.invoices
        rows = table.where(**self._owners(query, customer="customer", subscription="subscription"))
        return _list("invoice", table, rows, query, fits, self._invoice)

    def _lines(self, invoice_id: str, query: Query) -> Wire:
        row = self._book.invoices.get(invoice_id)
        if row is None:
            raise missing("invoice", invoice_id, "invoice", status=404)
        lines, more = _cut(invoices.invoice_lines(row), query.page)
        return shapes.listing(f"/v1/invoices/{invoice_id}/lines", lines, has_more=more)

    def _invoice_payments(self, _: str, query: Query) -> Wire:
        kind = query.texts.get("payment[type]")
        if kind is None and "payment[payment_intent]" in query.texts:
            raise ApiError(
                "Missing required param: payment[type].", code="parameter_missing", param="payment[type]"
            )
        if kind not in {None, "payment_intent"}:
            raise ApiError("Invalid payment[type]: must be payment_intent", param="payment[type]")
        status = query.texts.get("status")

        def fits(link: InvoicePayment) -> bool:
            return status is None or invoices.invoice_payment_status(link) == status

        table = self._book.invoice_payments
        owners = {"invoice": "invoice", "payment[payment_intent]": "payment_intent"}
        rows = table.where(**self._owners(query, **owners))
        return _list("invoice_payment", table, rows, query, fits, invoices.invoice_payment)

    def _payment_intents(self, _: str, query: Query) -> Wire:
        table = self._book.payments
        rows = table.where(**self._owners(query, customer="customer"))
        return _list("payment_intent", table, rows, query, lambda _: True, shapes.payment_intent)

    def _subscriptions(self, _: str, query: Query) -> Wire:
        status, method = query.texts.get("status"), query.texts.get("collection_method")

        def fits(agreement: Agreement) -> bool:
            if method == "charge_automatically":  # the stand-in's subscriptions all send invoices
                return False
            present = agreement.row.status
            match status:
                case None:
                    return present != "canceled"
                case "all":
                    return True
                case "ended":
                    return present in _ENDED
                case _:
                    return present == status

        table = self._book.subscriptions
        rows = table.where(**self._owners(query, customer="customer"))
        return _list("subscription", table, rows, query, fits, subscriptions.subscription)

    def _products(self, _: str, query: Query) -> Wire:
        ids = set(query.many["ids"]) if "ids" in query.many else None
        active = query.texts.get("active") != "false"

        def fits(row: Product) -> bool:
            return active and (ids is None or row.id in ids)

        table = self._book.products
        return _list("product", table, table.where(), query, fits, subscriptions.product)

    def _owners(self, query: Query, **kinds: str) -> dict[str, str]:
        """Collect the filters that name an object. Stripe refuses one that it does not know."""
        tables: Mapping[str, Table[Any]] = {
            "customer": self._book.customers,
            "invoice": self._book.invoices,
            "payment_intent": self._book.payments,
            "subscription": self._book.subscriptions,
        }
        named = {param: query.texts[param] for param in kinds if param in query.texts}
        for param, row_id in named.items():
            if tables[kinds[param]].get(row_id) is None:
                raise missing(kinds[param], row_id, param)
        return {kinds[param]: row_id for param, row_id in named.items()}


def _make(table: Table[R], shape: Callable[[R], Wire], row_id: str) -> Wire | None:
    row = table.get(row_id)
    return None if row is None else shape(row)


def _list(
    kind: str,
    table: Table[R],
    rows: Sequence[R],
    query: Query,
    fits: Callable[[R], bool],
    shape: Callable[[R], Wire],
) -> Wire:
    for param, cursor in (("starting_after", query.page.after), ("ending_before", query.page.before)):
        if cursor is not None and table.get(cursor) is None:
            raise missing(kind, cursor, param)
    found, more = table.page(rows, query.page, query.spans.get("created", Span()), fits)
    return shapes.listing(f"/v1/{kind}s", [shape(row) for row in found], has_more=more)


def _cut(lines: list[Wire], part: Slice) -> tuple[list[Wire], bool]:
    """Take one page of an invoice's lines, which keep their own order."""
    places = {line["id"]: place for place, line in enumerate(lines)}
    for param, cursor in (("starting_after", part.after), ("ending_before", part.before)):
        if cursor is not None and cursor not in places:
            raise missing("line item", cursor, param)
    if part.before is not None:
        stop = places[part.before]
        start = max(0, stop - part.limit)
        return lines[start:stop], start > 0
    start = places[part.after] + 1 if part.after is not None else 0
    return lines[start : start + part.limit], len(lines) > start + part.limit
