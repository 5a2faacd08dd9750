"""A null or an error at the end of every way through fields and lists that may be null and that may not."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest
from graphql import (
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)

from gateway.operations.documents import Documents
from gateway.operations.execute import run
from tests.support.differential import compare, counted
from tests.support.odd import WAYS, read_by_name
from tests.support.odd_values import Thing

STEPS = ("child", "mustChild", "some", "someMust", "mustSome", "mustSomeMust")
USUAL = (("attribute", None), ("ask for all", "no number"))
BAD = (None, "no number", ValueError("by accident"))


@cache
def schema(how: str) -> GraphQLSchema:
    """A tree: `child` and `some` may be null, what `must` may not."""
    node = GraphQLObjectType(
        "Node",
        lambda: {
            "leaf": read_by_name(how, GraphQLInt, "leaf"),
            "must": read_by_name(how, GraphQLNonNull(GraphQLInt), "leaf"),
            "child": read_by_name(how, node, "child"),
            "mustChild": read_by_name(how, GraphQLNonNull(node), "child"),
            "some": read_by_name(how, GraphQLList(node), "some"),
            "someMust": read_by_name(how, GraphQLList(GraphQLNonNull(node)), "some"),
            "mustSome": read_by_name(how, GraphQLNonNull(GraphQLList(node)), "some"),
            "mustSomeMust": read_by_name(how, GraphQLNonNull(GraphQLList(GraphQLNonNull(node))), "some"),
        },
    )
    query = {"one": GraphQLField(node), "two": GraphQLField(GraphQLNonNull(node))}
    return counted(GraphQLSchema(GraphQLObjectType("Query", query)))


def tree(bad: object, label: str = "root", depth: int = 3) -> Thing:
    """Make a node. Among its children, the second is bad at its leaf, the last is itself bad."""
    if not depth:
        return Thing(label, leaf=bad if label.endswith("1") else 1, child=bad, some=[bad])
    children = [tree(bad, f"{label}{at}", depth - 1) for at in range(2)]
    return Thing(label, leaf=1, child=children[1], some=[*children, *([bad] if label.endswith("1") else [])])


def documents() -> Iterator[str]:
    for way in product(STEPS, repeat=3):
        first, second, third = way
        yield (
            f"{{ one {{ {first} {{ a: {second} {{ {third} {{ must }} leaf }} b: {second} {{ must }} }} }}"
            f" two {{ {first} {{ {second} {{ must {third} {{ leaf }} }} }} x: {third} {{ leaf }} }} }}"
        )


# graphql-core cancels what it has not yet begun.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize(
    ("how", "bad"),
    [
        pytest.param(how, bad, marks=() if (how, bad) in USUAL else pytest.mark.prove)
        for how in WAYS
        for bad in BAD
    ],
    ids=str,
)
async def test_every_way(how: str, bad: object) -> None:
    for text in documents():
        await compare(schema(how), text, root=lambda: {"one": tree(bad), "two": tree(bad)})


async def test_all_that_is_begun_comes_to_an_end() -> None:
    for text in documents():
        document = Documents(schema("ask later")).get(text)
        result = await run(
            schema("ask later"), document, None, {}, None, {"one": tree(None), "two": tree(None)}
        )
        assert result.errors
    assert asyncio.all_tasks() == {asyncio.current_task()}
    gc.collect()  # a coroutine that nobody waited for would warn now, which is an error
