"""Contract tests of what is in an answer: selection, types, and bodies that are not what they should be."""

# ruff: noqa: S101  assertions are how a suite speaks

from __future__ import annotations

import pytest

from gateway.connectors.testing.bench import Bench
from gateway.connectors.testing.checks import (
    assert_fits,
    assert_quiet,
    assert_same_or_broken,
    errors_in,
    outcome,
)
from gateway.connectors.testing.faults import ODD_BODIES
from gateway.connectors.testing.subject import STAMPS, Operation, attributes, everything
from gateway.connectors.testing.wire import fixed
from gateway.errors import Code


class AnswerContract:
    """Every method of every port reads what was selected, and tells what is broken."""

    async def test_everything_selected_is_readable(self, bench: Bench, operation: Operation) -> None:
        """All attributes of the model are there, of their types, and none is broken."""
        found = [one for one in await (await bench.ready(operation))() if not isinstance(one, bool)]
        assert found
        for record in found:
            assert not list(errors_in(record))
            assert_fits(record, operation.model)

    async def test_only_what_is_selected_is_asked_for(self, bench: Bench, operation: Operation) -> None:
        """Attributes that were not selected do not exist, and were not requested where that can be seen."""
        selects = {} if operation.parts else bench.case(operation).selects
        for name in selects or sorted(attributes(operation.model) - {"id"})[:1]:
            call = await bench.ready(
                operation, everything(operation.model) | {operation.model: frozenset({name})}
            )
            bench.wire.reset()
            record = (await call())[0]
            assert {*record.__struct_fields__} - STAMPS == {"id", name}
            with pytest.raises(AttributeError):
                getattr(record, next(iter(attributes(operation.model) - {"id", name})))
            if bench.subject.requested is not None and name in selects:
                assert bench.subject.requested(bench.wire.calls) == selects[name]

    @pytest.mark.parametrize("body", ODD_BODIES, ids=bytes.decode)
    async def test_odd_answers_break_the_contract(
        self, bench: Bench, operation: Operation, body: bytes
    ) -> None:
        """JSON that answers nothing is no record, no None and no empty list."""
        if body in bench.subject.odd:
            pytest.skip("a good answer of this system")
        call = await bench.ready(operation)
        bench.wire.spoil = fixed(200, body)
        found = await outcome(call)
        assert {getattr(one, "code", one) for one in found} == {Code.UPSTREAM_CONTRACT_BROKEN}

    async def test_wrong_types_break_only_what_is_read_from_them(
        self, bench: Bench, operation: Operation, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Each key of the answers in turn has a value of a wrong type: what depends on it is an error."""
        call = await bench.ready(operation)
        bench.wire.reset()
        before = await call()
        written = bench.subject.format
        keys = written.keys(bench.wire.replies)
        assert keys
        for key in keys:
            bench.wire.spoil = written.wrong(key)
            after = await outcome(call)
            assert_same_or_broken(before, after, f"{operation} with a wrong {key!r}: answer")
            assert_quiet(errors_in(after), caplog, secrets=bench.subject.secrets)

    async def test_nulls_break_no_more_than_values(self, bench: Bench, operation: Operation) -> None:
        """Each key of the answers in turn is null: that is null, or told as broken, and no other failure."""
        call = await bench.ready(operation)
        bench.wire.reset()
        await call()
        written = bench.subject.format
        for key in written.keys(bench.wire.replies):
            bench.wire.spoil = written.null(key)
            for error in errors_in(await outcome(call)):
                assert error.code is Code.UPSTREAM_CONTRACT_BROKEN, key
