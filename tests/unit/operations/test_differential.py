"""Operations on a small schema with one of everything: as graphql-core would run them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query

from gateway.operations.documents import Documents
from gateway.operations.execute import run
from tests.support.differential import compare
from tests.support.zoo import Counter, schema

SELECTIONS = [
    "{ cat { name lives food color } }",
    "{ __typename }",
    "{ a: __typename b: __typename cat { __typename it: __typename } pets { __typename kind: __typename } }",
    # Aliases, and fields that several places ask for.
    '{ a: cat { x: name name y: name } b: cat(name: "Kit") { name } }',
    "{ cat { name } cat { lives } ... { cat { name color } } ...F } fragment F on Query { cat { food } }",
    "{ cat { kittens { name } kittens { lives ...F } } } fragment F on Cat { kittens { food } name }",
    "{ cat { keeper { name } ...F } } fragment F on Cat { keeper { pets { __typename } } }",
    "{ dog { friend { name } friend { ... on Cat { lives } } ... on Named { friend { friend { name } } } } }",
    # Fragments: named, inline, nested, without a type, on interfaces, on unions, that never apply.
    "{ ...A } fragment A on Query { ...B } fragment B on Query { cat { ...C } } fragment C on Named { name }",
    "{ ... { ... { ... on Query { cat { ... { name } ... on Named { n: name } ... on Fed { food } } } } } }",
    "{ pets { ... on Cat { lives } ... on Dog { size: bone { size } } } }",
    "{ pets { ... on Named { friend { ... on Fed { food } } } ... on Dog { lives } ... on Fed { food } } }",
    '{ named(kind: "cat") { ... on Dog { bone { size } } } pet(kind: "dog") { ... on Cat { name } } }',
    '{ named(kind: "ghost") { name friend { name } ... on Pet { __typename } ... on Ghost { name } } }',
    "{ b: dog { bone { dog { bone { size } } } } }",
    # Constants in @skip and @include.
    "{ cat @skip(if: true) { name } dog { name @include(if: false) lives @include(if: true) } }",
    "{ cat { name @skip(if: true) name } a: cat { name @skip(if: true) @include(if: true) } }",
    "{ ... @skip(if: true) { cat { name } } ...F @include(if: false) } fragment F on Query { dog { name } }",
    "{ cat { name @skip(if: true) } }",
    # Values of every kind, in lists too.
    "{ pets(first: 4) { ... on Named { name } } }",
    "{ pets { ... on Cat { color mustKeeper { name } } ... on Dog { bone { size } keeper { name } } } }",
    "{ cats { name lives } some: cats(broken: [1]) { name lives } none: cats(count: 0) { name } }",
    "{ cats(count: 12) { name mustKeeper { name } } }",
    "{ cats(count: 12) { name keeper { name pets { __typename } } } }",
    "{ cats(count: 12) { keeper { name } vet { name } mother { name } friend { name } } }",
    "{ cats { mustMother { name } } }",
    '{ cat(name: null) { name } other: cat(name: "Kit 🦜 ünï") { name } }',
    "{ cat { broken name lives } }",
    "{ cat { kittens { broken sound loud: sound(loud: true) quiet: sound(loud: false) } } }",
    # Fields that are read from one source, for the same parents and for others.
    "{ cat { chip passport weight name } }",
    "{ cats(count: 4) { chip passport } }",
    '{ a: cat(name: "none") { chip } b: cat(name: "none") { chip passport } cat(name: "late") { chip } }',
    "{ cat { kittens { chip passport: chip } rivals { chip } k: kittens { weight passport } } }",
    "{ cat { kittens { chip } rivals { weight } } }",
    # Types that cannot be.
    *(
        f'{{ named(kind: "{kind}") {{ __typename name }} pet(kind: "{kind}") {{ __typename }} }}'
        for kind in (
            "cat",
            "dog",
            "none",
            "typeless",
            "unknown",
            "wrong",
            "abstract",
            "ghost",
            "number",
            "error",
            "x",
        )
    ),
    # Errors, at once and later, where null may stand and where not.
    "{ fails cat { name } }",
    "{ failsLater cat { name keeper { name } } }",
    "{ a: fails b: fails cat { vet { name } } }",
    # Arguments.
    '{ echo(int: 1, float: 1, text: "", id: 7, flag: false, color: RED, colors: [RED, GREEN]) }',
    "{ echo(ints: 1, matrix: [[1, null], null, []]) e: echo(matrix: 1) f: echo(colors: RED, ints: []) }",
    "{ echo(int: null, text: null, box: null, ints: null) e: echo }",
    '{ echo(box: {}) e: echo(box: {depth: null, tags: "one", inner: {inner: {widthCm: 9}}}) }',
    '{ echo(boxes: {tags: ["a", "b"]}) e: echo(boxes: [{color: GREEN}, {color: null}]) }',
    '{ echo(upper: "LOUD") must(value: 1, box: {tags: []}) defaulted d: defaulted(value: 1, color: RED) }',
]


@pytest.mark.parametrize("text", SELECTIONS)
async def test_without_variables(text: str) -> None:
    await compare(schema(), text)


MUTATIONS = [
    "mutation { add { value history } }",
    "mutation { a: add { value history seen } b: later(by: 3) { value history seen } }",
    "mutation { a: add { value } fail { value } b: add(by: 2) { value history } }",
    "mutation { a: add { value } mustFail { value } b: add(by: 2) { value } }",
    "mutation { a: add { value history } ...F b: add { seen } } fragment F on Mutation { a: add { seen } }",
    "mutation { __typename add @skip(if: true) { value } later(by: 1) { __typename value } }",
    "mutation M($by: Int = 1) { add(by: $by) { value } fail { value } later(by: 2) { seen } }",
]


@pytest.mark.parametrize("text", MUTATIONS)
async def test_mutations_come_one_after_the_other(text: str) -> None:
    counters: list[Counter] = []

    def counter() -> Counter:
        counters.append(Counter())
        return counters[-1]

    for variables in ({}, {"by": 5}, {"by": None}):
        await compare(schema(), text, variables, context=counter)
        ours, theirs = counters[-3:-1]
        assert ours.history == theirs.history


async def test_the_parts_of_one_root_field_are_answered_before_the_next_one_is() -> None:
    result = await compare(schema(), "mutation { a: add { seen } b: add { seen } }", context=Counter)
    assert result.data == {"a": {"seen": 1}, "b": {"seen": 2}}


async def test_each_operation_of_a_document() -> None:
    text = (
        "query A { cat { ...F } } query B { dog { ...F } } mutation C { add { value } }"
        " fragment F on Named { name friend { name } }"
    )
    await compare(schema(), text, name="A")
    await compare(schema(), text, name="B")
    await compare(schema(), text, name="C", context=Counter)


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ cat { name } __type(name: "Cat") { kind fields { name type { name } } interfaces { name } } }',
        "{ ...F } fragment F on Query { pets { __typename } __schema { types { name } } }",
        get_introspection_query(),
    ],
)
async def test_introspection(text: str) -> None:
    await compare(schema(), text, planned=False)


async def test_a_long_list_with_one_bad_item() -> None:
    result = await compare(
        schema(), "{ cats(count: 1000, broken: [617]) { name lives sound mustKeeper { name } } }"
    )
    assert result.data == {"cats": None}
    result = await compare(
        schema(), "{ cats(count: 1000, broken: [617]) { name lives sound keeper { name } } }"
    )
    assert result.data is not None
    assert [at for at, cat in enumerate(result.data["cats"]) if cat["lives"] is None] == [617]


async def test_deep_nesting() -> None:
    selection = "__typename"
    for depth in range(40):
        selection = f"{'name' if depth % 3 else 'again: __typename'} friend {{ {selection} }}"
    await compare(schema(), f"{{ dog {{ {selection} }} cat {{ {selection} }} }}")


async def test_roots_and_objects_that_are_mappings() -> None:
    async def later(_info: Any, x: int = 0) -> int:
        return x + 1

    def root() -> dict[str, Any]:
        inner = {
            "n": 1,
            "f": lambda _info, x=0: x,
            "g": later,
            "inner": [{"n": "2"}, {}, None, ValueError("no")],
        }
        return {"a": inner, "b": lambda _info: inner, "list": ({"n": n} for n in range(3))}

    made = build_schema(
        "type Query { a: A! b: A list: [A!] missing: A }"
        " type A { n: Int f(x: Int = 7): Int g(x: Int): Int inner: [A] must: Int! }"
    )
    await compare(
        made,
        "{ a { n f g inner { n f inner { n } } } b { g(x: 3) f(x: null) } list { n } missing { n } }",
        root=root,
    )
    await compare(made, "{ a { n } b { must } list { inner { must } } }", root=root)
    await compare(made, "{ a { n inner { must } } b { inner { n must } } list { must } }", root=root)


async def test_one_plan_serves_many_at_once() -> None:
    document = Documents(schema()).get(
        "mutation ($by: Int!) { add(by: $by) { seen } fail { value } later(by: $by) { seen history } }"
    )
    results = await asyncio.gather(
        *(run(schema(), document, None, {"by": by}, Counter()) for by in range(20))
    )
    assert [result.data for result in results] == [
        {"add": {"seen": by}, "fail": None, "later": {"seen": 100 + 2 * by, "history": [by, 100, by]}}
        for by in range(20)
    ]
