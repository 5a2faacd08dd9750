"""Requests that the real Tryton and the stand-in must answer alike."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

DAY = {"__class__": "date", "year": 2026, "month": 6, "day": 12}
ORDERED = ["state", "in", ["confirmed", "processing", "done"]]
SALE = [
    "number", "reference", "state", "state:string", "sale_date", "shipping_date", "untaxed_amount",
    "tax_amount", "total_amount", "total_amount_cache", "description", "comment", "party.name", "party.code",
    "currency.code", "currency.digits", "shipment_party.name", "invoice_party.name", "company",
]  # fmt: skip
ADDRESS = ["party_name", "street", "city", "postal_code", "country.code", "subdivision.name"]
LINE = [
    "type", "quantity", "unit.name", "unit.symbol", "unit.digits", "unit_price", "amount", "description",
    "product.code", "product.name", "product.rec_name",
]  # fmt: skip
SHIPMENT = ["number", "state", "reference", "effective_date", "planned_date", "customer.code"]


def b64(value: Any) -> str:
    """Wrap JSON as Tryton's query parameters and context header want it."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@dataclass(frozen=True)
class Ask:
    """One request. `$acme` and `$order` in a domain stand for native ids.

    `compare`: "values" (all but ids), "types" or "status" only.
    """

    name: str
    model: str
    f: list[str] | None = None
    d: Any = None
    o: Any = None
    more: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    context: Any = "company"
    compare: str = "values"
    status: int = 200


def orders(name: str, *clauses: Any, f: list[str] | None = None, **rest: Any) -> Ask:
    rest.setdefault("o", [["id", "ASC"]])
    return Ask(name, "sale.sale", f or ["number"], [["party", "in", ["$acme"]], *clauses], **rest)


def counted(name: str, span: str, *, status: int = 200, f: str = "number") -> Ask:
    return orders(name, f=[f], headers={"Range": span}, status=status)


def broken(name: str, *, model: str = "sale.sale", status: int = 500, **rest: Any) -> Ask:
    return Ask(name, model, rest.pop("f", ["number"]), compare="status", status=status, **rest)


def through(*prefixes: str, fields: list[str]) -> list[str]:
    return [f"{prefix}.{name}" for prefix in prefixes for name in fields]


