"""What the tests of each connector share; each folder says what its `system` is: anything with a `url`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.connectors.testing import Wire
from gateway.outbound import Outbound


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """Makes clients that do not wait between attempts."""
    made = Outbound(backoff=(0.0, 0.0))
    yield made
    await made.close()


@pytest.fixture
async def wire(system: Any) -> AsyncIterator[Wire]:
    """Stands before the system: what a connector says to it is recorded, and can be spoiled."""
    async with Wire(system.url) as running:
        yield running
