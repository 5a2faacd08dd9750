"""The identity map in Salesforce: what it gives, what it costs, and lies it must not believe."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from gateway.connectors.ports.accounts import AccountType
from gateway.connectors.ports.directory import AccountRef, DirectoryPort
from gateway.connectors.salesforce.config import Config
from gateway.connectors.salesforce.connector import Connector
from gateway.connectors.testing import Wire
from gateway.connectors.testing.wire import changed, fixed
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.outbound import Outbound
from gateway.settings import Secret, convert
from sandbox.data import DataSet, build
from sandbox.salesforce import stand_in
from sandbox.serve import StandIn
from tests.contract.salesforce.conftest import CLIENT_ID, USERNAME, connected, pem

QUERY = "/services/data/v66.0/query"


async def resolve(connector: Connector, *keys: str) -> dict[str, AccountRef]:
    port: Any = connector.ports[DirectoryPort]
    return dict(await port.resolve(keys))


def asked(wire: Wire) -> list[str]:
    return [text for call in wire.calls for name, text in call.query if name == "q"]


def spoiled(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[bytes], bytes]:
    def apply(body: bytes) -> bytes:
        found = json.loads(body)
        change(found["records"])
        return json.dumps(found).encode()

    return apply


async def test_every_account_in_one_call(connector: Connector, wire: Wire, data: DataSet) -> None:
    found = await resolve(connector, *data.accounts)
    assert len(wire.calls) == 1
    assert found == {
        key: AccountRef(
            natives={
                "crm": (row.crm_id,),
                "billing": tuple(row.stripe_customers.values()),
                "erp": (str(row.tryton_party),),
                "helpdesk": (str(row.desk_org),),
                "files": (row.files_root,),
            },
            type=AccountType[row.type],
            parent=row.parent,
        )
        for key, row in data.accounts.items()
    }


async def test_what_is_unknown_is_left_out(connector: Connector, wire: Wire) -> None:
    found = await resolve(connector, "nobody", "acme", "acme", "no'body\\", "OR Id != null")
    assert list(found) == ["acme"]
    assert len(wire.calls) == 1


async def test_keys_that_no_field_can_hold_cost_nothing(connector: Connector, wire: Wire) -> None:
    assert await resolve(connector) == {}
    assert await resolve(connector, "", "x" * 256, "a\nb", "a\x00b") == {}
    assert wire.calls == []


@pytest.mark.parametrize(
    "key", ["' OR Id != null OR Name = '", "\\", "\\' OR Id != null --", "a') OR (Id != null"]
)
async def test_a_key_stays_a_string(connector: Connector, wire: Wire, key: str) -> None:
    assert await resolve(connector, key) == {}
    assert [reply.status for reply in wire.replies] == [200]


async def test_many_keys_are_cut_to_the_length_of_an_address(outbound: Outbound, private_key: RSAKey) -> None:
    data = build(accounts=1500)
    public = pem(private_key, private=False)
    async with stand_in(data, client_id=CLIENT_ID, public_key_pem=public, username=USERNAME) as system:
        made = connected("crm", system.url, outbound, private_key)
        await made.ping()
        system.reset()
        found = await resolve(made, *data.accounts)
    assert len(found) == len(data.accounts) == 1508
    assert all(found[key].natives["crm"] == (row.crm_id,) for key, row in data.accounts.items())
    assert [call.status for call in system.calls] == [200, 200]


async def test_the_next_records_are_read(outbound: Outbound, private_key: RSAKey, data: DataSet) -> None:
    public = pem(private_key, private=False)
    async with stand_in(
        data, client_id=CLIENT_ID, public_key_pem=public, username=USERNAME, batch=3
    ) as system:
        made = connected("crm", system.url, outbound, private_key)
        found = await resolve(made, *data.accounts)
    assert set(found) == set(data.accounts)
    assert len(system.calls) == 1 + 3  # the token; 8 accounts by threes


@pytest.mark.parametrize(
    "more",
    [None, 7, "", f"{QUERY}/../sobjects", "https://elsewhere.example/", f"{QUERY}/a/b"],
)
async def test_next_records_elsewhere_are_not_read(connector: Connector, wire: Wire, more: object) -> None:
    def lie(body: bytes) -> bytes:
        return json.dumps(json.loads(body) | {"done": False, "nextRecordsUrl": more}).encode()

    wire.spoil = changed(lie)
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme")
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert len(wire.calls) == 1


async def test_next_records_come_to_an_end(connector: Connector, wire: Wire) -> None:
    """More rows than keys were asked for: no need to see how many."""

    def lie(body: bytes) -> bytes:
        found = json.loads(body)
        locator = f"{QUERY}/01g5g0000000001AAA-2000"
        return json.dumps(found | {"done": False, "nextRecordsUrl": locator}).encode()

    body = lie(json.dumps({"records": [{"Portal_Account_Key__c": "acme"}]}).encode())
    wire.spoil = fixed(200, body)
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme")
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert len(wire.calls) == 2


LIES: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "a key that was not asked for": lambda rows: rows[0].update(Portal_Account_Key__c="ledger"),
    "a key of another case": lambda rows: rows[0].update(Portal_Account_Key__c="ACME"),
    "no key": lambda rows: rows[0].update(Portal_Account_Key__c=None),
    "a key twice": lambda rows: rows.append(rows[0]),
    "a key in two rows": lambda rows: rows[1].update(Portal_Account_Key__c="acme"),
    "an id of another kind": lambda rows: rows[0].update(Id="0035g0000000001AAA"),
    "no id": lambda rows: rows[0].pop("Id"),
    "one record for two accounts": lambda rows: rows[1].update(Id=rows[0]["Id"]),
    "a customer of two accounts": lambda rows: rows[1].update(
        Stripe_Customer__c=rows[0]["Stripe_Customer__c"].split(";")[1]
    ),
    "a party of two accounts": lambda rows: rows[1].update(ERP_Partner__c=rows[0]["ERP_Partner__c"]),
    "a number for an id": lambda rows: rows[0].update(ERP_Partner__c=101.0),
    "a list of ids": lambda rows: rows[0].update(ERP_Partner__c=["101"]),
    "a type that is no text": lambda rows: rows[0].update(Type=7),
    "a parent that is no object": lambda rows: rows[0].update(Parent="group"),
    "a parent's key that is no text": lambda rows: rows[0].update(Parent={"Portal_Account_Key__c": 7}),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_lies_break_the_contract(
    connector: Connector, wire: Wire, lie: Callable[[list[dict[str, Any]]], object]
) -> None:
    wire.spoil = changed(spoiled(lie))
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "acme", "bright")
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert "cus_" not in caught.value.detail


async def test_two_accounts_with_one_id_in_two_batches(outbound: Outbound, private_key: RSAKey) -> None:
    data = build(accounts=1500)
    first, last = data.accounts["acme"], data.accounts["x1500"]
    data.accounts["x1500"] = dataclasses.replace(last, tryton_party=first.tryton_party)
    public = pem(private_key, private=False)
    async with stand_in(data, client_id=CLIENT_ID, public_key_pem=public, username=USERNAME) as system:
        made = connected("crm", system.url, outbound, private_key)
        with pytest.raises(UpstreamError) as caught:
            await resolve(made, *data.accounts)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_field_that_takes_cases_for_the_same_finds_no_other_account(connector: Connector) -> None:
    with pytest.raises(UpstreamError) as caught:
        await resolve(connector, "Acme")
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_types_and_empty_fields(connector: Connector, wire: Wire) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0].update(
            Type="Friend", Stripe_Customer__c=" ; ", ERP_Partner__c=None, Zendesk_Org__c=" 7;8 ; 7;"
        )
        rows[1].update(Type=None)

    wire.spoil = changed(spoiled(change))
    found = await resolve(connector, "acme", "bright")
    assert (found["acme"].type, found["bright"].type) == (AccountType.UNKNOWN, None)
    assert set(found["acme"].natives) == {"crm", "helpdesk", "files"}
    assert found["acme"].natives["helpdesk"] == ("7", "8")


async def test_words_of_the_picklist_can_be_added(
    wire: Wire, outbound: Outbound, private_key: RSAKey
) -> None:
    made = connected(
        "crm", wire.url, outbound, private_key, types={"Customer - Direct": AccountType.PATIENT}, natives={}
    )
    found = await resolve(made, "acme", "reach")
    assert (found["acme"].type, found["reach"].type) == (AccountType.PATIENT, AccountType.PARTNER)
    assert set(found["acme"].natives) == {"crm"}
    assert "Stripe_Customer__c" not in asked(wire)[0]


async def test_ping_notices_a_field_that_is_not_there(
    system: StandIn, outbound: Outbound, private_key: RSAKey
) -> None:
    made = connected("crm", system.url, outbound, private_key, natives={"erp": "Misspelt__c"})
    with pytest.raises(UpstreamError) as caught:
        await made.ping()
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert [call.status for call in system.calls] == [200, 400]


OPTIONS = {
    "base_url": "https://x.example",
    "client_id": "c",
    "username": "u",
    "private_key": Secret("key"),
}


@pytest.mark.parametrize("field", ["", "A B", "Id,Name", "Id FROM User", "Name\n", "1st__c", "Parent.Name"])
def test_only_names_of_fields_are_configured(field: str) -> None:
    with pytest.raises(ConfigurationError, match=r"connectors\.crm\.natives"):
        convert(OPTIONS | {"natives": {"erp": field}}, Config, "connectors.crm")


def test_settings_as_they_are_written() -> None:
    options = OPTIONS | {"natives": {"erp": "ERP_Partner__c"}, "types": {"Friend": "PARTNER"}}
    found = convert(options, Config, "connectors.crm")
    assert found.natives == {"erp": "ERP_Partner__c"}
    assert found.types == {"Friend": AccountType.PARTNER}
    assert found.private_key.reveal() == "key"
