"""What fails fails once, for those it concerns, and nobody is left waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.identity import AccountRef
from gateway.context import RequestContext
from gateway.errors import Code, UpstreamError
from tests.support.operation import ARGUMENTS, FIRST, GET, LIST, ROWS, Broken, refused, turn
from tests.support.ports import (
    INVOICE,
    NATIVES,
    CountedMap,
    Port,
    listing,
    make_context,
    scope_of,
)


def failing(error: BaseException) -> Broken:
    async def answer(_asked: Any) -> Any:
        raise error

    return answer


DOWN = UpstreamError(Code.UPSTREAM_UNAVAILABLE, "billing")


async def test_an_error_of_one_key_concerns_that_key(
    context: RequestContext, invoices: Port, acme: AccountScope
) -> None:
    async def answer(refs: Sequence[Ref]) -> Any:
        return [DOWN if ref.native_id == "in_1" else invoices.find(ref) for ref in refs]

    invoices.broken = answer
    found = await context.load_many(GET, [Ref(acme, "in_1"), Ref(acme, "in_2"), Ref(acme, "in_9")])
    assert found[0] is DOWN
    assert (found[1].number, found[2]) == ("A-2", None)
    with pytest.raises(UpstreamError):
        await context.load(GET, Ref(acme, "in_1"))
    assert len(invoices.calls) == 1


async def test_a_record_whose_id_cannot_be_read_is_an_error(
    context: RequestContext, acme: AccountScope
) -> None:
    rows = [{"id": "in_1", "customer": 5}]
    broken = make_context(invoices=Port("billing", INVOICE, rows))
    error = await refused(broken.load(GET, Ref(await scope_of(broken, "acme"), "in_1")))
    assert isinstance(error, UpstreamError)
    assert "Invoice.owner" in error.detail


async def test_a_batch_that_failed_is_not_asked_again(
    context: RequestContext, invoices: Port, acme: AccountScope
) -> None:
    invoices.broken = failing(DOWN)
    found = await context.load_many(GET, [Ref(acme, "in_1"), Ref(acme, "in_2")])
    assert found == [DOWN, DOWN]
    await refused(context.load(GET, Ref(acme, "in_1")), Code.UPSTREAM_UNAVAILABLE)
    assert len(invoices.calls) == 1
    # Another key is another question.
    await refused(context.load(GET, Ref(acme, "in_3")), Code.UPSTREAM_UNAVAILABLE)
    assert len(invoices.calls) == 2


async def test_a_list_that_failed_is_not_asked_again(
    context: RequestContext, invoices: Port, acme: AccountScope
) -> None:
    invoices.broken = failing(DOWN)
    found = await asyncio.gather(
        *(context.list(LIST, acme, FIRST, *ARGUMENTS) for _ in range(3)), return_exceptions=True
    )
    assert found == [DOWN] * 3
    await refused(context.list(LIST, acme, FIRST, *ARGUMENTS), Code.UPSTREAM_UNAVAILABLE)
    assert len(invoices.calls) == 1


async def test_an_unforeseen_error_reaches_everybody(
    context: RequestContext, invoices: Port, acme: AccountScope
) -> None:
    invoices.broken = failing(ZeroDivisionError())
    found = await context.load_many(GET, [Ref(acme, "in_1"), Ref(acme, "in_2")])
    assert [type(error) for error in found] == [ZeroDivisionError] * 2
    with pytest.raises(ZeroDivisionError):
        await context.list(LIST, acme, FIRST, *ARGUMENTS)


async def test_no_answer_is_an_error_too(context: RequestContext, invoices: Port, acme: AccountScope) -> None:
    async def answer(_asked: Any) -> Any:
        return None

    invoices.broken = answer
    with pytest.raises(TypeError):
        await context.load(GET, Ref(acme, "in_1"))


# Time and cancellation.


class Gate:
    """A call that waits until the test lets it go on."""

    def __init__(self, port: Port, outcome: Any) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self._outcome = outcome
        port.broken = self

    async def __call__(self, asked: Any) -> Any:
        self.entered.set()
        await self.open.wait()
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome(asked)


Asks = Callable[[RequestContext, AccountScope], Awaitable[Any]]


async def _load(context: RequestContext, scope: AccountScope) -> Any:
    return await context.load(GET, Ref(scope, "in_1"))


async def _list(context: RequestContext, scope: AccountScope) -> Any:
    return (await context.list(LIST, scope, FIRST, *ARGUMENTS)).items[0][0]


async def _many(context: RequestContext, scope: AccountScope) -> Any:
    return (await context.load_many(GET, [Ref(scope, "in_1")]))[0]


def good(port: Port) -> Callable[[Any], Any]:
    def answer(asked: Any) -> Any:
        if isinstance(asked, AccountScope):
            return listing([port.read(ROWS[0], asked)])
        return [port.find(ref) for ref in asked]

    return answer


@pytest.mark.parametrize("ask", [_load, _list, _many])
async def test_who_is_cancelled_does_not_take_the_answer_from_others(
    context: RequestContext, invoices: Port, acme: AccountScope, ask: Asks
) -> None:
    gate = Gate(invoices, good(invoices))
    first, second = (asyncio.ensure_future(ask(context, acme)) for _ in range(2))
    await gate.entered.wait()
    first.cancel()
    await turn()
    assert first.cancelled()
    third = asyncio.ensure_future(ask(context, acme))
    gate.open.set()
    assert (await asyncio.wait_for(second, 5)).number == "A-1"
    assert (await asyncio.wait_for(third, 5)).number == "A-1"
    assert len(invoices.calls) == 1


@pytest.mark.parametrize("ask", [_load, _list, _many])
async def test_an_answer_nobody_waits_for_any_more_leaves_nothing_behind(
    context: RequestContext, invoices: Port, acme: AccountScope, ask: Asks
) -> None:
    gate = Gate(invoices, DOWN)
    only = asyncio.ensure_future(ask(context, acme))
    await gate.entered.wait()
    only.cancel()
    await turn()
    gate.open.set()
    await turn()
    assert only.cancelled()  # and `_nothing_is_left_behind` looks for the error


@pytest.mark.parametrize("ask", [_load, _list])
async def test_a_call_that_cancels_itself_is_a_failed_call(
    context: RequestContext, invoices: Port, acme: AccountScope, ask: Asks
) -> None:
    # Such as one that waits for another request's work, which was cancelled. The caller was not.
    gate = Gate(invoices, asyncio.CancelledError())
    calls = [asyncio.ensure_future(ask(context, acme)) for _ in range(2)]
    await gate.entered.wait()
    gate.open.set()
    found = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
    assert [error.code for error in found] == [Code.UPSTREAM_UNAVAILABLE] * 2


async def test_who_is_cancelled_does_not_take_the_account_from_others() -> None:
    identity = CountedMap({"acme": AccountRef(natives=NATIVES["acme"])})
    context = make_context(identity=identity)
    gate = asyncio.Event()
    resolve = identity.resolve

    async def slow(*arguments: Any) -> Any:
        await gate.wait()
        return await resolve(*arguments)

    identity.resolve = slow  # type: ignore[method-assign]  # the same map, later
    first, second = (asyncio.ensure_future(scope_of(context, "acme")) for _ in range(2))
    await turn()
    first.cancel()
    await turn()
    gate.set()
    assert (await asyncio.wait_for(second, 5)).key == "acme"
    assert first.cancelled()
