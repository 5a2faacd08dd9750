"""What one document may hold, checked before anything that costs more than the check.

Before parsing, `check_text` walks through the tokens. After it, `check_document` counts what each operation
comes to when its fragments are written out, without writing them out: the numbers of a fragment are made
once, so that the work is linear in the length of the text. A refusal is a LimitExceeded and names the limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
)

from gateway.errors import Code, RequestError

_CEILING: Final = 1_000_000_000  # counts that double with every fragment stay small numbers


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of each. The second half is per operation, fragments written out wherever they are spread.

    `characters` are code points; `tokens` do not count comments; `brackets` are open at once; `depth` is in
    selection sets, those of fragments included; `values` are items of lists and fields of objects.
    """

    characters: int = 50_000
    tokens: int = 2_000
    comments: int = 1_000
    brackets: int = 100
    operations: int = 20

    depth: int = 50
    fields: int = 1_500
    root_fields: int = 100
    aliases: int = 300
    spreads: int = 500
    directives: int = 200
    variables: int = 100
    values: int = 300


class LimitExceeded(RequestError):  # noqa: N818  a finding about the document
    """OPERATION_REFUSED; `limit` names one of Limits; `found` is None where counting ended with it."""

    def __init__(self, limit: str, maximum: int, found: int | None = None) -> None:
        number = found or f"more than {maximum}"
        text = f"{limit.replace('_', ' ')}: {number} found, at most {maximum} allowed."
        super().__init__(Code.OPERATION_REFUSED, f"{text} Ask for less in one operation.")
        self.limit = limit
        self.maximum = maximum

    def extensions(self) -> dict[str, object]:
        """Code, retryable, the limit's name and its value."""
        return super().extensions() | {"limit": self.limit, "maximum": self.maximum}


# Reads as graphql-core's lexer does, one token at a time; `end` is also what the lexer refuses.
_TOKEN: Final = re.compile(
    r"""
    [ \t\r\n,\ufeff]*+ (?:
      (?P<open> [{(\[] )
    | (?P<close> [})\]] )
    | (?P<comment> \#[^\r\n]*+ )
    | (?P<other>
        [_A-Za-z][_0-9A-Za-z]*+
      | [!$&:=@|]
      | \.\.\.
      | -?[0-9]++ (?:\.[0-9]++)?+ (?:[eE][+-]?[0-9]++)?+
      | \"{3} (?: [^"\\]++ | \\(?:\"{3})?+ | "(?!"") )*+ \"{3}
      | "(?!"") (?: [^"\\\r\n]++ | \\. )*+ "
      )
    | (?P<end> [\s\S] | \Z )
    )
    """,
    re.VERBOSE,
)


def check_text(text: str, limits: Limits) -> None:
    """Refuse a text that is too long, has too many tokens or comments, or nests brackets too deeply.

    Stops at what is no token: there the parser will say what is wrong.
    """
    if len(text) > limits.characters:
        raise LimitExceeded("characters", limits.characters, len(text))
    tokens = comments = depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "end":
            return
        if kind == "comment":
            comments += 1
            if comments > limits.comments:
                raise LimitExceeded("comments", limits.comments)
            continue
        tokens += 1
        if tokens > limits.tokens:
            raise LimitExceeded("tokens", limits.tokens)
        if kind == "open":
            depth += 1
            if depth > limits.brackets:
                raise LimitExceeded("brackets", limits.brackets)
        elif kind == "close":
            depth -= 1


_SUMMED: Final = ("fields", "aliases", "spreads", "directives", "values")


