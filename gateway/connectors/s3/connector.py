"""S3, or a store that speaks its protocol, as documents and folders. See README.md for limits and traps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from yarl import URL

from gateway.connectors.ports.documents import DocumentsPort, FoldersPort
from gateway.connectors.s3.answers import classify
from gateway.connectors.s3.config import Config
from gateway.connectors.s3.documents import Documents
from gateway.connectors.s3.folders import Folders
from gateway.connectors.s3.keys import TOP
from gateway.connectors.s3.links import Linker
from gateway.connectors.s3.signing import Keys, Signer
from gateway.connectors.s3.store import Store
from gateway.errors import ConfigurationError
from gateway.outbound import Outbound


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Connector:
    """One bucket of the business."""

    def __init__(self, store: Store, documents: Documents, folders: Folders) -> None:
        self.name = store.name
        self._store = store
        self.ports: Mapping[type, object] = {DocumentsPort: documents, FoldersPort: folders}

    async def ping(self) -> None:
        """List one key of any account: proves address, bucket, keys and permission."""
        await self._store.first(TOP)


def connect(
    name: str, config: Config, outbound: Outbound, clock: Callable[[], dt.datetime] = _now
) -> Connector:
    """Make the connector that is configured as `name`; `clock` gives aware UTC."""
    signing = Keys(
        config.access_key_id.reveal(),
        config.secret_access_key.reveal(),
        config.region,
        config.session_token.reveal() if config.session_token else None,
    )
    client = outbound.client(
        name,
        config.base_url,
        timeout=config.timeout_seconds,
        concurrency=config.concurrency,
        credentials=Signer(signing, clock),
        classify=classify,
    )
    path = f"/{config.bucket}" if config.path_style else ""
    store = Store(name, client, path, config.ordered)
    linker = Linker(signing, _public(name, config.public_url or client.base_url) + path)
    shown = None if config.properties is None else frozenset(map(str.lower, config.properties))
    return Connector(store, Documents(store, clock, linker, config.kinds, shown), Folders(store, clock))


def _public(name: str, address: str) -> str:
    """Give the address that links begin with, without its last slash."""
    try:
        url = URL(address)
        sound = url.scheme in {"http", "https"} and bool(url.host) and url.user is None
        sound = sound and url.raw_path == "/" and not {"?", "#"} & set(address)
    except ValueError:
        sound = False
    if not sound:
        message = "write an http(s) URL with a host and nothing after it"
        raise ConfigurationError(f"connectors.{name}.public_url", message)
    return str(url).rstrip("/")
