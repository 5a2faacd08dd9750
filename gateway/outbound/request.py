"""What is asked of a system: paths below its base URL, queries, bodies, and what proves who asks."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias
from urllib.parse import quote, unquote

from yarl import URL

from gateway.errors import ConfigurationError

Query: TypeAlias = Sequence[tuple[str, str]]

READS: Final = frozenset({"GET", "HEAD"})
# RFC 3986: segments of pchar, percent-encoded where needed; the first one is not empty.
_PATH: Final = re.compile(r"/(?!/)(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_UNRESERVED: Final = re.compile(r"[\w.~-]*", re.ASCII)


def segment(value: str) -> str:
    """Encode a value as one segment of a path: `f"/v1/invoices/{segment(native_id)}"`."""
    return value if _UNRESERVED.fullmatch(value) else quote(value, safe="")


def target(system: str, base_url: str, path: str, query: Query) -> URL:
    """Continue a system's base URL. A path that leaves it is a ValueError."""
    # Only dots, plain or percent-encoded, climb.
    climbs = ("." in path or "%" in path) and not {".", ".."}.isdisjoint(unquote(path).split("/"))
    if climbs or not _PATH.fullmatch(path):
        raise ValueError(f"not a path below the base URL of {system!r}")  # the path may hold an id
    url = base_url + path
    if query:
        url = f"{url}?{'&'.join([f'{segment(name)}={segment(value)}' for name, value in query])}"
    # encoded=True: yarl must not encode, decode or resolve anything a second time.
    return URL(url, encoded=True)


class Source:
    """A body that comes from elsewhere. `waiting`: for its next part; `failure`: what ended it early."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.waiting = False
        self.failure: Exception | None = None
        self._chunks = chunks

    async def read(self) -> AsyncIterator[bytes]:
        """Give the parts, once."""
        try:
            self.waiting = True
            async for chunk in self._chunks:
                self.waiting = False
                yield chunk
                self.waiting = True
            self.waiting = False
        except Exception as error:
            self.failure = error
            raise


Body: TypeAlias = bytes | Source


@dataclass(frozen=True, slots=True)
class Request:
    """One call as it will be sent, for `Credentials` that sign what they go with."""

    method: str
    url: URL
    headers: Mapping[str, str] = field(repr=False)
    body: Body | None = field(repr=False)
    accept: frozenset[int]
    repeatable: bool


class Credentials(Protocol):
    """What proves to a system who calls, where that is more than a constant header."""

    async def headers(self, request: Request) -> Mapping[str, str]:
        """Give the headers that go with this call; may itself call out, within the call's budget."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Note that a call with these headers was answered 401; True when a second try may fare better."""
        ...


class Fixed:
    """Credentials that never change."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    async def headers(self, _request: Request) -> Mapping[str, str]:
        """Give them."""
        return self._headers

    def refused(self, _headers: Mapping[str, str]) -> bool:
        """Have no others."""
        return False


def checked_base(name: str, base_url: str) -> str:
    """Give a base URL without its last slash; raises ConfigurationError when it is none."""
    try:
        url = URL(base_url)
        sound = url.scheme in {"http", "https"} and bool(url.host)
        sound = sound and url.user is None and url.password is None and not {"?", "#"} & set(base_url)
    except ValueError:
        sound = False
    if not sound:
        message = "write an http(s) URL with a host and no credentials, query or fragment"
        raise ConfigurationError(f"connectors.{name}.base_url", message)
    return str(url).rstrip("/")
