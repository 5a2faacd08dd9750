"""The data set as Tryton's records.

A record is a dict by field name. `one` holds an id or None, `many` ids in their default order. A
value that depends on the request's context is a function of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sandbox.data import EXPONENTS, Account, DataSet, Order, OrderLine, Product
from sandbox.tryton.bills import Add, Bills, midnight
from sandbox.tryton.errors import Refused, UserError
from sandbox.tryton.models import COMPANY, CURRENCIES, LOCATIONS, MODELS, STORAGE, TERM, UNIT, VAT, WAREHOUSE

Context = Mapping[str, Any]


class Row(dict[str, Any]):
    """A record; a field that was not given is null."""

    def __missing__(self, name: str) -> None:
        return None


Tables = dict[str, dict[int, Row]]

_COUNTRY = 1
_MOVE_STATES = {"waiting": "draft", "shipped": "assigned", "done": "done"}
_UNCONFIRMED = ("draft", "quotation")


def address_of(account: Account) -> dict[str, str]:
    """Give the one address of an account; `street` has two lines."""
    street = f"{account.tryton_party} Market Street\nDock 4"
    return {"street": street, "city": "Hamburg", "postal_code": "20095"}


def promised_on(order: Order) -> dt.date:
    """Give the day on which shipping shall begin."""
    return order.placed_on + dt.timedelta(days=5)


def changed_at(order: Order) -> dt.datetime | None:
    """Give the moment an order was last changed: minutes after it was placed; a cart never was."""
    if order.state == "draft":
        return None
    return midnight(order.placed_on) + dt.timedelta(minutes=5, microseconds=250)


def build_tables(data: DataSet) -> Tables:
    """Give every model's records by id."""
    tables: Tables = {model: {} for model in MODELS}
    founded = midnight(data.anchor - dt.timedelta(days=500))

    def add(model: str, row_id: int, /, **values: Any) -> None:
        row = Row({"create_date": founded, "write_date": None} | values, id=row_id)
        row.setdefault("rec_name", row["name"])
        if "active" in MODELS[model]:
            row["active"] = 1  # SQLite has no booleans
        tables[model][row_id] = row

    for code, index in CURRENCIES.items():
        add("currency.currency", index, name=code, code=code, digits=EXPONENTS[code], symbol=code)
    add("country.country", _COUNTRY, name="Germany", code="DE", code3="DEU")
    add("product.uom", UNIT, name="Unit", symbol="u", digits=0)
    add("account.tax", VAT, name="VAT", description="VAT", type="percentage", rate=Decimal("0.19"))
    add("account.invoice.payment_term", TERM, name="30 days")
    for index, (name, place, kind) in enumerate(_LOCATIONS, start=1):
        add("stock.location", index, name=name, code=place, type=kind)
    for product in data.products.values():
        _add_product(add, product)
    for account in data.accounts.values():
        _add_party(add, account)
    parties = {account.key: account.tryton_party for account in data.accounts.values()}
    bills = Bills(add)
    for invoice in data.invoices:
        bills.add(invoice, parties[invoice.account])
    for order in data.orders:
        _add_sale(add, order, parties[order.account], data.products, bills)
    return tables


_LOCATIONS = (
    ("Input Zone", "IN", "storage"), ("Output Zone", "OUT", "storage"), ("Storage Zone", "STO", "storage"),
    ("Lost and Found", None, "lost_found"), ("Warehouse", "WH", "warehouse"), ("Supplier", "SUP", "supplier"),
    ("Customer", "CUS", "customer"), ("Transit", None, "storage"),
)  # fmt: skip


def _company(context: Context) -> bool:
    """Whether the context names the company; another one is an error where it is needed."""
    company = context.get("company")
    if company is not None and not isinstance(company, int):
        raise Refused
    if company is not None and company != COMPANY:
        raise UserError(f'You are trying to read records "{company}" of "Company" that don\'t exist.')
    return company is not None


def _stocked(quantity: Decimal) -> Callable[[Context], float]:
    def read(context: Context) -> float:
        locations = context.get("locations") or ()
        for location in locations:
            if not isinstance(location, int):
                raise Refused(f"invalid literal for int() with base 10: {location!r}")
            if location not in LOCATIONS:
                raise UserError(
                    f'You are trying to read records "{location}" of "Stock Location" that don\'t exist.'
                )
        return float(quantity) if {WAREHOUSE, STORAGE} & set(locations) else 0.0

    return read


def _add_product(add: Add, product: Product) -> None:
    common = {
        "code": product.sku, "name": product.name, "type": "goods", "default_uom": UNIT, "sale_uom": UNIT,
        "rec_name": f"[{product.sku}] {product.name}",
    }  # fmt: skip
    add(
        "product.template", product.id, **common,
        list_price=product.price, products=(product.id,), salable=int(product.salable),
    )  # fmt: skip
    price = product.price.quantize(Decimal("0.0001"))
    add(
        "product.product", product.id, **common,
        description=product.description, template=product.id, salable=product.salable,
        sale_price_uom=lambda context: price if _company(context) else None,
        quantity=_stocked(product.on_hand), forecast_quantity=_stocked(product.on_hand - product.reserved),
    )  # fmt: skip


