"""The directory: what one account is called in each business system. Only the identity map asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Protocol

import msgspec

from gateway.connectors.ports.accounts import AccountType
from gateway.connectors.ports.common import Kind


class AccountRef(msgspec.Struct, frozen=True, kw_only=True):
    """One account in every system: connector name -> native ids. `parent` is an account key."""

    natives: dict[str, tuple[Annotated[str, msgspec.Meta(min_length=1)], ...]] = {}
    type: AccountType | None = None
    parent: str | None = None


class DirectoryPort(Protocol):
    """A system that holds the identity map, a CRM as a rule."""

    kind: ClassVar[Kind] = Kind.DIRECTORY

    async def resolve(self, accounts: Sequence[str]) -> Mapping[str, AccountRef]:
        """Give what the system knows of these account keys; unknown ones are left out.

        One call for as many keys as the system takes at once. A native id that stands in two of the accounts
        answered is UPSTREAM_CONTRACT_BROKEN: it would show each the other's records.
        """
        ...
