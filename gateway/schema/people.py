"""The customer's people, and the business's staff who look after them."""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.connectors.ports import accounts, contacts
from gateway.resolvers import contacts as resolve
from gateway.schema.base import AccountScoped, Node, auto, object_type, related

CONTACTS = [Permission.CONTACTS_READ]
MEMBERS = [Permission.MEMBERS_READ]


@object_type(accounts.StaffMember, requires=[Permission.ACCOUNT_READ])
class StaffMember:
    """Somebody of the business whom customers may know."""

    display_name: auto
    email: auto
    title: auto
    phone: auto


@object_type(contacts.Contact, requires=CONTACTS)
class Contact(Node, AccountScoped):
    """A person of the customer."""

    display_name: auto
    given_name: auto
    family_name: auto
    email: auto
    phone: auto
    mobile: auto
    job_title: auto
    department: auto
    is_portal_user: auto
    created_at: auto
    updated_at: auto


@object_type(contacts.Member, requires=MEMBERS)
class Member:
    """A person who may use the portal for the account, and as what."""

    display_name: auto
    roles: auto
    is_direct: auto
    since: auto
    contact = related(
        Contact | None,
        resolve.member_contact,
        description="The person; null for somebody who is another account's contact.",
        reads={contacts.Member: ["contact_id"]},
    )
