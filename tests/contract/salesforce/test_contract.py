"""The connector for Salesforce against the stand-in: the contract suite."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey

from gateway.connectors.ports.accounts import AccountsPort, StaffPort
from gateway.connectors.ports.contacts import ContactsPort, MembersPort
from gateway.connectors.ports.directory import DirectoryPort
from gateway.connectors.testing import Call, Case, ConnectorContract, ListCase, Subject, Wire
from gateway.connectors.testing.bench import Bench
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.data.people import salesforce_id
from sandbox.serve import StandIn
from tests.contract.salesforce.conftest import connected, members, pem, present

A = ("acme", "group")
"""Two records of the CRM that are one account of the portal."""


def requested(calls: Sequence[Call]) -> set[str]:
    """Which fields were asked for, beside those that every record is judged by."""
    fields: set[str] = set()
    for call in calls:
        if "/composite/" in urlsplit(call.path).path:
            fields.update(json.loads(call.body)["fields"])
        for name, text in call.query:
            if name == "q":
                fields.update(text.removeprefix("SELECT ").split(" FROM ")[0].split(","))
    return {one for one in fields if "." not in one} - {
        "Id",
        "IsDeleted",
        "IsActive",
        "Portal_Left__c",
        "UserType",
    }


class TestContract(ConnectorContract):
    ports = (DirectoryPort, AccountsPort, StaffPort, ContactsPort, MembersPort)

    @pytest.fixture
    async def bench(self, subject: Subject, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Bench]:
        """Signed in already: how the token endpoint fails is tried in `test_sessions.py`."""
        caplog.set_level(logging.DEBUG)
        outbound = Outbound(backoff=(0.0, 0.0))
        async with Wire(subject.url) as wire:
            made = Bench(subject, wire, outbound)
            await made.connector.ping()
            wire.reset()
            yield made
            await outbound.close()

    @pytest.fixture
    def subject(self, system: StandIn, data: DataSet, private_key: RSAKey, wrong_key: RSAKey) -> Subject:
        relations = {row.id: salesforce_id("07k", n) for n, row in enumerate(data.contacts, start=1)}
        people = [row.id for row in present(data, *A)]
        others = [row.id for row in present(data, "bright")]
        return Subject(
            url=system.url,
            connect=lambda name, url, outbound: connected(name, url, outbound, private_key),
            denied=lambda name, url, outbound: connected(name, url, outbound, wrong_key),
            secrets=(pem(private_key, private=True), pem(wrong_key, private=True)),
            a=tuple(data.accounts[key].crm_id for key in A),
            b=(data.accounts["bright"].crm_id,),
            empty=(data.accounts["empty"].crm_id,),
            requested=requested,
            cases={
                DirectoryPort: Case(known=()),
                AccountsPort: Case(
                    known=[data.accounts[key].crm_id for key in A],
                    foreign=(data.accounts["bright"].crm_id,),
                    missing=lambda n: salesforce_id("001", 800_000 + n),
                    alien=(people[0], data.staff[0].id, relations[people[0]]),
                    selects={
                        "name": frozenset({"Name"}),
                        "manager_id": frozenset({"OwnerId"}),
                        "status": frozenset({"Portal_Status__c"}),
                        "currency_code": frozenset({"CurrencyIsoCode"}),
                    },
                ),
                StaffPort: Case(
                    known=tuple(row.id for row in data.staff),
                    missing=lambda n: salesforce_id("005", 800_000 + n),
                    alien=(people[0], data.accounts["acme"].crm_id),
                    selects={"display_name": frozenset({"Name"}), "title": frozenset({"Title"})},
                ),
                ContactsPort: Case(
                    known=people,
                    foreign=others,
                    missing=lambda n: salesforce_id("003", 800_000 + n),
                    alien=(data.accounts["acme"].crm_id, data.staff[0].id, relations[people[0]]),
                    selects={
                        "email": frozenset({"AccountId", "Email"}),
                        "is_portal_user": frozenset({"AccountId", "Portal_Subject__c"}),
                    },
                    lists={"list_contacts": ListCase(rows=len(people))},
                ),
                MembersPort: Case(
                    known=[relations[row.id] for row in members(data, *A)],
                    foreign=[relations[row.id] for row in members(data, "bright")],
                    selects={"roles": frozenset({"AccountId", "CreatedDate", "Roles"})},
                    lists={"list_members": ListCase(rows=len(members(data, *A)))},
                ),
            },
        )
