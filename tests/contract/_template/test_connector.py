"""The connector for Template against the stand-in: the contract suite, and what is Template's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors._template.connector import Connector
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.contacts import Contact, ContactsPort
from gateway.connectors.testing import Call, Case, ConnectorContract, ListCase, Subject, Wire
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed, fixed
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from sandbox._template.rows import contact_id
from sandbox.data import DataSet
from sandbox.serve import StandIn
from tests.contract._template.conftest import connected

NAMES = {Contact: frozenset({"display_name"})}


def requested(calls: Sequence[Call]) -> set[str]:
    """Which of Template's fields were asked for."""
    return {
        name for call in calls for key, value in call.query if key == "fields" for name in value.split(",")
    }


def ids(data: DataSet, account: str, *, left: bool = False) -> tuple[str, ...]:
    rows = sorted(data.contacts, key=lambda row: (row.family, row.given, contact_id(row)))
    return tuple(contact_id(row) for row in rows if (row.account, row.left) == (account, left))


class TestContract(ConnectorContract):
    ports = (ContactsPort,)  # CHANGE: all that the connector serves

    @pytest.fixture
    def subject(self, system: StandIn, data: DataSet, token: str) -> Subject:
        needed = frozenset({"id", "account_id", "status"})
        return Subject(
            url=system.url,
            connect=lambda name, url, outbound: connected(name, url, outbound, token),
            denied=lambda name, url, outbound: connected(name, url, outbound, "a-wrong-token"),
            secrets=(token, "a-wrong-token"),
            a=(data.accounts["acme"].number, data.accounts["reach"].number),
            b=(data.accounts["bright"].number,),
            empty=(data.accounts["empty"].number,),
            requested=requested,
            cases={
                ContactsPort: Case(
                    known=ids(data, "acme"),
                    foreign=ids(data, "bright"),
                    missing=lambda n: f"con_0{n}",
                    alien=("C-1001", "003000000000001AAA"),
                    selects={"email": needed | {"email"}, "created_at": needed | {"created"}},
                    lists={"list_contacts": ListCase(rows=len(ids(data, "acme")) + len(ids(data, "reach")))},
                )
            },
        )


# What is Template's own


async def test_people_come_by_name_at_one_call_a_page(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    port: Any = connector.ports[ContactsPort]
    first = await port.list_contacts(acme, Page(first=5), NAMES)
    rest = await port.list_contacts(acme, Page(first=100, after=first.items[-1][1]), NAMES)
    assert tuple(record.id for record, _ in [*first.items, *rest.items]) == ids(data, "acme")
    assert (first.has_next, rest.has_next) == (True, False)
    assert len(wire.calls) == 2


async def test_people_who_left_are_missing(connector: Connector, acme: AccountScope, data: DataSet) -> None:
    port: Any = connector.ports[ContactsPort]
    [left] = ids(data, "acme", left=True)
    found = await port.get_many([Ref(acme, left), Ref(acme, ids(data, "acme")[0])], NAMES)
    assert [record and record.id for record in found] == [None, ids(data, "acme")[0]]


async def test_an_account_that_is_not_known_here_costs_no_call(connector: Connector, wire: Wire) -> None:
    """Without its filter, the list would be everybody's."""
    port: Any = connector.ports[ContactsPort]
    listing = await port.list_contacts(AccountScope("new", frozenset(), {}), Page(first=5), NAMES)
    assert (listing.items, listing.has_next, wire.calls) == ([], False, [])


async def test_an_account_id_of_another_form_reaches_no_query(connector: Connector, wire: Wire) -> None:
    port: Any = connector.ports[ContactsPort]
    with pytest.raises(UpstreamError) as caught:
        await port.list_contacts(AccountScope("odd", frozenset(), {"crm": ("*",)}), Page(first=5), NAMES)
    assert (caught.value.system, wire.calls) == ("identity", [])


async def test_a_cursor_whose_row_is_gone(connector: Connector, acme: AccountScope) -> None:
    port: Any = connector.ports[ContactsPort]
    with pytest.raises(RequestError) as caught:
        await port.list_contacts(acme, Page(first=5, after="con_00"), NAMES)
    assert caught.value.code is Code.INVALID_CURSOR


async def test_a_moment_without_an_offset_is_broken(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire
) -> None:
    port: Any = connector.ports[ContactsPort]
    wire.spoil = changed(replaced("created", lambda _: "2026-01-01T00:00:00"))
    fields = {Contact: frozenset({"created_at", "email"})}
    [found] = await port.get_many([Ref(acme, ids(data, "acme")[0])], fields)
    assert isinstance(found.created_at, UpstreamError)
    assert not isinstance(found.email, GatewayError)


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": [{"id": "con_1"}, {"id": "con_1"}], "has_more": false}',
        b'{"items": [{"id": "con_1"}], "has_more": 1}',
        b'{"items": [], "has_more": true}',
        b'{"items": [{"id": "con_a"}], "has_more": true}',
    ],
    ids=["twice", "no boolean", "more of nothing", "the row itself"],
)
async def test_pages_that_lie_are_refused(
    connector: Connector, acme: AccountScope, wire: Wire, body: bytes
) -> None:
    port: Any = connector.ports[ContactsPort]
    wire.spoil = fixed(200, body)
    with pytest.raises(UpstreamError) as caught:
        await port.list_contacts(acme, Page(first=5, after="con_a"), NAMES)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
