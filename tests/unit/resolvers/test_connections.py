"""Pages: what a client may ask for, where a page is cut, and which cursors go on from it."""

from inspect import isawaitable
from typing import Any

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.billing import InvoiceFilter, InvoiceSort, InvoicesPort
from gateway.connectors.ports.common import Page
from gateway.context import RequestContext
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.resolvers.connections import (
    DEFAULT_PAGE,
    MAX_PAGE,
    Connection,
    PageArgs,
    begun,
    embedded,
    held,
    listed,
)
from tests.support.ports import INVOICE, Port, listing, make_context, make_principal, scope_of

ROWS = [{"id": f"in_{i}", "customer": "cus_a", "lines": []} for i in range(5)]
LINES = [{"id": f"li_{i}", "invoice": "in_0"} for i in range(8)]
LIST, GET_LINES = InvoicesPort.list_invoices, InvoicesPort.list_lines
ARGUMENTS = (InvoiceFilter(), InvoiceSort())


@pytest.fixture
def port() -> Port:
    return Port("billing", INVOICE, ROWS)


@pytest.fixture
async def context(port: Port) -> RequestContext:
    return make_context(invoices=port)


@pytest.fixture
async def acme(context: RequestContext) -> AccountScope:
    return await scope_of(context, "acme")


async def refused(call: Any, code: Code = Code.INVALID_INPUT) -> str:
    with pytest.raises(GatewayError) as caught:
        await call
    assert caught.value.code is code
    return caught.value.message


def ids(connection: Connection) -> list[str]:
    return [node.id for node in connection.nodes]


# What a client may ask for.


@pytest.mark.parametrize("size", [0, -1, 101, 1000, -(2**31)])
@pytest.mark.parametrize("argument", ["first", "last"])
async def test_a_size_beyond_bounds_is_refused_by_its_name(
    context: RequestContext, acme: AccountScope, port: Port, argument: str, size: int
) -> None:
    message = await refused(listed(context, LIST, acme, PageArgs(**{argument: size}), *ARGUMENTS))
    assert message.startswith(f"{argument}: write a number from 1 to 100; {size} was given.")
    assert port.calls == []


@pytest.mark.parametrize(
    "names", [("first", "last"), ("first", "before"), ("last", "after"), ("after", "before"),
              ("first", "after", "last", "before")]
)  # fmt: skip
async def test_two_directions_at_once_are_refused(
    context: RequestContext, acme: AccountScope, port: Port, names: tuple[str, ...]
) -> None:
    given: dict[str, Any] = {name: 5 if name in ("first", "last") else "x" for name in names}
    message = await refused(listed(context, LIST, acme, PageArgs(**given), *ARGUMENTS))
    assert message.startswith("first, last: ")
    assert port.calls == []


@pytest.mark.parametrize(
    ("given", "page"),
    [
        ({}, Page(first=DEFAULT_PAGE)),
        ({"first": 1}, Page(first=1)),
        ({"first": MAX_PAGE}, Page(first=100)),
        ({"last": 1}, Page(last=1)),
        ({"last": MAX_PAGE}, Page(last=100)),
    ],
)
async def test_what_is_asked_reaches_the_port(
    context: RequestContext, acme: AccountScope, port: Port, given: dict[str, Any], page: Page
) -> None:
    await listed(context, LIST, acme, PageArgs(**given), *ARGUMENTS)
    assert port.calls == [("acme", page)]
    assert (DEFAULT_PAGE, MAX_PAGE) == (20, 100)


