"""Execution: from asked field to asked field, each for all its parents at once.

A list of parents costs one call where the field is answered for many (`Field.ask_all`), else one each, all
under way together; so do fields that stand beside each other. The root fields of a mutation come one after
the other. No resolver is called twice. graphql-core runs what `compile` makes no plan for.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    execute,
    get_nullable_type,
    is_list_type,
)
from graphql.execution.executor import default_field_resolver
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from graphql.pyutils import is_awaitable

from gateway.operations.careful import Careful, Errors, Place, objects, undo
from gateway.operations.documents import Document
from gateway.operations.plan import Asked, FieldPlan, ObjectPlan, Pair, Plan

_UNEVEN: Final = TypeError("a source gave another number of records than there are parents")
_MAX_ERRORS: Final = 50  # graphql-core's own limit of errors in variables


async def run(
    schema: GraphQLSchema,
    document: Document,
    operation_name: str | None,
    variables: Mapping[str, Any],
    context: Any,
    root: Any = None,
) -> ExecutionResult:
    """Run a prepared document; errors are located and partial data is kept."""
    operation = document.operation(operation_name)
    assert document.ast is not None, "a document with errors is not executed"  # noqa: S101  the endpoint's duty
    definitions = operation.node.variable_definitions or ()
    values = get_variable_values(schema, definitions, dict(variables), max_errors=_MAX_ERRORS)
    if isinstance(values, list):
        return ExecutionResult(None, values)
    plan = operation.plans.get(values)
    if plan is not None:
        return await Execution(plan, values, context, root).run()
    result = execute(
        schema,
        document.ast,
        root_value=root,
        context_value=context,
        variable_values=dict(variables),
        operation_name=operation_name,
    )
    return result if isinstance(result, ExecutionResult) else await result


class Execution:
    """One run of a plan."""

    def __init__(self, plan: Plan, variables: VariableValues, context: Any, root: Any = None) -> None:
        self._plan = plan
        self._variables = variables
        self._context = context
        self._root = root
        self._errors = Errors()
        self._data: dict[str, Any] | None = None

    async def run(self) -> ExecutionResult:
        """Answer the root fields and all below them."""
        root = self._plan.root
        self._data = {f.key: root.type.name if f.definition is None else None for f in root.fields}
        asked: Asked = {f: [(self._root, self._data)] for f in root.fields if f.definition is not None}
        if self._plan.serial:
            for field, pairs in asked.items():
                if self._data is not None:
                    await self._answer([field], {field: pairs})
        else:
            await self._answer_all(asked)
        return ExecutionResult(self._data, self._errors.found or None)

    async def _answer_all(self, asked: Asked) -> None:
        work = [self._answer(fields, asked) for fields in _together(asked)]
        if len(work) == 1:
            await work[0]
        elif work:
            await asyncio.gather(*work)

    async def _answer(self, fields: list[FieldPlan], asked: Asked) -> None:
        """Answer one field for its parents, or several that have one source, and all that is asked below."""
        if len(fields) == 1:
            [field] = fields
            below = self._complete(field, asked[field], await self._values(field, asked[field]))
        else:
            below = defaultdict(list)
            records = await self._records(fields[0], asked[fields[0]])
            for field in fields:
                values = [field.meta.of(record) for record in records] if field.meta else records
                for inner, pairs in self._complete(field, asked[field], values).items():
                    below[inner] += pairs
        if below:
            await self._answer_all(below)

    def _complete(self, field: FieldPlan, pairs: list[Pair], values: Sequence[Any]) -> Asked:
        """Put the completed values where they belong; gives what is to be asked below."""
        asked: Asked = defaultdict(list)
        key, complete = field.key, field.complete
        try:
            for (_, holder), value in zip(pairs, values, strict=True):
                holder[key] = complete(value, asked)
        except Exception:  # noqa: BLE001  whatever it was, all values are looked at again
            asked = self._complete_again(field, pairs, values)
        return asked

    def _complete_again(self, field: FieldPlan, pairs: list[Pair], values: Sequence[Any]) -> Asked:
        """Complete each value by itself: carefully, where something is wrong with it."""
        asked: Asked = defaultdict(list)
        places = {id(found): place for place, found in objects(self._data)}
        for (_, holder), value in zip(pairs, values, strict=True):
            before = {below: len(found) for below, found in asked.items()}
            try:
                holder[field.key] = field.complete(value, asked)
            except Exception:  # noqa: BLE001  likewise
                undo(asked, before)
                if id(holder) in places:  # else an error above it has taken it out of the answer
                    self._complete_carefully(field, holder, value, (*places[id(holder)], field.key), asked)
        return {below: found for below, found in asked.items() if found}

    def _complete_carefully(
        self, field: FieldPlan, holder: dict[str, Any], value: Any, place: Place, asked: Asked
    ) -> None:
        """Complete a value carefully; when it must not be null, what holds it is."""
        try:
            careful = Careful(self._plan, self._context, self._errors, self._info)
            holder[field.key] = careful.complete(field, value, place, asked)
        except GraphQLError as error:
            self._errors.add(error, self._nullify(place))

    def _nullify(self, place: Place) -> Place:
        """Make null what is nearest above a place and may be null; give its place."""
        types = list(_types(self._plan.root, place))
        while types and isinstance(types[-1], GraphQLNonNull):
            types.pop()
        if not types:
            self._data = None
            return ()
        nearest = place[: len(types)]
        above: Any = self._data
        for step in nearest[:-1]:
            above = None if above is None else above[step]
        if above is not None:
            above[nearest[-1]] = None
        return nearest

    async def _values(self, field: FieldPlan, pairs: list[Pair]) -> Sequence[Any]:
        """Ask for the values of a field, one for each parent; an error stands in a value's place."""
        assert field.definition is not None, "a constant is not asked for"  # noqa: S101
        try:
            arguments = field.constant
            if arguments is None:
                arguments = get_argument_values(field.definition, field.nodes[0], self._variables)
            if field.meta is not None and field.meta.ask_all is not None:
                parents = [parent for parent, _ in pairs]
                return await field.meta.ask_all(parents, self._context, **arguments)
        except Exception as error:  # noqa: BLE001  an error of a field is told there
            return [error for _ in pairs]
        found: list[Any] = []
        waiting: list[int] = []
        resolve, context = self._resolver(field)
        for parent, _ in pairs:
            try:
                value = resolve(parent, context, **arguments)
            except Exception as error:  # noqa: BLE001  likewise
                value = error
            if hasattr(value, "__await__"):
                waiting.append(len(found))
            found.append(value)
        if waiting:
            for at, value in zip(waiting, await _gathered([found[at] for at in waiting]), strict=True):
                found[at] = value
        if field.meta is None and is_list_type(get_nullable_type(field.type)):
            return [await _settled(field.type, value) for value in found]
        return found

    async def _records(self, field: FieldPlan, pairs: list[Pair]) -> Sequence[Any]:
        """Ask a field's source for the records of its parents; an error in a record's place."""
        assert field.meta is not None and field.meta.source is not None  # noqa: PT018, S101  see `_together`
        try:
            records = await field.meta.source([parent for parent, _ in pairs], self._context)
        except Exception as error:  # noqa: BLE001  likewise
            return [error for _ in pairs]
        return records if len(records) == len(pairs) else [_UNEVEN for _ in pairs]

    def _resolver(self, field: FieldPlan) -> tuple[Callable[..., Any], Any]:
        """Give what answers a field, and what it takes beside the parent and the arguments."""
        if field.meta is not None and field.meta.ask is not None:
            return field.meta.ask, self._context
        resolve = (field.definition and field.definition.resolve) or default_field_resolver
        return resolve, self._info(field)

    def _info(self, field: FieldPlan) -> GraphQLResolveInfo[Any]:
        """Make what a resolver of graphql-core's kind gets, but for the field's path and its helpers."""
        plan = self._plan
        return GraphQLResolveInfo(
            field_name=field.nodes[0].name.value,
            field_nodes=field.nodes,
            return_type=field.type,
            parent_type=field.parent,
            path=None,  # type: ignore[arg-type]
            schema=plan.schema,
            fragments=plan.fragments,
            root_value=self._root,
            operation=plan.operation,
            variable_values=self._variables,
            context=self._context,
            is_awaitable=is_awaitable,
            abort_signal=None,
            async_helpers=None,  # type: ignore[arg-type]
        )


