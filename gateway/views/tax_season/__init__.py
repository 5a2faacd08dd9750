"""Tax season: what an accounting firm has, and still needs, for a client's taxes of one year."""

from __future__ import annotations

from gateway.connectors.ports import documents
from gateway.schema import documents as _documents  # noqa: F401  declares Document
from gateway.views import Arg, Permission, View, auto, enum_of, field, object_type
from gateway.views.tax_season import models, resolve

_REQUIRES = [Permission.DOCUMENTS_READ]


@object_type(models.MissingItem, requires=_REQUIRES)
class TaxSeasonMissingItem:
    """A document that the firm still needs for the year."""

    type_code: auto
    label: auto


@object_type(models.TaxReturn, requires=_REQUIRES)
class TaxReturn:
    """A tax return that the firm prepared."""

    jurisdiction: auto
    status: auto
    efile_status: auto
    document: auto


@object_type(models.TaxSeason, requires=_REQUIRES)
class TaxSeason:
    """Where the account's taxes of one year stand."""

    year: auto
    organizer_status = field(
        enum_of(models.OrganizerStatus) | None,
        resolve.organizer_status,
        description="Whether the organizer, the firm's questions about the year, is on file.",
        reads={documents.Document: ["type_code"]},
    )
    returns = field(
        list[TaxReturn | None] | None,
        resolve.returns,
        description=f"The year's tax returns; refused beyond {resolve.MOST_RETURNS}.",
        reads={documents.Document: ["id", "properties"]},
    )
    missing_items = field(
        list[TaxSeasonMissingItem] | None,
        resolve.missing_items,
        description="What every client hands in and is not on file.",
        reads={documents.Document: ["type_code"]},
    )


VIEW = View(
    tax_season=field(
        TaxSeason | None,
        resolve.tax_season,
        description="Where the account's taxes of a year stand; null for an account without documents here.",
        args=[Arg("year", int, "The year the taxes are for.")],
    )
)