async def test_cursors_reach_the_port_unwrapped(
    context: RequestContext, acme: AccountScope, port: Port
) -> None:
    page = await listed(context, LIST, acme, PageArgs(), *ARGUMENTS)
    cursor = page.edges[1].cursor
    await listed(context, LIST, acme, PageArgs(after=cursor), *ARGUMENTS)
    await listed(context, LIST, acme, PageArgs(before=cursor), *ARGUMENTS)
    await listed(context, LIST, acme, PageArgs(first=3, after=cursor), *ARGUMENTS)
    await listed(context, LIST, acme, PageArgs(last=3, before=cursor), *ARGUMENTS)
    assert [call[1] for call in port.calls[1:]] == [
        Page(first=20, after="in_1"), Page(last=20, before="in_1"),
        Page(first=3, after="in_1"), Page(last=3, before="in_1"),
    ]  # fmt: skip


@pytest.mark.parametrize("argument", ["after", "before"])
@pytest.mark.parametrize("text", ["", "x", "in_1", "é", "\x00", "A" * 5000])
async def test_a_cursor_that_is_none_is_refused_by_its_name(
    context: RequestContext, acme: AccountScope, port: Port, argument: str, text: str
) -> None:
    args = PageArgs(**{argument: text})
    message = await refused(listed(context, LIST, acme, args, *ARGUMENTS), Code.INVALID_CURSOR)
    assert message.startswith(f"{argument}: not a cursor of this list.")
    assert port.calls == []
    with pytest.raises(RequestError):
        held(context, "Viewer.memberships", [1], args)


async def test_a_cursor_is_good_for_its_own_list_only(
    context: RequestContext, acme: AccountScope, port: Port
) -> None:
    bravo = await scope_of(context, "bravo")
    args = PageArgs(after=(await listed(context, LIST, acme, PageArgs(), *ARGUMENTS)).edges[0].cursor)
    plain, sort = ARGUMENTS
    elsewhere = make_context(invoices=Port("erp", INVOICE, ROWS))
    port.calls.clear()
    for call in (
        listed(context, LIST, bravo, args, plain, sort),
        listed(context, LIST, acme, args, InvoiceFilter(number="1"), sort),
        listed(context, LIST, acme, args, plain),
        listed(elsewhere, LIST, acme, args, plain, sort),
    ):
        await refused(call, Code.INVALID_CURSOR)
    assert port.calls == []
    assert await listed(context, LIST, acme, args, *ARGUMENTS)


# A page from a port.


async def test_a_page_from_a_port(context: RequestContext, acme: AccountScope, port: Port) -> None:
    async def answer(scope: AccountScope) -> Any:
        broken = UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, "billing")
        records = [port.read(ROWS[0], scope), broken, port.read(ROWS[1], scope)]
        return listing(records, has_next=True, has_previous=True, total=9)

    port.broken = answer
    page = await listed(context, LIST, acme, PageArgs(), *ARGUMENTS)
    assert isinstance(page.nodes[1], UpstreamError)
    assert (page.total_count, page.account, page.granted) == (9, "acme", acme.permissions)
    info = page.page_info
    assert (info.has_next_page, info.has_previous_page) == (True, True)
    assert (info.start_cursor, info.end_cursor) == (page.edges[0].cursor, page.edges[2].cursor)
    assert len({edge.cursor for edge in page.edges}) == 3


async def test_an_empty_page(context: RequestContext, port: Port) -> None:
    bravo = await scope_of(context, "bravo")
    page = await listed(context, LIST, bravo, PageArgs(), *ARGUMENTS)
    info = page.page_info
    assert (page.edges, page.nodes, info.start_cursor, info.end_cursor) == ([], [], None, None)
    assert page.account == "bravo"


async def test_a_port_says_where_the_next_page_starts(
    context: RequestContext, acme: AccountScope, port: Port
) -> None:
    # All rows of the page were hidden from customers: the next page is further on than any row.
    for records in ([], ROWS[:1]):

        async def answer(scope: AccountScope, records: Any = records) -> Any:
            rows = [port.read(wire, scope) for wire in records]
            return listing(rows, has_next=True, end_cursor="in_77")

        port.broken = answer
        fresh = make_context(invoices=port)
        acme = await scope_of(fresh, "acme")
        page = await listed(fresh, LIST, acme, PageArgs(), *ARGUMENTS)
        assert page.page_info.end_cursor is not None
        assert page.page_info.end_cursor not in [edge.cursor for edge in page.edges]
        port.calls.clear()
        await listed(fresh, LIST, acme, PageArgs(after=page.page_info.end_cursor), *ARGUMENTS)
        assert port.calls == [("acme", Page(first=20, after="in_77"))]


