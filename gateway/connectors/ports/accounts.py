"""Accounts: the customer's own master record, and the business's staff who look after it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, ClassVar, Protocol

from typing_extensions import Doc

from gateway.auth.scope import Ref
from gateway.connectors.ports.common import CurrencyCode, Kind, PostalAddress, Record, Selection, Url
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
    website: Annotated[Url | None, Doc("The customer's own site.")]
    phone: Annotated[str | None, Doc("Telephone number, as it was noted.")]
    billing_address: Annotated[PostalAddress | None, Doc("Where invoices go.")]
    shipping_address: Annotated[PostalAddress | None, Doc("Where goods go.")]
    manager_id: str | None


class StaffMember(Record, frozen=True, kw_only=True):
    """Somebody of the business whom customers may know: shared, many accounts see the same person."""

    id: str
    display_name: Annotated[str | None, Doc("Name to show.")]
    email: Annotated[str | None, Doc("Address for mail at work.")]
    title: Annotated[str | None, Doc("What the person does.")]
    phone: Annotated[str | None, Doc("Telephone number at work.")]


class AccountsPort(Protocol):
    """Master records by id."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[AccountProfile | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...


class StaffPort(Protocol):
    """Staff by id. The account of a ref is the audience."""

    kind: ClassVar[Kind] = Kind.SHARED

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[StaffMember | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...
