"""The one data set behind every stand-in: neutral, deterministic for a given day, scalable.

Billing and sales stand here; `people`, `desk` and `files` hold what a CRM, a helpdesk and a file store know.

`build(anchor)` gives the same rows for the same day and sizes. Stand-ins translate these rows into
their vendor's wire shapes; tests compare the gateway's answers with these rows.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.data.desk import Desk, articles, tickets
from sandbox.data.files import File, files, root
from sandbox.data.people import Contact, Staff, contacts, salesforce_id, staff

__all__ = [
    "ANCHOR", "EXPONENTS", "Account", "Contact", "DataSet", "Desk", "File", "Invoice", "InvoiceLine", "Order",
    "OrderLine", "Payment", "Product", "Shipment", "Staff", "Subscription", "build",
]  # fmt: skip

ANCHOR = dt.date(2026, 6, 30)
"""The day that tests use as today."""

EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}


@dataclass(frozen=True)
class Account:
    """A customer. `stripe_customers` maps currency to customer id: Stripe keeps one currency each.

    `crm_id` is a Salesforce account id, `manager` a user id there, `desk_org` a Zendesk organization.
    """

    key: str
    number: str
    name: str
    type: str
    currency: str
    tryton_party: int
    stripe_customers: dict[str, str]
    parent: str | None = None
    credit_minor: int = 0
    crm_id: str = ""
    manager: str = ""
    desk_org: int = 0

    @property
    def files_root(self) -> str:
        """Prefix of the account's files."""
        return root(self.key)

    @property
    def website(self) -> str:
        """The customer's own site."""
        return f"https://{self.key}.example"


@dataclass(frozen=True)
class Product:
    """A row of the catalogue."""

    id: int
    sku: str
    name: str
    description: str
    price: Decimal
    on_hand: Decimal
    reserved: Decimal
    salable: bool = True


@dataclass(frozen=True)
class InvoiceLine:
    """Amounts in minor units of the invoice's currency, before tax."""

    id: str
    description: str
    quantity: int
    unit_minor: int
    period: tuple[dt.date, dt.date]

    @property
    def amount_minor(self) -> int:
        """Quantity times unit price."""
        return self.quantity * self.unit_minor


@dataclass(frozen=True)
class Invoice:
    """Status in Stripe's words: draft open paid void uncollectible. Amounts in minor units."""

    id: str
    account: str
    customer: str
    number: str | None
    status: str
    currency: str
    created: dt.datetime
    due: dt.datetime | None
    paid_at: dt.datetime | None
    lines: tuple[InvoiceLine, ...]
    tax_minor: int
    paid_minor: int
    payment: str | None = None
    subscription: str | None = None
    po_number: str | None = None

    @property
    def subtotal_minor(self) -> int:
        """Sum of the lines."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def total_minor(self) -> int:
        """Lines and tax."""
        return self.subtotal_minor + self.tax_minor

    @property
    def remaining_minor(self) -> int:
        """Still to be paid."""
        return self.total_minor - self.paid_minor


@dataclass(frozen=True)
class Payment:
    """Status in Stripe's words for a PaymentIntent; `refunded_minor` is on its charge."""

    id: str
    account: str
    customer: str
    currency: str
    amount_minor: int
    refunded_minor: int
    status: str
    created: dt.datetime
    description: str | None
    brand: str
    last4: str


@dataclass(frozen=True)
class Subscription:
    """Status in Stripe's words."""

    id: str
    account: str
    customer: str
    currency: str
    status: str
    product: str
    quantity: int
    unit_minor: int
    started: dt.datetime
    period: tuple[dt.datetime, dt.datetime]
    latest_invoice: str | None = None


@dataclass(frozen=True)
class OrderLine:
    """A line of an order; `product` is a product id."""

    id: int
    product: int
    quantity: Decimal
    shipped: Decimal
    unit_price: Decimal


@dataclass(frozen=True)
class Shipment:
    """State in Tryton's words: draft waiting assigned picked packed shipped done cancelled."""

    id: int
    number: str
    state: str
    reference: str | None
    effective_on: dt.date | None
    planned_on: dt.date


@dataclass(frozen=True)
class Order:
    """State in Tryton's words: draft quotation confirmed processing done cancelled."""

    id: int
    account: str
    number: str | None
    state: str
    shipment_state: str
    currency: str
    placed_on: dt.date
    reference: str
    lines: tuple[OrderLine, ...]
    shipments: tuple[Shipment, ...] = ()

    @property
    def untaxed(self) -> Decimal:
        """Sum of the lines."""
        return sum((line.quantity * line.unit_price for line in self.lines), Decimal("0.00"))


@dataclass(frozen=True)
class DataSet:
    """Everything the company's systems know."""

    anchor: dt.date
    accounts: dict[str, Account] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    invoices: list[Invoice] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    staff: list[Staff] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    desk: Desk = field(default_factory=Desk)
    files: list[File] = field(default_factory=list)


