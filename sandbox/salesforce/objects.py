"""The data set as Salesforce would hold it: objects, their fields, and rows by id.

Beside the data set's rows there are some that customers must never see: deleted contacts, a contact of no
account, a relation that has ended, a customer's own user, and one who no longer works here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sandbox.data import Account, DataSet
from sandbox.data.people import Contact, Staff, salesforce_id

Row = dict[str, Any]

TYPES = {"CUSTOMER": "Customer - Direct", "PARTNER": "Technology Partner"}
"""Account.Type, by the data set's words."""


@dataclass(frozen=True)
class Object:
    """One kind of record. `fields`: name -> type; `parents`: relationship name -> (id field, object)."""

    name: str
    prefix: str
    fields: dict[str, str]
    parents: dict[str, tuple[str, str]] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)

    def canonical(self, name: str) -> str | None:
        """Give a field's own spelling: names are asked for in any case."""
        return next((known for known in self.fields if known.lower() == name.lower()), None)


_STAMPS = {"IsDeleted": "boolean", "CreatedDate": "datetime", "LastModifiedDate": "datetime"}
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country", "CountryCode")


def _fields(**kinds: str) -> dict[str, str]:
    """Give fields by type: `string="Name Phone"`."""
    return {"Id": "id"} | {name: kind for kind, names in kinds.items() for name in names.split()}


def build(data: DataSet) -> dict[str, Object]:
    """Give all objects by name."""
    account = Object(
        "Account",
        "001",
        _fields(
            string="Name AccountNumber Type Website Phone CurrencyIsoCode Portal_Account_Key__c"
            " Portal_Status__c Stripe_Customer__c ERP_Partner__c Zendesk_Org__c Files_Root__c "
            + " ".join(f"{kind}{name}" for kind in ("Billing", "Shipping") for name in _ADDRESS),
            id="ParentId OwnerId",
        )
        | _STAMPS,
        {"Parent": ("ParentId", "Account"), "Owner": ("OwnerId", "User")},
    )
    user = Object(
        "User", "005", _fields(string="Name Email Title Phone UserType Username", boolean="IsActive")
    )
    contact = Object(
        "Contact",
        "003",
        _fields(
            string="Name FirstName LastName Email Phone MobilePhone Title Department Portal_Subject__c",
            id="AccountId",
            boolean="Portal_Left__c",
        )
        | _STAMPS,
        {"Account": ("AccountId", "Account")},
    )
    relation = Object(
        "AccountContactRelation",
        "07k",
        _fields(string="Roles", id="AccountId ContactId", boolean="IsActive IsDirect") | _STAMPS,
        {"Account": ("AccountId", "Account"), "Contact": ("ContactId", "Contact")},
    )
    founded = dt.datetime.combine(data.anchor - dt.timedelta(days=1000), dt.time(9), dt.UTC)
    ids = {one.key: one.crm_id for one in data.accounts.values()}
    for one in data.accounts.values():
        _add(account, _account(one, ids, founded))
    for person in data.staff:
        _add(user, _user(person))
    _plant_users(user)
    for index, human in enumerate(data.contacts, start=1):
        _add(contact, _contact(human, ids[human.account]))
        _add(relation, _relation(human, ids[human.account], index))
    _plant_people(data, ids, contact, relation)
    return {one.name: one for one in (account, user, contact, relation)}


def _add(kind: Object, row: Row) -> None:
    kind.rows[row["Id"]] = {name: row.get(name) for name in kind.fields}


def moment(at: dt.datetime) -> str:
    """Write a moment as Salesforce does: milliseconds, and a zone without a colon."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _stamps(created: dt.datetime, *, deleted: bool = False) -> Row:
    return {"IsDeleted": deleted, "CreatedDate": moment(created), "LastModifiedDate": moment(created)}


def _account(one: Account, ids: dict[str, str], founded: dt.datetime) -> Row:
    place = {
        "Street": f"{one.tryton_party} Market Street\r\nDock 4", "City": "Hamburg", "State": "Hamburg",
        "PostalCode": "20095", "Country": "Germany", "CountryCode": "DE",
    }  # fmt: skip
    row: Row = {
        "Id": one.crm_id, "Name": one.name, "AccountNumber": one.number, "Type": TYPES[one.type],
        "ParentId": ids[one.parent] if one.parent else None, "OwnerId": one.manager, "Website": one.website,
        "Phone": f"+49 40 555{one.tryton_party:04}", "CurrencyIsoCode": one.currency,
        "Portal_Account_Key__c": one.key, "Portal_Status__c": "Active",
        "Stripe_Customer__c": ";".join(one.stripe_customers.values()),
        "ERP_Partner__c": str(one.tryton_party), "Zendesk_Org__c": str(one.desk_org),
        "Files_Root__c": one.files_root,
    }  # fmt: skip
    row |= {f"Billing{name}": value for name, value in place.items()}
    if one.parent is None:  # goods for a part of a group go to its parent's dock
        row |= {f"Shipping{name}": value for name, value in place.items()}
    return row | _stamps(founded)


def _user(one: Staff) -> Row:
    return {
        "Id": one.id, "Name": one.name, "Email": one.email, "Title": one.title, "Phone": one.phone,
        "UserType": "Standard", "IsActive": True, "Username": one.email,
    }  # fmt: skip


def _plant_users(user: Object) -> None:
    for number, kind, active in ((901, "PowerCustomerSuccess", True), (902, "Standard", False)):
        name = f"Hidden {number}"
        _add(
            user,
            {
                "Id": salesforce_id("005", number), "Name": name, "Email": f"hidden{number}@vendor.example",
                "UserType": kind, "IsActive": active, "Username": f"hidden{number}@vendor.example",
            },
        )  # fmt: skip


def _contact(one: Contact, account: str | None, *, deleted: bool = False) -> Row:
    return {
        "Id": one.id, "Name": one.name, "FirstName": one.given or None, "LastName": one.family,
        "Email": one.email, "Phone": one.phone, "Title": one.title, "AccountId": account,
        "Portal_Subject__c": one.subject, "Portal_Left__c": one.left,
    } | _stamps(one.created, deleted=deleted)  # fmt: skip


def _relation(one: Contact, account: str, number: int, *, active: bool | None = None) -> Row:
    """A person of an account is always related to it, whether or not it is a member of the portal's."""
    return {
        "Id": salesforce_id("07k", number), "AccountId": account, "ContactId": one.id,
        "Roles": ";".join(one.roles) or None, "IsActive": not one.left if active is None else active,
        "IsDirect": True,
    } | _stamps(one.member_since or one.created)  # fmt: skip


def _plant_people(data: DataSet, ids: dict[str, str], contact: Object, relation: Object) -> None:
    for index, key in enumerate(sorted({one.account for one in data.contacts}), start=1):
        created = dt.datetime.combine(data.anchor - dt.timedelta(days=950), dt.time(8), dt.UTC)
        for place, (given, deleted) in enumerate((("Deleted", True), ("Ended", False))):
            person = Contact(
                salesforce_id("003", 900_000 + index * 10 + place), key, given, "Aaron", None, None, None,
                created, subject=f"usr_{given}_{key}", roles=("owner",), left=not deleted,
            )  # fmt: skip
            _add(contact, _contact(person, ids[key], deleted=deleted))
            _add(relation, _relation(person, ids[key], 900_000 + index * 10 + place, active=False))
    nobody = Contact(
        salesforce_id("003", 999_999), "", "Private", "Person", None, None, None,
        dt.datetime.combine(data.anchor, dt.time(), dt.UTC),
    )  # fmt: skip
    _add(contact, _contact(nobody, None))
