"""What an operation will touch is known before it runs: attributes per model, permissions per account."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, parse, validate

from gateway.auth.permissions import Permission
from gateway.connectors.ports.accounts import AccountProfile
from gateway.connectors.ports.billing import AccountBalance, Invoice, InvoiceLine, Payment, Subscription
from gateway.connectors.ports.common import Listing, Money
from gateway.connectors.ports.contacts import Contact
from gateway.connectors.ports.documents import Document, Folder
from gateway.connectors.ports.knowledge import Article, Section
from gateway.connectors.ports.orders import Availability, Order, OrderLine, Product, Shipment
from gateway.connectors.ports.support import Ticket
from gateway.operations import analyse as analysing
from gateway.operations.analyse import Analysis, analyse
from gateway.schema.build import build
from tests.support.queries import BILLING

ACCOUNT, INVOICES, PAYMENTS, SUBSCRIPTIONS, ORDERS, PRODUCTS = (
    Permission.ACCOUNT_READ,
    Permission.INVOICES_READ,
    Permission.PAYMENTS_READ,
    Permission.SUBSCRIPTIONS_READ,
    Permission.ORDERS_READ,
    Permission.PRODUCTS_READ,
)
BEHIND_NODE = frozenset(Permission) - {
    Permission.MEMBERS_READ, Permission.TICKETS_CREATE, Permission.TICKETS_COMMENT,
}  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build()[0]


def analysed(schema: GraphQLSchema, text: str, number: int = 0) -> Analysis:
    document = parse(text)
    assert validate(schema, document) == []
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return analyse(schema, document, operations[number])


def entries(analysis: Analysis, text: str) -> dict[str, frozenset[Permission]]:
    """Name each entry by the word that stands at its offset."""
    found: dict[str, frozenset[Permission]] = {}
    for offset, permissions in analysis.entries.items():
        word = re.match(r"\w+", text[offset:])
        assert word is not None
        found[word[0]] = permissions
    assert len(found) == len(analysis.entries)
    return found


def test_the_billing_query_reads_this_and_nothing_else(schema: GraphQLSchema) -> None:
    found = analysed(schema, BILLING)
    assert found.fields == {
        AccountProfile: {"name", "number", "status", "currency_code"},
        AccountBalance: {"id", "outstanding", "overdue"},
        Money: {"amount", "currency_code"},
        Invoice: {
            "id", "number", "status", "is_overdue", "issued_on", "due_on", "total", "amount_due",
            "lines", "lines_have_more",
        },
        InvoiceLine: {"description", "quantity", "amount"},
        Order: {"id", "number", "status", "placed_at", "total", "shipments"},
        Shipment: {"number", "status", "tracking_numbers"},
    }  # fmt: skip


def test_the_billing_query_needs_these_permissions_per_account(schema: GraphQLSchema) -> None:
    viewer, _ = BILLING.split("\n  account(id")
    offsets = {
        "currentAccount": viewer.index("currentAccount"),
        "memberships": viewer.index("account {"),
        "account": len(viewer) + 3,
    }
    assert analysed(schema, BILLING).entries == {
        offsets["currentAccount"]: {ACCOUNT},
        offsets["memberships"]: {ACCOUNT},
        offsets["account"]: {ACCOUNT, INVOICES, ORDERS},
    }


def test_two_accounts_in_one_operation_are_told_apart(schema: GraphQLSchema) -> None:
    text = """
    { bills: account(id: "a") { balance { asOf } } parcels: account(id: "b") { shipments { totalCount } } }
    """
    assert entries(analysed(schema, text), text) == {
        "bills": {ACCOUNT, INVOICES},
        "parcels": {ACCOUNT, ORDERS},
    }


def test_all_aliases_of_a_record_are_read_at_once(schema: GraphQLSchema) -> None:
    found = analysed(
        schema,
        '{ account(id: "x") { a: invoices { nodes { number } } invoices(last: 2) { nodes { n: dueOn } } } }',
    )
    assert found.fields == {Invoice: {"number", "due_on"}}


def test_fragments_count_where_they_are_spread(schema: GraphQLSchema) -> None:
    text = """
    query First { account(id: "x") { ...Bills } }
    query Second { account(id: "x") { payments { nodes { ...Paid } } } }
    fragment Bills on Account { invoices { nodes { ...Bill } } }
    fragment Bill on Invoice { number payments { ...Paid } }
    fragment Paid on Payment { status }
    """
    first, second = analysed(schema, text, 0), analysed(schema, text, 1)
    assert first.fields == {Invoice: {"number", "payment_ids"}, Payment: {"status"}}
    assert list(first.entries.values()) == [{ACCOUNT, INVOICES, PAYMENTS}]
    assert second.fields == {Payment: {"status"}}
    assert list(second.entries.values()) == [{ACCOUNT, PAYMENTS}]


def test_an_entry_in_a_fragment_has_one_place(schema: GraphQLSchema) -> None:
    text = """
    { viewer { ...A } again: viewer { ...A } }
    fragment A on Viewer { currentAccount { orders { nodes { number } } } }
    """
    assert entries(analysed(schema, text), text) == {"currentAccount": {ACCOUNT, ORDERS}}


def test_memberships_lead_into_accounts(schema: GraphQLSchema) -> None:
    text = "{ viewer { memberships { nodes { roles account { products { nodes { sku } } } } } } }"
    found = analysed(schema, text)
    assert entries(found, text) == {"account": {ACCOUNT, PRODUCTS}}
    assert found.fields == {Product: {"sku"}}


def test_inline_fragments_on_a_node(schema: GraphQLSchema) -> None:
    text = """{ node(id: "x") {
        ... on Invoice { number }
        ... on Order { lines { nodes { product { availability { asOf } } } } }
    } }"""
    found = analysed(schema, text)
    assert found.fields == {
        Invoice: {"number"},
        Order: {"id", "lines"},
        OrderLine: {"product_id"},
        Product: {"id"},
        Availability: {"as_of"},
    }
    assert entries(found, text)["node"] >= {INVOICES, ORDERS, PRODUCTS}


def test_a_node_can_turn_out_to_be_of_any_type(schema: GraphQLSchema) -> None:
    # `{ ... on Invoice { number } }` of an order's id tells that the order exists.
    for text in ('{ node(id: "x") { ... on Invoice { number } } }', '{ nodes(ids: ["x"]) { __typename } }'):
        assert list(analysed(schema, text).entries.values()) == [BEHIND_NODE]


def test_an_interfaces_field_is_read_on_every_type_behind_it(schema: GraphQLSchema) -> None:
    found = analysed(schema, '{ nodes(ids: ["x"]) { id } }')
    assert found.fields == {
        model: {"id"}
        for model in (
            Invoice, Payment, Subscription, Order, Shipment, Product, Contact, Ticket, Document, Folder,
            Article, Section,
        )
    }  # fmt: skip


def test_an_account_scoped_record_leads_back_to_its_account(schema: GraphQLSchema) -> None:
    text = '{ node(id: "x") { ... on AccountScoped { account { name } } } }'
    found = analysed(schema, text)
    assert found.fields == {AccountProfile: {"name"}}
    assert entries(found, text) == {"node": BEHIND_NODE}


def test_an_interface_fragment_inside_a_type_concerns_that_type_only(schema: GraphQLSchema) -> None:
    text = """
    { account(id: "x") { orders { nodes { ...Any } } } }
    fragment Any on AccountScoped { ... on Node { id } ... on Invoice { number } ... on Order { number } }
    """
    found = analysed(schema, text)
    assert found.fields == {Order: {"id", "number"}}
    assert entries(found, text) == {"account": {ACCOUNT, ORDERS}}


def test_an_inline_fragment_without_a_type(schema: GraphQLSchema) -> None:
    text = '{ account(id: "x") { ... @include(if: true) { invoices { nodes { ... { number } } } } } }'
    assert analysed(schema, text).fields == {Invoice: {"number"}}


def test_skipped_fields_are_read_as_selected(schema: GraphQLSchema) -> None:
    text = 'query ($no: Boolean!) { account(id: "x") { invoices @skip(if: $no) { nodes { number } } } }'
    found = analysed(schema, text)
    assert found.fields == {Invoice: {"number"}}
    assert entries(found, text) == {"account": {ACCOUNT, INVOICES}}


def test_nested_connections(schema: GraphQLSchema) -> None:
    text = """
    { account(id: "x") { invoices { edges { node { lines { edges { cursor node { unit } } } } } } } }
    """
    found = analysed(schema, text)
    assert found.fields == {Invoice: {"id", "lines", "lines_have_more"}, InvoiceLine: {"unit"}}


def test_a_total_is_asked_for_as_such(schema: GraphQLSchema) -> None:
    counted = analysed(schema, '{ account(id: "x") { invoices { totalCount } } }')
    assert counted.fields == {Listing: {"Invoice"}}
    uncounted = analysed(schema, '{ account(id: "x") { invoices { pageInfo { hasNextPage } } } }')
    assert uncounted.fields == {}
    assert list(uncounted.entries.values()) == [{ACCOUNT, INVOICES}]


def test_introspection_reads_nothing(schema: GraphQLSchema) -> None:
    found = analysed(schema, "{ __typename __schema { types { name } } viewer { __typename } }")
    assert found == Analysis({}, {})


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counted: Counter[str] = Counter()

    def count(name: str) -> None:
        original = getattr(analysing._Visit, name)

        def counting(*arguments: Any) -> Any:
            counted[name] += 1
            return original(*arguments)

        monkeypatch.setattr(analysing._Visit, name, counting)

    count("_field")
    count("selection")
    return counted


DOUBLINGS = 18


def test_fragments_that_double_18_times_are_visited_once_each(
    schema: GraphQLSchema, visits: Counter[str]
) -> None:
    chain = [
        f"fragment F{i} on Account {{ a: payments {{ nodes {{ account {{ ...F{i + 1} }} }} }}"
        f" b: payments {{ nodes {{ account {{ ...F{i + 1} }} }} }} }}"
        for i in range(DOUBLINGS)
    ]
    text = "\n".join(
        ['{ account(id: "x") { ...F0 } }', *chain, f"fragment F{DOUBLINGS} on Account {{ name }}"]
    )
    found = analysed(schema, text)
    assert found.fields == {AccountProfile: {"name"}}
    assert list(found.entries.values()) == [{ACCOUNT, PAYMENTS}]
    fields_written = 2 + 6 * DOUBLINGS
    assert visits["_field"] == fields_written
    assert visits["selection"] <= 3 * fields_written


def test_doubling_behind_an_interface(schema: GraphQLSchema, visits: Counter[str]) -> None:
    chain = [
        f"fragment F{i} on Node {{ ...F{i + 1} ... on AccountScoped {{ account {{ ...F{i + 1} }} }} }}"
        for i in range(DOUBLINGS)
    ]
    text = "\n".join(['{ node(id: "x") { ...F0 } }', *chain, f"fragment F{DOUBLINGS} on Node {{ id }}"])
    analysed(schema, text)
    # Each fragment is read on all nodes, on those that belong to an account, and on the account alone.
    assert visits["_field"] <= 1 + 2 * (DOUBLINGS + 1)
    assert visits["selection"] <= 14 * (DOUBLINGS + 1)


def test_cycles_are_refused_by_validation_and_end_all_the_same(schema: GraphQLSchema) -> None:
    text = """
    { account(id: "x") { ...A } }
    fragment A on Account { name invoices { nodes { account { ...B } } } }
    fragment B on Account { number ...A }
    """
    document = parse(text)
    assert [error.message for error in validate(schema, document)] == [
        "Cannot spread fragment 'A' within itself via 'B'."
    ]
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert analyse(schema, document, operation).fields == {AccountProfile: {"name", "number"}}
