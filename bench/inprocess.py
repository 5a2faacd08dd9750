"""What the engine itself costs: plan, documents and mapping, in one process and without HTTP.

    .venv/bin/python -m bench.inprocess [rounds]

The stub systems are asked once; their answers are then given from memory. Figures are microseconds of CPU:
the least mean of many short rounds in which all take turns, so that a busy machine hardly shows.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import msgspec
import uvloop
from graphql import parse

from bench import byhand
from bench.config import Setup
from bench.inmemory import Engine, replayed, variables
from bench.queries import SHAPES
from bench.same import difference
from bench.upstream import systems
from gateway.app import _settle_memory
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.accounts import AccountsPort
from gateway.connectors.ports.billing import InvoiceFilter, InvoiceSort, InvoicesPort
from gateway.connectors.ports.common import Page
from gateway.connectors.ports.contacts import ContactsPort
from gateway.connectors.ports.orders import OrderFilter, OrderSort, OrdersPort
from gateway.connectors.ports.support import TicketFilter, TicketSort, TicketsPort
from gateway.operations.compile import compile_plan
from gateway.operations.documents import Documents
from gateway.operations.execute import Execution, run
from gateway.operations.validate import validate
from gateway.schema.build import build

Work: TypeAlias = Callable[[], Awaitable[Any]]
_ROUNDS = 60
_ROUND = 0.004  # seconds of CPU that one of a round takes at least


def measure(setup: Setup, rounds: int = _ROUNDS) -> dict[str, float]:
    """Measure all; gives microseconds by what was done."""
    found: dict[str, float] = uvloop.run(_measure(setup, rounds))
    return found


async def _measure(setup: Setup, rounds: int) -> dict[str, float]:
    schema, _ = build()
    async with Engine(setup, schema) as engine:
        works = {
            **await _plans(engine),
            **_documents(engine),
            **await _whole(engine),
            **await _mapping(engine),
        }
        _settle_memory()
        return await _least(works, rounds)


async def _least(works: Mapping[str, Work], rounds: int) -> dict[str, float]:
    times = {name: max(1, int(_ROUND / await _mean(work, 3))) for name, work in works.items()}
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = min(best[name], await _mean(work, times[name]))
    return {name: seconds * 1e6 for name, seconds in best.items()}


async def _mean(work: Work, times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        await work()
    return max((time.process_time() - began) / times, 1e-9)


async def _plans(engine: Engine) -> dict[str, Work]:
    """Answer the home page of fields that are answered at once, and by hand of the same values."""
    query = SHAPES["home"]
    document = engine.document(query)
    assert document.ast is not None  # noqa: S101  it is valid
    values = variables(engine, document, query)
    plan = compile_plan(engine.schema, document.ast, document.operation(None).node, values)
    replay = replayed(plan)
    context = engine.context(document)

    async def planned() -> Any:
        return (await Execution(plan, values, context).run()).data

    async def by_hand() -> Any:
        return byhand.home(replay)

    await planned()  # the fields are asked
    found = difference(await by_hand(), await planned())
    if found is not None:
        raise RuntimeError(f"the plan and the code by hand differ at {found}")
    data = await planned()
    encode = msgspec.json.Encoder().encode
    return {
        "home, plan alone": planned,
        "home, by hand": by_hand,
        "home, encoding": _awaitable(partial(encode, {"data": data})),
    }


def _documents(engine: Engine) -> dict[str, Work]:
    """Prepare the home page's document, step by step and as a whole."""
    text = SHAPES["home"].text
    ast = parse(text)
    return {
        "home, parse": _awaitable(partial(parse, text)),
        "home, validate": _awaitable(partial(validate, engine.schema, ast, 20)),
        "home, unseen document": _awaitable(lambda: Documents(engine.schema).get(text)),
    }


async def _whole(engine: Engine) -> dict[str, Work]:
    """Run each shape with real resolvers, boundary and mapping, on kept bytes."""
    works: dict[str, Work] = {}
    for name, query in SHAPES.items():
        document = engine.document(query)

        async def work(document: Any = document, given: Any = query.request["variables"]) -> Any:
            return await run(engine.schema, document, None, given, engine.context(document))

        result = await work()
        if result.errors:
            raise RuntimeError(f"{name}: {result.errors[:2]}")
        works[f"{name}, all but HTTP"] = work
    return works


async def _mapping(engine: Engine) -> dict[str, Work]:
    """Read the home page's answers: bytes to records, through each connector."""
    document = engine.document(SHAPES["home"])
    context = engine.context(document)
    scope = await context.scope(engine.member)
    calls = {
        "invoices (Stripe)": _list(
            engine, InvoicesPort.list_invoices, scope, 50, InvoiceFilter(), InvoiceSort()
        ),
        "tickets (Zendesk)": _list(engine, TicketsPort.list_tickets, scope, 25, TicketFilter(), TicketSort()),
        "orders (Tryton)": _list(engine, OrdersPort.list_orders, scope, 20, OrderFilter(), OrderSort()),
        "contacts (Salesforce)": _list(engine, ContactsPort.list_contacts, scope, 20),
        "account (Salesforce)": _get(engine, scope),
    }
    works: dict[str, Work] = {
        f"reading {name}": partial(call, context.fields) for name, call in calls.items()
    }
    for work in works.values():
        await work()
    return works


def _list(engine: Engine, method: Any, scope: AccountScope, size: int, *arguments: Any) -> Any:
    bound = engine.registry.binding(method)
    assert bound is not None  # noqa: S101  the configuration is this bench's own

    async def call(fields: Any) -> Any:
        return await bound[1](scope, Page(first=size), *arguments, fields)

    return call


def _get(engine: Engine, scope: AccountScope) -> Any:
    bound = engine.registry.binding(AccountsPort.get_many)
    assert bound is not None  # noqa: S101  likewise
    refs = [Ref(scope, scope.natives["crm"][0])]

    async def call(fields: Any) -> Any:
        return await bound[1](refs, fields)

    return call


def _awaitable(work: Callable[[], Any]) -> Work:
    async def waited() -> Any:
        return work()

    return waited


def table(found: Mapping[str, float]) -> str:
    """Write the figures as text, with what the plan costs beside the code by hand."""
    width = max(map(len, found))
    lines = [f"{name:{width}} {us:9.1f} us" for name, us in found.items()]
    ratio = found["home, plan alone"] / found["home, by hand"]
    return "\n".join([*lines, f"{'plan beside code by hand':{width}} {ratio:9.2f}"])


if __name__ == "__main__":
    with systems() as made:
        print(table(measure(made, int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS)))
