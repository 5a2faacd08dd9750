"""Orders through Tryton's own workflow, as far as it reaches.

A row's `end` says how far: draft, quotation, cancelled, confirmed; "shipped" and "partly done" (state
processing: one shipment is in that state or done, the rest waits); done (shipped, invoiced, paid).
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

Pairs = list[tuple[dict[str, Any], int]]


def sell(
    pool: Any, rows: list[dict[str, Any]], parties: dict[str, int], products: dict[int, int],
    currencies: dict[str, int],
) -> Pairs:  # fmt: skip
    """Make the sales, with the data set's own numbers, and confirm them, which gives them shipments."""
    sale_model = pool.get("sale.sale")
    (term,) = pool.get("account.invoice.payment_term").create([{
        "name": "30 days",
        "lines": [("create", [{"type": "remainder", "relativedeltas": [("create", [{"days": 30}])]}])],
    }])  # fmt: skip
    sales = [_draft(pool, row, parties, products, currencies, term) for row in rows]
    sale_model.save(sales)
    pairs = [(row, sale.id) for row, sale in zip(rows, sales, strict=True)]

    def ending(*ends: str) -> Any:
        return sale_model.browse([sale for row, sale in pairs if row["end"] in ends])

    sale_model.quote(ending("quotation", "cancelled", "confirmed", "shipped", "partly done", "done"))
    sale_model.cancel(ending("cancelled"))
    sale_model.confirm(ending("confirmed", "shipped", "partly done", "done"))
    sale_model.process(ending("shipped", "partly done", "done"))
    return pairs


def _draft(
    pool: Any, row: dict[str, Any], parties: dict[str, int], products: dict[int, int],
    currencies: dict[str, int], term: Any,
) -> Any:  # fmt: skip
    line_model = pool.get("sale.line")
    (unit,) = pool.get("product.uom").search([("name", "=", "Unit")])
    party = pool.get("party.party")(parties[row["account"]])
    sale = pool.get("sale.sale")(party=party, number=row["number"], reference=row["reference"])
    sale.on_change_party()
    sale.currency, sale.payment_term = currencies[row["currency"]], term
    if row["end"] not in ("draft", "quotation"):  # as with real ones: the date comes with confirmation
        sale.sale_date = _day(row["placed_on"])
    sale.shipping_date = _day(row["promised_on"])
    sale.invoice_method = "order" if row["end"] in ("done", "partly done") else "manual"
    sale.shipment_method = "order"
    sale.lines = [
        line_model(
            type="line", product=products[line["product"]], quantity=line["quantity"], unit=unit,
            unit_price=Decimal(line["unit_price"]),
        )
        for line in row["lines"]
    ]  # fmt: skip
    return sale


def ship(pool: Any, pairs: Pairs) -> None:
    """Send goods: all of a `done` order; of the others what the data set calls shipped. The rest waits."""
    shipment_model, sale_model = pool.get("stock.shipment.out"), pool.get("sale.sale")
    moving = [(row, sale_model(sale)) for row, sale in pairs if row["shipments"]]
    first = {}
    for row, sale in moving:
        (shipment,) = sale.shipments
        first[row["id"]] = shipment.id
        _prepare(pool, row, sale, shipment)

    def shipments(*ends: str) -> Any:
        return shipment_model.browse([first[row["id"]] for row, _ in moving if row["end"] in ends])

    for step in (shipment_model.assign_force, shipment_model.pick, shipment_model.pack):
        step(shipments("shipped", "partly done", "done"))
    shipment_model.ship(shipments("shipped"))
    shipment_model.do(shipments("partly done", "done"))
    sale_model.process(sale_model.browse([sale.id for _, sale in moving]))  # makes shipments of the rest


def _prepare(pool: Any, row: dict[str, Any], sale: Any, shipment: Any) -> None:
    target = row["shipments"][0]
    pool.get("stock.shipment.out").write([shipment], {
        "number": target["number"], "reference": target["reference"],
        "planned_date": _day(target["planned_on"]), "effective_date": _day(target["effective_on"]),
    })  # fmt: skip
    shipped = {native.product: line["shipped"] for line, native in zip(row["lines"], sale.lines, strict=True)}
    for move in shipment.inventory_moves:
        pool.get("stock.move").write([move], {"quantity": shipped[move.product]})


