"""Documents that are made to cost much more than they weigh, by name."""

from __future__ import annotations

from graphql import get_introspection_query

SIZE = 50_000
"""Characters of the longest texts that are read."""


def _doubling(steps: int) -> str:
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(steps))
    return f"{{ ...F0 }} {chain} fragment F{steps} on Query {{ viewer {{ user {{ email }} }} }}"


def _doubling_fields(steps: int) -> str:
    """Each step is a field: what is written out is a tree of 2^steps leaves, and every level a merged one."""
    chain = " ".join(
        f"fragment F{n} on Account {{ a: parent {{ ...F{n + 1} }} b: parent {{ ...F{n + 1} }} }}"
        for n in range(steps)
    )
    return f'{{ account(id: "x") {{ ...F0 }} }} {chain} fragment F{steps} on Account {{ id }}'


def _many(text: str, times: int) -> str:
    """`text` with # replaced by each number."""
    return " ".join(text.replace("#", str(n)) for n in range(times))


def _in_account(selections: str) -> str:
    return f'{{ account(id: "x") {{ {selections} }} }}'


def _filled(token: str, between: str = "") -> str:
    return (token + between) * (SIZE // len(token + between))


USER = "{ viewer { user { email } } }"
CONNECTION = "invoices(first: 10) { nodes { id number total { amount } lines { nodes { description } } } }"
INTROSPECTION = "name fields { name type { name fields { name type { name } } } }"

DOCUMENTS: dict[str, str] = {
    "fragments that double, 18 steps": _doubling(18),
    "fragments that double, 150 steps": _doubling(150),
    "fields that double, 18 steps": _doubling_fields(18),
    "fields that double, 10 steps": _doubling_fields(10),
    "fragment that spreads itself": "{ ...A } fragment A on Query { ...A viewer { user { email } } }",
    "fragment cycle of 200": "{ ...A0 } " + _many("fragment A# on Query { ...B# }", 100)
    + " " + " ".join(f"fragment B{n} on Query {{ ...A{(n + 1) % 100} }}" for n in range(100)),
    "fragments that all spread all": "{ ...A0 } "
    + " ".join(
        f"fragment A{n} on Query {{ {' '.join(f'...A{m}' for m in range(28))} }}" for n in range(28)
    ),
    "10,000 aliases": "{ " + _many("a#: viewer { user { email } }", 10_000) + " }",
    "650 aliases of a leaf": _in_account(_many("a#: id", 650)),
    "300 connections repeated": _in_account(f"{CONNECTION} " * 300),
    "75 connections repeated": _in_account(f"{CONNECTION} " * 75),
    "75 connections with filters repeated": _in_account(
        'invoices(first: 9, filter: {status: [OPEN], issuedOn: {lt: "2026-01-01"}}) { totalCount } ' * 75
    ),
    "75 connections, the last one different": _in_account(
        f"{CONNECTION} " * 74 + "invoices(first: 11) { nodes { id } }"
    ),
    "a field repeated, 26 KB": "{ viewer { user { " + "email " * 4_400 + "} } }",
    "a field repeated 1,400 times": "{ viewer { user { " + "email " * 1_400 + "} } }",
    "a field repeated 1,400 times, once different": "{ viewer { user { "
    + "email " * 1_400 + "email: displayName } } }",
    "100,000 brackets": "{ node(id: " + "[" * 50_000 + "]" * 50_000 + ") { id } }",
    "100 brackets": "{ node(id: " + "[" * 97 + "]" * 97 + ") { id } }",
    "100,000 braces": "{a" * 16_000 + "}" * 16_000,
    "49 inline fragments in each other": "{" + "...{" * 48 + "__typename" + "}" * 49,
    "10,000 directives on a field": "{ viewer " + "@skip(if: false) " * 10_000 + "{ user { email } } }",
    "250 directives on a field": "{ viewer " + "@skip(if: false) " * 250 + "{ user { email } } }",
    "900 unknown directives": "{ viewer " + _many("@d#", 900) + " { user { email } } }",
    "10,000 variables": "query (" + _many("$v#: Int", 10_000) + ") { viewer { user { email } } }",
    "450 variables": "query (" + _many("$v#: Int", 450) + ") { viewer { user { email } } }",
    "99 variables, each in a field": "query (" + _many("$v#: Int", 99) + ") "
    + _in_account(_many("a#: invoices(first: $v#) { totalCount }", 99)),
    "a list of 1,900": _in_account("invoices(filter: {status: [" + "OPEN " * 1_900 + "]}) { totalCount }"),
    "a list of 49,000": _in_account("invoices(filter: {status: [" + "1 " * 49_000 + "]}) { totalCount }"),
    "an object of 650": _in_account("invoices(filter: {" + _many("f#: 1", 650) + "}) { totalCount }"),
    "an object in objects": _in_account("invoices(filter: " + "{a: " * 95 + "1" + "}" * 95 + ") { id }"),
    "a block string": '{ node(id: """' + "\\" * 25_000 + "\n" * 24_000 + '""") { id } }',
    "a block string of indents": '{ node(id: """' + "\n  " * 16_000 + '""") { id } }',
    "a block string without end": '{ node(id: """' + '"" ' * 16_000,
    "a string without end": '{ node(id: "' + "\\\\" * 24_000,
    "escapes": '{ node(id: "' + "\\u0041" * 8_000 + '") { id } }',
    "block strings": "{ a(b: [" + _filled('""""""')[:48_000] + "]) }",
    "marks of byte order": "\ufeff" * 49_900 + "{ viewer { user { email } } }",
    "NULs": "\0" * SIZE,
    "lone surrogates": "{ viewer " + "\ud800" * 49_000,
    "surrogates in comments": "#" + "\ud800" * 49_000,
    "letters beyond ASCII": "{ " + "\u00e9" * 49_000 + " }",
    "comments": _filled("#\n"),
    "a comment": "#" * 49_900 + "\n{ viewer { user { email } } }",
    "blanks": " " * SIZE,
    "commas": "," * SIZE,
    "line ends": "\r\n" * 25_000,
    "names": "{" + _filled("a", " ")[:-2],
    "one name": "{ " + "a" * 49_000 + " }",
    "numbers": "{ a(b: [" + _filled("1", " ")[:-20],
    "one number": "{ a(b: " + "1" * 49_000 + ") }",
    "strings": "{ a(b: [" + _filled('""', " ")[:-20],
    **{f"only {mark}": _filled(mark) for mark in (*"{}()[]!$&:=@|", "...")},
    "a deep list type": "query ($a: " + "[" * 24_000 + "Int" + "]" * 24_000 + f") {USER}",
    "a list type of 95": "query ($a: " + "[" * 95 + "Int" + "]" * 95 + f") {USER}",
    "1,000 operations": _many("query Q# { viewer { user { email } } }", 1_000),
    "150 operations": _many("query Q# { viewer { user { email } } }", 150),
    "1,000 unused fragments": f"{USER} " + _many("fragment F# on User { email }", 1_000),
    "270 unused fragments": f"{USER} " + _many("fragment F# on User { email }", 270),
    "20 operations, each with 25 fragments": " ".join(
        f"query Q{n} {{ {_many('...F#', 25)} }}" for n in range(20)
    )
    + " " + _many("fragment F# on Query { viewer { user { email } } }", 25),
    "10,000 root fields": "{ " + "viewer { user { email } } " * 10_000 + "}",
    "95 root fields": "{ " + _many("a#: viewer { user { email displayName } }", 95) + " }",
    "circular introspection": "{ __schema { types { " + "fields { type { " * 20 + "name" + "} " * 43,
    "introspection, 50 times": "{ " + _many("a#: __schema { types { " + INTROSPECTION + " } }", 50) + " }",
    "introspection": get_introspection_query(),
    "200 inline fragments, 200 fields each": "{ viewer { "
    + ("... on Viewer { " + "user { email } " * 200 + "} ") * 200 + "} }",
    "30 inline fragments, 14 fields each": "{ viewer { "
    + ("... on Viewer { " + "user { email } " * 14 + "} ") * 30 + "} }",
    "interfaces in interfaces": "{ node(id: 1) { "
    + "... on Node { id ... on Account { id } ... on Invoice { id } " * 40 + "}" * 42,
    "unknown fields": "{ " + _many("x#", 100) + " }",
    "450 unknown fields below": _in_account(_many("x# { y }", 450)),
    "unknown arguments": _in_account("invoices(" + _many("x#: 1", 600) + ") { totalCount }"),
    "a word that is no field": "{ " + "a" * 49_000 + " }",
}  # fmt: skip
