"""Fixtures that tests of the whole gateway share."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.data import DataSet, build
from sandbox.world import World
from tests.support.expected import Expected
from tests.support.portal import Layout, Portal, patient, two_systems


@pytest.fixture(scope="session")
def data() -> DataSet:
    """The data set as of today, so that some invoices are overdue and some are not yet due."""
    return build(dt.datetime.now(dt.UTC).date())


@pytest.fixture
def layout() -> Layout:
    """Which systems the portal has; a module may have others."""
    return two_systems


@pytest.fixture
async def portal(data: DataSet, tmp_path: Path, layout: Layout) -> AsyncIterator[Portal]:
    """All systems and the gateway, more patient than in the demo."""
    async with Portal(World(data), tmp_path, layout=layout, configure=patient) as running:
        yield running


@pytest.fixture
def expected(data: DataSet) -> Expected:
    """What the answers must say, computed from the data set's rows."""
    return Expected(data)
