"""Idle connections: what arrives unasked answers nobody."""

import asyncio
import os
import socket

import pytest

from gateway.outbound import VendorClient
from tests.unit.outbound.misbehaving import Vendor, http


def wire(vendor: Vendor) -> socket.socket:
    """Give the first connection's socket, past the event loop's transport."""
    return socket.socket(fileno=os.dup(vendor.writers[0].get_extra_info("socket").fileno()))


@pytest.mark.parametrize("data", [http(200, b"evil"), b"HTTP/1.1 200 O", b"\r\n"])
async def test_unsolicited_bytes_close_an_idle_connection(
    client: VendorClient, vendor: Vendor, data: bytes
) -> None:
    await client.get("/")
    vendor.writers[0].write(data)
    await asyncio.wait_for(vendor.hung_up.wait(), 1)
    assert (await client.get("/")).body == b"{}"
    assert len(vendor.writers) == 2


async def test_unsolicited_bytes_not_read_yet_are_seen_before_reuse(
    client: VendorClient, vendor: Vendor
) -> None:
    await client.get("/")
    with wire(vendor) as raw:
        raw.sendall(http(200, b"evil"))  # in the client's socket; nothing yields before the next request
    assert (await client.get("/")).body == b"{}"
    assert len(vendor.writers) == 2


async def test_bytes_after_the_answer_are_not_the_next_answer(client: VendorClient, vendor: Vendor) -> None:
    vendor.will(http(200, b"good") + http(200, b"evil"))
    assert (await client.get("/")).body == b"good"
    assert (await client.get("/")).body == b"{}"


async def test_an_idle_connection_closed_by_the_server_costs_no_attempt(
    client: VendorClient, vendor: Vendor
) -> None:
    await client.get("/")
    with wire(vendor) as raw:
        raw.shutdown(socket.SHUT_WR)  # not read yet, either
    await client.post("/", b"", content_type="text/plain", idempotent=False)
    assert len(vendor.writers) == 2
