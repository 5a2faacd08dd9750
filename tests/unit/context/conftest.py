"""A context of a member of `acme` and `bravo`, and what operators are told."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from gateway import telemetry
from gateway.auth.scope import AccountScope
from gateway.context import RequestContext
from tests.support.operation import ROWS
from tests.support.ports import (
    INVOICE,
    Port,
    make_context,
    scope_of,
)


@pytest.fixture
def invoices() -> Port:
    return Port("billing", INVOICE, ROWS)


@pytest.fixture
async def context(invoices: Port) -> RequestContext:
    return make_context(invoices=invoices)


@pytest.fixture
async def acme(context: RequestContext) -> AccountScope:
    return await scope_of(context, "acme")


@pytest.fixture
async def bravo(context: RequestContext) -> AccountScope:
    return await scope_of(context, "bravo")


@pytest.fixture
def alarms(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, str]]]:
    """What the audit trail says, without the time."""

    def read() -> list[dict[str, str]]:
        records = [record for record in caplog.records if record.name == "gateway.audit"]
        return [{k: v for k, v in json.loads(r.getMessage()).items() if k != "at"} for r in records]

    return read


@pytest.fixture
def violations() -> Iterator[Callable[[], dict[str, int]]]:
    """The count of blocked records per system."""
    reader = InMemoryMetricReader()
    installed = telemetry.setup(metric_reader=reader, log_level=None)

    def read() -> dict[str, int]:
        data = reader.get_metrics_data()
        return {
            str(point.attributes["gateway.connector"]): point.value
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == "gateway.boundary.violations"
            for point in metric.data.data_points
        }

    yield read
    installed.shutdown()


@pytest.fixture(autouse=True)
async def _nothing_is_left_behind() -> AsyncIterator[None]:
    """Fail a test that leaves an exception nobody looked at."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, said: found.append(said))
    yield
    gc.collect()
    await asyncio.sleep(0)
    assert not found
