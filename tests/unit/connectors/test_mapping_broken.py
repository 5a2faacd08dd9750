"""Wire values that do not fit: what is lost, what is kept, and that nothing of them is repeated."""

import gc
import random
from decimal import Decimal
from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.scope import AccountScope
from gateway.connectors.converters import (
    boolean,
    decimal_text,
    derive,
    integer,
    number,
    number_id,
)
from gateway.connectors.mapping import Reader, Table, partial, path, row, shared
from gateway.connectors.ports.billing import Invoice
from gateway.connectors.ports.common import Record, Selection
from gateway.connectors.ports.orders import Product
from gateway.errors import UpstreamError
from tests.support.tables import ACME, EVERYTHING, INVOICE, NOW, WIRE, broken, read, wire


@pytest.mark.parametrize("status", ["draft"])
def test_what_is_not_for_customers_is_none(status: str) -> None:
    assert read(wire(status=status)) is None
    assert read(wire(status=status, id=7, customer=None)) is None


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (None, "NoneType"),
        ([WIRE], "list"),
        ("in_1", "str"),
        ({}, "Invoice.id"),
        (wire(id=None), "Invoice.id: id is missing or null"),
        (wire(id=1), "Invoice.id: id is int, not str"),
        (wire(id=["in_1"]), "Invoice.id: id is list"),
        (wire(customer={"id": 5}), "Invoice.owner: customer.id is int"),
        (wire(customer="cus_a"), "customer.id: object expected, got str"),
        (wire(customer=["cus_a"]), "customer.id: object expected, got list"),
        (wire(status=5), "Invoice.visible: status is int"),
    ],
)
def test_without_readable_id_owner_and_visibility_there_is_no_record(given: object, place: str) -> None:
    assert broken(read(given), place)


@pytest.mark.parametrize("customer", [None, {}, {"id": None}, {"id": ""}])
def test_a_record_without_an_owner_is_nobodys(customer: object) -> None:
    for natives in ((), ("",), ("cus_a",)):
        scope = AccountScope("acme", frozenset(), {"billing": natives})
        record = Reader(INVOICE, {}, "billing", NOW).read(wire(customer=customer), scope)
        assert isinstance(record, Record)
        assert not boundary.admits(record)
        assert not boundary.admits(record, shared=True)


@pytest.mark.parametrize(
    ("attribute", "change", "place"),
    [
        ("number", {"number": 5}, "number is int, not str"),
        ("number", {"number": True}, "number is bool, not str"),
        ("total", {"total": "1250"}, "total is str, not int"),
        ("total", {"total": 1250.0}, "total is float, not int"),
        ("total", {"total": Decimal("1250.0")}, "total is Decimal, not int"),
        ("total", {"total": True}, "total is bool, not int"),
        ("total", {"currency": None}, "belong together"),
        ("total", {"currency": "xyz"}, "MoneyError"),
        ("lines_have_more", {"lines": {"more": 1}}, "lines.more is int, not bool"),
        ("lines_have_more", {"lines": {"more": "true"}}, "lines.more is str"),
        ("lines_have_more", {"lines": []}, "lines.more: object expected, got list"),
        ("lines", {"lines": {"data": {}}}, "Invoice.lines: list expected, got dict"),
        ("lines", {"lines": {"data": "abc"}}, "Invoice.lines: list expected, got str"),
        ("issued_on", {"created": 10**30}, "OverflowError"),
        ("paid_at", {"paid": 10**15}, "ValueError"),
        ("is_overdue", {"due": "1"}, "due is str"),
        ("payment_ids", {"payments": [5]}, "TypeError"),
        ("payment_ids", {"payments": [{}]}, "KeyError"),
        ("payment_ids", {"payments": [{"id": 5}]}, "AttributeError"),
        ("taxes", {"taxes": 1}, "Invoice.taxes: list expected, got int"),
    ],
)
def test_a_broken_value_stays_in_its_place(attribute: str, change: dict[str, Any], place: str) -> None:
    invoice = read(wire(**change))
    assert broken(getattr(invoice, attribute), place)
    good = read(WIRE)
    touched = {"total": {"amount_paid", "lines"}, "lines": {"lines_have_more"}, "lines_have_more": {"lines"}}
    for name in EVERYTHING[Invoice] - {attribute} - touched.get(attribute, set()):
        value = getattr(invoice, name)
        assert not isinstance(value, UpstreamError)
        if name not in ("lines", "taxes", "billing_address"):
            assert value == getattr(good, name)


def test_a_broken_value_in_a_part_stays_in_its_place() -> None:
    address = read(wire(to={"city": 5, "street": "Main"})).billing_address
    assert (address.name, address.line1) == ("Acme", "Main")
    assert broken(address.city, "Invoice.billing_address.city", "to.city is int")


@pytest.mark.parametrize("item", [None, 5, "li_2", [], {"invoice": "in_1"}, {"invoice": "in_1", "id": 5}])
def test_a_broken_item_stays_in_its_place(item: object) -> None:
    lines = [WIRE["lines"]["data"][0], item, WIRE["lines"]["data"][0] | {"id": "li_3"}]
    invoice = read(wire(lines={"data": lines}))
    assert [getattr(line, "id", "error") for line in invoice.lines] == ["li_1", "error", "li_3"]
    assert broken(invoice.lines[1], "InvoiceLine")
    assert boundary.admits(invoice)


