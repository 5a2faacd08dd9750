"""Documents: parsed, validated and analysed once, kept by the hash of their text."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
)
from graphql.validation.validate import ValidationAbortedError

from gateway.errors import Code, RequestError
from gateway.operations.analyse import Analysis, analyse
from gateway.operations.compile import Plans
from gateway.operations.limits import LimitExceeded, Limits, check_document, check_text
from gateway.operations.validate import validate

_MAX_ERRORS: Final = 10
TOO_MUCH: Final = "The document is nested too deeply or too complex. Ask for less in one operation."


@dataclass(frozen=True, slots=True)
class Operation:
    """One executable operation of a document."""

    node: OperationDefinitionNode
    analysis: Analysis
    plans: Plans


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
            names = ", ".join(sorted(filter(None, self.operations)))
            advice = (
                f"write one of the document's operations: {names}"
                if names
                else "leave it out: the operation has no name"
            )
            raise RequestError(Code.INVALID_INPUT, f"operationName: {advice}.")
        return found


class Documents:
    """All documents that were asked for lately, within `limits`.

    What is known of a good text takes some 300 times its space when it is dense, of a refused one a few
    times. Each kind has room of its own, of `capacity` documents and `characters` of their texts: refused
    texts, however many, drive out no good one.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits = Limits(),  # noqa: B008  it is frozen
        capacity: int = 1000,
        characters: int = 500_000,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._good = _Kept(capacity, characters)
        self._refused = _Kept(capacity, characters)

    def get(self, text: str) -> Document:
        """Give the document of a text, prepared on first sight."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        known = self._good.get(digest) or self._refused.get(digest)
        if known is not None:
            return known
        document = self._prepare(digest, text)
        if len(text) <= self._limits.characters:  # else refused at a glance, at no cost
            (self._refused if document.errors else self._good).add(document, len(text))
        return document

    def _prepare(self, digest: str, text: str) -> Document:
        limits = self._limits
        try:
            check_text(text, limits)
            # The parser's own limits stand behind, should the two read a text differently.
            ast = parse(
                text,
                max_lexical_tokens=limits.tokens,
                max_comments=limits.comments,
                max_source_length=limits.characters,
            )
            check_document(ast, limits)
            errors = validate(self._schema, ast, _MAX_ERRORS)
            if errors:
                return Document(digest, None, tuple(map(_plain, errors)))
            return self._analysed(digest, ast)
        except LimitExceeded as refusal:
            # The endpoint tells the code of what an error stems from.
            refusal.__traceback__ = None
            return Document(digest, None, (GraphQLError(refusal.message, original_error=refusal),))
        except GraphQLError as error:
            return Document(digest, None, (_plain(error),))
        except RecursionError:
            return Document(digest, None, (GraphQLError(TOO_MUCH),))

    def _analysed(self, digest: str, ast: DocumentNode) -> Document:
        operations = {
            node.name.value if node.name else None: Operation(
                node, analyse(self._schema, ast, node), Plans(self._schema, ast, node)
            )
            for node in ast.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        return Document(digest, ast, (), operations)


class _Kept:
    """Documents by hash, least recently used out."""

    def __init__(self, capacity: int, characters: int) -> None:
        self._capacity = capacity
        self._left = characters
        self._known: OrderedDict[str, tuple[Document, int]] = OrderedDict()

    def get(self, digest: str) -> Document | None:
        if digest not in self._known:
            return None
        self._known.move_to_end(digest)
        return self._known[digest][0]

    def add(self, document: Document, characters: int) -> None:
        self._known[document.hash] = document, characters
        self._left -= characters
        while self._left < 0 or len(self._known) > self._capacity:
            self._left += self._known.popitem(last=False)[1][1]


def _plain(error: GraphQLError) -> GraphQLError:
    """Give the error without what it holds on to: nodes and frames keep the whole document in memory."""
    # graphql-core says no more than "Validation aborted." when a document would take too long.
    aborted = isinstance(error, ValidationAbortedError) and error.message == "Validation aborted."
    return GraphQLError(
        TOO_MUCH if aborted else error.message, source=error.source, positions=error.positions
    )
