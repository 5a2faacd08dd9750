"""What an operation will touch, as plain data, before it runs.

Per model the union of the attributes its fields read, and for each field that leads into an account
the permissions its subtree needs. Linear in the size of the document: a selection is visited once per
set of types it can be read on, however often it is spread, and there are few such sets. `@skip` and
`@include` are read as selected, and an interface as all the types behind it, so the result may ask for
more than one run uses, never for less.
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
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
)

from gateway.auth.permissions import Permission
from gateway.schema.base import META, TYPES, Field

Permissions = frozenset[Permission]
Types = frozenset[str]


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
    visit.selection(operation.selection_set, frozenset({root.name}))
    return Analysis({model: frozenset(names) for model, names in visit.fields.items()}, visit.entries)


class _Visit:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._seen: dict[tuple[int, Types], Permissions] = {}
        self.fields: dict[type, set[str]] = defaultdict(set)
        self.entries: dict[int, Permissions] = {}

    def selection(self, selections: SelectionSetNode, types: Types) -> Permissions:
        """Collect what a selection set reads on objects of any of `types`; give the permissions it needs."""
        key = (id(selections), types)
        if key not in self._seen:
            self._seen[key] = frozenset()  # a fragment cycle is invalid; this ends it all the same
            needed: Permissions = frozenset().union(
                *(TYPES[name].requires for name in types if name in TYPES)
            )
            for node in selections.selections:
                if isinstance(node, FieldNode):
                    needed |= self._field(node, types)
                else:
                    inner, narrowed = self._spread(node, types)
                    needed |= self.selection(inner, narrowed)
            self._seen[key] = needed
        return self._seen[key]

    def _spread(self, node: SelectionNode, types: Types) -> tuple[SelectionSetNode, Types]:
        inner = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        assert isinstance(inner, FragmentDefinitionNode | InlineFragmentNode)  # noqa: S101  the kinds there are
        if inner.type_condition is None:
            return inner.selection_set, types
        condition = self._schema.type_map[inner.type_condition.name.value]
        return inner.selection_set, types & self._objects(condition)

    def _field(self, node: FieldNode, types: Types) -> Permissions:
        needed: Permissions = frozenset()
        # A field of an interface is read on every type behind it.
        for name in types:
            owner = self._schema.type_map[name]
            field = owner.fields.get(node.name.value) if isinstance(owner, GraphQLObjectType) else None
            meta = field.extensions.get(META) if field else None
            if field is None or not isinstance(meta, Field):
                continue  # introspection
            for model, attributes in meta.reads.items():
                self.fields[model] |= attributes
            below = meta.requires
            if node.selection_set:
                below |= self.selection(node.selection_set, self._objects(get_named_type(field.type)))
            if meta.entry and node.loc:
                self.entries[node.loc.start] = self.entries.get(node.loc.start, frozenset()) | below
            needed |= below
        return needed

    def _objects(self, type_: GraphQLNamedType) -> Types:
        """Give the names of the object types that a value of this type can have."""
        if is_abstract_type(type_):
            return frozenset(possible.name for possible in self._schema.get_possible_types(type_))
        return frozenset({type_.name})
