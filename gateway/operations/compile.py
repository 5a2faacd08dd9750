"""From a valid document to a plan."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues, get_argument_values

from gateway.operations.plan import FieldPlan, ObjectPlan, Plan
from gateway.operations.source import reader
from gateway.operations.values import completer
from gateway.schema.base import META

TYPENAME: Final = "__typename"
_MAX_CHOICES: Final = 32


class Unsupported(Exception):  # noqa: N818  a finding: graphql-core runs such an operation
    """The operation has what no plan is made for, such as introspection."""


def compile_plan(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
) -> Plan:
    """Compile one operation of a valid document; Unsupported when graphql-core has to run it.

    Of `variables`, only what `@skip` and `@include` name goes into the plan.
    """
    if operation.operation is OperationType.SUBSCRIPTION:
        raise Unsupported
    compiler = _Compiler(schema, document, operation, variables)
    serial = operation.operation is OperationType.MUTATION
    return Plan(compiler.root(), serial, operation, schema, compiler.definitions)


class Plans:
    """The plans of one operation, made when first needed: one for each choice of `@skip` and `@include`."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self._schema = schema
        self._document = document
        self._operation = operation
        self._switches = sorted(_switches(document))
        self._made: dict[tuple[Any, ...], Plan | None] = {}

    def get(self, variables: VariableValues) -> Plan | None:
        """Give the plan for these variables; None when graphql-core has to run the operation."""
        choice = tuple(variables.coerced.get(name) for name in self._switches)
        if choice not in self._made:
            if len(self._made) >= _MAX_CHOICES:
                self._made.pop(next(iter(self._made)))
            self._made[choice] = self._compile(choice, variables)
        return self._made[choice]

    def _compile(self, choice: tuple[Any, ...], variables: VariableValues) -> Plan | None:
        if not all(isinstance(switch, bool) for switch in choice):
            return None  # null or left out: graphql-core tells what is wrong
        try:
            return compile_plan(self._schema, self._document, self._operation, variables)
        except Unsupported:
            return None


def _switches(document: DocumentNode) -> set[str]:
    """Give the names of the variables that `@skip` and `@include` depend on."""
    found: set[str] = set()
    left: list[Any] = list(document.definitions)
    while left:
        node = left.pop()
        inner = getattr(node, "selection_set", None)
        left += inner.selections if inner else ()
        for directive in node.directives or ():
            found.update(
                a.value.name.value for a in directive.arguments or () if isinstance(a.value, VariableNode)
            )
    return found


class _Compiler:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._variables = variables
        self.definitions = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._fragments = {name: FragmentDetails(node, None) for name, node in self.definitions.items()}
        self._made: dict[tuple[str, tuple[int, ...]], ObjectPlan] = {}

    def root(self) -> ObjectPlan:
        """Plan the root selection. Nothing there is plain: it has no parent to be read from."""
        type_ = self._schema.get_root_type(self._operation.operation)
        assert type_ is not None, "a valid operation has a root type"  # noqa: S101  validation came before
        groups = collect_fields(
            self._schema, self._fragments, self._variables, type_, self._operation
        ).grouped_field_set
        return ObjectPlan(type_, [self._field(type_, key, nodes, root=True) for key, nodes in groups.items()])

    def _object(self, type_: GraphQLObjectType, group: list[FieldDetails]) -> ObjectPlan:
        """Plan what a group of nodes selects on one object type: once, from wherever it is reached.

        Otherwise a document could make plans grow as the power of the types behind its interfaces.
        """
        place = (type_.name, tuple(id(details.node) for details in group))
        if place not in self._made:
            if type_.is_type_of is not None:
                raise Unsupported
            groups = collect_subfields(
                self._schema, self._fragments, self._variables, self._operation, type_, group
            ).grouped_field_set
            plan = self._made[place] = ObjectPlan(type_, [])
            plan.fields += [self._field(type_, key, inner) for key, inner in groups.items()]
            plan.read = reader(plan)
        return self._made[place]

    def _field(
        self, parent: GraphQLObjectType, key: str, group: list[FieldDetails], *, root: bool = False
    ) -> FieldPlan:
        nodes = [details.node for details in group]
        name = nodes[0].name.value
        if name == TYPENAME:
            return FieldPlan(key, parent, nodes, None)
        definition = parent.fields.get(name)
        if definition is None:
            raise Unsupported  # introspection
        meta = definition.extensions.get(META)
        field = FieldPlan(key, parent, nodes, definition, meta)
        field.plain = meta is not None and meta.plain and not root
        if field.plain and meta.attribute is not None and not _is_name(meta.attribute):
            raise Unsupported
        field.constant = self._constant(definition, nodes[0])
        target = get_named_type(definition.type)
        if not is_leaf_type(target):
            behind = self._schema.get_possible_types(target) if is_abstract_type(target) else [target]
            field.objects = {type_.name: self._object(type_, group) for type_ in behind}
        field.complete = completer(field.type, field.objects)
        return field

    def _constant(self, definition: GraphQLField, node: FieldNode) -> Mapping[str, Any] | None:
        """Coerce arguments once, unless a variable is among them or a resolver could change them."""
        if not definition.args:
            return {}
        if any(_has_variable(argument.value) for argument in node.arguments or ()):
            return None
        try:
            values = get_argument_values(definition, node, self._variables)
        except GraphQLError:
            return None  # told for each parent, when the plan runs
        return values if all(map(_is_frozen, values.values())) else None


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _has_variable(node: Any) -> bool:
    if isinstance(node, VariableNode):
        return True
    inner = getattr(node, "values", None) or [each.value for each in getattr(node, "fields", None) or ()]
    return any(map(_has_variable, inner))


def _is_frozen(value: Any) -> bool:
    if isinstance(value, msgspec.Struct):
        return value.__struct_config__.frozen
    return not isinstance(value, dict | list | set)
