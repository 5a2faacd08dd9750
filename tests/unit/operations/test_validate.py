"""The lean walk comes to graphql-core's verdict, and what is wrong is told in graphql-core's words."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    GraphQLSchema,
    build_schema,
    get_introspection_query,
    parse,
    specified_rules,
)
from graphql import validate as by_pairs
from graphql.pyutils import RefMap
from graphql.validation import OverlappingFieldsCanBeMergedRule

from gateway.operations import overlaps
from gateway.operations import validate as module
from gateway.operations.validate import validate
from gateway.schema.build import build
from tests.support.home import HOME

CASES = json.loads(Path(__file__).with_name("graphql_core_documents.json").read_text())["cases"]
MAX_ERRORS = 20


def is_valid(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """The verdict of the lean walk alone, without graphql-core's."""
    try:
        context = module._Context(schema, document, RefMap(), module._found)
        module._Walk(context, module._OTHERS).run()
        module._look_at_variables(context)
        overlaps.check_overlaps(schema, document)
    except (module._Invalid, overlaps.Conflict):
        return False
    return True


def agree(schema: GraphQLSchema, text: str) -> bool:
    """Both say the same of a document; give whether it is valid."""
    document = parse(text)
    expected = by_pairs(schema, document, max_errors=MAX_ERRORS)
    found = validate(schema, document, MAX_ERRORS)
    assert [error.formatted for error in found] == [error.formatted for error in expected], text
    assert is_valid(schema, document) is not bool(expected), text
    return not expected


def test_the_documents_that_graphql_core_tests_its_rules_with() -> None:
    verdicts = []
    for case in CASES:
        schema = build_schema(case["schema"], assume_valid=True)
        verdicts += [agree(schema, text) for text in case["documents"]]
    assert verdicts.count(True) > 75
    assert verdicts.count(False) > 400


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build()[0]


def test_what_portals_and_tools_send(schema: GraphQLSchema) -> None:
    assert agree(schema, HOME)
    assert agree(schema, get_introspection_query())


ARGUED = """
query ($yes: Boolean!, $f: InvoiceFilter, $n: Int = 3, $from: Date) {
  account(id: "x") @include(if: $yes) {
    invoices(first: $n, filter: $f) { ...I @skip(if: $yes) }
    late: invoices(filter: {issuedOn: {gte: $from, lt: "2026-01-01"}, status: [OPEN]}) { ...I }
  }
}
fragment I on InvoiceConnection { nodes { id lines(first: $n) { nodes { description } } } }
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("$n: Int", "$n: String"),
        ("$n: Int", "$n: [Int]"),
        ("$n: Int", "$m: Int, $n: Int"),
        ("first: $n", "first: $m"),
        ("$from: Date", "$from: Int"),
        ("$from: Date", "$from: Date, $from: Date"),
        ("gte: $from", "gte: $from, gte: $from"),
        ("gte: $from", "since: $from"),
        ("[OPEN]", "[open]"),
        ("[OPEN]", '"OPEN"'),
        ("if: $yes) {\n", "if: $yes) @include(if: $yes) {\n"),
        ("@skip(if: $yes)", "@skip"),
        ("@skip(if: $yes)", "@skip(unless: $yes)"),
        ("@skip(if: $yes)", "@stream"),
        ("late: ", ""),
        ("InvoiceConnection", "Account"),
        ("InvoiceConnection", "Nothing"),
        ("InvoiceConnection", "Date"),
        ("...I }", "...J }"),
        ("description", "description { x }"),
        ("nodes { description }", "nodes"),
        ("description", "descriptio"),
        ("id lines", "...I lines"),
        ("id lines", "id: __typename lines"),
        ("id lines", "id id: number lines"),
        ("fragment I", "fragment Unused on Account { id } fragment I"),
        ("fragment I", "fragment I on Account { id } fragment I"),
        ("fragment I", "query { viewer { user { email } } } fragment I"),
        ("fragment I", "type T { a: Int } fragment I"),
        ("fragment I", "subscription { a } fragment I"),
    ],
)
def test_one_change_to_a_valid_document(schema: GraphQLSchema, old: str, new: str) -> None:
    valid = agree(schema, ARGUED.replace(old, new, 1))
    assert valid is (old == "" or new == "id: __typename lines")


def test_not_more_errors_than_allowed_are_told(schema: GraphQLSchema) -> None:
    document = parse("{ " + " ".join(f"x{n}" for n in range(50)) + " }")
    for most in (1, 20, 100):
        found = [error.message for error in validate(schema, document, most)]
        assert found == [error.message for error in by_pairs(schema, document, max_errors=most)]


ANIMALS = """
interface Animal { name(short: Boolean): String size: Int friend: Animal friends: [Animal!] any: Any }
type Cat implements Animal {
  name(short: Boolean): String size: Int friend: Animal friends: [Animal!] any: Any
  lives: Int! mood: String home: Place
}
type Dog implements Animal {
  name(short: Boolean): String size: Int friend: Cat friends: [Dog!] any: Any
  barks: Int mood: Int home: Place
}
union Any = Cat | Dog
type Place { name: String size: Int! inside: [Animal] }
type Query { animal: Animal any: Any cat: Cat }
"""
LEAVES = {
    "Animal": ("name", "name(short: true)", "name(short: false)", "size"),
    "Cat": ("name", "name(short: true)", "size", "lives", "mood"),
    "Dog": ("name", "name(short: true)", "size", "barks", "mood"),
    "Place": ("name", "size"),
    "Any": (), "Query": (),
}  # fmt: skip
INNER = {
    "Animal": {"friend": "Animal", "friends": "Animal", "any": "Any"},
    "Cat": {"friend": "Animal", "friends": "Animal", "any": "Any", "home": "Place"},
    "Dog": {"friend": "Cat", "friends": "Dog", "any": "Any", "home": "Place"},
    "Place": {"inside": "Animal"},
    "Any": {}, "Query": {"animal": "Animal", "any": "Any", "cat": "Cat"},
}  # fmt: skip
NARROWED = {
    "Animal": ("Cat", "Dog", "Animal", "Any"),
    "Any": ("Cat", "Dog", "Animal"),
    "Cat": ("Cat", "Animal"),
}


class Writer:
    """Writes documents at random that are valid but for fields that may overlap."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  it makes texts, no secrets
        self.fragments: list[tuple[str, str]] = []

    def document(self) -> str:
        operation = "query " + self.selections("Query", 4)
        return " ".join([operation, *(text for _, text in self.fragments)])

    def selections(self, type_: str, depth: int) -> str:
        parts = [self.selection(type_, depth) for _ in range(self.dice.randint(1, 4))]
        return "{ " + " ".join(parts) + " }"

    def selection(self, type_: str, depth: int) -> str:
        pick = self.dice.random()
        if pick < 0.4 and type_ in NARROWED and depth:
            inner = self.dice.choice(NARROWED[type_])
            if pick < 0.25:
                return f"... on {inner} {self.selections(inner, depth - 1)}"
            return self.spread(inner, depth)
        alias = self.dice.choice(("", "", "a: ", "b: "))
        if INNER[type_] and depth and pick < 0.75:
            name = self.dice.choice(list(INNER[type_]))
            return f"{alias}{name} {self.selections(INNER[type_][name], depth - 1)}"
        return alias + self.dice.choice(LEAVES[type_] or ("__typename",))

    def spread(self, type_: str, depth: int) -> str:
        known = [at for at, (of, _) in enumerate(self.fragments) if of == type_]
        if known and self.dice.random() < 0.5:
            return f"...F{self.dice.choice(known)}"
        body = self.selections(type_, depth - 1)
        self.fragments.append((type_, f"fragment F{len(self.fragments)} on {type_} {body}"))
        return f"...F{len(self.fragments) - 1}"


