"""A plan: what an operation will do with every value, decided once and kept with its document.

    { account { invoices { nodes { number lines { nodes { amount { amount } } } } } } }

    root ── account* ── invoices* ── nodes ┬ number
                                           └ lines* ── nodes ── amount ── amount

A field with a star is *asked*: a resolver answers it, for all parents at once. All others are *plain*: read
from their parent, without a call. What lies between two stars is completed in one go, by the functions that
`source` writes; `execute` goes from star to star.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
)

from gateway.schema.base import Field


class Anomaly(Exception):  # noqa: N818  a finding, never seen outside of this room
    """A value is not what the plan counts on."""


@dataclass(eq=False, slots=True)
class FieldPlan:
    """One response key on one object type.

    `definition` is None for `__typename`, `meta` where the schema was not declared by `schema/`. `constant`:
    the arguments, where no variable is among them. `objects`: the plans of what it leads to, by object type.
    `complete(value, asked)` gives what goes into the answer, or raises: then `careful` looks again.
    """

    key: str
    parent: GraphQLObjectType
    nodes: list[FieldNode]
    definition: GraphQLField | None
    meta: Field | None = None
    plain: bool = False
    constant: Mapping[str, Any] | None = None
    objects: dict[str, ObjectPlan] = field(default_factory=dict)
    complete: Callable[[Any, Asked], Any] = field(init=False)

    @property
    def type(self) -> GraphQLOutputType:
        """The type that the schema declares."""
        assert self.definition is not None, "`__typename` is a constant"  # noqa: S101
        return self.definition.type


@dataclass(eq=False, slots=True)
class ObjectPlan:
    """The selected fields of one object type. `read(value, asked)` makes the answer's object of a value."""

    type: GraphQLObjectType
    fields: list[FieldPlan]
    read: Callable[[Any, Asked], dict[str, Any]] = field(init=False)


Pair: TypeAlias = tuple[Any, dict[str, Any]]
"""A parent, and the answer's object that waits for one of its fields."""
Asked: TypeAlias = dict[FieldPlan, list[Pair]]
"""What is to be asked next: field -> parents, in the answer's order (a `defaultdict(list)`)."""


@dataclass(eq=False, slots=True)
class Plan:
    """One operation, for one choice of what `@skip` and `@include` leave in.

    `serial`: the root fields are answered one after the other.
    """

    root: ObjectPlan
    serial: bool
    operation: OperationDefinitionNode
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
