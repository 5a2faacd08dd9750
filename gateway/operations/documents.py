"""Documents: parsed, validated and analysed once, kept by the hash of their text."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from gateway.errors import Code, RequestError
from gateway.operations.analyse import Analysis, analyse

MAX_TOKENS = 10_000
_MAX_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Operation:
    """One executable operation of a document."""

    node: OperationDefinitionNode
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class Document:
    """A text and all that is known of it. `errors`: why it cannot run; then there are no operations."""

    hash: str
    ast: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    operations: dict[str | None, Operation] = field(default_factory=dict)

    def operation(self, name: str | None) -> Operation:
        """Choose the operation to run; INVALID_INPUT says which names there are."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name is not None else None
        if found is None:
            names = ", ".join(sorted(filter(None, self.operations))) or "none with a name"
            raise RequestError(
                Code.INVALID_INPUT, f"operationName: write one of the document's operations: {names}."
            )
        return found


class Documents:
    """A bounded cache (least recently used out) of at most `capacity` documents."""

    def __init__(self, schema: GraphQLSchema, capacity: int = 1000) -> None:
        self._schema = schema
        self._capacity = capacity
        self._known: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """Give the document of a text, prepared on first sight."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        document = self._known.get(digest)
        if document is None:
            document = self._known[digest] = self._prepare(digest, text)
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(digest)
        return document

    def _prepare(self, digest: str, text: str) -> Document:
        try:
            ast = parse(text, max_tokens=MAX_TOKENS)
            errors = validate(self._schema, ast, max_errors=_MAX_ERRORS)
        except GraphQLError as error:
            return Document(digest, None, (error,))
        except RecursionError:
            return Document(digest, None, (GraphQLError("The document is nested too deeply."),))
        if errors:
            return Document(digest, None, tuple(errors))
        operations: dict[str | None, Operation] = {}
        for node in ast.definitions:
            if not isinstance(node, OperationDefinitionNode):
                continue
            if node.operation is not OperationType.QUERY:
                text = f"This endpoint runs queries; the document has a {node.operation.value}."
                return Document(digest, None, (GraphQLError(text, node),))
            name = node.name.value if node.name else None
            operations[name] = Operation(node, analyse(self._schema, ast, node))
        return Document(digest, ast, (), operations)
