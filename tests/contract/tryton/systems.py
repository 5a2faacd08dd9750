"""The stand-in and the real Tryton, seen alike: address, key, and what rows are called there."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope
from gateway.connectors.ports.orders import OrderStatus
from gateway.connectors.tryton.config import Config
from gateway.connectors.tryton.connector import Connector, connect
from gateway.connectors.tryton.mapping import ORDERED
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import Order, build
from sandbox.tryton import COMPANY, WAREHOUSE
from tests.real.tryton.fixture import RealTryton

DATA = build()
KEY = "key-of-the-stand-in"
NAME = "erp"
ORDER_STATUS = {
    ("confirmed", "none"): OrderStatus.CONFIRMED,
    ("processing", "waiting"): OrderStatus.IN_PROGRESS,
    ("processing", "partially shipped"): OrderStatus.PARTIALLY_SHIPPED,
    ("done", "sent"): OrderStatus.COMPLETED,
}


@dataclass(frozen=True)
class Side:
    """One of the two systems, and what the data set's rows are called in it."""

    url: str
    key: str
    database: str
    company: int
    warehouse: int
    accounts: dict[str, int]
    orders: dict[int, int]
    shipments: dict[int, int]
    products: dict[int, int]
    invoices: dict[str, tuple[str, ...]]
    states: dict[int, tuple[str, str]]
    billed: frozenset[int]
    simulated: bool

    def scope(self, *keys: str) -> AccountScope:
        return AccountScope(keys[0], frozenset(Permission), {NAME: tuple(map(self.party, keys))})

    def shown(self, *keys: str) -> list[Order]:
        """Give the orders that the accounts may see, newest first; of one day, the greater id first."""
        rows = [
            row for row in DATA.orders
            if row.account in keys and row.id in self.orders and self.states[row.id][0] in ORDERED
        ]  # fmt: skip
        return sorted(rows, key=lambda row: (row.placed_on, self.orders[row.id]), reverse=True)

    def party(self, key: str) -> str:
        return str(self.accounts[key])

    def connect(self, name: str, url: str, outbound: Outbound, key: str | None = None) -> Connector:
        config = Config(
            base_url=url,
            database=self.database,
            key=Secret(key or self.key),
            company=self.company,
            warehouses=(self.warehouse,),
        )
        return connect(name, config, outbound)

    def orders_of(self, key: str) -> tuple[str, ...]:
        return tuple(str(self.orders[row.id]) for row in self.shown(key))

    def shipments_of(self, key: str) -> tuple[str, ...]:
        rows = [shipment for row in DATA.orders if row.account == key for shipment in row.shipments]
        return tuple(str(self.shipments[row.id]) for row in rows if row.id in self.shipments)


def simulated(url: str) -> Side:
    billed = [(n, row) for n, row in enumerate(DATA.invoices, 1) if row.status not in ("draft", "void")]
    return Side(
        url=url,
        key=KEY,
        database="tryton",
        company=COMPANY,
        warehouse=WAREHOUSE,
        accounts={account.key: account.tryton_party for account in DATA.accounts.values()},
        orders={row.id: row.id for row in DATA.orders},
        simulated=True,
        states={row.id: (row.state, row.shipment_state) for row in DATA.orders},
        billed=frozenset(row.id for row in DATA.orders if row.state == "done"),
        shipments={shipment.id: shipment.id for row in DATA.orders for shipment in row.shipments},
        products={product: product for product in DATA.products},
        invoices={
            key: tuple(str(n) for n, row in billed if row.account == key) for key in ("acme", "bright")
        },
    )


def installed(system: RealTryton) -> Side:
    ids = system.ids
    paid = {
        key: [
            str(ids["invoices"][str(row.id)][0])
            for row in DATA.orders
            if row.account == key and row.state == "done"
        ]
        for key in ("acme", "bright")
    }
    return Side(
        url=system.url,
        key=system.key,
        database=system.database,
        company=ids["company"],
        warehouse=ids["warehouse"],
        accounts=ids["accounts"],
        orders={int(row): native for row, native in ids["orders"].items()},
        simulated=False,
        states={int(row): tuple(states) for row, states in ids["states"].items()},
        billed=frozenset(ids["billed"]),
        shipments={int(row): native for row, native in ids["shipments"].items()},
        products={int(row): native for row, native in ids["products"].items()},
        invoices={
            "acme": (*paid["acme"], str(ids["taxed_invoice"])),
            "bright": tuple(paid["bright"]),
        },
    )
