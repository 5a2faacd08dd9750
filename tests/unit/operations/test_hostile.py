"""Documents made to cost much are refused in clear words, or cost no more than others of their size."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema

from gateway.operations.documents import TOO_MUCH, Documents
from gateway.operations.limits import LimitExceeded
from gateway.schema.build import build
from tests.support.hostile import DOCUMENTS

BY_LIMIT = {
    "characters": (
        "10,000 aliases", "10,000 directives on a field", "10,000 variables", "10,000 root fields",
        "100,000 brackets", "a list of 49,000", "200 inline fragments, 200 fields each",
    ),
    "tokens": (
        "300 connections repeated", "a field repeated, 26 KB", "names", "numbers", "strings", "block strings",
        "only }", "only )", "only ]", "only !", "only $", "only &", "only :", "only =", "only @", "only |",
        "only ...", "1,000 operations", "1,000 unused fragments",
    ),
    "comments": ("comments",),
    "brackets": ("100,000 braces", "only {", "only (", "only [", "a deep list type"),
    "operations": ("150 operations",),
    "depth": ("fragments that double, 150 steps", "fragment cycle of 200"),
    "fields": (
        "fragments that double, 18 steps", "fields that double, 18 steps", "fields that double, 10 steps",
    ),
    "aliases": ("650 aliases of a leaf",),
    "spreads": ("fragments that all spread all",),
    "directives": ("250 directives on a field", "900 unknown directives"),
    "variables": ("450 variables",),
    "values": ("a list of 1,900", "an object of 650"),
}  # fmt: skip
BY_GRAPHQL = {
    "fragment that spreads itself": "Cannot spread fragment 'A' within itself.",
    "75 connections, the last one different": TOO_MUCH,
    "a field repeated 1,400 times, once different": TOO_MUCH,
    "100 brackets": "ID cannot represent a non-string and non-integer value: [",
    "an object in objects": "Expected value of type 'InvoiceFilter' not to include unknown field 'a'",
    "a block string without end": "Syntax Error: Unterminated string.",
    "a string without end": "Syntax Error: Unterminated string.",
    "NULs": "Syntax Error: Unexpected character: U+0000.",
    "lone surrogates": "Syntax Error: Invalid character: U+D800.",
    "surrogates in comments": "Syntax Error: Invalid character: U+D800.",
    "letters beyond ASCII": "Syntax Error: Unexpected character: U+00E9.",
    "blanks": "Syntax Error: Unexpected <EOF>.",
    "commas": "Syntax Error: Unexpected <EOF>.",
    "line ends": "Syntax Error: Unexpected <EOF>.",
    "one name": "Cannot query field 'aaaaaaaa",
    "a word that is no field": "Cannot query field 'aaaaaaaa",
    "one number": "Cannot query field 'a' on type 'Query'.",
    "a list type of 95": "Variable '$a' is never used.",
    "270 unused fragments": "Fragment 'F0' is never used.",
    "circular introspection": "Maximum introspection depth exceeded",
    "unknown fields": "Cannot query field 'x0' on type 'Query'.",
    "450 unknown fields below": "Cannot query field 'x0' on type 'Account'.",
    "unknown arguments": "Unknown argument 'x0' on field 'Account.invoices'.",
}
ACCEPTED = (
    "75 connections repeated", "75 connections with filters repeated", "a field repeated 1,400 times",
    "49 inline fragments in each other", "99 variables, each in a field", "a block string",
    "a block string of indents", "escapes", "marks of byte order", "a comment",
    "20 operations, each with 25 fragments", "95 root fields", "introspection, 50 times", "introspection",
    "30 inline fragments, 14 fields each", "interfaces in interfaces",
)  # fmt: skip


@pytest.fixture(scope="module")
def documents() -> Documents:
    schema: GraphQLSchema = build()[0]
    return Documents(schema)


@pytest.mark.parametrize(
    ("name", "limit"), [(name, limit) for limit, names in BY_LIMIT.items() for name in names]
)
def test_refused_by_a_limit(documents: Documents, name: str, limit: str) -> None:
    (error,) = documents.get(DOCUMENTS[name]).errors
    refusal = error.original_error
    assert isinstance(refusal, LimitExceeded)
    assert refusal.limit == limit
    assert error.message.startswith(f"{limit.replace('_', ' ')}: ")
    assert error.message.endswith(
        f" found, at most {refusal.maximum} allowed. Ask for less in one operation."
    )
    assert refusal.extensions()["code"] == "OPERATION_REFUSED"


@pytest.mark.parametrize("name", BY_GRAPHQL)
def test_refused_by_syntax_or_validation(documents: Documents, name: str) -> None:
    document = documents.get(DOCUMENTS[name])
    assert document.errors[0].message.startswith(BY_GRAPHQL[name])
    assert document.errors[0].original_error is None
    assert len(document.errors) <= 11
    assert document.ast is None


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(documents: Documents, name: str) -> None:
    document = documents.get(DOCUMENTS[name])
    assert document.errors == ()
    assert document.operations


def test_each_document_has_its_outcome() -> None:
    assert {*DOCUMENTS} == {*BY_GRAPHQL, *ACCEPTED, *(name for names in BY_LIMIT.values() for name in names)}