def test_a_broken_value_of_an_item_stays_in_the_item() -> None:
    items = [{"name": 5, "rate": "1"}, {"name": "VAT", "rate": "x"}]
    first, second = read(wire(taxes=items)).taxes
    assert broken(first.name, "InvoiceTax.name")
    assert first.rate == 1
    assert broken(second.rate, "InvoiceTax.rate", "InvalidOperation")
    assert second.name == "VAT"


@pytest.mark.parametrize(
    ("converter", "good", "bad"),
    [
        (integer, [0, -5, 10**30], [True, False, 1.0, Decimal(1), "5", [], {}]),
        (boolean, [True, False], [0, 1, "true", Decimal(1), []]),
        (number, [5, Decimal("1.5")], [True, 1.5, "5", [5]]),
        (decimal_text, ["5"], [5, Decimal(5), True]),
        (number_id, [5], ["5", True, Decimal(5)]),
    ],
)
def test_json_types_are_exact(converter: Any, good: list[Any], bad: list[Any]) -> None:
    table = Table(Product, owner=shared("id"), id=row("id"), name=row("value", converter))
    for value in good:
        assert not isinstance(
            read({"id": "1", "value": value}, {Product: frozenset({"name"})}, table).name, Exception
        )
    for value in bad:
        assert broken(
            read({"id": "1", "value": value}, {Product: frozenset({"name"})}, table).name, "Product.name"
        )


def test_a_required_value_that_comes_out_null_is_broken() -> None:
    table = Table(Product, owner=shared("sold"), id=row("a", "b", derive(lambda a, b: a or b, str, str)))
    assert broken(read({"sold": "y"}, {}, table), "Product.id: a, b is missing or null")
    assert read({"sold": "y", "b": "2"}, {}, table).id == "2"
    required = Table(Invoice, owner=path("c"), id=row("id"), lines_have_more=row("more", boolean))
    fields: Selection = {Invoice: frozenset({"lines_have_more"})}
    assert broken(read({"id": "1", "c": "x"}, fields, required).lines_have_more, "more is missing or null")


# What holds for any wire.

SECRET = "s3cr3t-value"
ODD: list[Any] = [
    None, True, False, 0, -1, 1772323200, 10**30, 1.5, Decimal("1.5"), Decimal("1E+1000000000"),
    Decimal("NaN"), "", SECRET, "eur", "open", "draft", "\ud800", [], {}, [SECRET], {SECRET: SECRET}, [[]],
    [None], [{}], {"data": [{}]}, {"id": SECRET}, [{"id": SECRET, "invoice": "in_1"}],
    {"data": SECRET, "more": SECRET}, {"city": 5},
]  # fmt: skip


def texts(value: object) -> list[str]:
    """The details of all errors in a record."""
    if isinstance(value, UpstreamError):
        return [value.detail, value.message]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    names = getattr(value, "__struct_fields__", ())
    return [text for name in names for text in texts(getattr(value, name))]


def disturbed(dice: random.Random, value: Any) -> Any:
    """Copy a wire object with odd values in odd places."""
    if dice.random() < 0.15:
        return dice.choice(ODD)
    if isinstance(value, dict):
        return {key: disturbed(dice, item) for key, item in value.items() if dice.random() > 0.05}
    if isinstance(value, list):
        return [disturbed(dice, item) for item in value]
    return value


@pytest.mark.parametrize("seed", range(4))
def test_no_wire_makes_reading_raise_or_repeats_a_value(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  repeatable disorder
    outcomes = {Record: 0, UpstreamError: 0, type(None): 0}
    errors = 0
    for _ in range(1500):
        found = read(disturbed(dice, WIRE))
        outcomes[next(kind for kind in outcomes if isinstance(found, kind))] += 1
        details = texts(found)
        errors += len(details)
        assert not any(SECRET in text for text in details)
        if isinstance(found, Record):
            assert found.scope is ACME
            assert isinstance(found.id, str)  # type: ignore[attr-defined]  # invoices have one
    assert min(outcomes[Record], outcomes[UpstreamError]) > 300
    assert outcomes[type(None)] > 0
    assert errors > 500


@pytest.mark.parametrize("given", ODD)
def test_no_other_json_is_anybodys_record(given: object) -> None:
    found = read(given)
    assert found is None or isinstance(found, UpstreamError) or not boundary.admits(found)


def test_selections_cannot_fill_the_memory() -> None:
    names = sorted(EVERYTHING[Invoice])
    dice = random.Random(1)  # noqa: S311  repeatable disorder
    partial.cache_clear()
    for _ in range(partial.cache_info().maxsize + 500):
        partial(Invoice, frozenset(dice.sample(names, k=5)))
    assert partial.cache_info().currsize <= partial.cache_info().maxsize <= 10_000
    partial.cache_clear()
    gc.collect()