def name_waiting(pool: Any, pairs: Pairs) -> None:
    """Give the waiting shipments the data set's number and planned day."""
    shipment_model, sale_model = pool.get("stock.shipment.out"), pool.get("sale.sale")
    for row, sale in pairs:
        if len(row["shipments"]) > 1:
            target = row["shipments"][1]
            _, rest = sale_model(sale).shipments
            values = {"number": target["number"], "planned_date": _day(target["planned_on"])}
            shipment_model.write([rest], values)


def invoice(pool: Any, pairs: Pairs, parties: dict[str, int], accounts: dict[str, int]) -> dict[str, Any]:
    """Post every other order's invoice; pay those of `done` orders, which ends the orders.

    One invoice of acme's is not from an order and has tax; its id is given.
    """
    invoice_model, sale_model = pool.get("account.invoice"), pool.get("sale.sale")
    taxed = _taxed(pool, parties["acme"], accounts)
    posted, paid = [taxed], []
    for index, (row, sale) in enumerate(pairs):
        for record in sale_model(sale).invoices:
            invoice_model.write([record], {"invoice_date": _day(row["placed_on"])})
            if row["end"] == "done":
                paid.append((row, record.id))
            if row["end"] == "done" or index % 2:
                posted.append(record.id)
    invoice_model.post(invoice_model.browse(posted))
    _pay(pool, paid, accounts)
    sale_model.process(sale_model.browse([sale for row, sale in pairs if row["end"] == "done"]))
    return {"taxed_invoice": taxed}


def _taxed(pool: Any, party: int, accounts: dict[str, int]) -> int:
    record = pool.get("account.invoice")(type="out", party=pool.get("party.party")(party))
    record.on_change_type()
    record.on_change_party()
    record.invoice_date, record.comment = dt.date(2026, 6, 1), "Thank you."
    line_model = pool.get("account.invoice.line")
    record.lines = [
        line_model(
            type="line", description="Consulting", quantity=3.0, unit_price=Decimal("99.9900"),
            account=accounts["revenue"], taxes=[accounts["vat"]],
        )
    ]  # fmt: skip
    record.save()
    return int(record.id)


def _pay(pool: Any, paid: list[tuple[dict[str, Any], int]], accounts: dict[str, int]) -> None:
    invoice_model, line_model = pool.get("account.invoice"), pool.get("account.move.line")
    (journal,) = pool.get("account.journal").search([("type", "=", "cash")], limit=1)
    (method,) = pool.get("account.invoice.payment.method").create([{
        "name": "Cash", "journal": journal.id,
        "credit_account": accounts["cash"], "debit_account": accounts["cash"],
    }])  # fmt: skip
    for row, record_id in paid:
        record = invoice_model(record_id)
        day = _day(row["placed_on"]) + dt.timedelta(days=12)
        lines = [*record.pay_invoice(record.total_amount, method, day), *record.lines_to_pay]
        line_model.reconcile([line for line in lines if line.account == record.account])
    invoice_model.process(invoice_model.browse([record_id for _, record_id in paid]))


def native_ids(pool: Any, pairs: Pairs) -> dict[str, Any]:
    """Give native ids by the data set's ids, the states that were reached, and which orders are billed."""
    sale_model, queue = pool.get("sale.sale"), pool.get("ir.queue")
    queue.delete(queue.search([]))  # what was queued has been done by hand
    ids: dict[str, Any] = {"orders": {}, "order_lines": {}, "shipments": {}, "invoices": {}, "states": {}}
    ids["billed"] = []
    for row, sale_id in pairs:
        sale = sale_model(sale_id)
        ids["orders"][row["id"]] = sale.id
        ids["states"][row["id"]] = [sale.state, sale.shipment_state]
        ids["invoices"][row["id"]] = [record.id for record in sale.invoices]
        if any(record.state in ("posted", "paid") for record in sale.invoices):
            ids["billed"].append(row["id"])
        for line, native in zip(row["lines"], sale.lines, strict=True):
            ids["order_lines"][line["id"]] = native.id
        for shipment, native in zip(row["shipments"], sale.shipments, strict=True):
            ids["shipments"][shipment["id"]] = native.id
    return ids


def _day(text: str | None) -> Any:
    return dt.date.fromisoformat(text) if text else None