def test_overlapping_fields_are_judged_as_pair_by_pair() -> None:
    """On documents that are valid in every other respect, the linear check never passes what pairs refuse."""
    schema = build_schema(ANIMALS)
    others = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]
    verdicts = Counter[tuple[bool, bool]]()
    for seed in range(300):
        document = parse(Writer(seed).document())
        assert not by_pairs(schema, document, others)
        expected = not by_pairs(schema, document, [OverlappingFieldsCanBeMergedRule])
        verdicts[expected, is_valid(schema, document)] += 1
    assert verdicts.keys() == {(True, True), (False, False)}
    assert min(verdicts.values()) > 50


def test_what_can_be_merged_in_very_many_ways_is_looked_at_once() -> None:
    """Each level of the interface stands beside each of its object types: 2^40 ways through one chain."""
    schema = build_schema(ANIMALS)
    chain = "size"
    for _ in range(40):
        chain = f"friend {{ {chain} }} ... on Cat {{ friend {{ size }} }} ... on Dog {{ friend {{ size }} }}"
    assert agree(schema, f"{{ animal {{ {chain} }} }}")
    assert not agree(schema, f"{{ animal {{ {chain.replace('size', 'size: name', 1)} }} }}")


def test_what_is_too_much_to_look_at_is_left_to_pairs(
    schema: GraphQLSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlaps, "_MAX_FIELDS", 10)
    document = parse(HOME)
    with pytest.raises(overlaps.Conflict):
        overlaps.check_overlaps(schema, document)
    assert validate(schema, document, MAX_ERRORS) == []


def test_the_walk_may_pass_over_what_no_rule_looks_at() -> None:
    for rule in specified_rules:
        for when in ("enter", "leave"):
            for kind in module._PASSED_OVER:
                assert not hasattr(rule, f"{when}_{kind}")
    for rule in module._OF_VARIABLES:
        hooks = {name for name in vars(rule) if name.startswith(("enter_", "leave_"))}
        assert hooks <= {
            "enter_operation_definition",
            "leave_operation_definition",
            "enter_fragment_definition",
        }