# Rows at hand.


async def invoice(context: RequestContext, acme: AccountScope) -> Any:
    return await context.load(InvoicesPort.get_many, Ref(acme, "in_0"))


@pytest.fixture
async def parent(context: RequestContext, acme: AccountScope) -> Any:
    return await invoice(context, acme)


def cut(context: RequestContext, parent: Any, size: int, **args: Any) -> tuple[list[int], bool, bool]:
    """Page through the numbers below `size`; `after` and `before` are rows."""
    numbers = list(range(size))
    cursors = [
        edge.cursor for edge in embedded(context, "X", parent, numbers, PageArgs(first=MAX_PAGE)).edges
    ]
    given = {k: cursors[v] if k in ("after", "before") else v for k, v in args.items()}
    page = embedded(context, "X", parent, numbers, PageArgs(**given))
    assert page.total_count == size
    info = page.page_info
    assert (info.start_cursor, info.end_cursor) == (
        (page.edges[0].cursor, page.edges[-1].cursor) if page.edges else (None, None)
    )
    return page.nodes, info.has_next_page, info.has_previous_page


@pytest.mark.parametrize(
    ("size", "args", "rows", "has_next", "has_previous"),
    [
        (0, {}, [], False, False),
        (0, {"last": 3}, [], False, False),
        (1, {"first": 1}, [0], False, False),
        (3, {}, [0, 1, 2], False, False),
        (3, {"first": 2}, [0, 1], True, False),
        (3, {"first": 3}, [0, 1, 2], False, False),
        (3, {"first": 4}, [0, 1, 2], False, False),
        (3, {"first": 1, "after": 0}, [1], True, True),
        (3, {"first": 1, "after": 1}, [2], False, True),
        (3, {"first": 1, "after": 2}, [], False, True),
        (3, {"after": 0}, [1, 2], False, True),
        (3, {"last": 1}, [2], False, True),
        (3, {"last": 2}, [1, 2], False, True),
        (3, {"last": 3}, [0, 1, 2], False, False),
        (3, {"last": 9}, [0, 1, 2], False, False),
        (3, {"last": 1, "before": 2}, [1], True, True),
        (3, {"last": 2, "before": 2}, [0, 1], True, False),
        (3, {"last": 9, "before": 2}, [0, 1], True, False),
        (3, {"last": 1, "before": 0}, [], True, False),
        (3, {"before": 1}, [0], True, False),
        (21, {}, list(range(20)), True, False),
    ],
)
async def test_rows_at_hand_are_cut_as_relay_says(
    context: RequestContext,
    parent: Any,
    size: int,
    args: dict[str, int],
    rows: list[int],
    *,
    has_next: bool,
    has_previous: bool,
) -> None:
    assert cut(context, parent, size, **args) == (rows, has_next, has_previous)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 100])
@pytest.mark.parametrize("size", [0, 1, 5, 12])
async def test_every_row_is_met_once_in_either_direction(
    context: RequestContext, parent: Any, size: int, step: int
) -> None:
    forward: list[int] = []
    args = PageArgs(first=step)
    for _ in range(size + 1):
        page = embedded(context, "X", parent, range(size), args)
        forward += page.nodes
        if not page.page_info.has_next_page:
            break
        args = PageArgs(first=step, after=page.page_info.end_cursor)
    assert forward == list(range(size))
    backward: list[int] = []
    args = PageArgs(last=step)
    for _ in range(size + 1):
        page = embedded(context, "X", parent, range(size), args)
        backward = page.nodes + backward
        if not page.page_info.has_previous_page:
            break
        args = PageArgs(last=step, before=page.page_info.start_cursor)
    assert backward == list(range(size))


