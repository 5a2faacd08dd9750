"""Attachments: their contents go through the gateway, since a `content_url` opens for whoever has it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

from gateway.auth.scope import AccountScope
from gateway.connectors.ports.support import Content
from gateway.connectors.zendesk.api import NOT_FOUND, OK, Api, Wire, is_id
from gateway.errors import ConfigurationError
from gateway.outbound import Streamed, VendorClient

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_MOST_HOSTS: Final = 32
_HOST: Final = re.compile(r"[a-z0-9.-]+|\[?[0-9a-f:.]+\]?", re.ASCII)
_DEFAULT_MIME: Final = "application/octet-stream"


class Files:
    """Opens attachments. `plain(origin)` makes a client without credentials; `hosts` may hold contents."""

    def __init__(self, api: Api, plain: Callable[[str], VendorClient], hosts: Sequence[str]) -> None:
        self._api = api
        self._plain = plain
        self._hosts = tuple(host.lower() for host in hosts)
        self._clients: dict[str, VendorClient] = {}

    @asynccontextmanager
    async def open(self, _scope: AccountScope, native_id: str) -> AsyncIterator[Content]:
        """Open an attachment; see the port."""
        if not is_id(native_id):
            raise self._api.broken("an attachment's id of another form")
        path, route = f"/attachments/{native_id}", "/attachments/{id}"
        status, body = await self._api.get(path, [], route, (NOT_FOUND,))
        if status == NOT_FOUND:
            raise self._api.broken("an attachment that is gone")
        found = self._api.part(body, "attachment")
        if str(found["id"]) != native_id:
            raise self._api.broken("not the attachment asked for")
        if found.get("deleted") is True or found.get("malware_scan_result") == "malware_found":
            raise self._api.broken("an attachment that was withdrawn")
        url, size = _text(found, "content_url", ""), found.get("size")
        async with AsyncExitStack() as stack:
            streamed = await self._open(url, stack)
            yield Content(
                file_name=_text(found, "file_name", "file"),
                mime_type=_text(found, "content_type", _DEFAULT_MIME),
                size=size if type(size) is int else None,
                chunks=streamed.chunks,
            )

    async def _open(self, url: str, stack: AsyncExitStack) -> Streamed:
        """Follow one redirect at most, and carry no token along."""
        base = _origin(self._api.bulk.base_url)
        async with AsyncExitStack() as own:
            # Private attachments ask for a token where the API is; nobody else gets it.
            first = await self._stream(url, own, self._api.bulk if _origin(url) == base else None)
            if first.status == OK:
                stack.push_async_exit(own.pop_all())
                return first
            location = first.headers.get("Location", "")
        # The first connection is let go before the second is asked for.
        second = await self._stream(_joined(url, location), stack, None)
        if second.status != OK:
            raise self._api.broken("an attachment that is moved about")
        return second

    async def _stream(self, url: str, stack: AsyncExitStack, client: VendorClient | None) -> Streamed:
        # Neither address nor path may be told: they are the secret.
        try:
            client = client or self._client(url)
            parts = urlsplit(url)
            query = parse_qsl(parts.query, keep_blank_values=True)
            opening = client.stream(parts.path, query=query, route="/attachment", accept=_MOVED | {OK})
            return await stack.enter_async_context(opening)
        except (ValueError, ConfigurationError):
            error = self._api.broken("an attachment's address that is none")
        raise error

    def _client(self, url: str) -> VendorClient:
        origin = _origin(url)
        if not self._trusted(url, origin):
            raise self._api.broken("an attachment at a host that is not among content_hosts")
        if origin not in self._clients:
            if len(self._clients) >= _MOST_HOSTS:
                self._clients.clear()
            self._clients[origin] = self._plain(origin)
        return self._clients[origin]

    def _trusted(self, url: str, origin: str) -> bool:
        """Whether contents may come from there: https (loopback: also http), at a host that is known."""
        try:
            parts = urlsplit(url)
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        # As it stands in the list: what the parser and a client could read as two different hosts is none.
        host = name if port is None else f"{name}:{port}"
        if not name or parts.netloc.lower() != host or not _HOST.fullmatch(name):
            return False
        if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(name)):
            return False
        if origin == _origin(self._api.client.base_url):
            return True
        return any(
            (port is None and name.endswith(one[1:]) and len(name) >= len(one))
            if one.startswith("*.")
            else host == one
            for one in self._hosts
        )


def _joined(url: str, location: str) -> str:
    """Give the address a redirect leads to; empty for one that cannot be read."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _text(found: Wire, key: str, default: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) and value else default
