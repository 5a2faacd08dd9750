"""Install the real Tryton once, in a cache folder, and fill one database from the sandbox data set.

The cache is `GATEWAY_TEST_CACHE` (default `~/.cache/portal-gateway`). Its entries are named by a hash
of what made them, so a changed recipe makes a new entry and an unchanged one is used as it is. A file
lock lets one process build while others wait.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.data import DataSet, Order, build
from sandbox.tryton.rows import address_of, promised_on

HERE = Path(__file__).parent
DATABASE = "tryton"
SELLING = ("acme", "bright", "group")
"""The accounts whose orders are in the real system; every account is there as a party."""


class InstallError(Exception):
    """The real system cannot be installed; the message says which step failed and how."""


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
    cache = Path(os.environ.get("GATEWAY_TEST_CACHE", "~/.cache/portal-gateway")).expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    requirements = HERE / "requirements.txt"
    given = json.dumps(seed_input(build(), orders), indent=1)
    recipe = "".join(path.read_text() for path in sorted(HERE.glob("seed*.py")))
    environment = cache / f"tryton-env-{_hash(sys.version, requirements.read_text())}"
    data = cache / f"tryton-db-{_hash(environment.name, recipe, given)}"
    with _locked(cache / "tryton.lock"):
        _once(environment, lambda: _install_packages(environment, requirements))
        _once(data, lambda: _build_database(environment, data, given))
    ids = json.loads((data / "ids.json").read_text())
    return Installation(_python(environment), data / f"{DATABASE}.sqlite", ids)


def configuration(folder: Path, *, listen: str = "127.0.0.1:0", worker: bool = False) -> str:
    """Give the text of a `trytond.conf` whose databases stand in `folder`."""
    queue = "[queue]\nworker = True\n" if worker else ""
    return f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = {listen}\n{queue}"


def clean_environment() -> dict[str, str]:
    """Give this process's environment without what would reach into Tryton's."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TRYTON"))}


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


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"


def _install_packages(environment: Path, requirements: Path) -> None:
    _run("creating the environment", [sys.executable, "-m", "venv", str(environment)])
    pip = [str(_python(environment)), "-m", "pip", "install", "--quiet", "--no-deps"]
    _run("installing Tryton from the package registry", [*pip, "-r", str(requirements)])


def _build_database(environment: Path, data: Path, given: str) -> None:
    (data / "input.json").write_text(given)
    (data / "trytond.conf").write_text(configuration(data, worker=True))
    (data / "password").write_text("admin")
    (data / f"{DATABASE}.sqlite").touch()
    python = str(_python(environment))
    admin = [
        python,
        str(environment / "bin" / "trytond-admin"),
        "-c",
        str(data / "trytond.conf"),
        "-d",
        DATABASE,
    ]
    variables = {"TRYTONPASSFILE": str(data / "password")}
    _run("creating the database", [*admin, "--all", "--email", "admin@example.com"], variables)
    _run("activating the modules", [*admin, "-u", "sale", "--activate-dependencies"], variables)
    files = [str(data / name) for name in ("input.json", "ids.json")]
    variables = {"TRYTOND_CONFIG": str(data / "trytond.conf")}
    _run("seeding the database", [python, str(HERE / "seed.py"), DATABASE, *files], variables)


def _once(folder: Path, make: Any) -> None:
    """Make `folder` unless it is complete; a half-made one is thrown away."""
    ready = folder / ".ready"
    if ready.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make()
    ready.touch()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file closes, also when the process dies
        yield


def _run(step: str, command: Sequence[str], variables: dict[str, str] | None = None) -> None:
    result = subprocess.run(  # noqa: S603  the commands above, no shell
        command, env=clean_environment() | (variables or {}), capture_output=True, text=True, check=False
    )
    if result.returncode:
        tail = "\n".join(result.stderr.strip().splitlines()[-15:])
        raise InstallError(f"Tryton: {step} failed (exit status {result.returncode}).\n{tail}")


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


if __name__ == "__main__":
    install()
