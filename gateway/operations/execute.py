"""Execution of one operation: by graphql-core, the reference that a compiled engine will be held to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, execute

from gateway.context import RequestContext
from gateway.operations.documents import Document


async def run(
    schema: GraphQLSchema,
    document: Document,
    operation_name: str | None,
    variables: Mapping[str, Any],
    context: RequestContext,
) -> ExecutionResult:
    """Run a prepared document; errors are located and partial data is kept."""
    assert document.ast is not None, "a document with errors is not executed"  # noqa: S101  the endpoint's duty
    result = execute(
        schema,
        document.ast,
        context_value=context,
        variable_values=dict(variables),
        operation_name=operation_name,
    )
    return result if isinstance(result, ExecutionResult) else await result
