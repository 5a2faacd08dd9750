"""Settings of `[connectors.NAME]` with `type = "tryton"`."""

from __future__ import annotations

from gateway.settings import Config as Base
from gateway.settings import Secret


class Config(Base, frozen=True, kw_only=True):
    """`key`: of a REST user application; `company`: id of the company whose records are shown.

    `warehouses` are the stock locations that count as available; with none, stock is not served.
    """

    base_url: str
    database: str
    key: Secret
    company: int
    warehouses: tuple[int, ...] = ()
    timeout_seconds: float = 3.0
    concurrency: int = 6