_CATALOGUE = (
    ("W-100", "Widget", "10.00"),
    ("G-200", "Gadget", "25.50"),
    ("B-300", "Bracket", "3.25"),
    ("V-400", "Valve", "118.00"),
    ("P-500", "Pump", "940.00"),
    ("S-600", "Seal kit", "14.90"),
    ("H-700", "Hose, 5 m", "32.75"),
    ("M-800", "Motor", "1480.00"),
)
_NAMED = (
    # key, name, type, party, currencies (first: the account's own), parent, invoices, orders
    # (contacts, tickets and months of statements: _MORE)
    ("acme", "Acme Manufacturing", "CUSTOMER", 101, ("EUR", "USD"), None, 66, 30),
    ("bright", "Bright Software", "CUSTOMER", 102, ("USD", "JPY"), None, 24, 8),
    ("ledger", "Ledger & Partners", "CUSTOMER", 103, ("USD", "KWD"), None, 12, 3),
    ("group", "Harbour Group", "CUSTOMER", 104, ("EUR",), None, 6, 4),
    ("group-north", "Harbour North", "CUSTOMER", 105, ("EUR",), "group", 5, 3),
    ("group-south", "Harbour South", "CUSTOMER", 106, ("EUR",), "group", 5, 3),
    ("empty", "Empty Rooms", "CUSTOMER", 107, ("EUR",), None, 0, 0),
    ("reach", "Reach Resale", "PARTNER", 108, ("EUR",), None, 4, 2),
)
_MORE = {
    "acme": (12, 44, 24), "bright": (5, 12, 4), "ledger": (3, 6, 12), "group": (3, 4, 3),
    "group-north": (2, 3, 2), "group-south": (2, 0, 0), "empty": (0, 0, 0), "reach": (2, 2, 1),
}  # fmt: skip
_STATES = ("confirmed", "processing", "processing", "done", "done")
# As Tryton has it: what is shipped but not yet done does not count as shipped in the order's own state.
_SENT = {"done": (("done",), "sent"), "partly": (("done", "waiting"), "partially shipped"),
         "shipped": (("shipped", "waiting"), "waiting")}  # fmt: skip


