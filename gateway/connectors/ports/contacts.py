"""Contacts: the customer's people as the business knows them, and who of them may use the portal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, ClassVar, Protocol

from typing_extensions import Doc

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Kind, Listing, Page, Record, Selection
from gateway.errors import GatewayError


class Contact(Record, frozen=True, kw_only=True):
    """A person of the customer."""

    id: str
    display_name: Annotated[str | None, Doc("Name to show.")]
    given_name: Annotated[str | None, Doc("Given name.")]
    family_name: Annotated[str | None, Doc("Family name.")]
    email: Annotated[str | None, Doc("Address for mail.")]
    phone: Annotated[str | None, Doc("Telephone number, as it was noted.")]
    mobile: Annotated[str | None, Doc("Mobile telephone number, as it was noted.")]
    job_title: Annotated[str | None, Doc("What the person does at the customer.")]
    department: Annotated[str | None, Doc("Where in the customer's house the person works.")]
    is_portal_user: Annotated[bool | None, Doc("Whether the person can sign in to the portal.")]
    created_at: Annotated[dt.datetime | None, Doc("When the record was made in its system.")]
    updated_at: Annotated[dt.datetime | None, Doc("When the record was last changed in its system.")]


class Member(Record, frozen=True, kw_only=True):
    """A person who may use the portal for the account, and as what, in the system's view.

    `contact_id` is null for somebody who is another account's contact.
    """

    id: str
    display_name: Annotated[str | None, Doc("Name to show.")]
    contact_id: str | None
    roles: Annotated[tuple[str, ...] | None, Doc("Roles the person holds in the account.")]
    is_direct: Annotated[bool | None, Doc("Whether the person belongs to the account itself.")]
    since: Annotated[dt.datetime | None, Doc("When the person was made a member.")]


class ContactsPort(Protocol):
    """Customers' people."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Contact | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_contacts(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Contact]:
        """List one account's people by name. Those who left are not among them."""
        ...


class MembersPort(Protocol):
    """Who may use the portal for an account."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def list_members(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Member]:
        """List one account's members, longest standing first. Ended memberships are not among them."""
        ...