@dataclass(slots=True)
class _Counts:
    """What an operation or a fragment comes to; `spread` and `spread_at_root`: fragment -> times."""

    depth: int = 0
    fields: int = 0
    root_fields: int = 0
    aliases: int = 0
    spreads: int = 0
    directives: int = 0
    values: int = 0
    spread: dict[str, int] = field(default_factory=dict)
    spread_at_root: dict[str, int] = field(default_factory=dict)
    spread_depth: dict[str, int] = field(default_factory=dict)


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Refuse a document with too many operations, or one whose operation comes to too much."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) > limits.operations:
        raise LimitExceeded("operations", limits.operations, len(operations))
    fragments = _written_out(
        {
            node.name.value: _own(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
    )
    for operation in operations:
        variables = operation.variable_definitions or ()
        if len(variables) > limits.variables:
            raise LimitExceeded("variables", limits.variables, len(variables))
        counts = _own(operation)
        for variable in variables:
            counts.values += _values([variable.default_value])
            _count_directives(counts, variable)
        _add_spread(counts, fragments)
        for limit in ("depth", *_SUMMED, "root_fields"):
            found, maximum = getattr(counts, limit), getattr(limits, limit)
            if found > maximum:
                raise LimitExceeded(limit, maximum, None if found >= _CEILING else found)


def _own(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Counts:
    """Count what stands in a definition itself."""
    counts = _Counts()
    _count_directives(counts, definition)
    left = [(definition.selection_set, 1, True)]
    while left:
        selections, depth, root = left.pop()
        counts.depth = max(counts.depth, depth)
        for node in selections.selections:
            _count_directives(counts, node)
            if isinstance(node, FieldNode):
                counts.fields += 1
                counts.root_fields += root
                counts.aliases += node.alias is not None
                counts.values += _values([argument.value for argument in node.arguments or ()])
                if node.selection_set:
                    left.append((node.selection_set, depth + 1, False))
            elif isinstance(node, InlineFragmentNode):
                left.append((node.selection_set, depth + 1, root))
            elif isinstance(node, FragmentSpreadNode):
                _count_spread(counts, node.name.value, depth, root)
    return counts


def _count_directives(counts: _Counts, node: Any) -> None:
    for directive in node.directives or ():
        counts.directives += 1
        counts.values += _values([argument.value for argument in directive.arguments or ()])


def _values(literals: list[Any]) -> int:
    """Count what lists and objects hold."""
    found = 0
    while literals:
        value = literals.pop()
        inner = getattr(value, "values", None) or [
            each.value for each in getattr(value, "fields", None) or ()
        ]
        found += len(inner)
        literals += inner
    return found


def _count_spread(counts: _Counts, name: str, depth: int, root: bool) -> None:  # noqa: FBT001
    counts.spreads += 1
    counts.spread[name] = counts.spread.get(name, 0) + 1
    counts.spread_depth[name] = max(depth, counts.spread_depth.get(name, 0))
    if root:
        counts.spread_at_root[name] = counts.spread_at_root.get(name, 0) + 1


def _written_out(fragments: Mapping[str, _Counts]) -> dict[str, _Counts]:
    """Add to each fragment what it spreads, inner ones first. What closes a cycle is left out."""
    done: dict[str, _Counts] = {}
    for start in fragments:
        path = {} if start in done else {start: iter(fragments[start].spread)}
        while path:
            name, inner = next(reversed(path.items()))
            following = next((n for n in inner if n in fragments and n not in done and n not in path), None)
            if following is not None:
                path[following] = iter(fragments[following].spread)
                continue
            _add_spread(fragments[name], done)
            done[name] = fragments[name]
            del path[name]
    return done


def _add_spread(counts: _Counts, fragments: Mapping[str, _Counts]) -> None:
    for name, times in counts.spread.items():
        inner = fragments.get(name)
        if inner is None:
            continue  # unknown, or a cycle: validation will say so
        counts.depth = max(counts.depth, counts.spread_depth[name] + inner.depth)
        for summed in _SUMMED:
            total = getattr(counts, summed) + times * getattr(inner, summed)
            setattr(counts, summed, min(_CEILING, total))
        at_root = counts.root_fields + counts.spread_at_root.get(name, 0) * inner.root_fields
        counts.root_fields = min(_CEILING, at_root)
