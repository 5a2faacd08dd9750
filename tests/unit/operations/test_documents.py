"""Documents are prepared once, kept within bounds, and no text brings the process down."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import pytest
from graphql import GraphQLSchema

from gateway.errors import Code, RequestError
from gateway.operations import documents as module
from gateway.operations.documents import Document, Documents
from gateway.operations.limits import LimitExceeded, Limits
from gateway.schema.build import build

ONE = "{ viewer { user { displayName } } }"
TOO_MUCH = "The document is nested too deeply or too complex. Ask for less in one operation."


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build()[0]


@pytest.fixture
def documents(schema: GraphQLSchema) -> Documents:
    return Documents(schema)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counted: Counter[str] = Counter()

    def count(name: str) -> None:
        original = getattr(module, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            counted[name] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(module, name, counting)

    for name in ("parse", "validate", "analyse"):
        count(name)
    return counted


def messages(document: Document) -> list[str]:
    assert document.ast is None
    assert document.operations == {}
    return [error.message for error in document.errors]


def test_each_text_is_prepared_once(documents: Documents, calls: Counter[str]) -> None:
    first = documents.get(ONE)
    assert documents.get(ONE) is first
    assert calls == {"parse": 1, "validate": 1, "analyse": 1}
    assert documents.get(ONE + " ") is not first
    assert calls["parse"] == 2


def test_the_hash_is_the_texts(documents: Documents) -> None:
    assert documents.get(ONE).hash == hashlib.sha256(ONE.encode()).hexdigest()


def test_errors_are_kept_as_well(documents: Documents, calls: Counter[str]) -> None:
    for text in ("{", "{ viewr }"):
        assert documents.get(text) is documents.get(text)
    assert calls == {"parse": 2, "validate": 1}


def test_errors_say_what_and_where(documents: Documents) -> None:
    (syntax,) = documents.get("{ viewer {").errors
    assert syntax.message == "Syntax Error: Expected Name, found <EOF>."
    assert syntax.formatted["locations"] == [{"line": 1, "column": 11}]
    (unknown,) = documents.get("{\n  viewer { usr { email } } }").errors
    assert unknown.message == "Cannot query field 'usr' on type 'Viewer'. Did you mean 'user'?"
    assert unknown.formatted["locations"] == [{"line": 2, "column": 12}]


def test_errors_do_not_hold_the_document(documents: Documents) -> None:
    for text in ("{ viewr }", "mutation { x }", "{"):
        for error in documents.get(text).errors:
            assert error.nodes is None
            assert error.__traceback__ is None
            assert error.original_error is None


def test_at_most_so_many_documents_are_kept(schema: GraphQLSchema, calls: Counter[str]) -> None:
    documents = Documents(schema, capacity=2)
    a, b, c = (f"{{ {name}: viewer {{ user {{ email }} }} }}" for name in "abc")
    for text in (a, b, a, c):  # `a` was used after `b`, so `b` goes
        documents.get(text)
    assert calls["parse"] == 3
    documents.get(a)
    assert calls["parse"] == 3
    documents.get(b)
    assert calls["parse"] == 4


def test_at_most_so_much_text_is_kept(schema: GraphQLSchema, calls: Counter[str]) -> None:
    documents = Documents(schema, characters=2 * len(ONE) + 10)
    for padding in (0, 1, 2):
        documents.get(ONE + padding * " ")
    assert calls["parse"] == 3
    documents.get(ONE + 2 * " ")
    documents.get(ONE + " ")
    assert calls["parse"] == 3
    documents.get(ONE)
    assert calls["parse"] == 4


def test_an_oversized_text_is_refused_and_not_kept(documents: Documents, calls: Counter[str]) -> None:
    first = documents.get(ONE)
    text = ONE + " " * 1_000_000
    assert documents.get(text) is not documents.get(text)
    assert messages(documents.get(text)) == [
        f"characters: {len(text)} found, at most 50000 allowed. Ask for less in one operation."
    ]
    assert documents.get(ONE) is first
    assert calls["parse"] == 1


def test_refused_texts_drive_no_good_one_out(schema: GraphQLSchema, calls: Counter[str]) -> None:
    documents = Documents(schema, capacity=2)
    first = documents.get(ONE)
    for n in range(5):
        documents.get(f"{{ x{n} }}")
    assert documents.get(ONE) is first
    assert documents.get("{ x4 }") is documents.get("{ x4 }")
    assert calls["parse"] == 6
    documents.get("{ x0 }")
    assert calls["parse"] == 7


def test_a_limit_has_a_code_and_says_which_it_is(schema: GraphQLSchema) -> None:
    (error,) = Documents(schema, Limits(aliases=1)).get("{ a: viewer { b: user { email } } }").errors
    assert error.message == "aliases: 2 found, at most 1 allowed. Ask for less in one operation."
    refusal = error.original_error
    assert isinstance(refusal, LimitExceeded)
    assert refusal.extensions() == {
        "code": "OPERATION_REFUSED", "retryable": False, "limit": "aliases", "maximum": 1,
    }  # fmt: skip
    assert refusal.__traceback__ is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Syntax Error: Unexpected <EOF>."),
        ("\x00", "Syntax Error: Unexpected character: U+0000."),
        ("{ viewer { user { email } } } type A { b: Int }", "The 'A' definition is not executable."),
        ("fragment A on Viewer { user { email } }", "Fragment 'A' is never used."),
        ("mutation { pay }", "Cannot query field 'pay' on type 'Mutation'."),
        ("subscription { invoices }", "The subscription operation is not supported by the schema."),
        ("{ viewer { ... @defer { user { email } } } }", "Unknown directive '@defer'."),
    ],
    ids=["empty", "nul", "sdl", "no-operation", "mutation", "subscription", "defer"],
)  # fmt: skip
def test_texts_that_are_refused(documents: Documents, text: str, message: str) -> None:
    assert messages(documents.get(text))[0] == message


def test_a_lone_surrogate(documents: Documents) -> None:
    assert "character" in messages(documents.get("{ viewer \ud800 }"))[0]


@pytest.mark.parametrize("name", ["parse", "validate", "analyse"])
def test_running_out_of_stack_is_an_error_of_the_document(
    documents: Documents, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def deep(*_arguments: Any, **_options: Any) -> None:
        raise RecursionError

    monkeypatch.setattr(module, name, deep)
    assert messages(documents.get(ONE)) == [TOO_MUCH]


def test_the_deepest_document_that_is_allowed_is_analysed(documents: Documents) -> None:
    text = '{ account(id: "x") {' + "invoices { nodes { account {" * 16 + "id" + "} } }" * 16 + "} }"
    assert documents.get(text).errors == ()


def test_not_every_error_of_many_is_told(documents: Documents) -> None:
    found = messages(documents.get("{ " + " ".join(f"x{i}" for i in range(100)) + " }"))
    assert len(found) == 11
    assert found[-1] == "Too many validation errors, error limit reached. Validation aborted."


BOTH = "query A { viewer { user { email } } } query B { viewer { user { displayName } } }"


def test_several_operations(documents: Documents) -> None:
    document = documents.get(BOTH)
    assert document.operation("B") is document.operations["B"]
    assert document.operation("A").node.name is not None
    for name in (None, "C", ""):
        with pytest.raises(RequestError) as caught:
            document.operation(name)
        assert caught.value.code is Code.INVALID_INPUT
        assert caught.value.message == "operationName: write one of the document's operations: A, B."


def test_one_operation_needs_no_name(documents: Documents) -> None:
    document = documents.get(ONE)
    assert document.operation(None) is document.operations[None]
    with pytest.raises(RequestError) as caught:
        document.operation("A")
    assert caught.value.message == "operationName: leave it out: the operation has no name."


def test_each_operation_has_an_analysis_of_its_own(documents: Documents) -> None:
    document = documents.get(
        'query A { account(id: "x") { name } } query B { account(id: "x") { orders { totalCount } } }'
    )
    a, b = document.operation("A").analysis, document.operation("B").analysis
    assert a.fields != b.fields
    assert a.entries.keys() != b.entries.keys()


def test_a_broken_mutation_beside_a_query_refuses_the_document(documents: Documents) -> None:
    assert messages(documents.get("query A { viewer { user { email } } } mutation B { x }")) == [
        "Cannot query field 'x' on type 'Mutation'."
    ]
