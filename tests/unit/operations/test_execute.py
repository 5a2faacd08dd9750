"""Execution keeps partial data and locates errors; nesting and variables beyond reason are errors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLSchema

from gateway.operations.documents import Documents
from gateway.operations.execute import run
from gateway.operations.limits import Limits
from gateway.schema.build import build


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build()[0]


def caller(name: str | None = "Somebody") -> Any:
    return SimpleNamespace(principal=SimpleNamespace(display_name=name, email=None, memberships={}))


async def test_an_operation_by_name(schema: GraphQLSchema) -> None:
    document = Documents(schema).get(
        "query A { viewer { user { displayName } } } query B { viewer { user { email } } }"
    )
    assert (await run(schema, document, "B", {}, caller())).data == {"viewer": {"user": {"email": None}}}
    assert (await run(schema, document, "A", {}, caller())).data == {
        "viewer": {"user": {"displayName": "Somebody"}}
    }


async def test_a_synchronous_operation(schema: GraphQLSchema) -> None:
    document = Documents(schema).get("{ __typename }")
    assert (await run(schema, document, None, {}, caller())).data == {"__typename": "Query"}


async def test_a_failing_field_leaves_the_rest(schema: GraphQLSchema) -> None:
    document = Documents(schema).get('{ viewer { user { displayName } } node(id: "x") { id } }')
    result = await run(schema, document, None, {}, caller())
    assert result.data == {"viewer": {"user": {"displayName": "Somebody"}}, "node": None}
    assert result.errors is not None
    assert [error.path for error in result.errors] == [["node"]]


async def test_variables_are_not_changed(schema: GraphQLSchema) -> None:
    variables = {"no": False, "extra": 1}
    document = Documents(schema).get("query ($no: Boolean!) { viewer @skip(if: $no) { user { email } } }")
    assert (await run(schema, document, None, variables, caller())).errors is None
    assert variables == {"no": False, "extra": 1}


async def test_variables_nested_beyond_reason(schema: GraphQLSchema) -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    document = Documents(schema).get("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }")
    result = await run(schema, document, None, {"ids": deep}, caller())
    assert result.data is None
    assert result.errors
    assert result.errors[0].path is None


async def test_the_deepest_document_that_is_accepted_runs(schema: GraphQLSchema) -> None:
    text = "{ " + "... { " * 47 + "viewer { user { displayName } }" + " }" * 47 + " }"
    document = Documents(schema).get(text)
    assert document.errors == ()
    assert (await run(schema, document, None, {}, caller())).data == {
        "viewer": {"user": {"displayName": "Somebody"}}
    }


async def test_a_thousand_aliases_run(schema: GraphQLSchema) -> None:
    limits = Limits(tokens=10_000, fields=3_000, root_fields=1_000, aliases=1_000)
    document = Documents(schema, limits).get(
        "{ " + " ".join(f"a{i}: viewer {{ user {{ email }} }}" for i in range(1000)) + " }"
    )
    data = (await run(schema, document, None, {}, caller())).data
    assert data is not None
    assert len(data) == 1000
