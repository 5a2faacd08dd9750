"""Validation by graphql-core's own rules, driven with less work.

graphql-core's driver asks every rule about every node, and walks through the document again for the uses of
variables. This one calls a rule only for the kinds of nodes it looks at, collects the variables on the same
walk, and leaves overlapping fields, whose rule compares all pairs, to `overlaps`. That tells whether a
document is valid. When it is not, a second walk asks the rules in graphql-core's order and with its rule of
overlapping fields, within a budget: so what is said is what graphql-core says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from graphql import (
    SKIP,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    TypeInfo,
    ValidationContext,
    VariableNode,
    specified_rules,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.pyutils import RefMap
from graphql.type import assert_valid_schema
from graphql.validation import (
    ASTValidationRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    VariablesInAllowedPositionRule,
)
from graphql.validation.validate import ValidationAbortedError
from graphql.validation.validation_context import VariableUsage

from gateway.operations.overlaps import Conflict, check_overlaps

Usages: TypeAlias = RefMap[Node, list[VariableUsage]]
"""Operation or fragment -> where it uses variables."""
_Rules: TypeAlias = Sequence[type[ASTValidationRule]]

# These look at operations and fragments only, and need all uses of variables: they come after the walk.
_OF_VARIABLES: Final = (NoUndefinedVariablesRule, NoUnusedVariablesRule, VariablesInAllowedPositionRule)
_OTHERS: Final[_Rules] = tuple(
    rule for rule in specified_rules if rule not in {*_OF_VARIABLES, OverlappingFieldsCanBeMergedRule}
)
# No rule looks at names, and a variable where it is declared is not used.
_PASSED_OVER: Final = {"name", "alias", "description", "variable"}
_CHILDREN: Final = {
    kind: tuple(key for key in keys if key not in _PASSED_OVER) for kind, keys in QUERY_DOCUMENT_KEYS.items()
}
_TOO_MANY: Final = (
    "Too many validation errors, error limit reached. Validation aborted."  # graphql-core's words
)
_BUDGET: Final = 4_000


class _Bounded(OverlappingFieldsCanBeMergedRule):
    """The rule of graphql-core with a budget that is spent in some ten milliseconds."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _BUDGET


_ALL: Final[_Rules] = tuple(
    _Bounded if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)


def validate(schema: GraphQLSchema, document: DocumentNode, max_errors: int) -> list[GraphQLError]:
    """Give the errors that graphql-core gives; none when the document is valid.

    The document has passed the limits: the walk is as deep as its brackets are.
    """
    assert_valid_schema(schema)
    usages: Usages = RefMap()
    try:
        context = _Context(schema, document, usages, _found)
        _Walk(context, _OTHERS).run()
        _look_at_variables(context)
        check_overlaps(schema, document)
    except (_Invalid, Conflict, ValidationAbortedError):
        return _errors(schema, document, usages, max_errors)
    return []


def _errors(
    schema: GraphQLSchema, document: DocumentNode, usages: Usages, max_errors: int
) -> list[GraphQLError]:
    errors: list[GraphQLError] = []

    def add(error: GraphQLError) -> None:
        if len(errors) >= max_errors:
            raise ValidationAbortedError(_TOO_MANY)
        errors.append(error)

    context = _Context(schema, document, usages, add)
    try:
        if any(node not in usages for node in document.definitions):  # the first walk did not come to its end
            _Walk(context, ()).run()
        _Walk(context, _ALL).run()
    except ValidationAbortedError as error:
        errors.append(error.with_traceback(None))
    return errors


class _Invalid(Exception):  # noqa: N818  a finding: the second walk tells what it is
    """A rule has found an error."""


def _found(_error: GraphQLError) -> NoReturn:
    raise _Invalid


