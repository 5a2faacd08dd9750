"""Contacts and members: their order, their pages, and whom nobody may see."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from gateway.auth import boundary
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Listing, Page, Selection
from gateway.connectors.ports.contacts import Contact, ContactsPort, Member, MembersPort
from gateway.connectors.salesforce.connector import Connector
from gateway.connectors.testing import Wire, everything
from gateway.connectors.testing.wire import changed
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import Contact as Row
from sandbox.data import DataSet, build
from sandbox.data.people import salesforce_id
from sandbox.salesforce import stand_in
from sandbox.serve import StandIn
from tests.contract.salesforce.conftest import CLIENT_ID, USERNAME, connected, members, pem, present

NAMES: Selection = {Contact: frozenset({"display_name"})}
COUNTED: Selection = NAMES | {Listing: frozenset({"Contact"})}

NAMESAKES = (
    ("Zoe", "Smith"), ("", "smith"), ("Ann", "SMITH"), ("ann", "Smith"), ("Ann", "O'Neil"), ("", "Smith"),
    ("Ann", "Back\\slash"), ("Ånn", "Smith"), ("Ann", "Two\nLines"), ('"A"', "O''"), ("Ann", "smithers"),
)  # fmt: skip


def contacts(connector: Connector) -> Any:
    return connector.ports[ContactsPort]


async def walk(connector: Connector, scope: AccountScope, size: int) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        listing = await contacts(connector).list_contacts(scope, Page(first=size, after=after), NAMES)
        found += [record.id for record, _ in listing.items]
        if not listing.has_next:
            return found
        after = listing.end_cursor or listing.items[-1][1]


def questions(wire: Wire) -> list[str]:
    return [text for call in wire.calls for name, text in call.query if name == "q"]


async def test_contacts_come_by_name_with_all_that_is_known(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    listing = await contacts(connector).list_contacts(acme, Page(first=50), everything(Contact))
    assert len(wire.calls) == 1
    found: list[Any] = [record for record, _ in listing.items]
    expected = present(data, "acme")
    assert [record.id for record in found] == [row.id for row in expected]
    for record, row in zip(found, expected, strict=True):
        assert (record.display_name, record.given_name, record.family_name) == (
            row.name,
            row.given,
            row.family,
        )
        assert (record.email, record.phone, record.job_title) == (row.email, row.phone, row.title)
        assert (record.mobile, record.department) == (None, None)
        assert record.is_portal_user is (row.subject is not None)
        assert record.created_at == record.updated_at == row.created
        assert record.owners == {data.accounts["acme"].crm_id}


async def test_members_come_longest_standing_first(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    port: Any = connector.ports[MembersPort]
    chosen = everything(Member) | {Listing: frozenset({"Member"})}
    listing = await port.list_members(acme, Page(first=1), chosen)
    assert len(wire.calls) == 2  # the rows and their number
    assert listing.total == 2
    assert listing.has_next
    rest = await port.list_members(acme, Page(first=5, after=listing.items[0][1]), everything(Member))
    assert len(wire.calls) == 3
    found: list[Any] = [record for record, _ in [*listing.items, *rest.items]]
    assert [(one.contact_id, one.roles, one.is_direct, one.since) for one in found] == [
        (row.id, row.roles, True, row.member_since) for row in members(data, "acme")
    ]


async def test_later_pages_cost_one_call_more(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet
) -> None:
    first = await contacts(connector).list_contacts(acme, Page(first=5), COUNTED)
    assert (first.total, len(wire.calls)) == (len(present(data, "acme")), 2)
    wire.reset()
    await contacts(connector).list_contacts(acme, Page(first=5, after=first.items[-1][1]), NAMES)
    assert [call.path.rsplit("/", 1)[-1] for call in wire.calls] == ["Contact", "query"]


async def test_cursors_hold_no_names(connector: Connector, acme: AccountScope, data: DataSet) -> None:
    listing = await contacts(connector).list_contacts(acme, Page(first=50), NAMES)
    assert [cursor for _, cursor in listing.items] == [row.id for row in present(data, "acme")]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
async def test_namesakes_keep_one_order(outbound: Outbound, private_key: RSAKey, size: int) -> None:
    data = build()
    model = dataclasses.replace(data.contacts[0], account="empty")
    data.contacts[:] = [
        dataclasses.replace(model, id=salesforce_id("003", 700 + n), given=given, family=family, left=False)
        for n, (given, family) in enumerate(NAMESAKES)
    ]
    public = pem(private_key, private=False)
    async with stand_in(data, client_id=CLIENT_ID, public_key_pem=public, username=USERNAME) as system:
        made = connected("crm", system.url, outbound, private_key)
        scope = AccountScope("empty", frozenset(), {"crm": (data.accounts["empty"].crm_id,)})
        found = await walk(made, scope, size)
    expected = sorted(data.contacts, key=lambda row: (row.family.casefold(), row.given.casefold(), row.id))
    assert found == [row.id for row in expected]


async def test_a_person_who_is_renamed_while_paging_is_followed(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    """A page starts after whom the cursor names, as that person is called by now."""

    def rename(body: bytes) -> bytes:
        found = json.loads(body)
        if isinstance(found, list):
            found[0]["LastName"] = "Zzz"
        return json.dumps(found).encode()

    first = await contacts(connector).list_contacts(acme, Page(first=2), NAMES)
    wire.spoil = changed(rename)
    rest = await contacts(connector).list_contacts(acme, Page(first=50, after=first.items[-1][1]), NAMES)
    assert (rest.items, rest.has_next, rest.has_previous) == ([], False, True)


@pytest.mark.parametrize("gone", ["bright", "nobody", "deleted"])
async def test_a_cursor_of_somebody_else_is_refused(
    connector: Connector, acme: AccountScope, wire: Wire, data: DataSet, gone: str
) -> None:
    others = {
        "bright": present(data, "bright")[0].id,
        "nobody": salesforce_id("003", 999_999),
        "deleted": salesforce_id("003", 900_010),
    }
    with pytest.raises(RequestError) as caught:
        await contacts(connector).list_contacts(acme, Page(first=2, after=others[gone]), NAMES)
    assert caught.value.code is Code.INVALID_CURSOR
    assert questions(wire) == []


@pytest.mark.parametrize(
    "after",
    [
        "2026-02-30T00:00:00Z 07k5g0000000001AAA", "2026-01-01T00:00:00Z", "07k5g0000000001AAA",
        "2026-01-01T00:00:00Z 0035g0000000001AAA", "2026-01-01T00:00:00Z 07k5g0000000001AAA x",
        "2026-01-01T00:00:00Z) OR (Id != null 07k5g0000000001AAA",
    ],
)  # fmt: skip
async def test_what_is_no_cursor_of_members_costs_nothing(
    connector: Connector, acme: AccountScope, wire: Wire, after: str
) -> None:
    port: Any = connector.ports[MembersPort]
    with pytest.raises(RequestError) as caught:
        await port.list_members(acme, Page(first=2, after=after), everything(Member))
    assert (caught.value.code, wire.calls) == (Code.INVALID_CURSOR, [])


async def test_backward_pages_cost_nothing(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    port: Any = connector.ports[MembersPort]
    for listing in (contacts(connector).list_contacts, port.list_members):
        with pytest.raises(RequestError) as caught:
            await listing(acme, Page(last=2), {})
        assert caught.value.code is Code.UNSUPPORTED_CAPABILITY
        assert caught.value.message.startswith("last, before")
    assert wire.calls == []


async def test_an_account_without_a_record_here_has_no_people(connector: Connector, wire: Wire) -> None:
    scope = AccountScope("acme", frozenset(), {"erp": ("101",)})
    port: Any = connector.ports[MembersPort]
    for listing in (contacts(connector).list_contacts, port.list_members):
        found = await listing(scope, Page(first=2), COUNTED)
        assert (found.items, found.has_next, found.total) == ([], False, 0)
    with pytest.raises(RequestError):
        await contacts(connector).list_contacts(
            scope, Page(first=2, after=salesforce_id("003", 100)), COUNTED
        )
    assert wire.calls == []


@pytest.mark.parametrize(
    "native", ["", "001", "0035g0000000001AAA", "0015g0000000001", "0015g0000000001AAB", "x') OR (Id != null"]
)
async def test_an_account_of_another_form_is_never_asked_for(
    connector: Connector, wire: Wire, native: str
) -> None:
    """Nor one of 15 characters: records name their owner with 18, and the boundary compares exactly."""
    scope = AccountScope("acme", frozenset(), {"crm": (native,)})
    port: Any = connector.ports[MembersPort]
    for listing in (contacts(connector).list_contacts, port.list_members):
        with pytest.raises(UpstreamError) as caught:
            await listing(scope, Page(first=2), {})
        assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert wire.calls == []


def hidden(data: DataSet) -> Sequence[Row]:
    return [row for row in data.contacts if row.left]


async def test_who_left_or_was_deleted_is_found_by_nobody(
    connector: Connector, scope_of: Callable[[str], AccountScope], data: DataSet
) -> None:
    refs = [Ref(scope_of(row.account), row.id) for row in hidden(data)]
    refs += [Ref(scope_of("acme"), salesforce_id("003", number)) for number in (900_010, 900_011)]
    assert len(refs) == 9
    assert await contacts(connector).get_many(refs, everything(Contact)) == [None] * len(refs)


async def test_a_person_of_no_account_is_nobodys(connector: Connector, acme: AccountScope) -> None:
    [found] = await contacts(connector).get_many([Ref(acme, salesforce_id("003", 999_999))], NAMES)
    assert not boundary.admits(found)


async def test_a_list_is_judged_row_by_row(connector: Connector, acme: AccountScope, wire: Wire) -> None:
    """The system answers more than was asked for: what is hidden is left out, another's is not admitted."""

    def lie(body: bytes) -> bytes:
        found = json.loads(body)
        found["records"][0]["Portal_Left__c"] = True
        found["records"][1]["IsDeleted"] = True
        found["records"][2]["AccountId"] = salesforce_id("001", 2)
        return json.dumps(found).encode()

    wire.spoil = changed(lie)
    listing = await contacts(connector).list_contacts(acme, Page(first=4), NAMES)
    assert [boundary.admits(record) for record, _ in listing.items] == [False, True]
    assert listing.end_cursor == listing.items[-1][1]
    assert listing.has_next


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a row twice": lambda found: found["records"].append(found["records"][0]),
    "no id": lambda found: found["records"][0].pop("Id"),
    "an id of another kind": lambda found: found["records"][0].update(Id="0015g0000000001AAA"),
    "an id that is no text": lambda found: found["records"][0].update(Id=["0035g0000000001AAA"]),
    "not done, and nothing": lambda found: found.update(records=[], done=False),
    "not done, and no more": lambda found: found.update(done=False),
    "done is no boolean": lambda found: found.update(done=1),
    "a count below nothing": lambda found: found.update(totalSize=-1),
    "no count": lambda found: found.pop("totalSize"),
}