ASKS = [
    # Selection, nesting and encodings
    orders("sale", f=SALE),
    Ask("no fields", "sale.sale", None, [["id", "=", "$order"]], compare="types"),
    orders("addresses", f=through("shipment_address", "invoice_address", fields=ADDRESS)),
    orders("lines", f=["number", *through("lines", fields=LINE)]),
    orders("relations as ids", f=["party", "lines", "currency", "shipment_party"], compare="types"),
    orders("ids and nested", f=["party", "party.name", "lines", "lines.quantity"]),
    orders("timestamps", f=["create_date", "write_date"], compare="types"),
    orders("shipments", f=["number", *through("shipments", fields=SHIPMENT)], compare="types"),
    orders(
        "shipments that arrived", ["state", "=", "done"],
        f=["number", *through("shipments", fields=SHIPMENT)],
    ),
    orders("shipment states", f=["shipment_state"], compare="types"),
    orders(
        "moves", ["state", "=", "done"],
        f=through("lines.moves", fields=["quantity", "state", "effective_date", "product.code"]),
    ),
    orders("references", f=["lines.moves.shipment", "lines.moves.origin"], compare="types"),
    orders(
        "invoice lines", ["state", "=", "done"],
        f=through("lines.invoice_lines", fields=["quantity", "unit_price", "unit.name", "invoice.state"]),
    ),
    orders("invoice lines as ids", ["state", "=", "done"], f=["lines.invoice_lines.unit"], compare="types"),
    orders("progress", ["state", "=", "done"], f=["lines.moves_progress"]),
    orders(
        "moves of shipments", ["state", "=", "done"],
        f=["shipments.outgoing_moves.quantity", "shipments.outgoing_moves.state"],
    ),
    Ask("no one there", "sale.sale", ["shipment_party.bogus"], [["id", "=", "$order"]]),
    Ask("nothing found hides a bad field", "sale.sale", ["bogus", "party.bogus"], [["id", "=", 0]]),
    Ask(
        "party", "party.party",
        ["name", "code", "active", "customer_currency.code", "currency.code", "addresses.city"],
        [["id", "=", "$acme"]],
    ),
    Ask(
        "party without company", "party.party", ["customer_currency.code", "currency.code"],
        [["id", "=", "$acme"]], context=None,
    ),
    Ask(
        "shipment list", "stock.shipment.out",
        ["number", "reference", "planned_date", "effective_date", "customer.code", "company",
         *through("delivery_address", fields=ADDRESS)],
        [["customer", "in", ["$acme"]]], [["number", "ASC"]],
    ),
    Ask(
        "shipment states of a list", "stock.shipment.out", ["state", "state:string", "moves.quantity"],
        [["customer", "in", ["$acme"]]], [["id", "DESC"]], compare="types",
    ),
    Ask(
        "shipments by day", "stock.shipment.out", ["number"], [["customer", "in", ["$acme"]]],
        [["effective_date", "DESC"], ["number", "DESC"]],
    ),
    Ask(
        "shipments by reference", "stock.shipment.out", ["number"], [["customer", "in", ["$acme"]]],
        [["reference", "ASC NULLS LAST"], ["number", "DESC"]],
    ),
    # Products and stock
    Ask(
        "products", "product.product",
        ["code", "name", "description", "salable", "active", "type", "rec_name", "default_uom.name",
         "sale_uom.symbol", "template.name", "template.salable", "list_price", "sale_price_uom"],
        [], [["code", "ASC"], ["id", "ASC"]],
    ),
    Ask(
        "products by text", "product.product", ["code"],
        [["salable", "=", True], ["OR", ["name", "ilike", "%e%"], ["code", "ilike", "%e%"]]],
        [["code", "DESC"]],
    ),
    Ask("literal underscore", "product.product", ["code"], [["code", "ilike", "w\\_1%"]]),
    Ask("wild underscore", "product.product", ["code"], [["code", "ilike", "w_1%"]]),
    Ask("code", "product.product", ["code"], [["code", "=", "W-100"]]),
    Ask("prices without company", "product.product", ["sale_price_uom"], [], context=None),
    Ask(
        "timestamps of products", "product.product", ["create_date", "write_date", "template.write_date"],
        compare="types",
    ),
    Ask(
        "timestamps of shipments", "stock.shipment.out", ["create_date", "write_date"],
        [["customer", "in", ["$acme"]]], compare="types",
    ),
    Ask("stock", "product.product", ["code", "quantity"], [], [["code", "ASC"]], context="stock"),
    Ask("forecast", "product.product", ["forecast_quantity"], [], context="stock", compare="types"),
    Ask("stock without locations", "product.product", ["quantity", "forecast_quantity"], []),
    Ask("unknown location", "product.product", ["quantity"], [], context={"locations": [999]}, status=400),
    Ask("unknown company", "product.product", ["sale_price_uom"], [], context={"company": 99}, status=400),
    Ask(
        "unknown company unneeded", "product.product", ["code"], [["code", "=", "W-100"]],
        context={"company": 99},
    ),
    Ask("warehouses", "stock.location", ["name", "code", "type"], [["type", "=", "warehouse"]]),
    # Invoices: not the same rows in both
    Ask(
        "invoices", "account.invoice",
        ["type", "state", "invoice_date", "currency.code", "untaxed_amount", "tax_amount", "total_amount",
         "amount_to_pay", "reconciled", "invoice_address.city", "payment_term_date", "reference", "comment",
         *through("lines", fields=["description", "quantity", "unit_price", "amount", "type", "taxes.rate"]),
         *through("taxes", fields=["description", "base", "amount", "tax.name", "tax.rate"]),
         "lines_to_pay.maturity_date", "payment_term.name", "create_date", "write_date"],
        [["type", "=", "out"], ["party", "in", ["$acme"]], ["state", "in", ["posted", "paid"]]],
        [["invoice_date", "DESC NULLS LAST"], ["id", "DESC"]], compare="types",
    ),
    # Domains
    orders("ordered", ORDERED),
    orders("not draft", ["state", "!=", "draft"]),
    orders("not in", ["state", "not in", ["draft", "quotation", "cancelled"]]),
    orders("number", ["number", "=", "SO-101003"]),
    orders("number is stripped", ["number", "=", " SO-101003 "]),
    orders("number has case", ["number", "=", "so-101003"]),
    orders("no number", ["number", "=", None]),
    orders("other numbers and none", ["number", "!=", "SO-101003"]),
    orders("neither", ["number", "not in", ["SO-101003", None]]),
    orders("either or none", ["number", "in", ["SO-101003", None]]),
    orders("like", ["reference", "ilike", "po-acme-1%"]),
    orders("not like", ["number", "not ilike", "%1%"]),
    orders("day", ["sale_date", "=", DAY]),
    orders("day as text", ["sale_date", "=", "2026-06-12"]),
    orders("days", ["sale_date", ">=", "2026-05-01"], ["sale_date", "<", DAY]),
    orders("another day or none", ["sale_date", "!=", DAY]),
    orders("none of these days", ["sale_date", "not in", [DAY]]),
    orders("another amount", ["total_amount_cache", "!=", 443.45]),
    orders("any day", ["sale_date", "!=", None]),
    orders("number below", ["number", "<", "SO-101003"]),
    orders("references not like", ["comment", "not like", "x"]),
    orders("product of a line", ["lines.product.code", "in", ["W-100"]]),
    orders("another product in a line", ["lines.product.code", "!=", "W-100"]),
    orders("another party than none", ["shipment_party", "!=", 5]),
    orders("another party's id than none", ["shipment_party.id", "!=", 5]),
    orders("subdivision of the address", ["shipment_address.subdivision.name", "not ilike", "x"]),
    orders("no day", ["sale_date", "=", None]),
    orders("amount", ["total_amount_cache", ">", {"__class__": "Decimal", "decimal": "20000"}]),
    orders("shipment's number", ["shipments.number", "=", "S-101003-0"]),
    orders("currency", ["currency.code", "=", "USD"]),
    orders("absent relation differs", ["shipment_party.name", "!=", "x"]),
    orders("absent relation has no name", ["shipment_party.name", "=", None]),
    orders(
        "and inside or",
        ["OR", [["sale_date", "=", DAY], ["state", "=", "done"]], ["number", "=", "SO-101000"]],
    ),
    orders("empty or", ["OR"]),
    orders("or with nothing", ["OR", [], ["id", "=", 0]]),
    orders("nested and", [[["number", "=", "SO-101003"]]]),
    Ask("bare clause", "sale.sale", ["number"], ["number", "=", "SO-101003"]),
    Ask("no parties", "sale.sale", ["number"], [["party", "in", []]]),
    Ask("party by name", "sale.sale", ["number"], [["party", "=", "Acme Manufacturing"]], [["id", "ASC"]]),
    Ask("party by code", "sale.sale", ["number"], [["party.code", "in", ["C-1001"]]], [["id", "ASC"]]),
    Ask("some ids are missing", "sale.sale", ["number"], [["id", "in", ["$order", 0, 999_999]]]),
    Ask("inactive", "party.party", ["name"], [["id", "=", "$acme"], ["active", "in", [True, False]]]),
    # Order and paging
    orders("newest first", ORDERED, o=[["sale_date", "DESC NULLS LAST"], ["id", "DESC"]]),
    orders("nulls first", o=[["sale_date", "DESC NULLS FIRST"], ["id", "DESC"]]),
    orders("nulls by default", o=[["sale_date", "ASC"], ["id", "ASC"]]),
    orders("nulls by default, descending", o=[["sale_date", "DESC"], ["id", "DESC"]]),
    orders("by number", o=[["number", "DESC NULLS LAST"]]),
    orders("by total", o=[["total_amount_cache", "DESC NULLS LAST"], ["id", "DESC"]]),
    orders("by party's code", o=[["party.code", "asc"], ["id", None]]),
    orders("own order", o=None),
    orders(
        "keyset", ORDERED,
        ["OR", ["sale_date", "<", DAY], [["sale_date", "=", DAY], ["id", "<", "$order"]],
         ["sale_date", "=", None]],
        o=[["sale_date", "DESC NULLS LAST"], ["id", "DESC"]], more={"s": "5"},
    ),
    orders("page", more={"s": "4", "p": "3"}),
    orders("page of nothing", more={"s": "0"}),
    orders("negative page", more={"s": "-1", "p": "-1"}),
    orders("beyond the end", more={"p": "5000"}),
    counted("range", "records=0-10"),
    counted("range in the middle", "records=10-12"),
    counted("range at the end", "records=30-40"),
    counted("short range has no total", "records=0-3"),
    counted("open range", "records=30-"),
    counted("empty range", "records=0-0"),
    counted("suffix range is no range", "records=-5"),
    counted("two ranges are none", "records=0-1,2-3"),
    counted("range beyond the end", "records=5000-5001", status=416),
    # Errors
    broken("unknown field", f=["bogus"]),
    broken("unknown nested field", f=["party.bogus"]),
    broken("unknown relation", f=["bogus.name"], d=[["id", "=", 0]]),
    broken("through a plain field", f=["number.x"]),
    broken("through a reference", f=["lines.moves.shipment.state"]),
    broken("empty field", f=[""]),
    broken("label of a date", f=["sale_date:string"]),
    broken("unknown field in the domain", d=[["bogus", "=", 1]]),
    broken("unknown nested field in the domain", d=[["party.bogus", "=", 1]]),
    broken("unknown operator", d=[["number", "~~", "x"]]),
    broken("function field in the domain", d=[["total_amount", ">", 5]]),
    broken("number as a number", d=[["number", "=", 5]]),
    broken("text among ids", d=[["party", "in", ["x"]]]),
    broken("text as a date", d=[["sale_date", "=", "x"]]),
    broken("number as a date", d=[["sale_date", "=", 5]]),
    broken("text as an amount", d=[["total_amount_cache", ">", "x"]]),
    broken("a clause cut short", d=[["number", "="]]),
    broken("a clause too long", d=[["number", "=", "x", "y"]]),
    broken("no domain at all", d=5),
    broken("unknown field in the order", o=[["bogus", "ASC"]]),
    broken("function field in the order", o=[["total_amount", "ASC"]]),
    broken("stock in the order", model="product.product", f=["code"], o=[["quantity", "ASC"]]),
    broken("list in the order", o=[["lines", "ASC"]], status=503),
    broken("unknown direction", o=[["number", "SIDEWAYS"]]),
    broken("order cut short", o=[["number"]]),
    broken("unknown model", model="no.model"),
    broken("text as a limit", more={"s": "x"}),
    broken("text as a range", headers={"Range": "records=a-b"}),
    broken("domain not in base64", more={"d": "!"}),
    broken("domain not padded", more={"d": b64([["id", "=", 1]]).rstrip("=")}),
    broken("domain not JSON", more={"d": base64.urlsafe_b64encode(b"{x").decode()}),
    broken("context not in base64", headers={"X-Tryton-Context": "!"}, context=None),
    broken("context no object", context=[1]),
    broken("no key", headers={"Authorization": ""}, status=401),
    broken("wrong key", headers={"Authorization": "Bearer x"}, status=401),
    broken("wrong scheme", headers={"Authorization": "Digest x"}, status=401),
    orders("scheme in lower case", headers={"Authorization": "bearer $key"}),
    orders("language", headers={"Accept-Language": "de-DE,en;q=0.5"}),
    broken("language with a bad weight", headers={"Accept-Language": "de;q=x"}),
]  # fmt: skip