async def test_rows_that_are_gone_end_the_list(context: RequestContext, parent: Any) -> None:
    cursor = embedded(context, "X", parent, range(9), PageArgs(last=1)).edges[0].cursor
    after = embedded(context, "X", parent, range(3), PageArgs(after=cursor))
    assert (after.nodes, after.page_info.has_next_page, after.page_info.has_previous_page) == (
        [],
        False,
        True,
    )
    before = embedded(context, "X", parent, range(3), PageArgs(before=cursor))
    assert (before.nodes, before.page_info.has_next_page) == ([], True)


async def test_embedded_cursors_are_good_for_their_parent_only(
    context: RequestContext, acme: AccountScope, parent: Any
) -> None:
    other = await context.load(InvoicesPort.get_many, Ref(acme, "in_1"))
    cursor = embedded(context, "X", parent, range(3), PageArgs()).edges[0].cursor
    for name, where in (("Y", parent), ("X", other)):
        with pytest.raises(RequestError) as caught:
            embedded(context, name, where, range(3), PageArgs(after=cursor))
        assert caught.value.code is Code.INVALID_CURSOR


async def test_rows_that_came_broken_are_their_error(context: RequestContext, parent: Any) -> None:
    broken = UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, "billing", detail="Invoice.lines: list expected")
    with pytest.raises(UpstreamError) as caught:
        embedded(context, "X", parent, broken, PageArgs())
    assert caught.value is broken
    for items, more in ((broken, False), ((), broken)):
        with pytest.raises(UpstreamError) as caught:
            begun(context, GET_LINES, parent, items, PageArgs(), more=more)
        assert caught.value is broken


async def test_rows_of_the_token(context: RequestContext) -> None:
    page = held(context, "Viewer.memberships", ["a", "b", "c"], PageArgs(first=2))
    assert (page.nodes, page.total_count, page.account, page.granted) == (["a", "b"], 3, "", frozenset())
    rest = held(context, "Viewer.memberships", ["a", "b", "c"], PageArgs(after=page.page_info.end_cursor))
    assert (rest.nodes, rest.page_info.has_next_page) == (["c"], False)


async def test_a_tokens_cursor_is_good_for_its_caller_only(context: RequestContext) -> None:
    cursor = held(context, "Viewer.memberships", ["a"], PageArgs()).edges[0].cursor
    other = make_context(make_principal("acme"))
    object.__setattr__(other.principal, "subject", "usr_2")
    for where, name in ((other, "Viewer.memberships"), (context, "Viewer.other")):
        with pytest.raises(RequestError):
            held(where, name, ["a"], PageArgs(after=cursor))


# Rows that begin with their parent.


class Lines:
    """An invoice with eight lines, of which the first three came with it."""

    def __init__(self, context: RequestContext, parent: Any, port: Port, *, more: bool = True) -> None:
        port.calls.clear()
        self._context, self._parent, self._more = context, parent, more

    async def page(self, **args: Any) -> Connection:
        items = self._parent.lines
        found = begun(self._context, GET_LINES, self._parent, items, PageArgs(**args), more=self._more)
        return await found if isawaitable(found) else found  # type: ignore[return-value]


@pytest.fixture
async def lines(port: Port) -> Lines:
    port.rows = [{"id": "in_0", "customer": "cus_a", "lines": LINES[:3], "further": LINES[3:]}]
    context = make_context(invoices=port)
    return Lines(context, await invoice(context, await scope_of(context, "acme")), port)


ALL = [line["id"] for line in LINES]


