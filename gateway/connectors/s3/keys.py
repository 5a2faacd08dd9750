"""Keys of the store: `acct/{account}/{type code}/[folders/]name`, and what they tell.

A key is checked before it goes anywhere. One with an empty segment, `.`, `..` or a control character is no
document: no path of an address can name it for sure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

TOP: Final = "acct/"
"""Under this stand the accounts' own folders."""

_ROOT: Final = re.compile(r"acct/(?!\.{1,2}/)[\w.~@+-]{1,200}/", re.ASCII)
_SEGMENT: Final = re.compile(r"(?!\.{1,2}\Z)[^/\x00-\x1f\x7f\ufffd\ufffe\uffff\ud800-\udfff]+")
_YEAR: Final = re.compile(r"\d{4}", re.ASCII)
_LONGEST: Final = 1024  # bytes of a key

MEDIA_TYPES: Final = {
    "bmp": "image/bmp",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "mp4": "video/mp4",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rtf": "application/rtf",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain",
    "webp": "image/webp",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}
"""By the extension of a name. The machine's own table is not asked: it differs from one to the next."""


def is_root(native: str) -> bool:
    """Whether this is an account's own folder; without the slash at its end it would hold others' too."""
    return _ROOT.fullmatch(native) is not None


def root_of(key: str) -> str | None:
    """Give the account's own folder that a key is in; None when it is in none."""
    found = _ROOT.match(key)
    return found[0] if found else None


def below(key: str) -> str:
    """Give the part of a key that is below the account's own folder."""
    root = root_of(key)
    if root is None:
        raise ValueError("not in an account's folder")
    return key[len(root) :]


def is_document(key: str) -> bool:
    """Whether this can be the key of a document in an account's folder."""
    return not key.endswith("/") and _is_sound(key)


def is_folder(key: str) -> bool:
    """Whether this can be a folder in an account's folder, but not that itself."""
    return key.endswith("/") and _is_sound(key[:-1])


def is_segment(value: str) -> bool:
    """Whether this can stand between two slashes."""
    return _SEGMENT.fullmatch(value) is not None


def _is_sound(key: str) -> bool:
    root = root_of(key)
    if root is None or not all(map(is_segment, key[len(root) :].split("/"))):
        return False
    return len(key.encode()) <= _LONGEST


def within(key: str, roots: Iterable[str]) -> bool:
    """Whether a key is in one of these folders."""
    return any(key.startswith(root) for root in roots)


def name_of(key: str) -> str:
    """Give the last part of a document's or folder's key."""
    return key.rstrip("/").rpartition("/")[2]


def path_of(key: str) -> str:
    """Give the folders and the name below the account's own folder."""
    return below(key).rstrip("/")


def type_code_of(key: str) -> str | None:
    """Give the first folder below the account's own; None for a document directly in that."""
    code, slash, _ = below(key).partition("/")
    return code if slash else None


def tax_year_of(key: str) -> int | None:
    """Give the year that is the first folder after the type code."""
    parts = below(key).split("/")
    return int(parts[1]) if len(parts) > 2 and _YEAR.fullmatch(parts[1]) else None  # noqa: PLR2004  code, year, name


def folder_of(key: str) -> str | None:
    """Give the folder that a document is in; None for the account's own."""
    folder = key.rpartition("/")[0] + "/"
    return None if folder == root_of(key) else folder


def media_type_of(key: str) -> str | None:
    """Tell the media type by the extension of the name; None for one that is not known."""
    _, dot, extension = name_of(key).rpartition(".")
    return MEDIA_TYPES.get(extension.lower()) if dot else None
