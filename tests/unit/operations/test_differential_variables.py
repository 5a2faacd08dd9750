"""Variables right, wrong, null and left out: coerced as graphql-core would."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from gateway.operations.documents import Documents
from tests.support.differential import compare
from tests.support.zoo import schema

VARIABLES: list[tuple[str, list[dict[str, Any]]]] = [
    (
        (
            "query ($a: Boolean!, $b: Boolean = true) { cat @skip(if: $a) { name @include(if: $b) lives }"
            " ... @include(if: $a) { dog { name @skip(if: $b) @include(if: $a) } } ...F @skip(if: $b) }"
            " fragment F on Query { pets @include(if: $a) { __typename @skip(if: $b) } }"
        ),
        [{"a": a} | b for a in (True, False) for b in ({}, {"b": True}, {"b": False})],
    ),
    ("query ($a: Boolean!) { cat @skip(if: $a) { name } }", [{}, {"a": None}, {"a": "yes"}, {"a": 1}]),
    (
        "query ($i: Int, $box: Box, $c: Color, $is: [Int!]) {echo(int: $i, box: $box, color: $c, ints: $is)}",
        [
            {},
            {"i": None, "box": None, "c": None, "is": None},
            {"i": 2**31 - 1, "box": {}, "c": "RED", "is": 3},
            {"i": 1, "box": {"widthCm": 1, "inner": {"tags": "one"}}, "c": "GREEN", "is": [1, 2]},
            {"i": 2**31},
            {"i": "1"},
            {"i": 1.0},
            {"i": 1.5},
            {"c": "BLUE"},
            {"c": 1},
            {"box": {"depth": "deep"}, "is": [None], "i": []},
            {"box": {"unknown": 1}},
            {"box": {"widthCm": None}},
            {"box": []},
            {"unknown": 1},
        ],
    ),
    (
        "query ($int: Int = 5, $b: Box = {depth: 2}, $is: [Int!] = 1) {echo(int: $int, box: $b, ints: $is)}",
        [{}, {"int": None, "b": None, "is": None}, {"int": 1, "b": {"depth": 1}, "is": []}],
    ),
    (
        (
            "query ($i: Int, $text: String!, $box: Box!, $c: Color! = RED) {"
            " echo(matrix: [[$i, 2], [$i]], box: {depth: $i, tags: [$text], inner: $box, color: $c}) }"
        ),
        [
            {"text": "t", "box": {}},
            {"i": None, "text": "t", "box": {"tags": None}},
            {"i": 3, "text": 1, "box": {}},
        ],
    ),
    # What may be null, where nothing may: an error of each field that takes it.
    (
        (
            "query ($value: Int = 1, $count: Int = 2) { must(value: $value) d: defaulted(value: $value)"
            " cats(count: $count) { name } cat { name } }"
        ),
        [{}, {"value": None}, {"count": None}, {"value": None, "count": None}, {"value": 3, "count": 1}],
    ),
    ("query ($value: Int) { defaulted(value: $value) }", [{}, {"value": None}, {"value": 1}]),
    (
        "query ($loud: Boolean = true) { cat { kittens { sound(loud: $loud) } } }",
        [{}, {"loud": None}, {"loud": False}],
    ),
    (
        "query ($id: ID, $text: String, $float: Float) { echo(id: $id, text: $text, float: $float) }",
        [
            {"id": 7, "float": 1},
            {"id": "x", "float": 1e400},
            {"id": 1.5},
            {"text": 1},
            {"float": "1"},
            {"id": True},
        ],
    ),
    (
        "query ($upper: Upper) { echo(upper: $upper) }",
        [{"upper": "LOUD"}, {"upper": "quiet"}, {"upper": 1}, {}],
    ),
    (
        "query ($kind: String!) { named(kind: $kind) { name } }",
        [{"kind": "cat"}, {"kind": "none"}, {"kind": "?"}, {}],
    ),
    (
        "query ($first: Int) { pets(first: $first) { ... on Named { name } } }",
        [{"first": 1}, {"first": None}, {}],
    ),
]


@pytest.mark.parametrize(
    ("text", "variables"), [(text, variables) for text, several in VARIABLES for variables in several]
)
async def test_with_variables(text: str, variables: dict[str, Any]) -> None:
    await compare(schema(), text, variables, planned=None if None in variables.values() else True)


async def test_more_choices_of_what_is_left_out_than_plans_are_kept() -> None:
    names = "abcdef"
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    document = Documents(schema()).get(f"query ({declared}) {{ cat {{ lives {fields} }} }}")
    for _ in range(2):
        for choice in product((True, False), repeat=len(names)):
            await compare(schema(), document, dict(zip(names, choice, strict=True)))
