"""What the stand-in for Stripe refuses, and how: as Stripe does."""

import base64
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from sandbox.data import DataSet
from sandbox.serve import StandIn
from sandbox.stripe import VERSION, stand_in

Get = Callable[..., Any]


@pytest.mark.parametrize(
    ("path", "params", "code", "param"),
    [
        ("/v1/invoices", {"colour": "red"}, "parameter_unknown", "colour"),
        ("/v1/invoices", {"created[near]": 1}, "parameter_unknown", "created[near]"),
        ("/v1/customers/CUS", {"limit": 1}, "parameter_unknown", "limit"),
        ("/v1/invoices", {"limit": 0}, None, "limit"),
        ("/v1/invoices", {"limit": 101}, None, "limit"),
        ("/v1/invoices", {"limit": "ten"}, "parameter_invalid_integer", "limit"),
        ("/v1/invoices", {"created[gte]": "May"}, "parameter_invalid_integer", "created[gte]"),
        ("/v1/invoices", {"status": "late"}, None, "status"),
        ("/v1/invoices", {"customer": ""}, "parameter_invalid_empty", "customer"),
        ("/v1/invoices", {"customer": "cus_none"}, "resource_missing", "customer"),
        ("/v1/invoices", {"starting_after": "in_none"}, "resource_missing", "starting_after"),
        ("/v1/invoices/LONG/lines", {"ending_before": "il_none"}, "resource_missing", "ending_before"),
        ("/v1/invoices", {"starting_after": "a", "ending_before": "b"}, "parameters_exclusive", None),
        ("/v1/invoices", {"expand[]": "data.colour"}, None, "expand"),
        ("/v1/invoices", {"expand[]": "customer"}, None, "expand"),
        ("/v1/invoices", {"expand[]": "data.parent"}, None, "expand"),
        ("/v1/invoices", {"expand[]": "data.total_taxes.tax_rate_details.tax_rate"}, None, "expand"),
        ("/v1/subscriptions", {"expand[]": "data.items.data.price.product"}, "TOO_DEEP", None),
        ("/v1/invoices", {"expand[]": "data.payments.data.payment.payment_intent"}, "TOO_DEEP", None),
    ],
)
async def test_what_stripe_refuses(
    get: Get, data: DataSet, path: str, params: dict[str, Any], code: str | None, param: str | None
) -> None:
    path = path.replace("CUS", data.accounts["acme"].stripe_customers["EUR"])
    path = path.replace("LONG", data.invoices[0].id)
    error = await get(path, 400, **params)
    expected = "property_expansion_max_depth" if code == "TOO_DEEP" else code
    assert (error["type"], error.get("code"), error.get("param")) == (
        "invalid_request_error",
        expected,
        param,
    )
    assert error["message"]


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/v1/customers/cus_none", "id"),
        ("/v1/invoices/in_none", "invoice"),
        ("/v1/invoices/in_none/lines", "invoice"),
        ("/v1/payment_intents/pi_none", "intent"),
        ("/v1/subscriptions/sub_none", "id"),
        ("/v1/products/prod_none", "id"),
        ("/v1/invoice_payments/inpay_none", "invoice_payment"),
    ],
)
async def test_what_is_not_there(get: Get, path: str, param: str) -> None:
    error = await get(path, 404)
    assert (error["code"], error["param"]) == ("resource_missing", param)


async def test_unknown_addresses_and_methods(get: Get, http: aiohttp.ClientSession) -> None:
    assert "Unrecognized request URL (GET: /v1/colours)" in (await get("/v1/colours", 404))["message"]
    await get("/v1/invoices/", 404)
    async with http.post("/v1/invoices") as response:
        assert response.status == 404
        assert "(POST: /v1/invoices)" in (await response.json())["error"]["message"]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("Bearer", 401),
        ("Bearer rk_test_somebodyelses99", 401),
        ("Basic !!!", 401),
        ("Token KEY", 401),
        ("Bearer KEY", 200),
        ("Basic ENCODED", 200),
    ],
)
async def test_who_may_ask(system: StandIn, api_key: str, header: str | None, status: int) -> None:
    encoded = base64.b64encode(f"{api_key}:".encode()).decode()
    filled = header and header.replace("KEY", api_key).replace("ENCODED", encoded)
    headers = {"Authorization": filled} if filled else {}
    async with (
        aiohttp.ClientSession(system.url, headers=headers) as session,
        session.get("/v1/invoices") as response,
    ):
        assert response.status == status
        if status == 401:
            error = (await response.json())["error"]
            assert error["type"] == "invalid_request_error"
            assert "somebodyelses" not in error["message"]
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_every_answer_names_request_and_version(system: StandIn, api_key: str) -> None:
    async with aiohttp.ClientSession(system.url, headers={"Authorization": f"Bearer {api_key}"}) as session:
        seen = set()
        for path in ("/v1/invoices", "/v1/invoices", "/v1/invoices/in_none", "/v1/colours"):
            async with session.get(path) as response:
                assert response.headers["Stripe-Version"] == VERSION
                seen.add(response.headers["Request-Id"])
        assert len(seen) == 4
        async with session.get("/v1/invoices", headers={"Stripe-Version": "2017-08-15"}) as response:
            assert response.status == 400
            assert "Invalid Stripe API version: 2017-08-15" in (await response.json())["error"]["message"]


async def test_the_rate_is_limited_per_endpoint(data: DataSet, api_key: str) -> None:
    clock = [1000.0]
    headers = {"Authorization": f"Bearer {api_key}"}
    async with (
        stand_in(data, api_key=api_key, now=lambda: clock[0], rate_limit=3) as system,
        aiohttp.ClientSession(system.url, headers=headers) as session,
    ):

        async def status(path: str) -> int:
            async with session.get(path) as response:
                if response.status == 429:
                    assert response.headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
                    assert "Retry-After" not in response.headers
                    assert (await response.json())["error"]["code"] == "rate_limit"
                return response.status

        assert [await status("/v1/invoices") for _ in range(4)] == [200, 200, 200, 429]
        assert await status("/v1/subscriptions") == 200
        clock[0] += 0.34
        assert [await status("/v1/invoices") for _ in range(2)] == [200, 429]
        clock[0] += 60
        assert [await status("/v1/invoices") for _ in range(4)] == [200, 200, 200, 429]


async def test_faults_speak_as_stripe_does(system: StandIn, http: aiohttp.ClientSession) -> None:
    await system.fault("throttled")
    async with http.get("/v1/invoices") as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "2")
        assert response.headers["Stripe-Rate-Limited-Reason"]
        assert (await response.json())["error"]["code"] == "rate_limit"
    await system.fault("broken")
    async with http.get("/v1/invoices") as response:
        assert response.status == 500
        assert (await response.json())["error"]["type"] == "api_error"
