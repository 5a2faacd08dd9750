"""Accounts and staff: what is read, in how many calls, and answers that must not be believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.accounts import (
    AccountProfile,
    AccountsPort,
    AccountStatus,
    StaffMember,
    StaffPort,
)
from gateway.connectors.ports.common import PostalAddress, Selection
from gateway.connectors.ports.contacts import Contact, ContactsPort
from gateway.connectors.salesforce import rules, soql
from gateway.connectors.salesforce.connector import Connector
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.wire import changed
from gateway.errors import Code, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.data.people import salesforce_id
from sandbox.serve import StandIn
from tests.contract.salesforce.conftest import connected

NAME: Selection = {AccountProfile: frozenset({"name"})}


def accounts(connector: Connector) -> Any:
    return connector.ports[AccountsPort]


def spoiled(**fields: object) -> Callable[[bytes], bytes]:
    """Change the first record of a collection."""

    def apply(body: bytes) -> bytes:
        found = json.loads(body)
        found[0].update(fields)
        return json.dumps(found).encode()

    return apply


async def test_a_profile_with_all_that_is_known(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    row = data.accounts["acme"]
    [found] = await accounts(connector).get_many([Ref(acme, row.crm_id)], everything(AccountProfile))
    assert len(wire.calls) == 1
    assert (found.id, found.number, found.name) == (row.crm_id, row.number, row.name)
    assert (found.status, found.currency_code) == (AccountStatus.ACTIVE, "EUR")
    assert (found.website, found.phone) == (row.website, "+49 40 5550101")
    assert found.manager_id == row.manager
    address = found.billing_address
    assert {name: getattr(address, name) for name in PostalAddress.__struct_fields__} == {
        "name": row.name,
        "line1": "101 Market Street",
        "line2": "Dock 4",
        "city": "Hamburg",
        "region": "Hamburg",
        "postal_code": "20095",
        "country_code": "DE",
    }
    assert found.owners == {row.crm_id}


async def test_no_address_is_null(
    connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet
) -> None:
    row = data.accounts["group-north"]
    refs = [Ref(scope_of("group-north"), row.crm_id)]
    [found] = await accounts(connector).get_many(refs, everything(AccountProfile))
    assert found.shipping_address is None
    assert found.billing_address.city == "Hamburg"


async def test_what_an_organisation_lacks_is_not_asked_for(
    system: StandIn, outbound: Outbound, private_key: RSAKey, acme: AccountScope, data: DataSet
) -> None:
    async with Wire(system.url) as wire:
        made = connected(
            "crm",
            wire.url,
            outbound,
            private_key,
            multi_currency=False,
            currency="USD",
            country_codes=False,
        )
        refs = [Ref(acme, data.accounts["acme"].crm_id)]
        [found] = await accounts(made).get_many(refs, everything(AccountProfile))
        fields = json.loads(wire.calls[-1].body)["fields"]
    assert found.currency_code == "USD"
    assert (found.billing_address.city, found.billing_address.country_code) == ("Hamburg", None)
    assert not {"CurrencyIsoCode", "BillingCountryCode", "ShippingCountryCode"} & set(fields)


@pytest.mark.parametrize(
    ("word", "status"),
    [("Inactive", AccountStatus.INACTIVE), ("Paused", AccountStatus.UNKNOWN), (None, None)],
)
async def test_words_of_status(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet, word: str | None, status: object
) -> None:
    wire.spoil = changed(spoiled(Portal_Status__c=word))
    refs = [Ref(acme, data.accounts["acme"].crm_id)]
    [found] = await accounts(connector).get_many(refs, {AccountProfile: frozenset({"status"})})
    assert found.status is status


async def test_two_thousand_ids_are_one_call(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    def refs(count: int) -> list[Ref]:
        return [Ref(acme, salesforce_id("001", 500_000 + n)) for n in range(count)]

    assert await accounts(connector).get_many(refs(2000), NAME) == [None] * 2000
    assert len(wire.calls) == 1
    assert await accounts(connector).get_many(refs(2001), NAME) == [None] * 2001
    assert sorted(len(json.loads(call.body)["ids"]) for call in wire.calls[1:]) == [1, 2000]


async def test_ids_of_15_characters_are_the_same_records(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    whole = data.accounts["acme"].crm_id
    refs = [Ref(acme, whole[:15]), Ref(acme, whole)]
    found = await accounts(connector).get_many(refs, NAME)
    assert [record.id for record in found] == [whole, whole]
    assert json.loads(wire.calls[0].body)["ids"] == [whole]


async def test_another_record_in_the_place_of_one_is_broken(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    """The system swaps two rows: neither is given, the third is."""

    def swap(body: bytes) -> bytes:
        first, second, *rest = json.loads(body)
        return json.dumps([second, first, *rest]).encode()

    wire.spoil = changed(swap)
    keys = ("acme", "bright", "ledger")
    found = await accounts(connector).get_many([Ref(acme, data.accounts[key].crm_id) for key in keys], NAME)
    assert [getattr(one, "code", None) for one in found] == [Code.UPSTREAM_CONTRACT_BROKEN] * 2 + [None]
    assert not boundary.admits(found[2])  # for it is another account's


@pytest.mark.parametrize("body", [b"[]", b"[null,null]", b'{"records":[]}'])
async def test_another_number_of_rows_is_broken(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet, body: bytes
) -> None:
    wire.spoil = changed(lambda _: body)
    with pytest.raises(UpstreamError) as caught:
        await accounts(connector).get_many([Ref(acme, data.accounts["acme"].crm_id)], NAME)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_deleted_record_is_hidden_whatever_the_system_does(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    wire.spoil = changed(spoiled(IsDeleted=True))
    refs = [Ref(acme, data.accounts["acme"].crm_id)]
    assert await accounts(connector).get_many(refs, NAME) == [None]


async def test_staff_is_who_works_here(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    port: Any = connector.ports[StaffPort]
    ids = [row.id for row in data.staff] + [salesforce_id("005", number) for number in (901, 902)]
    found = await port.get_many([Ref(acme, one) for one in ids], everything(StaffMember))
    assert found[2:] == [None, None]  # a customer's own user, and one who left
    for record, row in zip(found, data.staff, strict=False):
        assert (record.id, record.display_name, record.email) == (row.id, row.name, row.email)
        assert (record.title, record.phone) == (row.title, row.phone)
        assert record.owners == frozenset()
    assert len(wire.calls) == 1


@pytest.mark.parametrize("kind", ["PowerPartner", "CspLitePortal", "Guest", "AutomatedProcess", None])
async def test_users_of_other_types_are_nobodys_staff(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet, kind: str | None
) -> None:
    port: Any = connector.ports[StaffPort]
    wire.spoil = changed(spoiled(UserType=kind))
    assert await port.get_many([Ref(acme, data.staff[0].id)], everything(StaffMember)) == [None]


async def test_a_record_that_changes_hands_is_stopped(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    """The owner is read from the record, not from the question."""
    port: Any = connector.ports[ContactsPort]
    person = next(row for row in data.contacts if row.account == "acme")
    for owner in (data.accounts["bright"].crm_id, None):
        wire.spoil = changed(spoiled(AccountId=owner))
        [found] = await port.get_many([Ref(acme, person.id)], everything(Contact))
        assert not boundary.admits(found)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://acme.example/a?b#c", "https://acme.example/a?b#c"),
        ("HTTP://acme.example", "HTTP://acme.example"),
        (" www.acme.example ", "https://www.acme.example"),
        ("acme.example:8443/shop", "https://acme.example:8443/shop"),
        ("", None),
        (None, None),
    ],
)
def test_addresses_of_the_web_as_people_write_them(written: str | None, address: str | None) -> None:
    assert rules.website(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//acme.example",
        "acme",
        "https://a b",
        "ftp://acme.example",
        "n/a",
    ],
)
def test_what_is_no_address_of_the_web(written: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        rules.website(written)


def test_streets_have_lines() -> None:
    assert (rules.line1("A 1\r\nB\n\n C "), rules.line2("A 1\r\nB\n\n C ")) == ("A 1", "B, C")
    assert (rules.line1(None), rules.line2("A 1"), rules.line1(" \n")) == (None, None, None)


def test_ids_have_15_characters_that_matter() -> None:
    # An id of the documentation's examples: sObject Collections, REST API Developer Guide.
    assert soql.normal("001xx000003DGb1", "001") == "001xx000003DGb1AAG"
    assert soql.normal("001xx000003DGb1AAG", "001") == "001xx000003DGb1AAG"
    for wrong in (
        "001xx000003DGb1AAA",
        "001xx000003dgb1AAG",
        "003xx000003DGb1AAG",
        "001xx000003DGb",
        None,
        7,
    ):
        assert soql.normal(wrong, "001") is None


def test_literals_hold_what_they_are_given() -> None:
    assert soql.quote("a'b\\c\n\t\r") == r"'a\'b\\c\n\t\r'"
    assert soql.within("F", ["a", "'"]) == r"F IN ('a','\'')"


async def test_a_currency_in_the_record_is_the_account_s(
    connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet
) -> None:
    rows = list(data.accounts.values())
    refs = [Ref(scope_of(row.key), row.crm_id) for row in rows]
    found = await accounts(connector).get_many(refs, {AccountProfile: frozenset({"currency_code"})})
    assert [record.currency_code for record in found] == [row.currency for row in rows]
    assert all(boundary.admits(record) for record in found)
    assert {record.currency_code for record in found} == {"EUR", "USD"}
