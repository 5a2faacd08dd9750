"""Install the real Tryton once, in a cache folder, and fill one database from the sandbox data set.

See `tests/support/cache.py` for the folder and its habits.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.data import DataSet, Order, build
from sandbox.tryton.rows import address_of, promised_on
from tests.support.cache import cache, hash_of, install_packages, locked, once, python_of, run

HERE = Path(__file__).parent
DATABASE = "tryton"
SELLING = ("acme", "bright", "group")
"""The accounts whose orders are in the real system; every account is there as a party."""


@dataclass(frozen=True)
class Installation:
    """`python` runs Tryton; `database` is the seeded file, to be copied; `ids` as `seed.py` writes them."""

    python: Path
    database: Path
    ids: dict[str, Any]

    def script(self, name: str) -> list[str]:
        """Give the command line of one of Tryton's programs."""
        return [str(self.python), str(self.python.parent / name)]


def install(*, orders: int | None = None) -> Installation:
    """Give the installation, building what is not in the cache yet.

    `orders` limits the orders per account (its unconfirmed and cancelled ones always come along).
    """
    folder = cache()
    requirements = HERE / "requirements.txt"
    given = json.dumps(seed_input(build(), orders), indent=1)
    recipe = "".join(path.read_text() for path in sorted(HERE.glob("seed*.py")))
    environment = folder / f"tryton-env-{hash_of(sys.version, requirements.read_text())}"
    data = folder / f"tryton-db-{hash_of(environment.name, recipe, given)}"
    python = python_of(environment)
    with locked(folder / "tryton.lock"):
        # The list is complete as it stands: what Tryton could also use is left out.
        once(environment, lambda: install_packages("Tryton", environment, requirements, "--no-deps"))
        once(data, lambda: _build_database(python, data, given))
    ids = json.loads((data / "ids.json").read_text())
    return Installation(python, data / f"{DATABASE}.sqlite", ids)


def configuration(folder: Path, *, listen: str = "127.0.0.1:0", worker: bool = False) -> str:
    """Give the text of a `trytond.conf` whose databases stand in `folder`."""
    queue = "[queue]\nworker = True\n" if worker else ""
    return f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = {listen}\n{queue}"


def seed_input(data: DataSet, orders: int | None) -> dict[str, Any]:
    """Give the rows that `seed.py` reads."""
    return {
        "accounts": [
            {
                "key": account.key, "number": account.number, "name": account.name,
                "currency": account.currency, "address": address_of(account),
            }
            for account in data.accounts.values()
        ],
        "products": [
            {
                "id": product.id, "sku": product.sku, "name": product.name, "salable": product.salable,
                "description": product.description, "price": str(product.price),
                "on_hand": float(product.on_hand),
            }
            for product in data.products.values()
        ],
        "orders": [_order_input(order) for key in SELLING for order in _chosen(data, key, orders)],
    }  # fmt: skip


def _chosen(data: DataSet, key: str, limit: int | None) -> list[Order]:
    mine = [order for order in data.orders if order.account == key]
    real = [order for order in mine if order.state in ("confirmed", "processing", "done")]
    return real[:limit] + [order for order in mine if order not in real]


def _order_input(order: Order) -> dict[str, Any]:
    ends = {"processing": "partly done" if order.shipment_state == "partially shipped" else "shipped"}
    return {
        "id": order.id, "account": order.account, "number": order.number, "reference": order.reference,
        "currency": order.currency, "placed_on": order.placed_on.isoformat(),
        "promised_on": promised_on(order).isoformat(), "end": ends.get(order.state, order.state),
        "lines": [
            {
                "id": line.id, "product": line.product, "quantity": float(line.quantity),
                "shipped": float(line.shipped), "unit_price": str(line.unit_price),
            }
            for line in order.lines
        ],
        "shipments": [
            {
                "id": shipment.id, "number": shipment.number, "reference": shipment.reference,
                "planned_on": shipment.planned_on.isoformat(), "effective_on": _iso(shipment.effective_on),
            }
            for shipment in order.shipments
        ],
    }  # fmt: skip


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _build_database(python: Path, data: Path, given: str) -> None:
    (data / "input.json").write_text(given)
    (data / "trytond.conf").write_text(configuration(data, worker=True))
    (data / "password").write_text("admin")
    (data / f"{DATABASE}.sqlite").touch()
    program = str(python.parent / "trytond-admin")
    admin = [str(python), program, "-c", str(data / "trytond.conf"), "-d", DATABASE]
    variables = {"TRYTONPASSFILE": str(data / "password")}
    run("Tryton: creating the database", [*admin, "--all", "--email", "admin@example.com"], variables)
    run("Tryton: activating the modules", [*admin, "-u", "sale", "--activate-dependencies"], variables)
    files = [str(data / name) for name in ("input.json", "ids.json")]
    variables = {"TRYTOND_CONFIG": str(data / "trytond.conf")}
    run("Tryton: seeding the database", [str(python), str(HERE / "seed.py"), DATABASE, *files], variables)


if __name__ == "__main__":
    install()