def _together(asked: Asked) -> list[list[FieldPlan]]:
    """Group the fields that one call answers: those with one source, which any caller may read."""
    groups: dict[Any, list[FieldPlan]] = {}
    for field, pairs in asked.items():
        meta = field.meta
        shared = meta is not None and meta.source is not None and not meta.needs
        # By the parents themselves: as many others must not be given these parents' records.
        source = (meta.source, *(id(parent) for parent, _ in pairs)) if shared and meta else field
        groups.setdefault(source, []).append(field)
    return list(groups.values())


async def _gathered(waiting: Sequence[Awaitable[Any]]) -> Sequence[Any]:
    """Await all at once; an error stands in a value's place."""
    if len(waiting) == 1:
        try:
            return [await waiting[0]]
        except Exception as error:  # noqa: BLE001  likewise
            return [error]
    values = await asyncio.gather(*waiting, return_exceptions=True)
    for value in values:
        if isinstance(value, BaseException) and not isinstance(value, Exception):
            raise value  # it is not one field that was cancelled
    return values


async def _settled(type_: GraphQLOutputType, value: Any) -> Any:
    """Await what a list still has to wait for, as deep as its type has lists."""
    list_type = get_nullable_type(type_)
    if not isinstance(list_type, GraphQLList):
        return value
    try:
        if hasattr(value, "__aiter__"):
            value = [item async for item in value]
        if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
            value = list(value)
            waiting = {at: item for at, item in enumerate(value) if is_awaitable(item)}
            for at, item in zip(waiting, await _gathered(list(waiting.values())), strict=True):
                value[at] = item
            value = [await _settled(list_type.of_type, item) for item in value]
    except Exception as error:  # noqa: BLE001  likewise
        return error
    return value


def _types(root: ObjectPlan, place: Place) -> Iterator[GraphQLOutputType]:
    """Give the type at each step of a place. Which object stands there is all one: validation saw to it."""
    plans = [root]
    type_: Any = None
    for step in place:
        if isinstance(step, str):
            fields = [f for plan in plans for f in plan.fields if f.key == step and f.definition is not None]
            type_ = fields[0].type
            plans = [plan for f in fields for plan in f.objects.values()]
        else:
            type_ = get_nullable_type(type_).of_type
        yield type_
