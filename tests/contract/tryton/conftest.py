"""Both systems as one fixture; a test that asks for `side` runs against each."""

from collections.abc import AsyncIterator

import pytest

from gateway.connectors.testing import Wire
from gateway.connectors.tryton.connector import Connector
from gateway.outbound import Outbound
from sandbox.tryton import stand_in
from tests.contract.tryton.systems import DATA, KEY, NAME, Side, installed, simulated
from tests.real.tryton.fixture import tryton

__all__ = ["tryton"]  # the fixture


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.real)])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    if request.param == "real":
        yield installed(request.getfixturevalue("tryton"))
        return
    async with stand_in(DATA, key=KEY) as served:
        yield simulated(served.url)


@pytest.fixture
def system(side: Side) -> Side:
    return side


@pytest.fixture
def connector(side: Side, wire: Wire, outbound: Outbound) -> Connector:
    return side.connect(NAME, wire.url, outbound)
