"""Who owns what a table reads, parts included, as the boundary judges it."""

from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.boundary import NOBODY
from gateway.connectors.converters import (
    boolean,
    derive,
    integer,
)
from gateway.connectors.mapping import Table, each, path, row, shared, via_parent
from gateway.connectors.ports.billing import Invoice
from gateway.connectors.ports.common import Record, Selection
from gateway.connectors.ports.orders import Order, OrderLine, Product, Shipment
from tests.support.tables import INVOICE, LINE, TAX, WIRE, broken, read, wire


def owners(given: object, table: Table[Any] = INVOICE, **more: Any) -> frozenset[str]:
    record = read(given, table=table, **more)
    assert isinstance(record, Record), record
    return record.owners


def admitted(given: object, table: Table[Any] = INVOICE, *, is_shared: bool = False, **more: Any) -> bool:
    return boundary.admits(read(given, table=table, **more), shared=is_shared)


def test_a_record_belongs_to_who_it_names() -> None:
    assert owners(WIRE) == {"cus_a"}
    assert admitted(WIRE)
    assert admitted(wire(customer={"id": "cus_a2"}))
    assert not admitted(wire(customer={"id": "cus_b"}))
    assert not admitted(wire(customer={"id": "cus_"}))
    assert not admitted(wire(customer={"id": "CUS_A"}))


def test_parts_of_another_record_condemn_the_whole() -> None:
    line = {"id": "li_9", "text": "Seat"}
    assert admitted(wire(lines={"data": [line | {"invoice": "in_1"}]}))
    assert not admitted(wire(lines={"data": [line | {"invoice": "in_2"}]}))
    assert not admitted(wire(lines={"data": [line | {"invoice": None}]}))
    assert not admitted(wire(lines={"data": [line]}))
    assert not admitted(wire(lines={"data": [WIRE["lines"]["data"][0], line]}))


def test_parts_that_were_not_selected_are_neither_read_nor_judged() -> None:
    record = read(wire(lines={"data": [{"id": "li_9", "invoice": "in_2"}]}), {Invoice: frozenset({"number"})})
    assert boundary.admits(record)


NESTED = Table(
    Order,
    owner=path("party"),
    id=row("id"),
    shipments=row("shipments", each(Table(Shipment, owner=path("customer"), id=row("id")))),
    lines=row("lines", each(Table(OrderLine, owner=shared("public", boolean), id=row("id")))),
)
NESTED_FIELDS: Selection = {Order: frozenset({"shipments", "lines"})}


def nested(**parts: Any) -> Any:
    return read({"id": "1", "party": "cus_a"} | parts, NESTED_FIELDS, NESTED)


def test_owners_of_nested_records_add_up() -> None:
    order = nested(shipments=[{"id": "1", "customer": "cus_a"}, {"id": "2", "customer": "cus_a2"}])
    assert order.owners == {"cus_a", "cus_a2"}
    assert [shipment.owners for shipment in order.shipments] == [{"cus_a"}, {"cus_a2"}]
    assert boundary.admits(order)


@pytest.mark.parametrize("customer", ["cus_b", None, ""])
def test_one_nested_record_of_another_or_of_nobody_condemns_the_whole(customer: str | None) -> None:
    order = nested(shipments=[{"id": "1", "customer": "cus_a"}, {"id": "2", "customer": customer}])
    assert not boundary.admits(order)


def test_a_nested_shared_record_needs_no_owner() -> None:
    order = nested(lines=[{"id": "1", "public": True}, {"id": "2", "public": False}, {"id": "3"}])
    assert [line.id for line in order.lines] == ["1"]
    assert order.owners == {"cus_a"}
    assert boundary.admits(order)


def test_a_shared_record_belongs_to_nobody_and_its_rule_decides() -> None:
    table = Table(Product, owner=shared("sold", boolean), id=row("id"))
    assert owners({"id": "1", "sold": True}, table) == frozenset()
    assert admitted({"id": "1", "sold": True}, table, is_shared=True)
    assert not admitted({"id": "1", "sold": True}, table)
    assert read({"id": "1", "sold": False}, table=table) is None
    assert read({"id": "1"}, table=table) is None
    assert broken(read({"id": "1", "sold": 1}, table=table), "Product.owner: sold is int")


@pytest.mark.parametrize(
    ("owner", "good", "bad"),
    [
        (via_parent(), {"id": "1"}, None),
        (path("customer"), {"id": "1", "customer": "cus_a"}, {"id": "1", "customer": "cus_b"}),
    ],
)
def test_what_is_nested_in_a_shared_record(
    owner: Any, good: dict[str, Any], bad: dict[str, Any] | None
) -> None:
    table = Table(
        Order,
        owner=shared("sold", boolean),
        id=row("id"),
        shipments=row("shipments", each(Table(Shipment, owner=owner, id=row("id")))),
    )
    record = read({"id": "1", "sold": True, "shipments": [good]}, NESTED_FIELDS, table)
    assert boundary.admits(record, shared=True)
    if bad:
        record = read({"id": "1", "sold": True, "shipments": [good, bad]}, NESTED_FIELDS, table)
        assert not boundary.admits(record, shared=True)


def test_a_listed_part_belongs_to_its_parent() -> None:
    invoice = read(WIRE)
    line = {"id": "li_1", "invoice": "in_1"}
    assert owners(line, LINE, parent=invoice) == {"cus_a"}
    assert admitted(line, LINE, parent=invoice)
    for other in ("in_2", None, ""):
        assert not admitted(line | {"invoice": other}, LINE, parent=invoice)
    assert not admitted({"id": "li_1"}, LINE, parent=invoice)
    assert not admitted(line, LINE)
    assert owners({"name": "VAT"}, TAX, parent=invoice) == {"cus_a"}
    assert not admitted({"name": "VAT"}, TAX)


def test_a_part_of_a_foreign_parent_is_foreign() -> None:
    foreign = read(wire(customer={"id": "cus_b"}))
    assert owners({"name": "VAT"}, TAX, parent=foreign) == {"cus_b"}
    assert not admitted({"name": "VAT"}, TAX, parent=foreign)


def test_a_parent_without_an_id_has_no_parts_that_name_it() -> None:
    tax = read({"name": "VAT"}, table=TAX, parent=read(WIRE))
    assert not admitted({"id": "li_1", "invoice": None}, LINE, parent=tax)


def test_an_owner_that_is_no_text_is_nobody() -> None:
    table = Table(Product, owner=path("customer", integer), id=row("id"))
    assert not admitted({"id": "1", "customer": 5}, table)
    unhashable = Table(Product, owner=path("customer", derive(lambda value: value, list)), id=row("id"))
    assert not admitted({"id": "1", "customer": ["cus_a"]}, unhashable)


@pytest.mark.parametrize(
    ("charge", "owners"),
    [
        (None, {"cus_a"}),
        ("ch_1", {"cus_a"}),  # a link that was not followed
        ({"customer": "cus_a"}, {"cus_a"}),
        ({"customer": "cus_b"}, {"cus_a", "cus_b"}),
        ({"customer": None}, {"cus_a", NOBODY}),
        ({}, {"cus_a", NOBODY}),
    ],
)
def test_an_object_that_was_put_in_by_a_link_has_an_owner_of_its_own(
    charge: object, owners: set[str]
) -> None:
    table = Table(Invoice, owner=path("customer"), linked={"charge": row("charge.customer")}, id=row("id"))
    assert read({"id": "in_1", "customer": "cus_a", "charge": charge}, table=table).owners == owners
