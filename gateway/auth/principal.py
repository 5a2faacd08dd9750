"""Who calls, and in which accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.auth.permissions import Permission


class PrincipalKind(StrEnum):
    """What sort of caller it is."""

    USER = "user"
    STAFF = "staff"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Membership:
    """The principal in one account. It is also what an `Account` in the answer stands on."""

    account: str
    roles: tuple[str, ...]
    permissions: frozenset[Permission]

    @property
    def granted(self) -> frozenset[Permission]:
        """What the caller may do in this account."""
        return self.permissions


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. Names and addresses are personal data: they never reach logs or spans.

    `natives` holds the native ids that the token itself carries: account key -> connector -> ids.
    `expires_at` is the token's end in Unix seconds.
    """

    subject: str = field(repr=False)
    issuer: str
    kind: PrincipalKind
    expires_at: int
    client_id: str | None = None
    display_name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    natives: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
