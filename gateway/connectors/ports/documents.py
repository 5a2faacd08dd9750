"""Documents: files that the business keeps for a customer, in folders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, ClassVar, Protocol

from typing_extensions import Doc

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import BigInt, Kind, Listing, Page, Record, Selection, Url, Value
from gateway.errors import GatewayError


class DocumentKind(Enum):
    """What sort of document it is, in broad terms; `typeCode` is finer."""

    CONTRACT = "CONTRACT"
    FORM = "FORM"
    IDENTITY = "IDENTITY"
    INVOICE = "INVOICE"
    LETTER = "LETTER"
    MANUAL = "MANUAL"
    REPORT = "REPORT"
    STATEMENT = "STATEMENT"
    TAX = "TAX"
    OTHER = "OTHER"


class Disposition(Enum):
    """What a browser does with a download."""

    ATTACHMENT = "ATTACHMENT"
    INLINE = "INLINE"


class Property(Value, frozen=True, kw_only=True):
    """One thing the system notes about a document, in its own words."""

    name: Annotated[str, Doc("What is noted.")]
    value: Annotated[str, Doc("What it says.")]


class Document(Record, frozen=True, kw_only=True):
    """A file that the business keeps for the account."""

    id: str
    name: Annotated[str | None, Doc("File name.")]
    path: Annotated[str | None, Doc("Folders that lead to it and its name, below the account's own folder.")]
    type_code: Annotated[str | None, Doc("What it is, as a code of the business, such as `tax-return`.")]
    kind: Annotated[DocumentKind | None, Doc("What sort of document it is, in broad terms.")]
    tax_year: Annotated[int | None, Doc("The year it is about, where the system files documents by year.")]
    mime_type: Annotated[str | None, Doc("Media type, such as `application/pdf`.")]
    size_bytes: Annotated[BigInt | None, Doc("Size in bytes.")]
    version: Annotated[str | None, Doc("Names what it holds now.")]
    folder_id: str | None
    properties: Annotated[
        tuple[Property, ...] | None,
        Doc("What the system notes about it. Null in a list where only a single document has it."),
    ]
    created_at: Annotated[dt.datetime | None, Doc("When this version was stored.")]


class DocumentVersion(Record, frozen=True, kw_only=True):
    """What a document held from one moment on."""

    id: str
    document_id: str
    is_latest: Annotated[bool | None, Doc("Whether the document still holds this.")]
    size_bytes: Annotated[BigInt | None, Doc("Size in bytes.")]
    created_at: Annotated[dt.datetime | None, Doc("When it was stored.")]


class Folder(Record, frozen=True, kw_only=True):
    """A folder of the account's documents."""

    id: str
    name: Annotated[str | None, Doc("Name of the folder.")]
    path: Annotated[str | None, Doc("Folders that lead to it and its name, below the account's own folder.")]


class DocumentFilter(Value, frozen=True, kw_only=True):
    """Which documents to list. Conditions are joined by AND."""

    type_code: Annotated[tuple[str, ...] | None, Doc("One of these codes.")] = None
    tax_year: Annotated[int | None, Doc("About this year.")] = None


class LinkWish(Value, frozen=True, kw_only=True):
    """How a download link shall be. `seconds` is how long it opens, 60 to 300."""

    disposition: Disposition = Disposition.ATTACHMENT
    seconds: int = 120


class Link(Value, frozen=True, kw_only=True):
    """Where to fetch a file. Whoever has it can: it is made on request and kept nowhere."""

    url: Annotated[Url, Doc("Address to send a GET to, with no header of yours.")]
    expires_at: Annotated[dt.datetime, Doc("When it stops working.")]

    def __repr__(self) -> str:
        # The address is a secret while it works.
        return f"<Link until {self.expires_at.isoformat()}>"


class DocumentsPort(Protocol):
    """Customers' documents."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Document | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_documents(
        self,
        scope: AccountScope,
        page: Page,
        filter: DocumentFilter,  # noqa: A002  the field's standard term
        fields: Selection,
    ) -> Listing[Document]:
        """List all of one account's documents by path; UNSUPPORTED_CAPABILITY for what cannot be done."""
        ...

    async def list_versions(
        self, document: Document, page: Page, fields: Selection
    ) -> Listing[DocumentVersion]:
        """List the versions of a document that was loaded before, newest first."""
        ...

    async def link(self, document: Document, version: str | None, wish: LinkWish) -> Link:
        """Make a link to a document that was loaded before, or to one of its versions."""
        ...


class FoldersPort(Protocol):
    """Folders of customers' documents."""

    kind: ClassVar[Kind] = Kind.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Folder | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_folders(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Folder]:
        """List the folders at the top of the account's own folder, by name."""
        ...

    async def list_subfolders(self, folder: Folder, page: Page, fields: Selection) -> Listing[Folder]:
        """List the folders directly in a folder that was loaded before, by name."""
        ...
