"""What single values mean."""

from __future__ import annotations

import re

from gateway.connectors.ports.common import Url

_SCHEME = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_BARE = re.compile(r"[A-Za-z0-9.-]+\.[A-Za-z]{2,63}(?::[0-9]{1,5})?(?:[/?#][^\s]*)?", re.ASCII)


def line1(street: str | None) -> str | None:
    """Give the first line of a street, which has line breaks."""
    return next(iter(_lines(street)), None)


def line2(street: str | None) -> str | None:
    """Give the other lines of a street."""
    return ", ".join(_lines(street)[1:]) or None


def _lines(street: str | None) -> list[str]:
    return [line.strip() for line in (street or "").splitlines() if line.strip()]


def website(text: str | None) -> Url | None:
    """Make an address of what people write into Account.Website: "www.acme.example" is common.

    Raises ValueError for what is none, other schemes included.
    """
    if text is None or not text.strip():
        return None
    found = text.strip()
    if _SCHEME.fullmatch(found):
        return Url(found)
    if _BARE.fullmatch(found):
        return Url(f"https://{found}")
    raise ValueError("not an address of the web")


def words(picked: str | None) -> tuple[str, ...]:
    """Split a multi-select picklist, or a field of ids: `a;b`."""
    return tuple(dict.fromkeys(word.strip() for word in (picked or "").split(";") if word.strip()))


def own_contact(contact: str | None, direct: bool | None) -> str | None:  # noqa: FBT001  a value of the wire
    """Give the id of a contact that is the account's own; another account's record is not for this one."""
    if direct is None:
        raise ValueError("a relation that is neither direct nor indirect")
    return contact if direct else None
