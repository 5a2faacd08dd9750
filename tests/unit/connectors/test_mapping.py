"""Tables: what does not load, what is asked of the vendor, what is read."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from gateway.auth.permissions import Permission
from gateway.connectors.converters import (
    boolean,
    integer,
    minor_units,
    number,
)
from gateway.connectors.mapping import Reader, Table, each, part, path, row, shared, via_parent
from gateway.connectors.ports.billing import Invoice, InvoiceLine, InvoiceStatus, InvoiceTax
from gateway.connectors.ports.common import Money, PostalAddress, Record, Selection
from gateway.connectors.ports.orders import Order, OrderLine, Product, Shipment
from tests.support.tables import ACME, EVERYTHING, INVOICE, LINE, TAX, WIRE, broken, read, wire

# What a table refuses when it is made.


@pytest.mark.parametrize("owner", [None, "customer", row("customer"), path])
def test_a_table_without_an_owner_does_not_load(owner: Any) -> None:
    with pytest.raises(TypeError, match="Product: declare owner="):
        Table(Product, owner=owner, id=row("id"))


def test_an_owner_is_no_option() -> None:
    with pytest.raises(TypeError, match="owner"):
        Table(Product, id=row("id"))  # type: ignore[call-arg]  # the mistake under test


@pytest.mark.parametrize("name", ["nmae", "scope", "connector", "owners", "granted"])
def test_a_row_for_what_the_model_has_not_does_not_load(name: str) -> None:
    with pytest.raises(TypeError, match=f"Product has no attribute {name}"):
        Table(Product, owner=shared("x"), id=row("id"), **{name: row("a")})
    with pytest.raises(TypeError, match=f"PostalAddress has no attribute {name}"):
        part(PostalAddress, **{name: row("a")})


def test_a_record_without_its_id_does_not_load() -> None:
    with pytest.raises(TypeError, match="Product: write a row for its id"):
        Table(Product, owner=shared("x"), name=row("name"))
    assert Table(InvoiceTax, owner=via_parent()).rows == {}


def test_values_that_belong_together_are_no_part() -> None:
    with pytest.raises(TypeError, match=r"Money\.amount is never null"):
        part(Money, amount=row("total", number), currency_code=row("currency"))


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ("a", "b"),
        ("a", minor_units),
        ("a", "b", "c", minor_units),
        (minor_units,),
        ("a", part(PostalAddress)),
        (each(TAX),),
        ("a", "b", each(TAX)),
        ("a", integer, boolean),
    ],
)
def test_a_row_with_the_wrong_number_of_paths_does_not_load(parts: Any) -> None:
    with pytest.raises(TypeError, match="wire paths"):
        row(*parts)


def test_owners_are_rows_too() -> None:
    for make in (path, shared):
        with pytest.raises(TypeError, match="wire paths"):
            make()
    with pytest.raises(TypeError, match="wire paths"):
        path("a", "b")


# What is asked of the vendor.


def test_the_vendor_is_asked_for_owner_id_and_visibility_always() -> None:
    assert INVOICE.paths({}) == ("customer.id", "status", "id")
    assert INVOICE.paths({Invoice: frozenset()}) == ("customer.id", "status", "id")


def test_the_vendor_is_asked_for_what_is_selected_each_path_once() -> None:
    fields: Selection = {Invoice: frozenset({"status", "total", "amount_paid", "memo"})}
    assert INVOICE.paths(fields) == ("customer.id", "status", "id", "total", "currency", "paid_total")


def test_the_vendor_is_asked_for_selected_values_of_parts_and_lists() -> None:
    fields: Selection = {
        Invoice: frozenset({"billing_address", "lines", "taxes"}),
        InvoiceLine: frozenset({"amount"}),
        InvoiceTax: frozenset({"rate"}),
        PostalAddress: frozenset({"city", "region"}),
    }
    assert set(INVOICE.paths(fields)) == {
        "customer.id", "status", "id", "to.city", "taxes.rate",
        "lines.data.invoice", "lines.data.kind", "lines.data.id", "lines.data.amount", "currency",
    }  # fmt: skip


def test_a_list_in_a_list_is_asked_for_from_the_top() -> None:
    inner = Table(OrderLine, owner=via_parent(), id=row("id"), amount=row("sum", "^.unit", minor_units))
    outer = Table(Shipment, owner=via_parent(), id=row("id"), number=row("no"))
    table = Table(
        Order,
        owner=path("party"),
        id=row("id"),
        lines=row("a.rows", each(inner)),
        shipments=row("b", each(outer)),
    )
    fields: Selection = {
        Order: frozenset({"lines", "shipments"}),
        OrderLine: frozenset({"amount"}),
        Shipment: frozenset({"number"}),
    }
    assert table.paths(fields) == ("party", "id", "a.rows.id", "a.rows.sum", "unit", "b.id", "b.no")


# What is read.


def test_reads_a_whole_record() -> None:
    invoice = read(WIRE)
    assert isinstance(invoice, Record)
    assert type(invoice).__name__ == "Invoice"
    assert (invoice.scope, invoice.connector, invoice.owners) == (ACME, "billing", {"cus_a"})
    assert invoice.scope is ACME
    assert invoice.granted == {Permission.INVOICES_READ}
    assert (invoice.id, invoice.number, invoice.status) == ("in_1", "A-1", InvoiceStatus.OPEN)
    assert (invoice.issued_on, invoice.paid_at, invoice.is_overdue) == (dt.date(2026, 3, 1), None, True)
    assert invoice.total == Money(amount=Decimal("12.50"), currency_code="EUR")
    assert (invoice.billing_address.name, invoice.billing_address.city) == ("Acme", "Bonn")
    assert invoice.billing_address.line1 is None
    assert invoice.lines_have_more is True
    [line] = invoice.lines
    assert (line.id, line.description, line.quantity) == ("li_1", "Seat", 2)
    assert line.amount == Money(amount=Decimal("12.50"), currency_code="EUR")
    assert (line.scope, line.owners) == (ACME, {"cus_a"})
    [tax] = invoice.taxes
    assert (tax.name, tax.rate) == ("VAT", Decimal("19.0"))


def test_what_no_row_supplies_is_null() -> None:
    invoice = read(WIRE)
    assert invoice.memo is None
    assert invoice.billing_address.region is None


def test_what_was_not_selected_does_not_exist() -> None:
    invoice = read(WIRE, {Invoice: frozenset({"number", "billing_address", "lines"})})
    assert invoice.id == "in_1"
    for name in ("total", "memo", "taxes"):
        with pytest.raises(AttributeError):
            getattr(invoice, name)
    with pytest.raises(AttributeError):
        _ = invoice.lines[0].description
    city = read(WIRE, {Invoice: frozenset({"billing_address"}), PostalAddress: frozenset({"city"})})
    with pytest.raises(AttributeError):
        _ = city.billing_address.name


def test_what_was_not_selected_is_not_looked_at() -> None:
    invoice = read(wire(total="no", lines=7, created=[]), {Invoice: frozenset({"number"})})
    assert invoice.number == "A-1"


def test_records_do_not_change() -> None:
    with pytest.raises(AttributeError):
        read(WIRE).number = "B"


def test_missing_and_null_are_the_same() -> None:
    bare = read({"id": "in_1", "customer": {"id": "cus_a"}})
    assert (bare.number, bare.status, bare.total, bare.issued_on) == (None, None, None, None)
    assert (bare.lines, bare.taxes, bare.payment_ids, bare.billing_address) == ((), (), (), None)
    assert bare.lines_have_more is False
    assert bare.amount_paid == Money(amount=Decimal(0), currency_code="XXX")
    nulls = read(dict.fromkeys(WIRE) | {"id": "in_1", "customer": {"id": "cus_a"}})
    for name in EVERYTHING[Invoice]:
        assert getattr(nulls, name) == getattr(bare, name)


def test_a_null_object_ends_a_path() -> None:
    assert read(wire(to=None)).billing_address.city is None
    assert read(wire(lines=None)).lines == ()


def test_what_a_part_steps_up_for_is_null_where_there_is_nothing_above() -> None:
    # A line that is listed by itself has no invoice around it: the amount is broken, not guessed.
    line = read(WIRE["lines"]["data"][0], table=LINE, parent=read(WIRE))
    assert line.description == "Seat"
    assert broken(line.amount, "InvoiceLine.amount", "^.currency", "belong together")


@pytest.mark.parametrize(("there", "expected"), [(None, False), ("a_1", True)])
def test_a_part_with_a_sign_of_presence_is_there_without_values(there: str | None, *, expected: bool) -> None:
    table = Table(
        Invoice,
        owner=path("customer"),
        id=row("id"),
        billing_address=row(part(PostalAddress, "address.id", city=row("address.city"))),
    )
    for selected in (frozenset(), frozenset({"city"})):
        fields = {Invoice: frozenset({"billing_address"}), PostalAddress: selected}
        assert "address.id" in table.paths(fields)
        sent = {"id": "in_1", "customer": "cus_a", "address": {"id": there, "city": None}}
        now = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)
        record = Reader(table, fields, "billing", now).read(sent, ACME)
        assert isinstance(record, Record)
        assert (record.billing_address is not None) is expected