@pytest.mark.parametrize("name", LIES)
async def test_lies_break_the_contract(
    connector: Connector, acme: AccountScope, wire: Wire, name: str
) -> None:
    def apply(body: bytes) -> bytes:
        found = json.loads(body)
        if found["records"] or "count" in name:  # the answer with the count has no records
            LIES[name](found)
        return json.dumps(found).encode()

    wire.spoil = changed(apply)
    with pytest.raises(UpstreamError) as caught:
        await contacts(connector).list_contacts(acme, Page(first=3), COUNTED)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_a_page_that_the_system_cuts_short_goes_on(
    outbound: Outbound, private_key: RSAKey, data: DataSet, acme: AccountScope
) -> None:
    public = pem(private_key, private=False)
    async with stand_in(
        data, client_id=CLIENT_ID, public_key_pem=public, username=USERNAME, batch=3
    ) as system:
        made = connected("crm", system.url, outbound, private_key)
        listing = await contacts(made).list_contacts(acme, Page(first=7), NAMES)
        assert (len(listing.items), listing.has_next) == (3, True)
        assert await walk(made, acme, 7) == [row.id for row in present(data, "acme")]


async def test_a_deleted_person_is_not_followed_whatever_the_system_does(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    first = await contacts(connector).list_contacts(acme, Page(first=2), NAMES)
    wire.spoil = changed(lambda body: body.replace(b'"IsDeleted":false', b'"IsDeleted":true'))
    with pytest.raises(RequestError) as caught:
        await contacts(connector).list_contacts(acme, Page(first=2, after=first.items[0][1]), NAMES)
    assert caught.value.code is Code.INVALID_CURSOR


async def test_faults_while_following_a_cursor(
    connector: Connector, acme: AccountScope, wire: Wire, system: StandIn
) -> None:
    first = await contacts(connector).list_contacts(acme, Page(first=2), NAMES)

    def lie(body: bytes) -> bytes:
        found = json.loads(body)
        return json.dumps([found[0] | {"Id": salesforce_id("003", 5)}]).encode()

    for spoil in (changed(lie), changed(lambda body: body.replace(b'"LastName":"', b'"LastName":7,"X":"'))):
        wire.reset()
        wire.spoil = spoil
        with pytest.raises(UpstreamError) as caught:
            await contacts(connector).list_contacts(acme, Page(first=2, after=first.items[0][1]), NAMES)
        assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
        assert questions(wire) == []
