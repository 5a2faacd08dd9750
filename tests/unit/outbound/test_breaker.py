"""The circuit breaker, by a clock that the tests move."""

import asyncio

import pytest

from gateway.errors import Code, RequestError
from gateway.outbound import Outbound, VendorClient, deadline
from tests.unit.outbound.misbehaving import Clock, Vendor, failure, http, say_and_hang


async def test_breaker_opens_probes_and_closes(client: VendorClient, vendor: Vendor, clock: Clock) -> None:
    vendor.will(*[http(500)] * 5)
    for _ in range(5):
        assert (await failure(client.get("/"))).detail == "HTTP 500"
    for _ in range(3):
        error = await failure(client.get("/"))
        assert (error.code, error.detail, error.retryable) == (
            Code.UPSTREAM_UNAVAILABLE,
            "circuit open",
            True,
        )
    clock.now += 1.9
    assert (await failure(client.get("/"))).detail == "circuit open"
    assert len(vendor.requests) == 5

    clock.now += 0.1
    vendor.will(http(500))
    assert (await failure(client.get("/"))).detail == "HTTP 500"  # the probe
    assert (await failure(client.get("/"))).detail == "circuit open"
    assert len(vendor.requests) == 6

    clock.now += 2
    assert (await client.get("/")).status == 200
    vendor.will(*[http(500)] * 4)
    for _ in range(4):
        await failure(client.get("/"))
    assert (await client.get("/")).status == 200  # closed: it counts from nothing again


async def test_only_one_probe_at_a_time(client: VendorClient, vendor: Vendor, clock: Clock) -> None:
    vendor.will(*[http(500)] * 5)
    for _ in range(5):
        await failure(client.get("/"))
    clock.now += 2
    vendor.will(say_and_hang())
    probe = asyncio.create_task(client.get("/"))
    await vendor.seen(6)
    others = [asyncio.create_task(client.get("/")) for _ in range(3)]
    done, _ = await asyncio.wait(others, timeout=0)
    assert not done  # they wait for what the probe finds
    probe.cancel()  # a probe that was given up says nothing: the next call is one
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert [answer.status for answer in await asyncio.gather(*others)] == [200] * 3


async def test_calls_that_come_with_the_probe_share_its_fate(
    client: VendorClient, vendor: Vendor, clock: Clock
) -> None:
    vendor.will(*[http(500)] * 5)
    for _ in range(5):
        await failure(client.get("/"))
    clock.now += 2
    vendor.will(http(500))
    errors = await asyncio.gather(*(failure(client.get("/")) for _ in range(4)))
    assert sorted(error.detail for error in errors) == ["HTTP 500", *["circuit open"] * 3]
    clock.now += 2
    answers = await asyncio.gather(*(client.get("/") for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4
    assert len(vendor.requests) == 10


async def test_timeouts_open_the_breaker(hasty: VendorClient, vendor: Vendor) -> None:
    vendor.will(*[say_and_hang()] * 5)
    errors = await asyncio.gather(*(failure(hasty.get("/")) for _ in range(5)))
    assert {error.code for error in errors} == {Code.UPSTREAM_TIMEOUT}
    assert (await failure(hasty.get("/"))).detail == "circuit open"


async def test_a_short_deadline_says_nothing_about_the_system(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(*[say_and_hang()] * 6)
    with deadline(0.05):
        await asyncio.gather(*(failure(client.get("/")) for _ in range(6)))
    vendor.actions.clear()  # of calls that did not come as far
    assert (await client.get("/")).status == 200


async def test_what_the_caller_did_wrong_does_not_open_the_breaker(
    client: VendorClient, vendor: Vendor
) -> None:
    for status in (400, 401, 403, 404, 429):
        vendor.will(*[http(500)] * 4, http(status))
        for _ in range(5):
            await failure(client.get("/"))
    assert (await client.get("/")).status == 200


async def test_calls_that_wait_for_a_slot_fail_when_it_opens(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client("billing", vendor.base, concurrency=1)
    vendor.will(*[http(500)] * 9)
    errors = await asyncio.gather(*(failure(client.get("/")) for _ in range(9)))
    assert [error.detail for error in errors] == ["HTTP 500"] * 5 + ["circuit open"] * 4
    assert len(vendor.requests) == 5


async def test_one_request_alone_does_not_open_the_breaker(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(*[http(500)] * 24)
    for _ in range(4):
        with deadline(5):
            errors = await asyncio.gather(*(failure(client.get("/")) for _ in range(5)))
        assert {error.detail for error in errors} == {"HTTP 500"}
    with deadline(5):
        assert (await failure(client.get("/"))).detail == "HTTP 500"
        assert (await failure(client.get("/"))).detail == "circuit open"


async def test_a_request_makes_no_more_calls_than_it_may(client: VendorClient, vendor: Vendor) -> None:
    with deadline(5, calls=2):
        assert [(await client.get("/")).status for _ in range(2)] == [200, 200]
        with pytest.raises(RequestError) as caught:
            await client.get("/")
    assert caught.value.code is Code.OPERATION_REFUSED
    assert "more than 2 calls" in caught.value.message
    assert len(vendor.requests) == 2
    with deadline(5):
        assert (await client.get("/")).status == 200
