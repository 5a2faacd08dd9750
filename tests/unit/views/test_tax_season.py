"""The tax season of a year: from a list of documents, and from what is noted on each return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema

from gateway.auth.audit import Audit
from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.converters import Converter, integer
from gateway.connectors.identity import AccountRef, ChainedMap, StaticFileMap
from gateway.connectors.mapping import Reader, Table, path, row
from gateway.connectors.ports.common import Listing, Page, Selection
from gateway.connectors.ports.documents import Document, DocumentFilter, DocumentsPort, Property
from gateway.connectors.registry import Registry
from gateway.context import RequestContext, Services
from gateway.errors import Code, UpstreamError
from gateway.ids import Cursors
from gateway.operations.documents import Documents
from gateway.operations.execute import run
from gateway.schema.build import build
from gateway.views import finder
from gateway.views.tax_season import resolve
from tests.support.portal import account_id
from tests.support.ports import ALL, KEY, NOW, Connector, make_principal

SEASON = """
  year organizerStatus missingItems { typeCode label }
  returns { jurisdiction status efileStatus document { name } }
"""
NOTES = Converter(
    (dict,), lambda _env, notes: tuple(Property(name=name, value=value) for name, value in notes.items())
)
DOCUMENT = Table(
    Document,
    owner=path("customer"),
    id=row("id"),
    name=row("id"),
    type_code=row("code"),
    tax_year=row("year", integer),
    properties=row("notes", NOTES),
)


class Files:
    """Documents in memory; a list knows no notes. `calls` holds what was asked; `down` fails it all."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows)
        self.calls: list[Any] = []
        self.down = False
        self.page = 100

    def ask(self, call: Any) -> None:
        self.calls.append(call)
        if self.down:
            raise UpstreamError(Code.UPSTREAM_UNAVAILABLE, "files")

    async def get_many(self, refs: Sequence[Ref], fields: Selection) -> list[Any]:
        self.ask([ref.native_id for ref in refs])
        reader = Reader(DOCUMENT, fields, "files", NOW)
        wires = {wire["id"]: wire for wire in self.rows if not wire.get("gone")}
        return [
            reader.read(wires[ref.native_id], ref.scope, None) if ref.native_id in wires else None
            for ref in refs
        ]

    async def list_documents(
        self, scope: AccountScope, page: Page, wanted: DocumentFilter, fields: Selection
    ) -> Listing[Document]:
        self.ask((scope.key, wanted))
        reader = Reader(DOCUMENT, fields, "files", NOW)
        found = [
            {**wire, "notes": None}
            for wire in self.rows
            if (wire["customer"] in scope.owners("files") or wire.get("leaked"))
            and wire["year"] == wanted.tax_year
            and (wire["code"] in (wanted.type_code or ()) or not isinstance(wire["code"], str))
        ]
        start = next((i + 1 for i, wire in enumerate(found) if wire["id"] == page.after), 0)
        end = start + min(page.size, self.page)
        rows = [(reader.read(wire, scope, None), wire["id"]) for wire in found[start:end]]
        return Listing(rows, has_next=end < len(found), has_previous=start > 0)


def wire(name: str, code: Any, customer: str = "a", year: int = 2025, **more: Any) -> dict[str, Any]:
    return {"id": name, "code": code, "customer": customer, "year": year, "notes": {}, **more}


FEDERAL = wire(
    "1040.pdf", "tax-return", notes={"jurisdiction": "US", "status": "final", "efile-status": "not-filed"}
)
STATE = wire("540.pdf", "tax-return", notes={"jurisdiction": "US-CA", "status": "in the drawer"})
ORGANIZER = wire("Organizer.pdf", "tax-organizer")
W2 = wire("W-2.pdf", "w2")
OTHERS = [
    wire("1040 of before.pdf", "tax-return", year=2024),
    wire("Bank.csv", "bank-statement", year=2024),
    wire("1040 of bravo.pdf", "tax-return", customer="b"),
    wire("Bank of bravo.csv", "bank-statement", customer="b"),
]


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build(views=finder.load(["tax-season"]))[0]


@pytest.fixture
def files() -> Files:
    return Files(FEDERAL, STATE, ORGANIZER, W2, *OTHERS)


