"""Settings of `[connectors.NAME]` with `type = "zendesk"`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, field

from gateway.settings import Config as Base
from gateway.settings import Secret


class Config(Base, frozen=True, kw_only=True):
    """An OAuth client of kind "confidential", and what of the help centre is shown to whom.

    `segments`: word of an account's audience -> user segments whose articles it may read. `content_hosts`:
    hosts beside the base URL's that files may come from, `host` or `host:port`; `*.host` for all below it.
    """

    base_url: str
    client_id: str
    client_secret: Secret
    scope: str = "read write"
    locale: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*\Z")] = "en-us"
    segments: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    content_hosts: tuple[str, ...] = ("*.zdusercontent.com",)
    timeout_seconds: float = 5.0
    concurrency: int = 8
