"""Stripe's own client library works against the stand-in when only its address is changed.

The API version is named too, as the gateway names it: the library's own may be of a later
generation of shapes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from sandbox.data import DataSet, Invoice
from sandbox.serve import StandIn
from sandbox.stripe import VERSION

InvoicesOf = Callable[[str, str], list[Invoice]]

Sdk = Callable[[Callable[[stripe.StripeClient], Any]], Any]


def library(system: StandIn, session: requests.Session, key: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=VERSION,
        base_addresses={"api": system.url},
        http_client=stripe.RequestsClient(session=session),
    )


@pytest.fixture
async def sdk(system: StandIn, api_key: str) -> AsyncIterator[Sdk]:
    """Run a function of the client in a thread: it blocks, and the stand-in lives in this loop."""
    with ThreadPoolExecutor(1) as pool, requests.Session() as session:
        client = library(system, session, api_key)
        loop = asyncio.get_running_loop()

        async def run(use: Callable[[stripe.StripeClient], Any]) -> Any:
            return await loop.run_in_executor(pool, use, client)

        yield run


async def test_the_library_pages_through_a_list(
    sdk: Sdk, system: StandIn, data: DataSet, invoices_of: InvoicesOf
) -> None:
    expected = invoices_of("acme", "EUR")

    def use(client: stripe.StripeClient) -> list[stripe.Invoice]:
        page = client.v1.invoices.list(
            {
                "customer": expected[0].customer,
                "limit": 20,
                "created": {"gte": 0},
                "expand": ["data.payments"],
            }
        )
        return list(page.auto_paging_iter())

    invoices = await sdk(use)
    assert [invoice.id for invoice in invoices] == [row.id for row in expected]
    assert [invoice.amount_remaining for invoice in invoices] == [row.remaining_minor for row in expected]
    paid = next(invoice for invoice in invoices if invoice.status == "paid")
    assert paid.payments.data[0].payment.payment_intent.startswith("pi_")
    assert len(system.calls) == -(-len(expected) // 20)


async def test_the_library_retrieves_and_expands(sdk: Sdk, data: DataSet) -> None:
    row = next(row for row in data.invoices if len(row.lines) == 14)
    payment = data.payments[0]

    def use(client: stripe.StripeClient) -> tuple[Any, ...]:
        invoice = client.v1.invoices.retrieve(row.id, {"expand": ["customer", "payments"]})
        lines = list(client.v1.invoices.line_items.list(row.id, {"limit": 5}).auto_paging_iter())
        intent = client.v1.payment_intents.retrieve(payment.id, {"expand": ["latest_charge"]})
        agreed = client.v1.subscriptions.retrieve(
            data.subscriptions[0].id, {"expand": ["items.data.price.product"]}
        )
        links = client.v1.invoice_payments.list(
            {"payment": {"type": "payment_intent", "payment_intent": payment.id}}
        )
        products = client.v1.products.list({"ids": [agreed["items"].data[0].price.product.id]})
        return invoice, lines, intent, agreed, links, products

    invoice, lines, intent, agreed, links, products = await sdk(use)
    assert isinstance(invoice.customer, stripe.Customer)
    assert invoice.customer.metadata["account_key"] == row.account
    assert [line.id for line in lines] == [line.id for line in row.lines]
    assert [int(line.pricing.unit_amount_decimal) for line in lines] == [ln.unit_minor for ln in row.lines]
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.payment_method_details.card.last4 == payment.last4
    assert agreed["items"].data[0].price.product.name == data.subscriptions[0].product
    assert links.data[0].payment.payment_intent == payment.id
    assert [product.name for product in products.data] == [data.subscriptions[0].product]


async def test_the_library_lists_the_other_kinds(sdk: Sdk, data: DataSet) -> None:
    customer = data.accounts["bright"].stripe_customers["JPY"]

    def use(client: stripe.StripeClient) -> tuple[Any, ...]:
        asked = {"customer": customer, "limit": 2}
        return (
            client.v1.customers.retrieve(customer),
            list(
                client.v1.payment_intents.list({**asked, "expand": ["data.latest_charge"]}).auto_paging_iter()
            ),
            list(client.v1.subscriptions.list({**asked, "status": "all"}).auto_paging_iter()),
        )

    found, intents, agreements = await sdk(use)
    assert found.currency == "jpy"
    expected = {row.id for row in data.payments if row.customer == customer}
    assert {intent.id for intent in intents} == expected
    assert all(isinstance(intent.latest_charge, stripe.Charge) for intent in intents)
    assert [row.id for row in data.subscriptions if row.customer == customer] == [
        row.id for row in agreements
    ]


async def test_the_library_understands_the_errors(sdk: Sdk, system: StandIn) -> None:
    def use(client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError) as missing:
            client.v1.invoices.retrieve("in_none")
        assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
        assert missing.value.param == "invoice"
        assert missing.value.request_id.startswith("req_")
        with pytest.raises(stripe.InvalidRequestError) as unknown:
            client.v1.invoices.list({"colour": "red"})  # type: ignore[typeddict-unknown-key]  the point
        assert (unknown.value.http_status, unknown.value.code) == (400, "parameter_unknown")
        with (
            requests.Session() as session,
            pytest.raises(stripe.AuthenticationError, match="Invalid API Key") as refused,
        ):
            library(system, session, "rk_test_somebodyelses99").v1.invoices.list()
        assert refused.value.http_status == 401

    await sdk(use)
    await system.fault("throttled")

    def throttled(client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.RateLimitError, match="rate limit exceeded"):
            client.v1.invoices.list()

    await sdk(throttled)
