"""A misbehaving vendor and a client of it."""

from collections.abc import AsyncIterator

import pytest

from gateway.outbound import Outbound, VendorClient
from tests.unit.outbound.misbehaving import Clock, Vendor


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    made = Vendor()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=[True, False], ids=["lean", "session"])
async def outbound(clock: Clock, request: pytest.FixtureRequest) -> AsyncIterator[Outbound]:
    made = Outbound(clock=clock, backoff=(0, 0), lean=request.param)
    yield made
    await made.close()


@pytest.fixture
def client(outbound: Outbound, vendor: Vendor) -> VendorClient:
    return outbound.client("billing", vendor.base)


@pytest.fixture
def hasty(outbound: Outbound, vendor: Vendor) -> VendorClient:
    return outbound.client("billing", vendor.base, timeout=0.1)