async def asked(
    schema: GraphQLSchema,
    files: Files,
    selection: str = SEASON,
    *,
    account: str = "acme",
    year: int = 2025,
    permissions: frozenset[Permission] = ALL,
) -> ExecutionResult:
    """Ask for the season as a member of `acme`, whose files are those of customer `a`."""
    query = (
        f"query ($id: ID!, $year: Int!) {{ account(id: $id) {{ taxSeason(year: $year) {{ {selection} }} }} }}"
    )
    document = Documents(schema).get(query)
    assert document.errors == ()
    principal = make_principal("acme", "blank")
    for membership in principal.memberships.values():
        object.__setattr__(membership, "permissions", permissions)
    accounts = {
        "acme": AccountRef(natives={"files": ("a",)}),
        "bravo": AccountRef(natives={"files": ("b",)}),
        "blank": AccountRef(natives={}),
    }
    services = Services(
        registry=Registry({"files": Connector("files", {DocumentsPort: files})}, {"documents": "files"}),
        identity=ChainedMap([StaticFileMap(accounts)]),
        cursors=Cursors([KEY]),
        audit=Audit(KEY),
    )
    [operation] = document.operations.values()
    context = RequestContext(services, principal=principal, fields=operation.analysis.fields)
    return await run(schema, document, None, {"id": account_id(account), "year": year}, context)


def season_of(result: ExecutionResult) -> Any:
    assert result.data is not None
    return result.data["account"]["taxSeason"]


def codes_of(result: ExecutionResult) -> dict[str, Code]:
    """The codes of the errors by path below the season."""
    found = {}
    for error in result.errors or []:
        cause: Any = error
        while getattr(cause, "original_error", None) is not None:
            cause = cause.original_error
        found[".".join(map(str, (error.path or [])[2:]))] = cause.code
    return found


async def test_a_season_costs_three_lists_and_a_batch(schema: GraphQLSchema, files: Files) -> None:
    result = await asked(schema, files)
    assert result.errors is None
    assert season_of(result) == {
        "year": 2025,
        "organizerStatus": "RECEIVED",
        "missingItems": [{"typeCode": "bank-statement", "label": "Bank statements"}],
        "returns": [
            {
                "jurisdiction": "US",
                "status": "FINAL",
                "efileStatus": "NOT_FILED",
                "document": {"name": "1040.pdf"},
            },
            {
                "jurisdiction": "US-CA",
                "status": "UNKNOWN",
                "efileStatus": None,
                "document": {"name": "540.pdf"},
            },
        ],
    }
    lists = [
        ("acme", DocumentFilter(type_code=codes, tax_year=2025))
        for codes in (("tax-organizer",), ("w2", "bank-statement"), ("tax-return",))
    ]
    assert files.calls == [*lists, ["1040.pdf", "540.pdf"]]


@pytest.mark.parametrize(
    ("selection", "calls"),
    [
        ("year", 0),
        ("organizerStatus", 1),
        ("missingItems { label }", 1),
        ("returns { document { name } }", 1),
    ],
)
async def test_what_is_not_selected_costs_nothing(
    schema: GraphQLSchema, files: Files, selection: str, calls: int
) -> None:
    assert (await asked(schema, files, selection)).errors is None
    assert len(files.calls) == calls


async def test_a_year_of_which_nothing_is_on_file(schema: GraphQLSchema, files: Files) -> None:
    season = season_of(await asked(schema, files, year=2019))
    assert (season["organizerStatus"], season["returns"]) == ("MISSING", [])
    assert [item["typeCode"] for item in season["missingItems"]] == ["w2", "bank-statement"]
    assert len(files.calls) == 3


async def test_an_account_of_others_is_not_there(schema: GraphQLSchema, files: Files) -> None:
    result = await asked(schema, files, account="bravo")
    assert (result.data, result.errors) == ({"account": None}, None)
    assert files.calls == []


async def test_an_account_without_documents(schema: GraphQLSchema, files: Files) -> None:
    result = await asked(schema, files, account="blank")
    assert (season_of(result), result.errors) == (None, None)
    assert files.calls == []


