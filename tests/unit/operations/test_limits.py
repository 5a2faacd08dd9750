"""What a document may hold is counted as the lexer and the executor see it, and refused in clear words."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from graphql import GraphQLError, Lexer, Source, TokenKind, get_introspection_query, parse

from gateway.errors import Code
from gateway.operations.limits import LimitExceeded, Limits, check_document, check_text
from tests.support.home import HOME

ALL = Limits(**{field.name: 10_000_000 for field in dataclasses.fields(Limits)})


def only(**limits: int) -> Limits:
    """No limits but these."""
    return dataclasses.replace(ALL, **limits)


def refusal(text: str, limits: Limits) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        check(text, limits)
    return caught.value


def check(text: str, limits: Limits) -> None:
    check_text(text, limits)
    check_document(parse(text), limits)


def most(text: str, limit: str) -> int:
    """How much of it is in a document: what is allowed one below it is not."""
    return next(n for n in range(-1, 1000) if _passes(text, only(**{limit: n})))


def _passes(text: str, limits: Limits) -> bool:
    try:
        check(text, limits)
    except LimitExceeded:
        return False
    return True


@pytest.mark.parametrize("text", [HOME, get_introspection_query()], ids=["home", "introspection"])
def test_what_portals_and_tools_send_passes(text: str) -> None:
    check(text, Limits())


def test_a_page_of_thirty_components_with_fragments_in_fragments_passes() -> None:
    spreads = " ".join(f"...Panel{n}" for n in range(30))
    panels = " ".join(
        f"fragment Panel{n} on Account {{ id panel{n}: invoices(first: 50) {{"
        " nodes { ...Row } pageInfo { hasNextPage endCursor } } }"
        for n in range(30)
    )
    row = "fragment Row on Invoice { id number status issuedOn total { ...Sum } amountDue { ...Sum } }"
    text = f"query Page($id: ID!) {{ account(id: $id) {{ {spreads} }} }} {panels} {row}"
    check(f"{text} fragment Sum on Money {{ amount currencyCode }}", Limits())


@pytest.mark.parametrize(
    ("limit", "text", "expected"),
    [
        ("characters", "{ a }", 5),
        ("tokens", '{ a(b: "x y", c: """z " \\""" """) # no\n }', 11),
        ("comments", "# one\n{ a # two\r # three\n }", 3),
        ("brackets", '{ a(b: [{c: "{{{{"}]) { d } }', 4),
        ("operations", "query A { a } query B { a } fragment F on T { a }", 2),
        ("depth", "{ a { b { c } } }", 3),
        ("depth", "{ ...F } fragment F on T { a { ... { ...G } } } fragment G on T { b }", 5),
        ("fields", "{ a { b } c }", 3),
        ("fields", "{ ...F x { ...F } } fragment F on T { a { ...G ...G } } fragment G on T { b c }", 11),
        ("root_fields", "{ a { b } ... { c ...F } ...F } fragment F on T { d e { f } }", 6),
        ("aliases", "{ x: a { y: b } c ...F ...F } fragment F on T { z: d }", 4),
        ("spreads", "{ ...F a { ...F } } fragment F on T { ...G ...G } fragment G on T { b }", 6),
        ("directives", "query ($a: Int @d) @d { a @d ... @d { b } ...F @d } fragment F on T @d { c @d }", 7),
        ("values", "query ($a: [Int] = [1, 2]) { a(b: {c: [1 {d: 2}] e: [[]]}) @d(x: [3]) }", 9),
        ("values", "{ a(b: [1]) ...F ...F } fragment F on T { a(b: [2]) }", 3),
        ("variables", "query ($a: Int, $b: Int) { a } query ($a: Int, $b: Int, $c: Int) { a }", 3),
    ],
)  # fmt: skip
def test_what_is_counted(limit: str, text: str, expected: int) -> None:
    assert most(text, limit) == expected


def test_a_refusal_names_the_limit_and_both_numbers() -> None:
    error = refusal("{ a b c }", only(fields=2))
    assert error.message == "fields: 3 found, at most 2 allowed. Ask for less in one operation."
    assert error.code is Code.OPERATION_REFUSED
    assert error.extensions() == {
        "code": "OPERATION_REFUSED", "retryable": False, "limit": "fields", "maximum": 2,
    }  # fmt: skip
    error = refusal("{ a b c }", only(tokens=2))
    assert error.message == "tokens: more than 2 found, at most 2 allowed. Ask for less in one operation."


def test_each_operation_is_counted_by_itself() -> None:
    check("query A { a b } query B { a b }", only(fields=2))


def test_fragments_that_double_at_each_step_are_counted_not_written_out() -> None:
    chain = "".join(f" fragment F{n} on T {{ ...F{n + 1} ...F{n + 1} }}" for n in range(300))
    text = "{ ...F0 }" + chain + " fragment F300 on T { a }"
    assert refusal(text, only(fields=100)).message.startswith("fields: more than 100 found")
    short = "{ ...F0 }" + "".join(f" fragment F{n} on T {{ ...F{n + 1} ...F{n + 1} }}" for n in range(18))
    assert refusal(short + " fragment F18 on T { a }", only(fields=100)).message.startswith(
        f"fields: {2**18} found"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{ ...A } fragment A on T { a ...A }",
        "{ ...A } fragment A on T { a ...B } fragment B on T { b ...C ...A } fragment C on T { c ...B }",
        "fragment A on T { ...B } fragment B on T { ...A }",
        "{ ...Unknown a }",
    ],
)
def test_cycles_and_unknown_fragments_are_for_validation_to_refuse(text: str) -> None:
    check(text, Limits())


@pytest.mark.parametrize("text", ["{ a ' }", '{ a(b: """ }', '{ a(b: "\n") }', "{ a .. }", "\x00", "{ ? }"])
def test_what_is_no_token_is_for_the_parser_to_refuse(text: str) -> None:
    check_text(text, Limits())
    with pytest.raises(GraphQLError, match="Syntax Error"):
        parse(text)


