"""Template's objects as tables (source: name the vendor's reference and its version here)."""

from __future__ import annotations

from gateway.connectors.converters import derive, iso_time
from gateway.connectors.mapping import Table, path, row
from gateway.connectors.ports.contacts import Contact

# CHANGE: one table per model. An attribute that the vendor does not know gets no row, and is null.


def _full_name(given: str | None, family: str | None) -> str | None:
    return " ".join(filter(None, (given, family))) or None


def _is_here(status: str | None) -> bool:
    """Read as "left" whatever is not known to be active: a new word must not publish anybody."""
    return status == "active"


CONTACT = Table(
    Contact,
    # Whose record this is, as the vendor sent it: the tenant boundary compares it with the caller's account.
    owner=path("account_id"),
    # Records that are there, but not for customers.
    visible=row("status", derive(_is_here, str)),
    id=row("id"),
    display_name=row("first_name", "last_name", derive(_full_name, str, str)),
    given_name=row("first_name"),
    family_name=row("last_name"),
    email=row("email"),
    phone=row("phone"),
    job_title=row("job"),
    created_at=row("created", iso_time),
)
