"""What an operation will touch, as plain data, before it runs.

Per model the union of the attributes its fields read, and for each field that leads into an account
the permissions its subtree needs. Linear in the size of the document: a fragment or selection is
visited once per type it is read on, however often it is spread. `@skip` and `@include` are read as
selected, so the result may ask for more than one run uses, never for less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from gateway.auth.permissions import Permission
from gateway.schema.base import META, TYPES, Field

Permissions = frozenset[Permission]


@dataclass(frozen=True, slots=True)
class Analysis:
    """`fields`: model -> attributes. `entries`: an account entry's offset in the text -> permissions."""

    fields: dict[type, frozenset[str]]
    entries: Mapping[int, Permissions]


def analyse(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Analysis:
    """Analyse one operation of a document that is valid for the schema."""
    root = schema.get_root_type(operation.operation)
    assert root is not None, "a valid operation has a root type"  # noqa: S101  validation came before
    visit = _Visit(schema, document)
    visit.selection(operation.selection_set, root)
    return Analysis({model: frozenset(names) for model, names in visit.fields.items()}, visit.entries)


class _Visit:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._seen: dict[tuple[int, str], Permissions] = {}
        self.fields: dict[type, set[str]] = defaultdict(set)
        self.entries: dict[int, Permissions] = {}

    def selection(self, selections: SelectionSetNode, parent: GraphQLNamedType) -> Permissions:
        """Collect what a selection set reads on `parent`; give the permissions it needs."""
        key = (id(selections), parent.name)
        if key not in self._seen:
            self._seen[key] = frozenset()  # a fragment cycle is invalid; this ends it all the same
            needed: Permissions = frozenset()
            for node in selections.selections:
                if isinstance(node, FieldNode):
                    needed |= self._field(node, parent)
                else:
                    inner, condition = self._spread(node, parent)
                    needed |= self.selection(inner, condition)
            self._seen[key] = needed
        return self._seen[key]

    def _spread(self, node: object, parent: GraphQLNamedType) -> tuple[SelectionSetNode, GraphQLNamedType]:
        if isinstance(node, FragmentSpreadNode):
            fragment = self._fragments[node.name.value]
            return fragment.selection_set, self._schema.type_map[fragment.type_condition.name.value]
        condition = node.type_condition  # type: ignore[attr-defined]  # the third kind: an inline fragment
        type_ = self._schema.type_map[condition.name.value] if condition else parent
        return node.selection_set, type_  # type: ignore[attr-defined]  # likewise

    def _field(self, node: FieldNode, parent: GraphQLNamedType) -> Permissions:
        needed: Permissions = frozenset()
        # A field of an interface is read on every type behind it.
        for owner in self._objects(parent):
            field = owner.fields.get(node.name.value)
            meta = field.extensions.get(META) if field else None
            if field is None or not isinstance(meta, Field):
                continue
            for model, names in meta.reads.items():
                self.fields[model] |= names
            target = get_named_type(field.type)
            described = TYPES.get(target.name)
            below = meta.requires | (described.requires if described else frozenset())
            if node.selection_set:
                below |= self.selection(node.selection_set, target)
            if meta.entry and node.loc:
                self.entries[node.loc.start] = below
            needed |= below
        return needed

    def _objects(self, type_: GraphQLNamedType) -> tuple[GraphQLObjectType, ...]:
        if isinstance(type_, GraphQLObjectType):
            return (type_,)
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            return tuple(self._schema.get_possible_types(type_))
        return ()
