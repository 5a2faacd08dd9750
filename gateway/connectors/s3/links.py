"""Links to fetch a file by: signed for one key, for minutes, with what the browser is to make of it."""

from __future__ import annotations

import datetime as dt
from typing import Final
from urllib.parse import quote

from yarl import URL

from gateway.connectors.ports.common import Url
from gateway.connectors.ports.documents import Disposition, Link, LinkWish
from gateway.connectors.s3 import keys
from gateway.connectors.s3.signing import Keys, presign
from gateway.errors import Code, RequestError

_SHORTEST: Final = 60
_LONGEST: Final = 300
_INLINE: Final = frozenset(
    {"application/pdf", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp", "text/plain"}
)
"""What a browser shows without running anything that is in it."""
_ACTIVE: Final = frozenset({"application/xml", "image/svg+xml", "text/html"})
_BYTES: Final = "application/octet-stream"


class Linker:
    """Signs for one bucket. `base` leads to it from where browsers are."""

    def __init__(self, signing: Keys, base: str) -> None:
        self._keys = signing
        self._base = base

    def link(self, key: str, version: str | None, wish: LinkWish, now: dt.datetime) -> Link:
        """Make a link; INVALID_INPUT for a time or a disposition that cannot be had."""
        if not _SHORTEST <= wish.seconds <= _LONGEST:
            raise RequestError(Code.INVALID_INPUT, f"ttlSeconds: write {_SHORTEST} to {_LONGEST}.")
        media_type = keys.media_type_of(key) or _BYTES
        inline = wish.disposition is Disposition.INLINE
        if inline and media_type not in _INLINE:
            raise RequestError(
                Code.INVALID_INPUT,
                "disposition: only PDF, images and plain text can be INLINE. Write ATTACHMENT.",
            )
        shown = "inline" if inline else "attachment"
        query = [
            # Both are signed: whoever has the link cannot make a page of this file.
            (
                "response-content-disposition",
                f"{shown}; filename*=UTF-8''{quote(keys.name_of(key), safe='')}",
            ),
            ("response-content-type", _BYTES if media_type in _ACTIVE else media_type),
            *([("versionId", version)] if version is not None else []),
        ]
        path = "/".join(quote(part, safe="") for part in key.split("/"))
        now = now.astimezone(dt.UTC).replace(microsecond=0)  # as it is signed
        url = presign(self._keys, URL(f"{self._base}/{path}", encoded=True), query, wish.seconds, now)
        return Link(url=Url(url), expires_at=now + dt.timedelta(seconds=wish.seconds))
