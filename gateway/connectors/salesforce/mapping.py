"""Salesforce's records as tables (API v66.0; source: the Object Reference).

Fields that end in `__c` are the organisation's own; the README says which to create.
"""

from __future__ import annotations

from gateway.connectors.converters import boolean, derive, enum, iso_time
from gateway.connectors.mapping import Part, Row, Table, part, path, row, shared
from gateway.connectors.ports.accounts import AccountProfile, AccountStatus, StaffMember
from gateway.connectors.ports.common import PostalAddress
from gateway.connectors.ports.contacts import Contact, Member
from gateway.connectors.salesforce import rules

KEY = "Portal_Account_Key__c"
"""Field of Account: what the portal calls the account."""
SUBJECT = "Portal_Subject__c"
"""Field of Contact: who the person is to the identity provider; empty for who cannot sign in."""
LEFT = "Portal_Left__c"
"""Checkbox of Contact: has left the customer."""

_STATUS = {"Active": AccountStatus.ACTIVE, "Inactive": AccountStatus.INACTIVE}


def _address(prefix: str, *, country_codes: bool) -> Part:
    """Map one of an account's two addresses: flat fields, the street with line breaks."""
    fields = [f"{prefix}{name}" for name in ("Street", "City", "State", "PostalCode")]
    rows = {
        "name": row("Name"),
        "line1": row(fields[0], derive(rules.line1, str)),
        "line2": row(fields[0], derive(rules.line2, str)),
        "city": row(fields[1]),
        "region": row(fields[2]),
        "postal_code": row(fields[3]),
    }
    if country_codes:
        fields.append(f"{prefix}CountryCode")
        rows["country_code"] = row(fields[-1])
    return part(PostalAddress, *fields, derive(_any, *(str for _ in fields)), **rows)


def _any(*values: str | None) -> bool:
    return any(values)


def account(*, currency: Row, country_codes: bool) -> Table[AccountProfile]:
    """Make the table of Account for one organisation."""
    return Table(
        AccountProfile,
        owner=path("Id"),
        visible=row("IsDeleted", derive(lambda deleted: deleted is False, bool)),
        id=row("Id"),
        number=row("AccountNumber"),
        name=row("Name"),
        status=row("Portal_Status__c", enum(_STATUS, AccountStatus.UNKNOWN)),
        currency_code=currency,
        website=row("Website", derive(rules.website, str)),
        phone=row("Phone"),
        billing_address=row(_address("Billing", country_codes=country_codes)),
        shipping_address=row(_address("Shipping", country_codes=country_codes)),
        manager_id=row("OwnerId"),
    )


ACCOUNT = account(currency=row("CurrencyIsoCode"), country_codes=True)

USER = Table(
    StaffMember,
    # Customers of an Experience Cloud site are users too, of other types.
    owner=shared(
        "UserType", "IsActive", derive(lambda kind, active: kind == "Standard" and active is True, str, bool)
    ),
    id=row("Id"),
    display_name=row("Name"),
    email=row("Email"),
    title=row("Title"),
    phone=row("Phone"),
)

CONTACT = Table(
    Contact,
    owner=path("AccountId"),
    visible=row(
        "IsDeleted", LEFT, derive(lambda deleted, left: deleted is False and left is False, bool, bool)
    ),
    id=row("Id"),
    display_name=row("Name"),
    given_name=row("FirstName"),
    family_name=row("LastName"),
    email=row("Email"),
    phone=row("Phone"),
    mobile=row("MobilePhone"),
    job_title=row("Title"),
    department=row("Department"),
    is_portal_user=row(SUBJECT, derive(bool, str)),
    created_at=row("CreatedDate", iso_time),
    updated_at=row("LastModifiedDate", iso_time),
)

MEMBER = Table(
    Member,
    owner=path("AccountId"),
    visible=row(
        "IsDeleted",
        "IsActive",
        f"Contact.{LEFT}",
        derive(
            lambda deleted, active, left: deleted is False and active is True and left is False,
            bool,
            bool,
            bool,
        ),
    ),
    id=row("Id"),
    display_name=row("Contact.Name"),
    contact_id=row("ContactId", "IsDirect", derive(rules.own_contact, str, bool)),
    roles=row("Roles", derive(rules.words, str)),
    is_direct=row("IsDirect", boolean),
    since=row("CreatedDate", iso_time),
)