@pytest.mark.parametrize(
    ("args", "rows"),
    [({}, ALL[:3]), ({"first": 1}, ALL[:1]), ({"first": 3}, ALL[:3]), ({"first": 50}, ALL[:3])],
)
async def test_the_first_rows_cost_no_call(
    lines: Lines, port: Port, args: dict[str, int], rows: list[str]
) -> None:
    page = await lines.page(**args)
    assert ids(page) == rows
    assert (page.page_info.has_next_page, page.page_info.has_previous_page) == (True, False)
    assert page.total_count is None
    assert port.calls == []


async def test_the_list_method_goes_on_from_the_last_row_at_hand(lines: Lines, port: Port) -> None:
    first = await lines.page()
    rest = await lines.page(first=3, after=first.page_info.end_cursor)
    assert ids(rest) == ALL[3:6]
    assert (rest.page_info.has_next_page, rest.page_info.has_previous_page) == (True, True)
    last = await lines.page(first=3, after=rest.page_info.end_cursor)
    assert (ids(last), last.page_info.has_next_page) == (ALL[6:], False)
    assert port.calls == [("in_0", Page(first=3, after="li_2")), ("in_0", Page(first=3, after="li_5"))]


@pytest.mark.parametrize("step", [1, 2, 3, 4, 7, 8, 100])
async def test_paging_meets_every_row_once(lines: Lines, step: int) -> None:
    met: list[str] = []
    after: str | None = None
    for _ in range(20):
        page = await lines.page(first=step, after=after)
        met += ids(page)
        if not page.page_info.has_next_page:
            break
        after = page.page_info.end_cursor
    assert met == ALL


async def test_a_page_that_starts_at_hand_costs_no_call(lines: Lines, port: Port) -> None:
    first = await lines.page(first=1)
    page = await lines.page(first=1, after=first.page_info.end_cursor)
    assert (ids(page), page.page_info.has_next_page) == (["li_1"], True)
    page = await lines.page(first=9, after=first.page_info.end_cursor)
    assert (ids(page), page.page_info.has_next_page, page.page_info.has_previous_page) == (
        ALL[1:3],
        True,
        True,
    )
    assert port.calls == []


async def test_rows_before_one_at_hand_are_at_hand(lines: Lines, port: Port) -> None:
    cursors = [edge.cursor for edge in (await lines.page()).edges]
    for args, rows in (({"before": cursors[2]}, ALL[:2]), ({"last": 1, "before": cursors[2]}, ALL[1:2])):
        page = await lines.page(**args)
        assert (ids(page), page.page_info.has_next_page) == (rows, True)
    assert port.calls == []


async def test_what_is_not_at_hand_is_asked_for(lines: Lines, port: Port) -> None:
    first = await lines.page()
    beyond = (await lines.page(after=first.page_info.end_cursor)).edges[1].cursor
    port.calls.clear()
    await lines.page(last=2)
    await lines.page(before=beyond)
    assert port.calls == [("in_0", Page(last=2)), ("in_0", Page(last=20, before="li_4"))]


async def test_a_list_that_is_whole_is_cut_at_hand(port: Port) -> None:
    port.rows = [{"id": "in_0", "customer": "cus_a", "lines": LINES}]
    context = make_context(invoices=port)
    lines = Lines(context, await invoice(context, await scope_of(context, "acme")), port, more=False)
    assert ids(await lines.page()) == ALL
    assert ids(await lines.page(last=2)) == ALL[6:]
    first = await lines.page(first=3)
    rest = await lines.page(after=first.page_info.end_cursor)
    assert (ids(rest), rest.total_count, rest.page_info.has_next_page) == (ALL[3:], 8, False)
    assert port.calls == []


async def test_when_nothing_came_along_the_first_page_is_asked_for(port: Port) -> None:
    port.rows = [{"id": "in_0", "customer": "cus_a", "lines": [], "further": LINES}]
    context = make_context(invoices=port)
    lines = Lines(context, await invoice(context, await scope_of(context, "acme")), port)
    assert ids(await lines.page(first=2)) == ALL[:2]
    assert port.calls == [("in_0", Page(first=2))]
