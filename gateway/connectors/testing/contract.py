"""The contract suite as one class. See the package's docstring for how a vendor uses it."""

# ruff: noqa: S101  assertions are how a suite speaks

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from gateway.connectors.testing.answers import AnswerContract
from gateway.connectors.testing.bench import Bench
from gateway.connectors.testing.checks import assert_told, outcome
from gateway.connectors.testing.faults import DENIED, DOWN, FAULTS, Fault
from gateway.connectors.testing.get_many import GetManyContract
from gateway.connectors.testing.lists import ListContract
from gateway.connectors.testing.subject import NAME, Operation, Subject, operations
from gateway.connectors.testing.wire import Wire, closed_port
from gateway.errors import UpstreamError
from gateway.outbound import Outbound, deadline

_PATIENCE = 10.0  # seconds after which a call that ignores its budget is given up


class ConnectorContract(GetManyContract, ListContract, AnswerContract):
    """Inherit, name the `ports` and override `subject`."""

    ports: ClassVar[tuple[type[Any], ...]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test for each port, method or list method."""
        methods = operations(self.ports)
        values: dict[str, list[Any]] = {
            "port": [method.port for method in methods if not method.lists],
            "operation": methods,
            "listed": [method for method in methods if method.lists],
            "fault": list(FAULTS),
        }
        for name, found in values.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, found, ids=_id)

    @pytest.fixture
    def subject(self) -> Subject:
        """Give the system under test; a vendor's test overrides this."""
        raise NotImplementedError

    @pytest.fixture
    async def bench(self, subject: Subject, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Bench]:
        """Give a fresh connector behind a wire that can be spoiled."""
        caplog.set_level(logging.DEBUG)
        outbound = Outbound(backoff=(0.0, 0.0))
        async with Wire(subject.url, keep_host=subject.keep_host) as wire:
            yield Bench(subject, wire, outbound)
            await outbound.close()

    # The whole

    async def test_every_port_is_tried_and_kept(self, bench: Bench) -> None:
        """What the connector serves is what is tested, with the ports' own signatures."""
        assert set(bench.connector.ports) == set(self.ports) == set(bench.subject.cases)
        assert bench.connector.name == NAME
        for operation in operations(self.ports):
            wanted = list(inspect.signature(getattr(operation.port, operation.name)).parameters)[1:]
            implementation = getattr(bench.connector.ports[operation.port], operation.name)
            assert list(inspect.signature(implementation).parameters) == wanted, str(operation)
            if operation.lists:
                assert operation.name in bench.case(operation).lists, f"no case for {operation}"

    async def test_ping(self, bench: Bench) -> None:
        """The system answers a cheap question."""
        await bench.connector.ping()
        assert 0 < len(bench.wire.calls) <= 2  # noqa: PLR2004  cheap

    async def test_ping_notices(self, bench: Bench, fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
        """Each fault is told by `ping`."""
        bench.wire.spoil = fault.spoil
        with deadline(fault.budget), pytest.raises(UpstreamError) as caught:
            await asyncio.wait_for(bench.connector.ping(), _PATIENCE)
        assert_told([caught.value], fault, bench.subject, caplog)

    async def test_faults_become_the_right_errors(
        self, bench: Bench, operation: Operation, fault: Fault, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Each fault is told as what it is, by every method, within the time that the request has."""
        if fault.name == "truncated" and str(operation) in bench.subject.bodiless:
            pytest.skip("there is no body to lose half of")
        call = await bench.ready(operation)
        bench.wire.spoil = fault.spoil
        with deadline(fault.budget):
            found = await asyncio.wait_for(outcome(call), _PATIENCE)
        assert_told(found, fault, bench.subject, caplog, bench.case(operation).known[:3])

    async def test_a_closed_port(
        self, bench: Bench, operation: Operation, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A system that is down is unavailable."""
        with closed_port() as url:
            lost = bench.subject.connect(NAME, url, bench.outbound)
            call = await bench.ready(operation, connector=lost)
            known = bench.case(operation).known[:3]
            assert_told(await outcome(call), DOWN, bench.subject, caplog, known)
            with pytest.raises(UpstreamError) as caught:
                await lost.ping()
        assert_told([caught.value], DOWN, bench.subject, caplog)

    async def test_wrong_credentials(
        self, bench: Bench, operation: Operation, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Credentials that the system refuses are told as that, also by `ping`."""
        denied = bench.subject.denied(NAME, bench.wire.url, bench.outbound)
        call = await bench.ready(operation, connector=denied)
        assert_told(await outcome(call), DENIED, bench.subject, caplog, bench.case(operation).known[:3])
        with pytest.raises(UpstreamError) as caught:
            await denied.ping()
        assert_told([caught.value], DENIED, bench.subject, caplog)


def _id(one: Any) -> str:
    if isinstance(one, Fault):
        return one.name
    return str(one) if isinstance(one, Operation) else str(one.__name__)
