"""What documents that are made to cost much cost: milliseconds of CPU, the worst of three, on first sight.

    .venv/bin/python -m bench.hostile [part of a name]

A document that is accepted is also compiled, for it would be run. Exits with 1 where one costs 50 ms or more.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable

import msgspec
from graphql import GraphQLSchema
from graphql.execution.values import VariableValues

from gateway.app import _GC_THRESHOLD
from gateway.endpoint import _decode
from gateway.operations.documents import Document, Documents
from gateway.schema.build import build
from tests.support.hostile import DOCUMENTS

LIMIT_MS = 50.0
ROUNDS = 3
BODIES = {
    "a body of 100,000 lists": b'{"query": "{ a }", "variables": {"a": '
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}}",
    "a body of 100,000 objects": b'{"variables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "a body of 100,000 lists in what is ignored": b'{"x": '
    + b"[" * 100_000
    + b"]" * 100_000
    + b', "query": "{ a }"}',
    "a body of 1 MB of keys": json.dumps(
        {"query": "{ a }", "variables": {f"v{n}": n for n in range(60_000)}}
    ).encode(),
}


def main() -> int:
    """Print a table; what takes longest comes first."""
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    schema = build()[0]
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
    rows = [
        _worst(name, lambda text=text: _prepare(schema, text))
        for name, text in DOCUMENTS.items()
        if part in name
    ]
    rows += [_worst(name, lambda body=body: _read(body)) for name, body in BODIES.items() if part in name]
    for milliseconds, name, outcome in sorted(rows, reverse=True):
        print(f"{milliseconds:8.1f}  {name:45} {outcome}")
    return int(any(milliseconds >= LIMIT_MS for milliseconds, *_ in rows))


def _worst(name: str, task: Callable[[], str]) -> tuple[float, str, str]:
    spent = []
    outcome = ""
    for _ in range(ROUNDS):
        gc.collect()  # what an earlier document left behind is not this one's cost
        start = time.process_time()
        outcome = task()
        spent.append(time.process_time() - start)
    return max(spent) * 1000, name, outcome


def _prepare(schema: GraphQLSchema, text: str) -> str:
    document = Documents(schema).get(text)
    if document.errors:
        return _short(document)
    next(iter(document.operations.values())).plans.get(VariableValues({}, {}))
    return "accepted"


def _short(document: Document) -> str:
    return f"{len(document.errors)} x {document.errors[0].message[:70]!r}"


def _read(body: bytes) -> str:
    try:
        _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return type(error).__name__
    return "accepted"


if __name__ == "__main__":
    sys.exit(main())
