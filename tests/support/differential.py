"""Holds the gateway's execution of an operation to what graphql-core makes of it.

Where several errors meet in one null, which of them is told depends on what came first; GraphQL asks for
one. So each operation runs a third time, on graphql-core without null propagation: this run makes every call
and tells every error that there is. What the gateway tells or calls must be among them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    is_non_null_type,
    print_ast,
)
from graphql.execution import Executor
from graphql.execution.values import get_variable_values

from gateway.auth.directive import ResolverOfMany
from gateway.operations.documents import Document, Documents
from gateway.operations.execute import run
from gateway.schema.base import META
from gateway.schema.build import _resolver

Place = tuple[str | int, ...]
Calls = Counter[tuple[str, str, str]]
"""(coordinate, label of the parent, arguments) -> how often it was answered."""
Make = Callable[[], Any]

SOURCE: Final = "a source"
_ADDRESS: Final = re.compile(" at 0x[0-9a-f]+")
_calls: ContextVar[Calls | None] = ContextVar("calls", default=None)
_strict: ContextVar[set[Place] | None] = ContextVar("strict", default=None)


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution: its result and calls; of the third run, also where no null may stand."""

    result: ExecutionResult
    calls: Calls
    strict: set[Place] = field(default_factory=set)


class _Whole(Executor[Any]):
    """graphql-core without null propagation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.error_propagation = False

    def handle_field_error(
        self, raw_error: Any, return_type: Any, field_details_list: Any, path: Any
    ) -> None:
        strict = _strict.get()
        if strict is not None and is_non_null_type(return_type):
            strict.add(tuple(path.as_list()))
        super().handle_field_error(raw_error, return_type, field_details_list, path)


def _nothing() -> None:
    return None


async def compare(
    schema: GraphQLSchema,
    asked: str | Document,
    variables: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    context: Make = _nothing,
    root: Make = _nothing,
    planned: bool | None = True,
) -> ExecutionResult:
    """Run a document on both sides, on contexts and roots made anew; AssertionError where they differ.

    `planned`: whether the gateway is to run it by a plan, where its variables are right; None: either way.
    """
    document = Documents(schema).get(asked) if isinstance(asked, str) else asked
    assert not document.errors, (asked, document.errors)
    given = dict(variables or {})
    assert planned is None or is_planned(schema, document, name, given) in (planned, None), asked
    ours = await _ran(run(schema, document, name, given, context(), root()))
    theirs = await _ran(_core(schema, document, name, given, context(), root(), Executor))
    whole = await _ran(_core(schema, document, name, given, context(), root(), _Whole))
    found = problems(ours, theirs, whole)
    assert not found, "\n".join([*found, print_ast(document.ast), f"{given!r}"])
    return ours.result


def is_planned(
    schema: GraphQLSchema, document: Document, name: str | None, variables: dict[str, Any]
) -> bool | None:
    """Say whether an operation runs by a plan; None where its variables are wrong."""
    operation = document.operation(name)
    values = get_variable_values(schema, operation.node.variable_definitions or (), variables)
    return None if isinstance(values, list) else operation.plans.get(values) is not None


async def _core(
    schema: GraphQLSchema,
    document: Document,
    name: str | None,
    variables: dict[str, Any],
    context: Any,
    root: Any,
    executor: type[Executor[Any]],
) -> ExecutionResult:
    assert document.ast is not None
    result = execute(
        schema,
        document.ast,
        root,
        context_value=context,
        variable_values=variables,
        operation_name=name,
        executor_class=executor,
    )
    return result if isinstance(result, ExecutionResult) else await result


async def _ran(running: Awaitable[ExecutionResult]) -> Ran:
    calls: Calls = Counter()
    strict: set[Place] = set()
    resets = _calls.set(calls), _strict.set(strict)
    try:
        result = await running
        if left := asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}:
            await asyncio.wait(left)  # what graphql-core lets come to an end in the background
        return Ran(result, calls, strict)
    finally:
        _calls.reset(resets[0])
        _strict.reset(resets[1])


def problems(ours: Ran, theirs: Ran, whole: Ran) -> list[str]:
    """Name every difference that GraphQL does not allow."""
    found = []
    if _written(ours.result.data) != _written(theirs.result.data):
        found.append(f"data: {_written(ours.result.data)}\nnot {_written(theirs.result.data)}")
    errors, wanted, possible = (
        Counter(map(_error, ran.result.errors or ())) for ran in (ours, theirs, whole)
    )
    if errors != wanted:
        if more := errors - possible:
            found.append(f"errors of its own: {list(more)}")
        if places := _places(ours.result).keys() ^ _places(theirs.result).keys():
            found.append(f"null with an error on one side only: {places}")
        found += [
            f"nothing tells why {place} is null: {paths}"
            for place, paths in _places(ours.result).items()
            if not any(path == place or path in whole.strict for path in paths)
        ]
    if more_calls := ours.calls - whole.calls:
        found.append(f"calls of its own: {dict(more_calls)}")
    left_out = whole.calls - ours.calls
    if not whole.strict and any(call[0] != SOURCE or call not in ours.calls for call in left_out):
        found.append(f"calls left out: {dict(left_out)}")
    return found


def _written(data: Any) -> str:
    return _ADDRESS.sub("", json.dumps(data, default=repr))


def _error(error: GraphQLError) -> tuple[str, Place | None, str, str, str]:
    """What a client and the endpoint can see of an error."""
    path = None if error.path is None else tuple(error.path)
    original = type(error.original_error).__name__
    return _ADDRESS.sub("", error.message), path, repr(error.locations), _written(error.extensions), original


def _places(result: ExecutionResult) -> dict[Place, set[Place]]:
    """Which places of the answer are null because of errors: place -> paths of these errors."""
    found: dict[Place, set[Place]] = {}
    for error in result.errors or ():
        path = tuple(error.path or ())
        value, depth = result.data, 0
        while value is not None and depth < len(path):
            value = value[path[depth]]
            depth += 1
        found.setdefault(path[:depth], set()).add(path)
    return found


def counted(schema: GraphQLSchema) -> GraphQLSchema:
    """Count the calls of each resolver of a schema, in place: do it once for each schema.

    Not of those that many fields share: `counted_source`.
    """
    for type_ in schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name.startswith("__"):
            continue
        for name, definition in type_.fields.items():
            coordinate = f"{type_.name}.{name}"
            meta = definition.extensions.get(META)
            if meta is None:
                definition.resolve = definition.resolve and _one(coordinate, definition.resolve)
            elif meta.source is None and not meta.plain:
                meta = replace(
                    meta,
                    ask=meta.ask and _one(coordinate, meta.ask),
                    ask_all=meta.ask_all and _many(coordinate, meta.ask_all),
                )
                definition.extensions[META] = meta
                definition.resolve = _resolver(coordinate, meta)
    return schema


def counted_source(resolve: ResolverOfMany) -> ResolverOfMany:
    """Count the calls of a source: at least one, at most one for each field that is read from it."""
    return _many(SOURCE, resolve)


def _one(coordinate: str, resolve: Callable[..., Any]) -> Callable[..., Any]:
    def counting(parent: Any, given: Any, **arguments: Any) -> Any:
        _count(coordinate, parent, arguments)
        return resolve(parent, given, **arguments)

    return counting


def _many(coordinate: str, resolve: Callable[..., Any]) -> Callable[..., Any]:
    def counting(parents: Any, given: Any, **arguments: Any) -> Any:
        for parent in parents:
            _count(coordinate, parent, arguments)
        return resolve(parents, given, **arguments)

    return counting


def _count(coordinate: str, parent: Any, arguments: Mapping[str, Any]) -> None:
    calls = _calls.get()
    if calls is not None:
        label = getattr(parent, "label", type(parent).__name__)
        calls[coordinate, label, repr(sorted(arguments.items()))] += 1
