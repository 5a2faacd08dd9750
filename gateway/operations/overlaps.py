"""Whether fields that give one response key can be merged, in time linear in what is written out.

graphql-core compares each pair of fields with one response key. Here all fields of a key are compared with
the first: to have the same name, arguments and shape of type is as good for all pairs as for each. What
they select is then put together and looked at in the same way.

    { pet { name ... on Dog { size: barks } ... on Cat { size: lives } } }

`size` stands on two object types, so no value has both: the two may differ in name and arguments, not in
the shape of their types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

_MAX_FIELDS: Final = 10_000


class Conflict(Exception):  # noqa: N818  a finding: graphql-core tells what it is
    """Two fields cannot be merged, or there is too much to look at."""


class _Found(NamedTuple):
    """A field where it was found: the type it stands on, and its definition there."""

    parent: GraphQLCompositeType
    node: FieldNode
    definition: GraphQLField | None


_Set = tuple[GraphQLCompositeType, SelectionSetNode]


def check_overlaps(schema: GraphQLSchema, document: DocumentNode) -> None:
    """Raise Conflict unless all fields can be merged. The document is valid in every other respect.

    Only operations are looked at: each fragment is spread in one.
    """
    check = _Check(schema, document)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            root = schema.get_root_type(node.operation)
            assert root is not None, "the rules have found it"  # noqa: S101  validation came before
            check.merged([(root, node.selection_set)])


class _Check:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._seen: set[frozenset[int]] = set()
        self._left = _MAX_FIELDS

    def merged(self, sets: list[_Set]) -> None:
        """Check selection sets whose fields stand side by side in one object of the answer, once."""
        together = frozenset(id(selections) for _, selections in sets)
        if together in self._seen:
            return
        self._seen.add(together)
        for group in self._collect(sets):
            if len(group) > 1:
                self._group(group)
            else:
                self._below(group, self.merged)

    def _group(self, group: list[_Found]) -> None:
        _same_shapes(group)
        of_type: dict[str, list[_Found]] = defaultdict(list)
        for found in group:
            of_type[found.parent.name if isinstance(found.parent, GraphQLObjectType) else ""].append(found)
        anywhere = of_type.pop("", [])  # of an interface: stands on each of the object types too
        together = [fields + anywhere for fields in of_type.values()] or [anywhere]
        for fields in together:
            _same_calls(fields)
            self._below(fields, self.merged)
        if len(together) > 1:
            self._below(group, self._alike)

    def _alike(self, sets: list[_Set]) -> None:
        """Check selection sets of different objects: a client reads a key of any by the same code."""
        if len(sets) > 1:
            for group in self._collect(sets):
                _same_shapes(group)
                self._below(group, self._alike)

    def _below(self, group: list[_Found], check: Callable[[list[_Set]], None]) -> None:
        sets = [
            (cast("GraphQLCompositeType", get_named_type(found.definition.type)), found.node.selection_set)
            for found in group
            if found.node.selection_set and found.definition
        ]
        if sets:
            check(sets)

    def _collect(self, sets: list[_Set]) -> Iterable[list[_Found]]:
        """Give the fields by response key, with those of fragments, each of which is read once."""
        groups: dict[str, list[_Found]] = {}
        spread: set[str] = set()
        left = list(sets)
        while left:
            parent, selections = left.pop()
            for node in selections.selections:
                if isinstance(node, FieldNode):
                    self._left -= 1
                    found = _Found(parent, node, self._schema.get_field(parent, node.name.value))
                    groups.setdefault((node.alias or node.name).value, []).append(found)
                elif isinstance(node, FragmentSpreadNode):
                    if node.name.value not in spread:
                        spread.add(node.name.value)
                        left.append(self._set_of(self._fragments[node.name.value], parent))
                else:
                    left.append(self._set_of(node, parent))
        if self._left < 0:
            raise Conflict
        return groups.values()

    def _set_of(self, fragment: Any, parent: GraphQLCompositeType) -> _Set:
        condition = fragment.type_condition
        type_ = (
            cast("GraphQLCompositeType", self._schema.type_map[condition.name.value]) if condition else parent
        )
        return type_, fragment.selection_set


def _same_calls(group: list[_Found]) -> None:
    if len(group) > 1:
        first = _call(group[0].node)
        if any(_call(found.node) != first for found in group):
            raise Conflict


def _call(node: FieldNode) -> Any:
    if any(directive.name.value == "stream" for directive in node.directives or ()):
        raise Conflict  # streams are never merged
    return node.name.value, {argument.name.value: _value(argument.value) for argument in node.arguments or ()}


def _value(node: Any) -> Any:
    """Give what two literals are compared by: the fields of an object in any order, numbers as written."""
    if isinstance(node, VariableNode):
        return node.kind, node.name.value
    if isinstance(node, ObjectValueNode):
        return node.kind, {each.name.value: _value(each.value) for each in node.fields}
    if isinstance(node, ListValueNode):
        return node.kind, [_value(each) for each in node.values]
    return node.kind, getattr(node, "value", None), getattr(node, "block", None)


def _same_shapes(group: list[_Found]) -> None:
    types = {id(found.definition.type): found.definition.type for found in group if found.definition}
    if len(types) > 1 and len(set(map(_shape, types.values()))) > 1:
        raise Conflict


def _shape(type_: GraphQLOutputType) -> str:
    """Write a type down; an object's is left open, as its fields are compared one by one."""
    named = get_named_type(type_)
    return str(type_) if is_leaf_type(named) else str(type_).replace(named.name, "{}")
