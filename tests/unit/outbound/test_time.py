"""Budgets, deadlines, slots, cancellation and the one retry."""

import asyncio
import datetime as dt
import time
from email.utils import format_datetime

import pytest

from gateway.errors import Code
from gateway.outbound import Outbound, VendorClient, deadline, remaining
from tests.unit.outbound.misbehaving import (
    Action,
    Vendor,
    failure,
    http,
    in_use,
    say,
    say_and_close,
    say_and_hang,
)


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"]
)
async def test_slow_answers_time_out_and_are_not_repeated(
    hasty: VendorClient, outbound: Outbound, vendor: Vendor, data: bytes
) -> None:
    vendor.will(say_and_hang(data))
    error = await failure(hasty.get("/"))
    assert (error.code, error.retryable) == (Code.UPSTREAM_TIMEOUT, True)
    assert len(vendor.requests) == 1
    assert in_use(outbound) == 0


async def test_one_deadline_covers_all_calls_inside(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client("billing", vendor.base, timeout=0.1)
    vendor.will(*[say_and_hang()] * 3)
    started = time.monotonic()
    with deadline(0.15), deadline(10):  # an inner one cannot lengthen it
        for _ in range(3):
            assert (await failure(client.get("/"))).code is Code.UPSTREAM_TIMEOUT
        left = remaining()
        assert left is not None
        assert left <= 0
    assert 0.14 < time.monotonic() - started < 1
    assert len(vendor.requests) == 2  # nothing was sent for the third
    assert remaining() is None


async def test_waiting_for_a_slot_counts(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client("billing", vendor.base, timeout=0.1, concurrency=1)
    vendor.will(say_and_hang())
    errors = await asyncio.gather(failure(client.get("/")), failure(client.get("/")))
    assert [error.code for error in errors] == [Code.UPSTREAM_TIMEOUT] * 2
    assert len(vendor.requests) == 1


async def test_slots_bound_concurrency(outbound: Outbound, vendor: Vendor) -> None:
    client = outbound.client("billing", vendor.base, concurrency=3)
    answers = await asyncio.gather(*(client.get(f"/{n}") for n in range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert len(vendor.writers) == 3


async def test_cancellation_passes_and_leaves_nothing_in_use(
    client: VendorClient, outbound: Outbound, vendor: Vendor
) -> None:
    vendor.will(say_and_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"))
    task = asyncio.create_task(client.get("/"))
    await vendor.seen(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert in_use(outbound) == 0
    assert (await client.get("/")).status == 200
    assert len(vendor.writers) == 2  # the half-read connection was not used again


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_passing_failures_are_tried_once_more(
    client: VendorClient, vendor: Vendor, status: int
) -> None:
    vendor.will(http(status))
    assert (await client.get("/")).status == 200
    vendor.will(http(status), http(status))
    assert (await failure(client.get("/"))).code is Code.UPSTREAM_UNAVAILABLE
    assert len(vendor.requests) == 4


@pytest.mark.parametrize("action", [say(http(503)), say_and_close(b"")])
async def test_writes_are_repeated_only_when_idempotent(
    client: VendorClient, vendor: Vendor, action: Action
) -> None:
    vendor.will(action)
    error = await failure(client.post("/", b"a", content_type="text/plain", idempotent=False))
    assert error.code is Code.UPSTREAM_UNAVAILABLE
    assert len(vendor.requests) == 1
    vendor.will(action)
    assert (await client.post("/", b"b", content_type="text/plain", idempotent=True)).status == 200
    assert [body for _, body in vendor.requests] == [b"a", b"b", b"b"]


async def test_a_short_rate_limit_is_waited_for(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(http(429, b"", "Retry-After: 0"))
    assert (await client.get("/")).status == 200
    vendor.will(http(429, b"", "Retry-After: 2"))
    error = await failure(client.get("/"))
    assert (error.code, error.retry_after) == (Code.UPSTREAM_RATE_LIMITED, 2)
    vendor.will(http(503, b"", "Retry-After: 2"))
    error = await failure(client.get("/"))
    assert (error.code, error.retry_after) == (Code.UPSTREAM_UNAVAILABLE, 2)
    assert len(vendor.requests) == 4


async def test_no_retry_without_time_for_it(hasty: VendorClient, vendor: Vendor) -> None:
    vendor.will(http(429, b"", "Retry-After: 1"))
    error = await failure(hasty.get("/"))
    assert (error.code, error.retry_after) == (Code.UPSTREAM_RATE_LIMITED, 1)
    assert len(vendor.requests) == 1


async def test_retry_after_as_a_date_on_the_wire(client: VendorClient, vendor: Vendor) -> None:
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100)
    vendor.will(http(429, b"", f"Retry-After: {format_datetime(at, usegmt=True)}"))
    wait = (await failure(client.get("/"))).retry_after
    assert wait is not None
    assert 90 < wait <= 100