def build(anchor: dt.date = ANCHOR, *, accounts: int = 0, invoices: int = 0) -> DataSet:
    """Build the data set as of `anchor`.

    `accounts` adds that many plain accounts (`x0001` ...), each with `invoices` invoices and a
    tenth as many orders.
    """
    data = DataSet(anchor=anchor, staff=staff())
    articles(data.desk, anchor)
    for index, (sku, name, price) in enumerate(_CATALOGUE, start=1):
        data.products[index] = Product(
            index, sku, name, f"{name}, boxed.", Decimal(price), Decimal(100 * index), Decimal(index)
        )
    retired = len(_CATALOGUE) + 1
    data.products[retired] = Product(
        retired, "X-900", "Prototype", "Not for sale.", Decimal("1.00"), Decimal(0), Decimal(0), salable=False
    )
    extra = tuple(
        (f"x{n:04}", f"Customer {n:04}", "CUSTOMER", 1000 + n, ("EUR",), None, invoices, invoices // 10)
        for n in range(1, accounts + 1)
    )
    for index, (key, name, kind, party, currencies, parent, bills, sales) in enumerate(
        _NAMED + extra, start=1
    ):
        customers = {currency: _stripe_id("cus", key, currency) for currency in currencies}
        account = Account(
            key=key, number=f"C-{1000 + index}", name=name, type=kind, currency=currencies[0],
            tryton_party=party, stripe_customers=customers, parent=parent,
            credit_minor=2_500 if key == "acme" else 0, crm_id=salesforce_id("001", index),
            manager=data.staff[kind == "PARTNER"].id, desk_org=360_000 + index,
        )  # fmt: skip
        data.accounts[key] = account
        known, asked, months = _MORE.get(key, (1, invoices // 10, 0))
        data.contacts.extend(contacts(key, index, known, anchor) if known else ())
        tickets(data.desk, key, account.desk_org, asked, anchor)
        data.files.extend(files(key, months, anchor))
        rng = random.Random(f"{key}:1")
        _bill(data, account, bills, rng)
        _sell(data, account, sales, rng)
    return data


def _stripe_id(prefix: str, key: str, salt: object) -> str:
    return f"{prefix}_{random.Random(f'{prefix}:{key}:{salt}').randbytes(9).hex()}"


def _at(day: dt.date, hour: int = 9) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), tzinfo=dt.UTC)


def _bill(data: DataSet, account: Account, count: int, rng: random.Random) -> None:
    currencies = list(account.stripe_customers)
    subscriptions: dict[str, str] = {}
    if count:
        for currency in currencies:
            started = _at(data.anchor - dt.timedelta(days=400))
            subscription = _stripe_id("sub", account.key, currency)
            subscriptions[currency] = subscription
            data.subscriptions.append(
                Subscription(
                    subscription, account.key, account.stripe_customers[currency], currency, "active",
                    "Service plan", 3, _round_minor(49, currency), started,
                    (_at(data.anchor - dt.timedelta(days=15)), _at(data.anchor + dt.timedelta(days=15))),
                )
            )  # fmt: skip
    for n in range(count):
        # Every fifth in the second currency; two issued in the same second, to try equal sort keys.
        currency = currencies[-1] if n % 5 == 2 else currencies[0]
        # The newest is old enough that no payment lies in the future.
        created = _at(data.anchor - dt.timedelta(days=15 + 6 * (n - n % 2 if n < 4 else n)))
        status = ("open", "paid", "open", "paid", "paid", "paid", "uncollectible", "paid", "void", "paid")[
            n % 10
        ]
        lines = tuple(
            InvoiceLine(
                _stripe_id("il", account.key, (n, m)),
                rng.choice(("Maintenance", "Spare parts", "Licence", "Consulting", "Freight")),
                rng.randint(1, 9),
                _round_minor(rng.randint(5, 400), currency)
                + (rng.randint(0, 99) if EXPONENTS[currency] else 0),
                (created.date() - dt.timedelta(days=30), created.date()),
            )
            for m in range(14 if n == 5 else rng.randint(1, 5))
        )
        tax = sum(line.amount_minor for line in lines) * 19 // 100
        total = sum(line.amount_minor for line in lines) + tax
        paid = total if status == "paid" else total // 3 if status == "open" and n % 20 == 2 else 0
        payment = _stripe_id("pi", account.key, n) if paid else None
        invoice_id = _stripe_id("in", account.key, n)
        data.invoices.append(
            Invoice(
                invoice_id, account.key, account.stripe_customers[currency],
                f"{account.number}-{n + 1:04}", status, currency, created,
                created + dt.timedelta(days=30),
                created + dt.timedelta(days=12) if status == "paid" else None, lines, tax, paid, payment,
                subscriptions[currency] if n % 5 == 0 else None, f"PO-{account.key.upper()}-{n + 1}",
            )
        )  # fmt: skip
        if payment:
            data.payments.append(
                Payment(
                    payment, account.key, account.stripe_customers[currency], currency, paid,
                    paid // 2 if n % 15 == 1 else 0, "succeeded", created + dt.timedelta(days=12),
                    f"Payment for {account.number}-{n + 1:04}", "visa", f"{4000 + n % 999:04}",
                )
            )  # fmt: skip
    for n in range(min(2, count)):
        # Traps: drafts stand among the newest invoices and are no customer's business.
        currency = currencies[0]
        created = _at(data.anchor - dt.timedelta(days=1 + 3 * n), 15)
        line = InvoiceLine(
            _stripe_id("il", account.key, ("draft", n)), "Internal draft", 1, 99_900,
            (created.date(), created.date()),
        )  # fmt: skip
        data.invoices.append(
            Invoice(
                _stripe_id("in", account.key, ("draft", n)), account.key,
                account.stripe_customers[currency], None, "draft", currency, created, None, None,
                (line,), 0, 0,
            )
        )  # fmt: skip


def _round_minor(major: int, currency: str) -> int:
    return int(major * 10 ** EXPONENTS[currency])


def _sell(data: DataSet, account: Account, count: int, rng: random.Random) -> None:
    currencies = [c for c in account.stripe_customers if EXPONENTS[c] == 2] or [account.currency]
    for n in range(count):
        _order(data, account, rng, n, _STATES[n % 5], currencies[-1] if n % 6 == 5 else currencies[0])
    for n, state in enumerate(("draft", "quotation", "cancelled") if count else ()):
        # Traps: carts, quotes and cancelled rows are not orders.
        _order(data, account, rng, count + n, state, currencies[0])


def _order(data: DataSet, account: Account, rng: random.Random, n: int, state: str, currency: str) -> None:
    order_id = account.tryton_party * 1000 + n
    sellable = [p for p in data.products.values() if p.salable]
    chosen = rng.sample(sellable, rng.randint(1, 4))
    placed = data.anchor - dt.timedelta(days=9 * (n - n % 2 if n < 4 else n))
    sent = state if state != "processing" else "partly" if n % 5 == 1 else "shipped"
    states, shipment_state = _SENT.get(sent, ((), "none"))
    whole = state == "done"
    lines = tuple(
        OrderLine(
            order_id * 10 + m, product.id, Decimal(quantity := rng.randint(2, 40)),
            Decimal(quantity if whole else quantity // 2 if states else 0), product.price,
        )
        for m, product in enumerate(chosen)
    )  # fmt: skip
    shipments = tuple(
        Shipment(
            order_id * 10 + m, f"S-{order_id}-{m}", reached,
            f"1Z{order_id:010}{m}" if reached in ("shipped", "done") else None,
            min(placed + dt.timedelta(days=4), data.anchor) if reached in ("shipped", "done") else None,
            placed + dt.timedelta(days=5),
        )
        for m, reached in enumerate(states)
    )  # fmt: skip
    data.orders.append(
        Order(
            order_id, account.key, None if state == "draft" else f"SO-{order_id}", state,
            shipment_state, currency, placed,
            f"PO-{account.key.upper()}-{n + 1}", lines, shipments,
        )
    )  # fmt: skip
