"""Which models and fields the stand-in has, and what can be done with each field.

A line of the table is: name, kind, and for `one` and `many` the model it leads to. `fn` marks a
function field: it can be read, not searched, not sorted by; `search` one that can also be searched.
Every model has `id`, `rec_name`, `create_date` and `write_date`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.data import EXPONENTS

COMPANY = 1
"""The id of the only company."""
WAREHOUSE = 5
"""The id of the only warehouse: what `locations` in the context must name for stock figures."""
STORAGE = 3
LOCATIONS = range(1, 9)
"""The ids of all stock locations, as a fresh Tryton database has them."""
UNIT = 1
VAT = 1
TERM = 1
"""The ids of the only unit, tax and payment term."""
CURRENCIES = {code: index for index, code in enumerate(EXPONENTS, start=1)}
"""The ids of the currencies, by code."""

_TABLE = """
sale.sale
    number char | reference char | description char | comment text | state selection
    shipment_state selection | invoice_state selection | shipment_method selection
    invoice_method selection | sale_date date | shipping_date date | company int | warehouse int
    party one party.party | invoice_party one party.party | shipment_party one party.party
    invoice_address one party.address | shipment_address one party.address
    currency one currency.currency | lines many sale.line | line_lines many sale.line
    shipments many stock.shipment.out fn search | moves many stock.move fn search
    invoices many account.invoice fn search
    untaxed_amount decimal fn | tax_amount decimal fn | total_amount decimal fn
    untaxed_amount_cache decimal | tax_amount_cache decimal | total_amount_cache decimal
sale.line
    sale one sale.sale | type selection | sequence int | description text | note text | summary char fn search
    product one product.product | quantity float | actual_quantity float | unit one product.uom
    unit_price decimal | amount decimal fn | currency one currency.currency fn | shipping_date date fn
    moves many stock.move | invoice_lines many account.invoice.line | moves_progress float fn
stock.shipment.out
    number char | reference char | state selection | customer one party.party
    delivery_address one party.address | effective_date date | planned_date date | company int
    warehouse int | warehouse_storage int | warehouse_output int | origins char fn
    moves many stock.move | outgoing_moves many stock.move fn | inventory_moves many stock.move fn
stock.move
    product one product.product | quantity float | internal_quantity float | unit one product.uom
    state selection | shipment reference | origin reference | sale one sale.sale fn search
    effective_date date | planned_date date | company int
product.product
    code char | name char fn search sort | description text | type selection fn search sort | active bool
    salable bool fn search sort | template one product.template | default_uom one product.uom fn search sort
    sale_uom one product.uom fn search sort | sale_price_uom decimal fn | list_price decimal fn
    quantity float fn | forecast_quantity float fn
product.template
    code char | name char | type selection | active bool | salable bool | list_price decimal
    default_uom one product.uom | sale_uom one product.uom | products many product.product
product.uom
    name char | symbol char | digits int | active bool
party.party
    name char | code char | active bool | addresses many party.address
    currency one currency.currency fn | customer_currency one currency.currency fn
party.address
    party one party.party | party_name char | building_name char | street text fn search | city char
    postal_code char | country one country.country | subdivision one country.subdivision
    full_address text fn | active bool
currency.currency
    name char | code char | digits int | symbol char | active bool
country.country
    name char | code char | code3 char | active bool
country.subdivision
    name char | code char | active bool
account.invoice
    number char | reference char | description char | comment text | type selection | state selection
    party one party.party | invoice_address one party.address | currency one currency.currency
    company int | invoice_date date | payment_term_date date | reconciled date fn
    payment_term one account.invoice.payment_term
    untaxed_amount decimal fn search | tax_amount decimal fn search | total_amount decimal fn search
    total_amount_cache decimal | amount_to_pay decimal fn | amount_to_pay_today decimal fn
    lines many account.invoice.line | taxes many account.invoice.tax
    lines_to_pay many account.move.line fn | sales many sale.sale fn search
account.invoice.line
    invoice one account.invoice | type selection | sequence int | description text | note text
    product one product.product | quantity float | unit one product.uom | unit_price decimal
    amount decimal fn | taxes many account.tax | currency one currency.currency | company int
account.invoice.tax
    invoice one account.invoice | description char | base decimal | amount decimal | tax one account.tax
    manual bool | sequence int
account.invoice.payment_term
    name char | description text | active bool
account.tax
    name char | description char | type selection | rate decimal | active bool
account.move.line
    maturity_date date | debit decimal | credit decimal | party one party.party
stock.location
    name char | code char | type selection | active bool
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its kind, the model it leads to, and whether it is searched and sorted by."""

    name: str
    kind: str
    target: str = ""
    searched: bool = True
    sorted: bool = True
    stored: bool = True


def _field(text: str) -> Field:
    name, kind, *rest = text.split()
    target = rest.pop(0) if kind in ("one", "many") else ""
    function = "fn" in rest
    return Field(
        name, kind, target,
        searched=not function or "search" in rest,
        sorted=not function or "sort" in rest,
        stored=not function,
    )  # fmt: skip


def _parse(table: str) -> dict[str, dict[str, Field]]:
    common = "id int | create_date datetime | write_date datetime | rec_name char fn search"
    models: dict[str, dict[str, Field]] = {}
    fields: dict[str, Field] = {}
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            fields = models[line] = {field.name: field for field in map(_field, common.split(" | "))}
        else:
            fields.update({field.name: field for field in map(_field, line.split(" | "))})
    return models


MODELS = _parse(_TABLE)
