"""Contract tests of `get_many`: one contract for every vendor, whatever it can fetch at once."""

# ruff: noqa: S101  assertions are how a suite speaks

from __future__ import annotations

from typing import Any

import pytest

from gateway.auth import boundary
from gateway.auth.scope import Ref
from gateway.connectors.ports.common import Record, native_id
from gateway.connectors.testing.bench import Bench
from gateway.connectors.testing.checks import outcome
from gateway.connectors.testing.faults import MALFORMED
from gateway.connectors.testing.subject import KEY_B
from gateway.connectors.testing.wire import changed
from gateway.errors import Code


class GetManyContract:
    """Order, length, batches, hostile ids and the tenant boundary."""

    async def test_results_follow_the_refs(self, bench: Bench, port: type) -> None:
        """Order and length are those of the refs; missing is None; duplicates and nothing are fine."""
        case = bench.subject.cases[port]
        first, last = case.known[0], case.known[-1]
        ids = [last, first, last, first]
        if case.missing is not None:
            ids[1:1] = [case.missing(1)]
            ids.append(case.missing(2))
        found = await bench.get(port, [Ref(bench.a, one) for one in ids])
        known = {first, last}
        assert [record and record.id for record in found] == [one if one in known else None for one in ids]
        bench.wire.reset()
        assert await bench.get(port, []) == []
        assert bench.wire.calls == []

    async def test_large_batches(self, bench: Bench, port: type) -> None:
        """More refs than one call takes, known and missing mixed."""
        case = bench.subject.cases[port]
        if case.missing is None:
            pytest.skip("the ids of this port are account keys")
        ids = [case.known[n // 2 % len(case.known)] if n % 2 else case.missing(n) for n in range(120)]
        found = await bench.get(port, [Ref(bench.a, one) for one in ids])
        assert [record and record.id for record in found] == [
            one if n % 2 else None for n, one in enumerate(ids)
        ]

    async def test_the_number_of_calls_does_not_grow_with_the_refs(self, bench: Bench, port: type) -> None:
        """Five refs and fifty cost at most the declared number of calls, also where half are missing."""
        case = bench.subject.cases[port]
        missing = [case.missing(n) for n in range(25)] if case.missing else []
        known = list(case.known)
        for ids in (known[:5], known[:50], known[:25] + missing):
            bench.wire.reset()
            found = await bench.get(port, [Ref(bench.a, one) for one in ids])
            assert sum(isinstance(record, Record) for record in found) == len(set(ids) & set(known))
            assert len(bench.wire.calls) <= case.max_calls

    async def test_malformed_ids_are_missing(self, bench: Bench, port: type) -> None:
        """Ids that this system cannot have given are None, and reach no address that they name."""
        case = bench.subject.cases[port]
        if case.missing is None:
            pytest.skip("the ids of this port are account keys")
        ids = [*MALFORMED, *case.alien]
        for batch in ([*ids, case.known[0]], *([one] for one in ids)):
            found = await bench.get(port, [Ref(bench.a, one) for one in batch])
            assert [record and record.id for record in found] == [
                one if one == case.known[0] else None for one in batch
            ], batch
        for call in bench.wire.calls:
            assert not {"ESCAPED", "..", "."} & set(call.path.split("/")), call.path
            assert "ESCAPED" not in dict(call.query)

    async def test_another_record_than_asked_for_is_never_given(self, bench: Bench, port: type) -> None:
        """Each answer has another id in the place of the one asked for: that is missing, or broken."""
        case = bench.subject.cases[port]
        if case.missing is None or len(case.known) < 2:  # noqa: PLR2004  one to ask for and one to get
            pytest.skip("no two records to mix up")
        asked, other = case.known[:2]
        bench.wire.spoil = changed(lambda body: body.replace(asked.encode(), other.encode()))
        (found,) = await outcome(lambda: bench.get(port, [Ref(bench.a, asked)]))
        if isinstance(found, Record):
            assert native_id(found) == asked
        else:
            assert found is None or found.code is Code.UPSTREAM_CONTRACT_BROKEN

    async def test_accounts_do_not_mix(self, bench: Bench, port: Any) -> None:
        """Records of two accounts in one batch carry each its own scope."""
        case = bench.subject.cases[port]
        foreign = case.foreign or ((KEY_B,) if case.missing is None else case.known)
        refs = [
            Ref(scope, one)
            for pair in zip(case.known[:8], foreign[:8], strict=False)
            for scope, one in zip((bench.a, bench.b), pair, strict=True)
        ]
        found = await bench.get(port, refs)
        assert [record.id for record in found] == [ref.native_id for ref in refs]
        for record, ref in zip(found, refs, strict=True):
            bench.assert_admitted(record, ref.scope, port)

    async def test_another_accounts_record_is_never_admitted(self, bench: Bench, port: Any) -> None:
        """B's ids asked for under A's scope give None or a record that the boundary stops."""
        case = bench.subject.cases[port]
        if not case.foreign:
            pytest.skip("no record of this port is another account's")
        for ids in (case.foreign[:1], [*case.known[:8], *case.foreign[:8]]):
            found = await bench.get(port, [Ref(bench.a, one) for one in ids])
            for one, record in zip(ids, found, strict=True):
                if one in case.known:
                    bench.assert_admitted(record, bench.a, port)
                else:
                    assert record is None or not boundary.admits(record)
