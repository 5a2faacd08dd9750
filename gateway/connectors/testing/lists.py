"""Contract tests of the list methods: pages, cursors, owners, and what is refused."""

# ruff: noqa: S101  assertions are how a suite speaks

from __future__ import annotations

from typing import Any

import pytest

from gateway.connectors.ports.common import Kind, Listing, Page
from gateway.connectors.testing.bench import SIZES, Bench
from gateway.connectors.testing.checks import errors_in
from gateway.connectors.testing.subject import KEY_EMPTY, NAME, Operation
from gateway.errors import Code, RequestError


class ListContract:
    """Every list of every port."""

    async def test_every_page_size_gives_the_same_rows(self, bench: Bench, listed: Operation) -> None:
        """All rows come once, in one order, with an end; the total is exact or not told."""
        case = bench.case(listed)
        orders = []
        for size in SIZES:
            walked = await bench.walk(listed, size)
            assert not list(errors_in([record for record, _ in walked.items]))
            orders.append(_ids(walked))
            assert len({cursor for _, cursor in walked.items}) == len(walked.items)
            assert walked.total in {None, len(walked.items)}
        assert all(order == orders[0] for order in orders)
        assert len(set(orders[0])) == len(orders[0]) > 0
        assert case.lists[listed.name].rows in {None, len(orders[0])}

    async def test_every_cursor_survives(self, bench: Bench, listed: Operation) -> None:
        """Another process goes on from any row."""
        walked = await bench.walk(listed, 100)
        whose = await bench.whose(listed)
        ids = _ids(walked)
        for place in range(0, len(ids), max(1, len(ids) // 10)):
            fresh = bench.subject.connect(NAME, bench.wire.url, bench.outbound)
            page = Page(first=2, after=walked.items[place][1])
            found = await bench.page(listed, whose, page, connector=fresh)
            came = _ids(found)
            assert came == ids[place + 1 : place + 1 + len(came)]
            assert found.has_next or place + 1 + len(came) == len(ids)

    @pytest.mark.parametrize("cursor", ["garbage", "1,2,x=", "é", "{}", "=", "-1"])
    async def test_what_is_no_cursor_is_refused(self, bench: Bench, listed: Operation, cursor: str) -> None:
        """INVALID_CURSOR for what this connector never gave: another version's cursors, say."""
        whose = await bench.whose(listed)
        with pytest.raises(RequestError) as caught:
            await bench.page(listed, whose, Page(first=2, after=cursor))
        assert caught.value.code is Code.INVALID_CURSOR
        assert "after" in caught.value.message

    async def test_backward_paging_mirrors_forward_or_is_refused(
        self, bench: Bench, listed: Operation
    ) -> None:
        """`last` and `before` give the same rows from the end, or UNSUPPORTED_CAPABILITY."""
        whose = await bench.whose(listed)
        refused: RequestError | None = None
        try:
            await bench.page(listed, whose, Page(last=2))
        except RequestError as error:
            refused = error
        if refused is not None:
            assert refused.code is Code.UNSUPPORTED_CAPABILITY
            assert "last" in refused.message
            return
        forward = _ids(await bench.walk(listed, 100))
        for size in SIZES:
            backward = await bench.walk(listed, size, backward=True)
            assert _ids(backward) == forward

    async def test_lists_hold_one_accounts_records(self, bench: Bench, listed: Operation) -> None:
        """Every row names an owner that is the account's; none is another account's."""
        walked = await bench.walk(listed, 100)
        for record, _ in walked.items:
            bench.assert_admitted(record, bench.a, listed.port)
        if not listed.parts:
            assert not set(_ids(walked)) & set(bench.case(listed).foreign)

    async def test_an_account_without_records_has_an_empty_list(
        self, bench: Bench, listed: Operation
    ) -> None:
        """Nothing is there, and nothing follows."""
        if listed.parts or listed.port.kind is Kind.SHARED:
            pytest.skip("not a list of one account's records")
        scope = bench.subject.scope(KEY_EMPTY)
        listing = await bench.page(listed, scope, Page(first=10))
        assert (listing.items, listing.has_next, listing.has_previous) == ([], False, False)
        assert listing.total in {None, 0}

    async def test_what_the_system_cannot_do_is_refused(self, bench: Bench, listed: Operation) -> None:
        """UNSUPPORTED_CAPABILITY names the argument, before any call."""
        case = bench.case(listed).lists[listed.name]
        for argument, arguments in case.refused:
            with pytest.raises(RequestError) as caught:
                await bench.page(listed, bench.a, Page(first=2), arguments=arguments)
            assert caught.value.code is Code.UNSUPPORTED_CAPABILITY
            assert argument in caught.value.message
        assert bench.wire.calls == []


def _ids(listing: Listing[Any]) -> list[str]:
    rows: list[Any] = [record for record, _ in listing.items]
    return [record.id for record in rows]
