"""Template's objects, made of the data set's rows."""

from __future__ import annotations

from typing import Any

from sandbox.data import Contact, DataSet


def contact_id(row: Contact) -> str:
    """Give a person's id."""
    return f"con_{row.id.encode().hex()[-16:]}"


def contact(row: Contact, data: DataSet) -> dict[str, Any]:
    """Make a contact, whole."""
    return {
        "id": contact_id(row),
        "account_id": data.accounts[row.account].number,
        "status": "left" if row.left else "active",
        "first_name": row.given,
        "last_name": row.family,
        "email": row.email,
        "phone": row.phone,
        "job": row.title,
        "created": row.created.isoformat(),
    }
