"""Settings of `[connectors.NAME]` with `type = "stripe"`."""

from __future__ import annotations

from gateway.settings import Config as Base
from gateway.settings import Secret

API_VERSION = "2026-08-26.dahlia"


class Config(Base, frozen=True, kw_only=True):
    """`api_key`: a restricted key (`rk_...`) that may read customers, invoices, payments, subscriptions."""

    api_key: Secret
    base_url: str = "https://api.stripe.com"
    timeout_seconds: float = 3.0
    concurrency: int = 8
