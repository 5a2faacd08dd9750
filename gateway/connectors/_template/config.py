"""Settings of `[connectors.NAME]` with `type = "_template"`."""

from __future__ import annotations

from gateway.settings import Config as Base
from gateway.settings import Secret

# CHANGE: what the vendor's client needs. Whatever is secret is a `Secret`: it has no text form.


class Config(Base, frozen=True, kw_only=True):
    """`token`: one that may read contacts, and nothing else. `base_url`: up to the API's root."""

    token: Secret
    base_url: str
    timeout_seconds: float = 3.0
    concurrency: int = 8
