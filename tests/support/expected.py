"""What answers must say, computed from the data set's rows and written as GraphQL does.

Each record is a dict of all its fields by their GraphQL names; `values.differences` compares every value
of an answer with it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from gateway.ids import GlobalId, encode_id
from sandbox.data import (
    DataSet,
    Invoice,
    InvoiceLine,
    Order,
    OrderLine,
    Payment,
    Product,
    Shipment,
    Subscription,
)
from tests.support.values import Wire, day, exact, midnight, moment, money, page, plain, sums

BILLING, ERP = "billing", "erp"
_LINES_THAT_COME = 10  # what Stripe sends of an invoice's lines with the invoice
_ORDER_STATES = ("confirmed", "processing", "done")


class Expected:
    """Reads the data set as a portal user should see it, at the moment it is asked.

    `lines` and `shipments`: how many rows are asked for inside an invoice or order.
    """

    def __init__(self, data: DataSet, *, lines: int = 20, shipments: int = 20) -> None:
        self.data = data
        self._lines, self._shipments = lines, shipments
        self._payments = {row.id: row for row in data.payments}
        self._subscriptions = {row.id: row for row in data.subscriptions}

    def id(self, kind: str, connector: str, account: str, native: object) -> str:
        """A global id."""
        return encode_id(GlobalId(kind, connector, account, str(native)))

    # Accounts

    def account(self, key: str) -> Wire:
        """An account's own fields."""
        row = self.data.accounts[key]
        return {
            "id": self.id("Account", "", key, key), "number": row.number, "name": row.name, "type": row.type,
            "status": "ACTIVE", "currencyCode": row.currency, "balance": self.balance(key),
        }  # fmt: skip

    def balance(self, key: str) -> Wire:
        """Open invoices added up per currency; credit as the customers have it."""
        now = dt.datetime.now(dt.UTC)
        opened = [row for row in self.invoice_rows(key) if row.status == "open"]
        account = self.data.accounts[key]
        credit = {account.currency: account.credit_minor} if account.credit_minor else {}
        return {
            "outstanding": sums((row.currency, row.remaining_minor) for row in opened),
            "overdue": sums(
                (r.currency, r.remaining_minor) for r in opened if r.due and r.due.date() < now.date()
            ),
            "credit": sums(credit.items()),
        }

    # Billing

    def invoice_rows(self, key: str) -> list[Invoice]:
        """Newest first. Of the same second: the account's customers in their order, then by id."""
        customers = list(self.data.accounts[key].stripe_customers.values())
        mine = [row for row in self.data.invoices if row.account == key and row.status != "draft"]
        return sorted(mine, key=lambda r: (-r.created.timestamp(), customers.index(r.customer), r.id))

    def invoices(self, key: str) -> list[Wire]:
        """All invoices of an account in list order."""
        return [self.invoice(row) for row in self.invoice_rows(key)]

    def invoice(self, row: Invoice, *, deep: bool = True) -> Wire:
        """One invoice. `deep` False leaves out what leads back to it."""
        now = dt.datetime.now(dt.UTC)
        status = {"open": "PARTIALLY_PAID" if row.paid_minor else "OPEN"}.get(row.status, row.status.upper())
        code = row.currency
        tax = {
            "name": None,
            "rate": None,
            "base": money(row.subtotal_minor, code),
            "amount": money(row.tax_minor, code),
        }
        address = dict.fromkeys(("line1", "line2", "city", "region", "postalCode", "countryCode"))
        lines = self.invoice_lines(row)
        wire: Wire = {
            "id": self.id("Invoice", BILLING, row.account, row.id), "number": row.number, "kind": "INVOICE",
            "status": status, "statusLabel": row.status,
            "isOverdue": row.status == "open" and row.due is not None and row.due.date() < now.date(),
            "issuedOn": day(row.created), "dueOn": day(row.due), "paidAt": moment(row.paid_at),
            "periodStart": None, "periodEnd": None,
            "currencyCode": code, "subtotal": money(row.subtotal_minor, code),
            "discountTotal": money(0, code),
            "taxTotal": money(row.tax_minor, code), "shippingTotal": None,
            "total": money(row.total_minor, code),
            "amountPaid": money(row.paid_minor, code), "amountDue": money(row.remaining_minor, code),
            "amountCredited": money(0, code), "payable": row.status == "open" and row.remaining_minor > 0,
            "paymentTerms": None, "createdAt": moment(row.created), "updatedAt": None,
            "purchaseOrderNumber": row.po_number, "memo": None,
            "billingAddress": {"name": self.data.accounts[row.account].name} | address,
            "hostedUrl": f"https://invoice.example/i/{row.id}", "taxes": [tax] if row.tax_minor else [],
            "lines": page(lines, self._lines, came=_LINES_THAT_COME), "account": self._owner(row.account),
            "payments": [self.payment(self._payments[row.payment])] if row.payment else [],
        }  # fmt: skip
        if deep:
            wire["subscription"] = (
                self.subscription(self._subscriptions[row.subscription]) if row.subscription else None
            )
        return wire

    def invoice_lines(self, row: Invoice) -> list[Wire]:
        """All lines; their taxes add up to the invoice's, each rounded down on the running sum."""
        made, before, taxed = [], 0, 0
        for line in row.lines:
            before += line.amount_minor
            tax = row.tax_minor * before // row.subtotal_minor
            made.append(_invoice_line(line, row.currency, tax - taxed))
            taxed = tax
        return made

    def payments(self, key: str) -> list[Wire]:
        """All payments of an account in list order."""
        customers = list(self.data.accounts[key].stripe_customers.values())
        mine = [row for row in self.data.payments if row.account == key]
        mine.sort(key=lambda r: (-r.created.timestamp(), customers.index(r.customer), r.id))
        return [self.payment(row) for row in mine]

    def payment(self, row: Payment) -> Wire:
        """One payment."""
        status = "SUCCEEDED" if not row.refunded_minor else "PARTIALLY_REFUNDED"
        if row.refunded_minor == row.amount_minor:
            status = "REFUNDED"
        return {
            "id": self.id("Payment", BILLING, row.account, row.id),
            "amount": money(row.amount_minor, row.currency),
            "amountRefunded": money(row.refunded_minor, row.currency), "status": status,
            "statusLabel": row.status,
            "method": {"type": "card", "brand": row.brand, "last4": row.last4},
            "receivedAt": moment(row.created), "createdAt": moment(row.created), "updatedAt": None,
            "reference": row.description, "failureCode": None,
            "receiptUrl": f"https://receipts.example/payment/ch_{row.id.removeprefix('pi_')}",
            "account": self._owner(row.account),
        }  # fmt: skip

    def subscriptions(self, key: str) -> list[Wire]:
        """All subscriptions of an account in list order."""
        customers = list(self.data.accounts[key].stripe_customers.values())
        mine = [row for row in self.data.subscriptions if row.account == key]
        mine.sort(key=lambda r: (-r.started.timestamp(), customers.index(r.customer), r.id))
        return [self.subscription(row) for row in mine]

    def subscription(self, row: Subscription) -> Wire:
        """One subscription, with its newest invoice."""
        issued = [bill for bill in self.invoice_rows(row.account) if bill.subscription == row.id]
        item = {
            "productName": row.product, "quantity": str(row.quantity),
            "unitPrice": money(row.unit_minor, row.currency),
            "interval": "MONTH", "intervalCount": 1,
            "currentPeriodStart": moment(row.period[0]), "currentPeriodEnd": moment(row.period[1]),
        }  # fmt: skip
        return {
            "id": self.id("Subscription", BILLING, row.account, row.id), "status": row.status.upper(),
            "statusLabel": row.status, "startedOn": day(row.started), "trialEndsOn": None, "cancelAt": None,
            "cancelAtPeriodEnd": False, "endedAt": None, "collectionMethod": "SEND_INVOICE", "items": [item],
            "latestInvoice": self.invoice(issued[0], deep=False) if issued else None,
            "createdAt": moment(row.started), "updatedAt": None, "account": self._owner(row.account),
        }  # fmt: skip

    # Orders

    def order_rows(self, key: str) -> list[Order]:
        """Newest first, of the same day the greater id first; carts, quotes and cancelled ones are none."""
        mine = [row for row in self.data.orders if row.account == key and row.state in _ORDER_STATES]
        return sorted(mine, key=lambda row: (row.placed_on, row.id), reverse=True)

    def orders(self, key: str) -> list[Wire]:
        """All orders of an account in list order."""
        return [self.order(row) for row in self.order_rows(key)]

    def order(self, row: Order) -> Wire:
        """One order."""
        lines = [self.order_line(line, row) for line in row.lines]
        return {
            "id": self.id("Order", ERP, row.account, row.id), "number": row.number,
            "status": _order_status(row),
            "statusLabel": row.state.capitalize(), "purchaseOrderNumber": row.reference,
            "placedAt": midnight(row.placed_on),
            "promisedOn": day(row.placed_on + dt.timedelta(days=5)), "currencyCode": row.currency,
            "subtotal": exact(row.untaxed, row.currency), "taxTotal": exact(Decimal(0), row.currency),
            "total": exact(row.untaxed, row.currency), "shippingAddress": self._address(row.account),
            "billingAddress": self._address(row.account), "lines": page(lines, self._lines),
            "shipments": page([self.shipment(shipment, row) for shipment in row.shipments], self._shipments),
            "createdAt": midnight(row.placed_on),
            "updatedAt": f"{row.placed_on.isoformat()}T00:05:00.000250Z", "account": self._owner(row.account),
        }  # fmt: skip

    def order_line(self, line: OrderLine, order: Order) -> Wire:
        """One line of an order."""
        product = self.data.products[line.product]
        promised = day(order.placed_on + dt.timedelta(days=5)) if order.shipments else None
        return {
            "description": product.name, "quantityOrdered": plain(line.quantity), "unit": "Unit",
            "quantityShipped": plain(line.shipped),
            "quantityInvoiced": plain(line.quantity) if order.state == "done" else "0",
            "unitPrice": plain(line.unit_price.quantize(Decimal("0.0001"))),
            "amount": exact(line.quantity * line.unit_price, order.currency), "promisedOn": promised,
            "product": self.product(product, order.account),
        }  # fmt: skip

    def shipments(self, key: str) -> list[Wire]:
        """All shipments of an account's orders, the greatest id first."""
        mine = [(shipment, order) for order in self.order_rows(key) for shipment in order.shipments]
        mine.sort(key=lambda pair: pair[0].id, reverse=True)
        return [self.shipment(*pair) for pair in mine]

    def shipment(self, row: Shipment, order: Order) -> Wire:
        """One shipment."""
        status = {"waiting": "WAITING", "shipped": "SHIPPED", "done": "DELIVERED"}[row.state]
        return {
            "id": self.id("Shipment", ERP, order.account, row.id), "number": row.number, "status": status,
            "statusLabel": row.state.capitalize(), "carrier": None,
            "trackingNumbers": [row.reference] if row.reference else [],
            "trackingUrl": None, "shippedAt": midnight(row.effective_on), "estimatedDeliveryOn": None,
            "createdAt": midnight(order.placed_on),
            "updatedAt": midnight(row.effective_on or order.placed_on),
            "account": self._owner(order.account),
        }  # fmt: skip

    def products(self, key: str) -> list[Wire]:
        """What is for sale, by SKU."""
        rows = sorted((row for row in self.data.products.values() if row.salable), key=lambda row: row.sku)
        return [self.product(row, key) for row in rows]

    def product(self, row: Product, key: str) -> Wire:
        """One product as an account sees it."""
        stock = {
            "available": plain(row.on_hand - row.reserved),
            "onHand": plain(row.on_hand),
            "precision": "EXACT",
        }
        founded = midnight(self.data.anchor - dt.timedelta(days=500))
        return {
            "id": self.id("Product", ERP, key, row.id), "sku": row.sku, "name": row.name, "unit": "Unit",
            "description": row.description, "status": "ACTIVE" if row.salable else "DISCONTINUED",
            "createdAt": founded, "updatedAt": founded, "availability": stock,
        }  # fmt: skip

    def _owner(self, key: str) -> Wire:
        return {"id": self.id("Account", "", key, key)}

    def _address(self, key: str) -> Wire:
        account = self.data.accounts[key]
        return {
            "name": account.name, "line1": f"{account.tryton_party} Market Street", "line2": "Dock 4",
            "city": "Hamburg", "region": None, "postalCode": "20095", "countryCode": "DE",
        }  # fmt: skip


def _invoice_line(line: InvoiceLine, currency: str, tax: int) -> Wire:
    return {
        "description": line.description, "quantity": str(line.quantity), "unit": None,
        "unitPrice": money(line.unit_minor, currency)["amount"], "discountAmount": money(0, currency),
        "taxAmount": money(tax, currency), "amount": money(line.amount_minor, currency),
        "periodStart": day(line.period[0]), "periodEnd": day(line.period[1]),
    }  # fmt: skip


def _order_status(row: Order) -> str:
    if row.state == "processing":
        return "PARTIALLY_SHIPPED" if row.shipment_state == "partially shipped" else "IN_PROGRESS"
    return {"confirmed": "CONFIRMED", "done": "COMPLETED"}[row.state]
