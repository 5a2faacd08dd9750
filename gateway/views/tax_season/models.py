"""What the tax season of a year is made of."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from typing_extensions import Doc

from gateway.connectors.ports.documents import Document
from gateway.views import AccountPart, Value


class OrganizerStatus(Enum):
    """Whether the organizer, the firm's questions about the year, is on file."""

    MISSING = "MISSING"
    RECEIVED = "RECEIVED"


class ReturnStatus(Enum):
    """How far a return is."""

    DRAFT = "DRAFT"
    FINAL = "FINAL"
    UNKNOWN = "UNKNOWN"


class EfileStatus(Enum):
    """What became of a return at the tax authority."""

    NOT_FILED = "NOT_FILED"
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class TaxReturn(AccountPart, frozen=True, kw_only=True):
    """A tax return that the firm prepared."""

    jurisdiction: Annotated[str | None, Doc("Whose return it is, as an ISO 3166 code such as US or US-CA.")]
    status: Annotated[ReturnStatus | None, Doc("How far it is; null when nothing is noted.")]
    efile_status: Annotated[
        EfileStatus | None, Doc("What became of it at the authority; null when nothing is noted.")
    ]
    document: Annotated[Document, Doc("The return itself.")]


class MissingItem(Value, frozen=True, kw_only=True):
    """A document that the firm still needs for the year."""

    type_code: Annotated[str, Doc("The code that the document will be filed under.")]
    label: Annotated[str, Doc("What it is, to be shown.")]


class TaxSeason(AccountPart, frozen=True, kw_only=True):
    """Where the account's taxes of one year stand."""

    year: Annotated[int, Doc("The year the taxes are for.")]