PIECES = (
    "a", "query", "_1", "{", "}", "(", ")", "[", "]", "...", "!", "$", "&", ":", "=", "@", "|", "1", "-1",
    "0", "1.5", "1e3", "-0.1E-2", '""', '"a"', '"\\""', '"\\u0041 #"', '"""', '""""""', '"""a"""',
    '"""\\""""""', '"""a"b""c"""', '"""\n#\\"""', '"', "\\", "#c\n", '# """\n', "#c\r", " ", ",", "\ufeff",
    "\t", "\r\n", ".", "-", "e", "\u00e9", "\U0001f600", "?", "%",
)  # fmt: skip


def test_tokens_are_counted_as_the_lexer_counts_them() -> None:
    """On any text: equal where the lexer reads it whole, and never less where it ends in an error."""
    dice = random.Random(1)  # noqa: S311  a seed for texts, no secret
    whole = 0
    for _ in range(5_000):
        text = "".join(dice.choices(PIECES, k=dice.randint(1, 12)))
        tokens, comments, complete = lexed(text)
        counted = {name: counts(text, name) for name in ("tokens", "comments")}
        assert counted["tokens"] >= tokens, text
        assert counted["comments"] >= comments, text
        if complete:
            assert counted == {"tokens": tokens, "comments": comments}, text
            whole += 1
    assert whole > 500


def counts(text: str, limit: str) -> int:
    found = 0
    while True:
        try:
            check_text(text, only(**{limit: found}))
        except LimitExceeded:
            found += 1
        else:
            return found


def lexed(text: str) -> tuple[int, int, bool]:
    lexer: Any = Lexer(Source(text))
    token = lexer.token
    tokens = comments = 0
    while True:
        try:
            token = lexer.read_next_token(token.end)
        except GraphQLError:
            return tokens, comments, False
        if token.kind is TokenKind.EOF:
            return tokens, comments, True
        if token.kind is TokenKind.COMMENT:
            comments += 1
        else:
            tokens += 1
