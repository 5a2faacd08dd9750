"""The tenant boundary: whether a record that came back belongs to the account it was read for."""

from __future__ import annotations

from typing import Protocol

from gateway.auth.scope import AccountScope

NOBODY = ""
"""The owner of a record that should name one and does not: no account's."""


class Owned(Protocol):
    """What the boundary must know of a record."""

    @property
    def scope(self) -> AccountScope:
        """The account it was read for."""
        ...

    @property
    def connector(self) -> str:
        """The configured name of the system it came from."""
        ...

    @property
    def owners(self) -> frozenset[str]:
        """Every owner found in the record and in what is nested in it; empty for shared records."""
        ...


def admits(record: Owned, *, shared: bool = False) -> bool:
    """Compare the owners found *in* the record with the account's ids in that system.

    A record without an owner belongs to no account, unless it came from a `shared` port: then only
    what is nested in it can have owners.
    """
    if NOBODY in record.owners or not (record.owners or shared):
        return False
    return record.owners.issubset(record.scope.owners(record.connector))
