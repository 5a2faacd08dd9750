"""Whose data: the account scope every customer-owned call carries, and references inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.auth.permissions import Permission


@dataclass(frozen=True, slots=True)
class AccountScope:
    """One account as this request may see it.

    `natives` maps a connector's configured name to the account's ids in that system (several are
    normal: one Stripe customer per currency). `audience` holds what the account is to the business
    (`CUSTOMER`, `PARTNER`), for records that many accounts share. Two scopes are equal when their keys are.
    """

    key: str
    permissions: frozenset[Permission] = field(compare=False)
    natives: Mapping[str, tuple[str, ...]] = field(compare=False, repr=False)
    audience: frozenset[str] = field(default=frozenset(), compare=False)

    def owners(self, connector: str) -> tuple[str, ...]:
        """The account's native ids in `connector`; empty when it is not known there."""
        return self.natives.get(connector, ())


@dataclass(frozen=True, slots=True)
class Ref:
    """One record by its vendor id, inside one account. Loaders are keyed by this."""

    scope: AccountScope
    native_id: str
