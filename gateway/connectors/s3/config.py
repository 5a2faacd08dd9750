"""Settings of `[connectors.NAME]` with `type = "s3"`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from gateway.connectors.ports.documents import DocumentKind
from gateway.settings import Config as Base
from gateway.settings import Secret

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")]


class Config(Base, frozen=True, kw_only=True):
    """`base_url` is the endpoint, without the bucket, unless `path_style` is false.

    `public_url` is where browsers reach the same store, when that is another address. `kinds` adds type codes
    to the known ones, or gives them another kind. `properties` names the user metadata that customers may
    see; without, they see all of it. `ordered = false` is for a store that lists in another order than
    by the keys' bytes (SeaweedFS): each list is then read whole, up to 1,000 keys.
    """

    base_url: str
    bucket: Name
    access_key_id: Secret
    secret_access_key: Secret
    region: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}\Z")] = "us-east-1"
    session_token: Secret | None = None
    public_url: str | None = None
    path_style: bool = True
    ordered: bool = True
    kinds: dict[str, DocumentKind] = field(default_factory=dict)
    properties: tuple[str, ...] | None = None
    timeout_seconds: float = 3.0
    concurrency: int = 16
