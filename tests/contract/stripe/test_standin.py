"""The stand-in for Stripe tells the data set's values, in Stripe's lists, pages and filters."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.data import DataSet, Invoice
from sandbox.stripe.table import Slice, Span, Table

NOON = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
Get = Callable[..., Any]
InvoicesOf = Callable[[str, str], list[Invoice]]


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["data"]]


@pytest.mark.parametrize(("key", "currency"), [("acme", "EUR"), ("bright", "JPY"), ("ledger", "KWD")])
async def test_invoices_tell_the_data_sets_amounts_in_minor_units(
    get: Get, data: DataSet, key: str, currency: str, invoices_of: InvoicesOf
) -> None:
    rows = invoices_of(key, currency)
    page = await get("/v1/invoices", customer=rows[0].customer, limit=100)
    assert ids(page) == [row.id for row in rows]
    for row, wire in zip(rows, page["data"], strict=True):
        assert wire["currency"] == currency.lower()
        assert (wire["subtotal"], wire["total"]) == (row.subtotal_minor, row.total_minor)
        assert (wire["amount_paid"], wire["amount_remaining"]) == (row.paid_minor, row.remaining_minor)
        assert sum(tax["amount"] for tax in wire["total_taxes"]) == row.tax_minor
        assert (wire["status"], wire["number"]) == (row.status, row.number)
        assert wire["due_date"] == (row.due and row.due.timestamp())
        assert wire["metadata"] == ({"po_number": row.po_number} if row.po_number else {})
        assert wire["status_transitions"]["paid_at"] == (row.paid_at and row.paid_at.timestamp())
        link = wire["parent"] and wire["parent"]["subscription_details"]["subscription"]
        assert link == row.subscription
        known_rates = {rate["id"] for rate in wire["default_tax_rates"]}
        assert {tax["tax_rate_details"]["tax_rate"] for tax in wire["total_taxes"]} <= known_rates
        assert "payments" not in wire


async def test_lines_add_up_and_only_ten_come_with_the_invoice(get: Get, data: DataSet) -> None:
    row = next(row for row in data.invoices if len(row.lines) == 14)
    invoice = await get(f"/v1/invoices/{row.id}")
    assert ids(invoice["lines"]) == [line.id for line in row.lines[:10]]
    assert invoice["lines"]["has_more"] is True
    rest = await get(invoice["lines"]["url"], starting_after=row.lines[9].id)
    assert ids(rest) == [line.id for line in row.lines[10:]]
    assert rest["has_more"] is False
    back = await get(invoice["lines"]["url"], ending_before=row.lines[4].id, limit=3)
    assert (ids(back), back["has_more"]) == ([line.id for line in row.lines[1:4]], True)
    lines = invoice["lines"]["data"] + rest["data"]
    assert sum(line["amount"] for line in lines) == row.subtotal_minor
    assert sum(tax["amount"] for line in lines for tax in line["taxes"]) == row.tax_minor
    first = lines[0]
    assert first["pricing"]["unit_amount_decimal"] == str(row.lines[0].unit_minor)
    assert first["quantity"] * int(first["pricing"]["unit_amount_decimal"]) == first["amount"]
    names = await get("/v1/products", **{"ids[]": [first["pricing"]["price_details"]["product"]]})
    assert [product["name"] for product in names["data"]] == [first["description"]]


async def test_drafts_are_listed_and_not_finalised(get: Get, data: DataSet) -> None:
    customer = data.accounts["acme"].stripe_customers["EUR"]
    page = await get("/v1/invoices", customer=customer, limit=3)
    draft = page["data"][0]
    assert draft["status"] == "draft"
    names = ("number", "hosted_invoice_url", "invoice_pdf", "effective_at", "due_date")
    assert [draft[name] for name in names] == [None] * 5
    assert draft["status_transitions"]["finalized_at"] is None
    assert page["data"][2]["hosted_invoice_url"].startswith("https://invoice.example/")


async def test_customers_balance_is_negative_for_credit_in_the_accounts_own_currency(
    get: Get, data: DataSet
) -> None:
    acme = data.accounts["acme"]
    balances = {}
    for currency, customer in acme.stripe_customers.items():
        wire = await get(f"/v1/customers/{customer}")
        balances[currency] = wire["balance"]
        assert wire["metadata"]["account_key"] == "acme"
    assert balances == {"EUR": -acme.credit_minor, "USD": 0}
    assert acme.credit_minor > 0


async def test_payments_are_reached_from_the_invoice_and_carry_the_charge(get: Get, data: DataSet) -> None:
    row = next(row for row in data.invoices if row.status == "open" and row.payment)
    payment = next(payment for payment in data.payments if payment.id == row.payment)
    invoice = await get(f"/v1/invoices/{row.id}", **{"expand[]": "payments.data.payment.payment_intent"})
    (link,) = invoice["payments"]["data"]
    assert (link["amount_paid"], link["status"], link["is_default"]) == (row.paid_minor, "paid", False)
    assert link["payment"]["payment_intent"]["amount_received"] == payment.amount_minor

    refunded = next(payment for payment in data.payments if payment.refunded_minor)
    plain = await get(f"/v1/payment_intents/{refunded.id}")
    assert plain["latest_charge"] == refunded.id.replace("pi_", "ch_")
    intent = await get(f"/v1/payment_intents/{refunded.id}", **{"expand[]": "latest_charge"})
    charge = intent["latest_charge"]
    assert (charge["amount_refunded"], charge["refunded"]) == (refunded.refunded_minor, False)
    card = charge["payment_method_details"]["card"]
    assert (card["brand"], card["last4"]) == (refunded.brand, refunded.last4)
    assert charge["receipt_url"].startswith("https://receipts.example/")


async def test_a_subscriptions_period_stands_on_its_items(
    get: Get, data: DataSet, invoices_of: InvoicesOf
) -> None:
    row = data.subscriptions[0]
    wire = await get(f"/v1/subscriptions/{row.id}")
    assert "current_period_end" not in wire
    (item,) = wire["items"]["data"]
    assert (item["current_period_start"], item["current_period_end"]) == tuple(
        moment.timestamp() for moment in row.period
    )
    assert (item["quantity"], item["price"]["unit_amount"]) == (row.quantity, row.unit_minor)
    newest = next(bill for bill in invoices_of("acme", "EUR") if bill.subscription == row.id)
    assert wire["latest_invoice"] == newest.id


@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize("name", ["invoices", "payment_intents", "invoice_payments", "subscriptions"])
async def test_paging_gives_every_row_once_newest_first(
    get: Get, data: DataSet, name: str, limit: int
) -> None:
    customer = data.accounts["acme"].stripe_customers["EUR"]
    filters = {} if name == "invoice_payments" else {"customer": customer}
    if name == "subscriptions":
        filters["status"] = "all"
    rows: list[dict[str, Any]] = []
    for _ in range(1000):
        after = {"starting_after": rows[-1]["id"]} if rows else {}
        page = await get(f"/v1/{name}", limit=limit, **filters, **after)
        assert len(page["data"]) <= limit
        rows += page["data"]
        if not page["has_more"]:
            break
    expected = {
        "invoices": [row.id for row in data.invoices if row.customer == customer],
        "payment_intents": [row.id for row in data.payments if row.customer == customer],
        "invoice_payments": [row.id.replace("in_", "inpay_") for row in data.invoices if row.payment],
        "subscriptions": [row.id for row in data.subscriptions if row.customer == customer],
    }[name]
    assert sorted(row["id"] for row in rows) == sorted(expected)
    keys = [(-row["created"], row["id"]) for row in rows]
    assert keys == sorted(keys)


async def test_paging_backwards(get: Get, data: DataSet, invoices_of: InvoicesOf) -> None:
    expected = [row.id for row in invoices_of("acme", "EUR")]
    customer = data.accounts["acme"].stripe_customers["EUR"]
    page = await get("/v1/invoices", customer=customer, limit=5, ending_before=expected[12])
    assert (ids(page), page["has_more"]) == (expected[7:12], True)
    page = await get("/v1/invoices", customer=customer, limit=5, ending_before=expected[3])
    assert (ids(page), page["has_more"]) == (expected[:3], False)


async def test_a_page_that_is_just_full_has_no_more(get: Get, data: DataSet, invoices_of: InvoicesOf) -> None:
    expected = [row.id for row in invoices_of("group", "EUR")]
    customer = data.accounts["group"].stripe_customers["EUR"]
    page = await get("/v1/invoices", customer=customer, limit=len(expected))
    assert (ids(page), page["has_more"]) == (expected, False)
    after = await get("/v1/invoices", customer=customer, starting_after=expected[-1])
    assert (after["data"], after["has_more"]) == ([], False)


async def test_the_default_page_holds_ten_rows(get: Get) -> None:
    page = await get("/v1/invoices")
    assert (len(page["data"]), page["has_more"]) == (10, True)


FILTERS = [  # what is asked, with AT for a moment in the middle, and which rows it means
    ({"status": "open"}, "row.status == 'open'"),
    ({"status": "draft"}, "row.status == 'draft'"),
    ({"collection_method": "send_invoice"}, "due is not None"),
    ({"collection_method": "charge_automatically"}, "due is None"),
    ({"created[gte]": "AT"}, "created >= at"),
    ({"created[gt]": "AT"}, "created > at"),
    ({"created[lte]": "AT"}, "created <= at"),
    ({"created[lt]": "AT"}, "created < at"),
    ({"created": "AT"}, "created == at"),
    ({"created[gt]": "AT", "created[lt]": 1}, "False"),
    ({"due_date[lt]": "AT"}, "due is not None and due < at"),
    ({"due_date[gte]": "AT", "status": "paid"}, "due is not None and due >= at and row.status == 'paid'"),
]


@pytest.mark.parametrize(("params", "meaning"), FILTERS)
async def test_filters(
    get: Get, data: DataSet, params: dict[str, object], meaning: str, invoices_of: InvoicesOf
) -> None:
    rows = invoices_of("acme", "EUR")
    at = rows[len(rows) // 2].created.timestamp()

    def fits(row: Invoice) -> bool:
        known = {
            "row": row,
            "at": at,
            "created": row.created.timestamp(),
            "due": row.due and row.due.timestamp(),
        }
        return bool(eval(meaning, known))  # noqa: S307  the table above

    asked = {name: int(at) if value == "AT" else value for name, value in params.items()}
    page = await get("/v1/invoices", customer=rows[0].customer, limit=100, **asked)
    assert ids(page) == [row.id for row in rows if fits(row)]


async def test_invoices_of_a_subscription(get: Get, data: DataSet, invoices_of: InvoicesOf) -> None:
    subscription = data.subscriptions[0].id
    expected = [row.id for row in invoices_of("acme", "EUR") if row.subscription == subscription]
    page = await get("/v1/invoices", subscription=subscription, limit=100)
    assert ids(page) == expected
    other = data.accounts["bright"].stripe_customers["USD"]
    assert ids(await get("/v1/invoices", subscription=subscription, customer=other)) == []


@pytest.mark.parametrize(
    ("status", "extra"),
    [
        (None, {"sub_incomplete_expired", "sub_past_due"}),
        ("all", {"sub_canceled", "sub_incomplete_expired", "sub_past_due"}),
        ("ended", {"sub_canceled", "sub_incomplete_expired"}),
        ("past_due", {"sub_past_due"}),
    ],
)
async def test_subscriptions_by_status(get: Get, data: DataSet, status: str | None, extra: set[str]) -> None:
    row = data.subscriptions[0]
    asked = {"status": status} if status else {}
    page = await get("/v1/subscriptions", customer=row.customer, **asked)
    assert set(ids(page)) == extra | (set() if status in {"ended", "past_due"} else {row.id})


async def test_invoice_payments_by_invoice_and_by_payment(get: Get, data: DataSet) -> None:
    row = next(row for row in data.invoices if row.payment)
    expected = [row.id.replace("in_", "inpay_")]
    assert ids(await get("/v1/invoice_payments", invoice=row.id)) == expected
    named = {"payment[type]": "payment_intent", "payment[payment_intent]": row.payment}
    assert ids(await get("/v1/invoice_payments", **named)) == expected
    assert ids(await get("/v1/invoice_payments", status="open", **named)) == []
    error = await get("/v1/invoice_payments", 400, **{"payment[payment_intent]": row.payment})
    assert (error["code"], error["param"]) == ("parameter_missing", "payment[type]")


def test_a_list_does_not_read_all_rows() -> None:
    reads = 0

    @dataclasses.dataclass
    class Row:
        number: int

        @property
        def id(self) -> str:
            return f"in_{self.number:05}"

        @property
        def created(self) -> dt.datetime:
            nonlocal reads
            reads += 1
            return NOON - dt.timedelta(hours=self.number)

    table = Table([Row(n) for n in range(20_000)], customer=lambda row: f"cus_{row.number % 2_000}")
    reads = 0
    rows = table.where(customer="cus_7")
    assert [row.number for row in rows] == list(range(7, 20_000, 2_000))
    page, more = table.page(table.where(), Slice(10, after="in_10000"), Span(), lambda _: True)
    assert ([row.number for row in page], more) == (list(range(10_001, 10_011)), True)
    assert reads < 100
