"""Accounts: the customer's own master record."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, ClassVar, Protocol

from typing_extensions import Doc

from gateway.auth.scope import Ref
from gateway.connectors.ports.common import CurrencyCode, Kind, Record, Selection
from gateway.errors import GatewayError


class AccountType(Enum):
    """What the account is to the business."""

    CUSTOMER = "CUSTOMER"
    PARTNER = "PARTNER"
    RESELLER = "RESELLER"
    VENDOR = "VENDOR"
    FRANCHISEE = "FRANCHISEE"
    DISTRIBUTOR = "DISTRIBUTOR"
    INVESTOR = "INVESTOR"
    PATIENT = "PATIENT"
    UNKNOWN = "UNKNOWN"


class AccountStatus(Enum):
    """Whether the business still deals with the account."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    UNKNOWN = "UNKNOWN"


class AccountProfile(Record, frozen=True, kw_only=True):
    """The master record of one account in the system that owns it."""

    id: str
    number: Annotated[str | None, Doc("Customer number, as printed on documents.")]
    name: Annotated[str | None, Doc("Name the account is known by.")]
    status: Annotated[AccountStatus | None, Doc("Whether the business still deals with the account.")]
    currency_code: Annotated[
        CurrencyCode | None, Doc("Currency the business keeps this account in, ISO 4217.")
    ]


class AccountsPort(Protocol):
    """Master records by id."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[AccountProfile | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...
