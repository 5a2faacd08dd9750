"""What is subscribed to: names of products, which Stripe does not expand in lists."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.billing import Subscription, SubscriptionItem, SubscriptionsPort
from gateway.connectors.ports.common import Page, Record, Selection
from gateway.connectors.stripe.config import Config
from gateway.connectors.stripe.connector import connect
from gateway.errors import UpstreamError
from gateway.outbound import Outbound
from gateway.settings import Secret
from sandbox.data import DataSet
from sandbox.serve import StandIn

NAMES: Selection = {
    Subscription: frozenset({"items"}),
    SubscriptionItem: frozenset({"product_name", "quantity"}),
}


@pytest.fixture
async def subscriptions(system: StandIn, api_key: str) -> AsyncIterator[SubscriptionsPort]:
    outbound = Outbound()
    config = Config(api_key=Secret(api_key), base_url=system.url)
    system.reset()
    yield connect("billing", config, outbound).ports[SubscriptionsPort]  # type: ignore[misc]  # that port's object
    await outbound.close()


def scope_of(data: DataSet, account: str) -> AccountScope:
    customers = tuple(data.accounts[account].stripe_customers.values())
    return AccountScope(account, frozenset(), {"billing": customers})


async def test_names_of_all_items_cost_one_call(
    subscriptions: SubscriptionsPort, data: DataSet, system: StandIn
) -> None:
    scope = scope_of(data, "acme")
    mine = {row.id: row.product for row in data.subscriptions if row.account == "acme"}
    listing = await subscriptions.list_subscriptions(scope, Page(first=10), NAMES)
    found = {record.id: [item.product_name for item in record.items] for record, _ in listing.items}
    assert found == {key: [name] for key, name in mine.items()}
    assert [call.path for call in system.calls].count("/v1/products") == 1
    by_id = await subscriptions.get_many([Ref(scope, key) for key in mine], NAMES)
    assert {record.id: record.items[0].product_name for record in by_id} == mine


async def test_names_that_are_not_selected_cost_nothing(
    subscriptions: SubscriptionsPort, data: DataSet, system: StandIn
) -> None:
    scope = scope_of(data, "acme")
    for fields in (
        {Subscription: frozenset({"items"}), SubscriptionItem: frozenset({"quantity"})},
        {Subscription: frozenset({"status"}), SubscriptionItem: frozenset({"product_name"})},
    ):
        listing = await subscriptions.list_subscriptions(scope, Page(first=10), fields)
        assert listing.items
    assert "/v1/products" not in {call.path for call in system.calls}


async def test_products_that_cannot_be_read_spoil_their_names_only(
    subscriptions: SubscriptionsPort, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.connectors.stripe.subscriptions._PRODUCTS", "/v1/nothing")
    listing = await subscriptions.list_subscriptions(scope_of(data, "acme"), Page(first=10), NAMES)
    items = [item for record, _ in listing.items for item in record.items]
    assert items
    for item in items:
        assert isinstance(item, Record)
        assert isinstance(item.product_name, UpstreamError)
        assert item.quantity