class _Context(ValidationContext):
    """Looks nodes up by identity: graphql-core's hash of a node goes through all that is below it."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        usages: Usages,
        on_error: Callable[[GraphQLError], None],
    ) -> None:
        self.type_info = TypeInfo(schema)
        self.usages = usages
        super().__init__(schema, document, self.type_info, on_error)
        self._fragment_spreads: Any = RefMap()
        self._recursive_variable_usages: Any = RefMap()
        self._variable_usages: Any = usages


def _look_at_variables(context: _Context) -> None:
    for rule in (rule(context) for rule in _OF_VARIABLES):
        for node in context.document.definitions:
            for hook in (f"enter_{node.kind}", f"leave_{node.kind}"):
                if hasattr(rule, hook):
                    getattr(rule, hook)(node)


_Hook: TypeAlias = Callable[..., Any]
_Hooks: TypeAlias = list[tuple[int, _Hook]]


class _Table(NamedTuple):
    """What is done with nodes of one kind. `enter` and `leave`: a number for each rule, and its hook."""

    enter_type: _Hook | None
    enter: _Hooks
    children: tuple[str, ...]
    leave: _Hooks
    leave_type: _Hook | None
    collect: _Hook | None


class _Walk:
    """One walk through one document, that shows its nodes to rules."""

    def __init__(self, context: _Context, rules: _Rules) -> None:
        self._context = context
        self._rules = [rule(context) for rule in rules]
        self._off = [False] * len(rules)
        self._ancestors: list[Any] = []
        self._usages: list[VariableUsage] = []
        self._tables: dict[str, _Table] = {}

    def run(self) -> None:
        """Walk through the whole document."""
        self._visit(self._context.document, None)

    def _table(self, kind: str) -> _Table:
        table = self._tables[kind] = _Table(
            getattr(self._context.type_info, f"enter_{kind}", None),
            self._hooks(kind, "enter"),
            _CHILDREN.get(kind, ()),
            self._hooks(kind, "leave"),
            getattr(self._context.type_info, f"leave_{kind}", None),
            {
                "variable": self._use,
                "operation_definition": self._keep_usages,
                "fragment_definition": self._keep_usages,
            }.get(kind),
        )
        return table

    def _hooks(self, kind: str, when: str) -> _Hooks:
        # A rule that asks to see every node does it for their directives.
        names = [f"{when}_{kind}", *([when] if "directives" in _CHILDREN.get(kind, ()) else ())]
        found = (
            (at, next((getattr(rule, name) for name in names if hasattr(rule, name)), None))
            for at, rule in enumerate(self._rules)
        )
        return [(at, hook) for at, hook in found if hook]

    def _visit(self, node: Any, parent: Any) -> None:
        """Visit a node and all below it. `parent` is what holds it: a node, or a tuple of nodes."""
        table = self._tables.get(node.kind) or self._table(node.kind)
        if table.enter_type:
            table.enter_type(node)
        skipping = self._enter(node, parent, table.enter) if table.enter else ()
        if table.children:
            self._below(node, parent, table.children)
        for at, hook in table.leave:
            if not self._off[at]:
                hook(node, None, parent, None, self._ancestors)
        for at in skipping:
            self._off[at] = False
        if table.leave_type:
            table.leave_type()
        if table.collect:
            table.collect(node)

    def _enter(self, node: Any, parent: Any, hooks: _Hooks) -> list[int]:
        """Call the rules that are not off; give those that are, until the node is left."""
        skipping = []
        for at, hook in hooks:
            if not self._off[at] and hook(node, None, parent, None, self._ancestors) is SKIP:
                self._off[at] = True
                skipping.append(at)
        return skipping

    def _below(self, node: Any, parent: Any, children: tuple[str, ...]) -> None:
        ancestors = self._ancestors
        ancestors.append(parent)
        for name in children:
            child = getattr(node, name)
            if not child:
                continue
            if isinstance(child, tuple):
                ancestors.append(node)
                for each in child:
                    self._visit(each, child)
                ancestors.pop()
            else:
                self._visit(child, node)
        ancestors.pop()

    def _use(self, node: VariableNode) -> None:
        of = self._context.type_info
        self._usages.append(
            VariableUsage(node, of.get_input_type(), of.get_parent_input_type(), of.get_default_value(), None)
        )

    def _keep_usages(self, node: Node) -> None:
        self._context.usages[node] = self._usages
        self._usages = []
