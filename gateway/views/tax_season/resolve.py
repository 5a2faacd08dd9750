"""How the tax season is answered: lists of the year's documents by type, and what is noted on each return.

Each field asks for its own types: where documents are filed by type, each type is a call.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

from gateway.connectors.ports.documents import Document, DocumentFilter, DocumentsPort
from gateway.views import (
    Code,
    Context,
    GatewayError,
    Membership,
    RequestError,
    each,
    every,
    key_of,
    known,
    selected,
)
from gateway.views.tax_season.models import (
    EfileStatus,
    MissingItem,
    OrganizerStatus,
    ReturnStatus,
    TaxReturn,
    TaxSeason,
)

E = TypeVar("E", bound=Enum)

RETURN = "tax-return"
ORGANIZER = "tax-organizer"
SOURCES = {"w2": "Wage statements (Form W-2)", "bank-statement": "Bank statements"}
"""Type codes of what every client hands in for a year -> what a client reads."""
MOST_RETURNS = 20
"""Each return is one call where a system notes things on single documents only."""
_NOTED = ("jurisdiction", "status", "efile_status")
_YEARS = range(1900, 2101)


async def tax_season(account: Membership, context: Context, *, year: int) -> TaxSeason | None:
    """Answer a year of an account whose documents are kept; no call."""
    if year not in _YEARS:
        raise RequestError(Code.INVALID_INPUT, f"year: write one from {_YEARS[0]} to {_YEARS[-1]}.")
    scope = await context.scope(account)
    if not known(context, DocumentsPort.list_documents, scope):
        return None
    return TaxSeason(scope=scope, year=year)


async def organizer_status(season: TaxSeason, context: Context) -> OrganizerStatus:
    """Answer whether there is an organizer."""
    on_file = await _on_file(season, context, ORGANIZER)
    return OrganizerStatus.RECEIVED if ORGANIZER in on_file else OrganizerStatus.MISSING


async def missing_items(season: TaxSeason, context: Context) -> list[MissingItem]:
    """Answer the sources of which there is none."""
    on_file = await _on_file(season, context, *SOURCES)
    return [
        MissingItem(type_code=code, label=label) for code, label in SOURCES.items() if code not in on_file
    ]


async def returns(season: TaxSeason, context: Context) -> list[Any]:
    """Answer the returns by path; an error in the place of one that cannot be read."""
    found = await _documents(season, context, RETURN)
    if len(found) > MOST_RETURNS:
        raise RequestError(Code.OPERATION_REFUSED, f"The year has more than {MOST_RETURNS} returns.")
    rows: list[Any] = list(found)
    if selected(context, TaxReturn, *_NOTED):
        ids = [key_of(document.id) for document in found]
        rows = await each(context, DocumentsPort.get_many, season.scope, ids)
    # None: it was removed since it was listed.
    return [row if isinstance(row, Exception) else _return(row, season) for row in rows if row is not None]


def _return(document: Document, season: TaxSeason) -> TaxReturn | GatewayError:
    try:
        noted = {key_of(note.name): key_of(note.value) for note in key_of(document.properties) or ()}
    except GatewayError as error:
        return error
    return TaxReturn(
        scope=season.scope,
        jurisdiction=noted.get("jurisdiction"),
        status=_word(ReturnStatus, noted.get("status")),
        efile_status=_word(EfileStatus, noted.get("efile-status")),
        document=document,
    )


def _word(enum: type[E], text: str | None) -> E | None:
    """Read `not-filed` as NOT_FILED; a word that is not known as UNKNOWN."""
    if text is None:
        return None
    return enum.__members__.get(text.upper().replace("-", "_"), enum["UNKNOWN"])


async def _on_file(season: TaxSeason, context: Context, *codes: str) -> set[str]:
    return {key_of(document.type_code) for document in await _documents(season, context, *codes)}


async def _documents(season: TaxSeason, context: Context, *codes: str) -> list[Document]:
    """List the year's documents of some types. A broken one fails it: what is missing is not known then."""
    wanted = DocumentFilter(type_code=codes, tax_year=season.year)
    rows = await every(context, DocumentsPort.list_documents, season.scope, wanted)
    return [key_of(row) for row in rows]
