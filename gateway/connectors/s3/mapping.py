"""Mapping tables: S3's list elements and headers -> document models.

What a key tells is read from the key: the owner above all. Lists give XML elements, a single document the
headers of its HEAD, where `Key` is the key that was asked for and `metadata` its x-amz-meta- headers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from email.header import decode_header
from email.utils import parsedate_to_datetime
from typing import Any, Final

from gateway.connectors.converters import Converter, derive, text
from gateway.connectors.mapping import Table, path, row, via_parent
from gateway.connectors.ports.documents import (
    Document,
    DocumentKind,
    DocumentVersion,
    Folder,
    Property,
)
from gateway.connectors.s3 import keys

KINDS: Final[Mapping[str, DocumentKind]] = {
    "1040": DocumentKind.TAX,
    "1099": DocumentKind.TAX,
    "agreement": DocumentKind.CONTRACT,
    "bank-statement": DocumentKind.STATEMENT,
    "certificate": DocumentKind.REPORT,
    "contract": DocumentKind.CONTRACT,
    "correspondence": DocumentKind.LETTER,
    "credit-note": DocumentKind.INVOICE,
    "form": DocumentKind.FORM,
    "id": DocumentKind.IDENTITY,
    "identity": DocumentKind.IDENTITY,
    "invoice": DocumentKind.INVOICE,
    "k1": DocumentKind.TAX,
    "letter": DocumentKind.LETTER,
    "manual": DocumentKind.MANUAL,
    "notice": DocumentKind.LETTER,
    "report": DocumentKind.REPORT,
    "statement": DocumentKind.STATEMENT,
    "tax-notice": DocumentKind.TAX,
    "tax-organizer": DocumentKind.TAX,
    "tax-return": DocumentKind.TAX,
    "w2": DocumentKind.TAX,
    "w9": DocumentKind.TAX,
}
"""What the type codes mean that are known without configuration."""

_ETAG: Final = re.compile(r'"([\x21\x23-\x7e]{1,200})"', re.ASCII)
_COUNT: Final = re.compile(r"\d{1,18}", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]{1,120}/[\w!#$&^.+-]{1,120}(?:\s*;.{0,200})?", re.ASCII)


def _matched(pattern: re.Pattern[str], value: str) -> re.Match[str]:
    found = pattern.fullmatch(value)
    if found is None:
        raise ValueError("another form")
    return found


def _utc(value: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(dt.UTC)


def _http_date(value: str) -> dt.datetime:
    moment = parsedate_to_datetime(value)
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _word(value: str) -> str:
    """Read what S3 had to encode to fit into a header (RFC 2047)."""
    parts = decode_header(value)
    return "".join(
        part if isinstance(part, str) else part.decode(charset or "latin-1") for part, charset in parts
    )


def _properties(_env: object, noted: dict[str, str]) -> tuple[Property, ...]:
    return tuple(Property(name=name, value=_word(value)) for name, value in sorted(noted.items()))


_owner = path("Key", derive(lambda key: key and keys.root_of(key), str))
_folder_owner = path("Prefix", derive(lambda key: key and keys.root_of(key), str))
_count = Converter((str,), lambda _env, value: int(_matched(_COUNT, value)[0]))
_time = Converter((str,), lambda _env, value: _utc(value))
_http_time = Converter((str,), lambda _env, value: _http_date(value))
_etag = Converter((str,), lambda _env, value: _matched(_ETAG, value)[1])
_media_type = Converter((str,), lambda _env, value: _matched(_MEDIA_TYPE, value)[0].partition(";")[0].strip())
_true = Converter((str,), lambda _env, value: {"true": True, "false": False}[value])
_name = Converter((str,), lambda _env, key: keys.name_of(key))
_path = Converter((str,), lambda _env, key: keys.path_of(key))


def documents(kinds: Mapping[str, DocumentKind]) -> tuple[Table[Document], Table[Document]]:
    """Make the tables of a document in a list and of a single one; type codes map to `kinds`."""
    by_key: dict[str, Any] = {
        "id": row("Key"),
        "name": row("Key", _name),
        "path": row("Key", _path),
        "type_code": row("Key", Converter((str,), lambda _env, key: keys.type_code_of(key))),
        "kind": row(
            "Key",
            Converter((str,), lambda _env, key: kinds.get(keys.type_code_of(key) or "", DocumentKind.OTHER)),
        ),
        "tax_year": row("Key", Converter((str,), lambda _env, key: keys.tax_year_of(key))),
        "folder_id": row("Key", Converter((str,), lambda _env, key: keys.folder_of(key))),
    }
    listed = Table(
        Document,
        owner=_owner,
        **by_key,
        mime_type=row("Key", Converter((str,), lambda _env, key: keys.media_type_of(key))),
        size_bytes=row("Size", _count),
        version=row("ETag", _etag),
        created_at=row("LastModified", _time),
    )
    single = Table(
        Document,
        owner=_owner,
        **by_key,
        mime_type=row("content-type", _media_type),
        size_bytes=row("content-length", _count),
        version=row("etag", _etag),
        created_at=row("last-modified", _http_time),
        properties=row("metadata", Converter((dict,), _properties)),
    )
    return listed, single


DOCUMENT_IN_LIST, DOCUMENT = documents(KINDS)

DOCUMENT_VERSION = Table(
    DocumentVersion,
    owner=via_parent("Key", text),
    id=row("VersionId"),
    document_id=row("Key"),
    is_latest=row("IsLatest", _true),
    size_bytes=row("Size", _count),
    created_at=row("LastModified", _time),
)

FOLDER = Table(
    Folder,
    owner=_folder_owner,
    id=row("Prefix"),
    name=row("Prefix", _name),
    path=row("Prefix", _path),
)