def _add_party(add: Add, account: Account) -> None:
    party = account.tryton_party
    address = address_of(account)
    add(
        "party.party", party, name=account.name, code=account.number, addresses=(party,),
        customer_currency=CURRENCIES[account.currency],
        currency=lambda context: CURRENCIES["EUR"] if _company(context) else None,
    )  # fmt: skip
    add(
        "party.address", party, party=party, country=_COUNTRY, **address,
        full_address=f"{address['street']}\n{address['postal_code']} {address['city']}\nGermany",
        rec_name=account.name,
    )  # fmt: skip


def _add_sale(add: Add, order: Order, party: int, products: Mapping[int, Product], bills: Bills) -> None:
    digits = Decimal(1).scaleb(-EXPONENTS[order.currency])
    amounts = {"untaxed_amount": order.untaxed.quantize(digits), "tax_amount": Decimal(0)}
    amounts["total_amount"] = amounts["untaxed_amount"]
    confirmed = order.state not in _UNCONFIRMED
    rec_name = f"{order.number or f'({order.id})'} [{order.reference}]"
    moves = _add_moves(add, order)
    bill, billed = bills.add_of_order(order, party, products) if order.state == "done" else (None, {})
    add(
        "sale.sale", order.id, number=order.number, reference=order.reference, state=order.state,
        shipment_state=order.shipment_state, invoice_state="paid" if order.state == "done" else "none",
        shipment_method="order", invoice_method="order", company=COMPANY, warehouse=WAREHOUSE,
        sale_date=order.placed_on if confirmed else None, shipping_date=promised_on(order),
        party=party, invoice_address=party, shipment_address=party, currency=CURRENCIES[order.currency],
        lines=tuple(line.id for line in order.lines), line_lines=tuple(line.id for line in order.lines),
        shipments=tuple(sorted(shipment.id for shipment in order.shipments)),
        moves=tuple(move for line in order.lines for move, _ in moves[line.id]),
        invoices=(bill,) if bill else (), rec_name=rec_name, **amounts,
        create_date=midnight(order.placed_on), write_date=changed_at(order),
        **{f"{name}_cache": value if confirmed else None for name, value in amounts.items()},
    )  # fmt: skip
    for line in order.lines:
        _add_sale_line(add, order, line, [move for move, _ in moves[line.id]], billed.get(line.id, ()))
    for shipment in order.shipments:
        by_product = sorted(order.lines, key=lambda line: products[line.product].sku)
        own = tuple(move for line in by_product for move, to in moves[line.id] if to == shipment.id)
        add(
            "stock.shipment.out", shipment.id, number=shipment.number, reference=shipment.reference,
            state=shipment.state, customer=party, delivery_address=party, company=COMPANY,
            effective_date=shipment.effective_on, planned_date=shipment.planned_on, warehouse=WAREHOUSE,
            warehouse_storage=STORAGE, warehouse_output=2, origins=rec_name, rec_name=shipment.number,
            moves=tuple(sorted(own, reverse=True)), outgoing_moves=own, inventory_moves=(),
            create_date=midnight(order.placed_on),
            write_date=midnight(shipment.effective_on) if shipment.effective_on else None,
        )  # fmt: skip


def _add_sale_line(
    add: Add, order: Order, line: OrderLine, moves: list[int], invoice_lines: tuple[int, ...]
) -> None:
    digits = Decimal(1).scaleb(-EXPONENTS[order.currency])
    done = line.shipped if order.state == "done" else Decimal(0)
    add(
        "sale.line", line.id, sale=order.id, type="line", summary="", product=line.product, unit=UNIT,
        quantity=float(line.quantity), unit_price=line.unit_price.quantize(Decimal("0.0001")),
        amount=(line.quantity * line.unit_price).quantize(digits), currency=CURRENCIES[order.currency],
        shipping_date=promised_on(order) if moves else None, moves=tuple(moves),
        moves_progress=round(float(done / line.quantity), 4), rec_name=f"{line.quantity}u",
        invoice_lines=invoice_lines,
    )  # fmt: skip


def _add_moves(add: Add, order: Order) -> dict[int, list[tuple[int, int]]]:
    """Add what each shipment moves of each line; gives (move, shipment) ids by line, newest first."""
    moves: dict[int, list[tuple[int, int]]] = {line.id: [] for line in order.lines}
    for line in order.lines:
        for index, shipment in enumerate(order.shipments):
            gone = shipment.state in ("shipped", "done")
            quantity = line.shipped if gone else line.quantity - line.shipped
            if not quantity:
                continue
            move = line.id * 10 + index
            add(
                "stock.move", move, product=line.product, quantity=float(quantity),
                internal_quantity=float(quantity), unit=UNIT, company=COMPANY, sale=order.id,
                state=_MOVE_STATES[shipment.state], shipment=f"stock.shipment.out,{shipment.id}",
                origin=f"sale.line,{line.id}", planned_date=shipment.planned_on,
                effective_date=shipment.effective_on if shipment.state == "done" else None,
                rec_name=f"{quantity}u",
            )  # fmt: skip
            moves[line.id].insert(0, (move, shipment.id))
    return moves
