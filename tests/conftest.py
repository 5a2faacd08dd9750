"""Fixtures that tests of the whole gateway share."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

from sandbox.data import DataSet, build
from sandbox.world import World
from tests.support.expected import Expected
from tests.support.portal import Layout, Portal, patient, two_systems

_GROUPS = {
    "tests/contract/rt/": "rt",
    "tests/contract/s3/test_real.py": "seaweedfs",
    "tests/contract/tryton/": "tryton",
    "tests/e2e/test_real_": "tryton",
    "tests/real/oidc/": "oidc",
    "tests/real/rt/": "rt",
    "tests/real/seaweedfs/": "seaweedfs",
}
"""Tests that share a real system, by the beginning of their node id: one process starts it for all."""


class _Groups(LoadGroupScheduling):
    """Reads the groups from `_GROUPS`: pytest 9.2 ignores the suffix that xdist 3.8 puts on node ids."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for start, group in _GROUPS.items() if nodeid.startswith(start)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling:
    return _Groups(config, log)


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