async def test_a_foreign_document_in_the_list_fails_it(schema: GraphQLSchema, files: Files) -> None:
    files.rows.append(wire("Bank of bravo, 2.csv", "bank-statement", customer="b", leaked=True))
    result = await asked(schema, files)
    assert season_of(result)["missingItems"] is None
    assert len(season_of(result)["returns"]) == 2
    assert codes_of(result) == {"missingItems": Code.UPSTREAM_CONTRACT_BROKEN}


async def test_a_foreign_document_by_its_id_is_not_there(schema: GraphQLSchema, files: Files) -> None:
    files.rows.append(FEDERAL | {"customer": "b", "notes": {"jurisdiction": "XX"}})  # the later row is given
    result = await asked(schema, files)
    assert [found["jurisdiction"] for found in season_of(result)["returns"]] == ["US-CA"]


async def test_without_the_permission_nobody_is_called(schema: GraphQLSchema, files: Files) -> None:
    result = await asked(schema, files, permissions=ALL - {Permission.DOCUMENTS_READ})
    assert season_of(result) is None
    assert codes_of(result) == {"": Code.FORBIDDEN}
    assert files.calls == []


async def test_a_system_that_is_down(schema: GraphQLSchema, files: Files) -> None:
    files.down = True
    result = await asked(schema, files)
    assert season_of(result) == {"year": 2025, "organizerStatus": None, "missingItems": None, "returns": None}
    assert codes_of(result) == dict.fromkeys(
        ("organizerStatus", "missingItems", "returns"), Code.UPSTREAM_UNAVAILABLE
    )
    assert len(files.calls) == 3


async def test_a_return_that_was_removed_meanwhile(schema: GraphQLSchema, files: Files) -> None:
    files.rows[0] = FEDERAL | {"gone": True}
    result = await asked(schema, files)
    assert [found["jurisdiction"] for found in season_of(result)["returns"]] == ["US-CA"]


async def test_notes_that_are_broken(schema: GraphQLSchema, files: Files) -> None:
    files.rows[0] = FEDERAL | {"notes": 7}
    result = await asked(schema, files)
    assert [found and found["jurisdiction"] for found in season_of(result)["returns"]] == [None, "US-CA"]
    assert codes_of(result) == {"returns.0": Code.UPSTREAM_CONTRACT_BROKEN}


async def test_a_document_of_no_known_sort_hides_what_is_missing(schema: GraphQLSchema, files: Files) -> None:
    files.rows.append(wire("Odd.pdf", 7))
    result = await asked(schema, files)
    assert season_of(result)["missingItems"] is None
    assert codes_of(result)["missingItems"] is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize("year", [1899, 2101, -1])
async def test_a_year_that_is_none(schema: GraphQLSchema, files: Files, year: int) -> None:
    result = await asked(schema, files, year=year)
    assert list(codes_of(result).values()) == [Code.INVALID_INPUT]
    assert files.calls == []


async def test_more_returns_than_are_looked_at(schema: GraphQLSchema, files: Files) -> None:
    files.rows += [wire(f"{n}.pdf", "tax-return") for n in range(resolve.MOST_RETURNS)]
    result = await asked(schema, files)
    assert codes_of(result) == {"returns": Code.OPERATION_REFUSED}
    assert len(files.calls) == 3


async def test_a_list_of_several_pages(schema: GraphQLSchema, files: Files) -> None:
    files.page = 2
    files.rows += [wire(f"W-2, {n}.pdf", "w2") for n in range(2)]
    result = await asked(schema, files, "missingItems { typeCode }")
    assert season_of(result) == {"missingItems": [{"typeCode": "bank-statement"}]}
    assert len(files.calls) == 2


async def test_a_list_that_is_too_long_is_not_cut(schema: GraphQLSchema, files: Files) -> None:
    files.page = 1
    files.rows += [wire(f"W-2, {n}.pdf", "w2") for n in range(4)]
    result = await asked(schema, files, "missingItems { typeCode }")
    assert season_of(result) == {"missingItems": None}
    assert codes_of(result) == {"missingItems": Code.OPERATION_REFUSED}
    assert len(files.calls) == 4


async def test_an_empty_page_that_goes_on(schema: GraphQLSchema, files: Files) -> None:
    files.page = 0
    result = await asked(schema, files, "missingItems { typeCode }")
    assert codes_of(result) == {"missingItems": Code.UPSTREAM_CONTRACT_BROKEN}
    assert len(files.calls) == 1
