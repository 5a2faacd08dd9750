"""The stand-in's answers have the keys and types of Stripe's published samples.

The samples come from the folder that SPECS_DIR names (`stripe/fixtures3.2026-08-21.json`).
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import stripe

from sandbox.data import DataSet

Get = Callable[..., Any]

# Keys that Stripe's reference documents and the samples lack: what is optional, or null there.
EXTRAS = {
    "invoice": {"payments"},
    "customer": {"customer_account"},
    "line_item.pricing": {"price_details"},
    "invoice_payment.payment": {"payment_intent"},
}
# Maps with keys of the merchant's choosing.
FREE = {"metadata"}
CLASSES = {
    "charge": stripe.Charge,
    "customer": stripe.Customer,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "line_item": stripe.InvoiceLineItem,
    "payment_intent": stripe.PaymentIntent,
    "price": stripe.Price,
    "product": stripe.Product,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "tax_rate": stripe.TaxRate,
}


@pytest.fixture(scope="module")
def samples() -> dict[str, Any]:
    folder = os.environ.get("SPECS_DIR")
    if not folder:
        pytest.skip("Set SPECS_DIR to the folder of the vendors' published specifications.")
    file = Path(folder) / "stripe" / "fixtures3.2026-08-21.json"
    resources: dict[str, Any] = json.loads(file.read_text())["resources"]
    return resources


def differences(ours: Any, theirs: Any, path: str, samples: dict[str, Any]) -> Iterator[str]:
    """Tell where our value could not be Stripe's."""
    if ours is None or theirs is None:
        return
    if isinstance(ours, dict) and ours.get("object") in CLASSES and path != ours["object"]:
        yield from resource_differences(ours, samples)  # an object within another, or expanded
        return
    if type(ours) is not type(theirs):
        yield f"{path}: {type(ours).__name__} instead of {type(theirs).__name__}"
    elif isinstance(ours, dict):
        for key, value in ours.items():
            if key not in theirs and key not in EXTRAS.get(path, ()) and path.rsplit(".", 1)[-1] not in FREE:
                yield f"{path}.{key}: not in the sample"
            yield from differences(value, theirs.get(key), f"{path}.{key}", samples)
    elif isinstance(ours, list):
        for item in ours:
            known = isinstance(item, dict) and item.get("object") in CLASSES
            sample = {} if known else theirs[0] if theirs else None
            yield from differences(item, sample, f"{path}[]", samples)


def resource_differences(ours: dict[str, Any], samples: dict[str, Any]) -> Iterator[str]:
    kind = ours["object"]
    yield from differences(ours, samples[kind], kind, samples)
    for key, annotation in CLASSES[kind].__annotations__.items():
        if key.startswith("_") or key not in samples[kind]:
            continue
        optional = type(None) in get_args(annotation)
        if not optional and ours.get(key) is None:
            yield f"{kind}.{key}: must not be null or missing"
        elif key not in ours:
            yield f"{kind}.{key}: missing"


ANSWERS = [
    ("/v1/invoices", {"limit": 100, "expand[]": ["data.payments", "data.customer"]}),
    ("/v1/invoices", {"limit": 100, "status": "draft"}),
    ("/v1/invoices", {"limit": 100, "status": "void"}),
    ("/v1/payment_intents", {"limit": 100, "expand[]": "data.latest_charge"}),
    ("/v1/subscriptions", {"limit": 100, "status": "all", "expand[]": "data.latest_invoice"}),
    ("/v1/invoice_payments", {"limit": 100, "expand[]": "data.payment.payment_intent"}),
    ("/v1/products", {"limit": 100}),
]


@pytest.mark.parametrize(("path", "params"), ANSWERS)
async def test_rows_have_the_keys_and_types_of_the_published_samples(
    get: Get, samples: dict[str, Any], path: str, params: dict[str, Any]
) -> None:
    page = await get(path, **params)
    assert len(page["data"]) > 5
    wrong = {text for row in page["data"] for text in resource_differences(row, samples)}
    assert wrong == set()
    assert set(page) == {"object", "data", "has_more", "url"}  # and no totals


async def test_single_objects_have_the_keys_and_types_of_the_published_samples(
    get: Get, samples: dict[str, Any], data: DataSet
) -> None:
    long_invoice = next(row for row in data.invoices if len(row.lines) > 10)
    customer = await get(f"/v1/customers/{long_invoice.customer}")
    invoice = await get(f"/v1/invoices/{long_invoice.id}")
    subscription = await get(
        f"/v1/subscriptions/{data.subscriptions[0].id}", **{"expand[]": "items.data.price.product"}
    )
    lines = await get(f"/v1/invoices/{long_invoice.id}/lines", limit=100)
    made = [customer, invoice, subscription, *lines["data"]]
    assert {text for row in made for text in resource_differences(row, samples)} == set()
    assert subscription["items"]["data"][0]["price"]["product"]["name"] == "Service plan"


def test_the_comparison_notices_what_is_wrong() -> None:
    samples = {
        "price": {"object": "price", "id": "x", "active": True, "unit_amount": 1, "recurring": {"a": 1}}
    }
    ours = {"object": "price", "id": 1, "active": None, "unit_amount": None, "recurring": {"b": 1}, "new": 1}
    assert set(resource_differences(ours, samples)) == {
        "price.id: int instead of str",
        "price.active: must not be null or missing",
        "price.recurring.b: not in the sample",
        "price.new: not in the sample",
    }
