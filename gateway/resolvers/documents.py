"""Documents, their versions and folders, and links to fetch them by."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Self

from gateway.auth.principal import Membership
from gateway.auth.scope import Ref
from gateway.connectors.ports.common import key_of
from gateway.connectors.ports.documents import (
    Disposition,
    Document,
    DocumentFilter,
    DocumentsPort,
    DocumentVersion,
    Folder,
    FoldersPort,
    Link,
    LinkWish,
)
from gateway.context import RequestContext
from gateway.errors import Code, RequestError
from gateway.resolvers.connections import Connection, PageArgs, listed
from gateway.resolvers.relations import by_key

MIN_SECONDS, MAX_SECONDS = 60, 300


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """A link as the schema shows it; its address is a secret and has no place in a `repr`."""

    url: str = field(repr=False)
    expires_at: dt.datetime
    method: str = "GET"

    @classmethod
    def until(cls, url: str, expires_at: int) -> Self:
        """Make one that ends at a Unix time."""
        return cls(url, dt.datetime.fromtimestamp(expires_at, dt.UTC))


def checked_seconds(seconds: int) -> int:
    """Give how long a link shall open; INVALID_INPUT outside of 60 to 300 seconds."""
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise RequestError(
            Code.INVALID_INPUT, f"ttlSeconds: write a number from {MIN_SECONDS} to {MAX_SECONDS}."
        )
    return seconds


async def documents(
    membership: Membership,
    context: RequestContext,
    *,
    filter: DocumentFilter | None = None,  # noqa: A002  the argument's name in the schema
    **page: Any,
) -> Connection:
    """List the account's documents."""
    scope = await context.scope(membership)
    return await listed(
        context, DocumentsPort.list_documents, scope, PageArgs(**page), filter or DocumentFilter()
    )


async def folders(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List the folders at the top."""
    scope = await context.scope(membership)
    return await listed(context, FoldersPort.list_folders, scope, PageArgs(**page))


async def subfolders(folder: Folder, context: RequestContext, **page: Any) -> Connection:
    """List the folders in a folder."""
    return await listed(context, FoldersPort.list_subfolders, folder.scope, PageArgs(**page), parent=folder)


document_folder = by_key("folder_id", FoldersPort.get_many)


async def versions(document: Document, context: RequestContext, **page: Any) -> Connection:
    """List what the document held, newest first."""
    return await listed(
        context, DocumentsPort.list_versions, document.scope, PageArgs(**page), parent=document
    )


async def download(
    document: Document,
    context: RequestContext,
    *,
    disposition: Disposition = Disposition.ATTACHMENT,
    ttl_seconds: int = 120,
) -> DownloadLink:
    """Make a link to what the document holds now."""
    return await _link(document, None, context, disposition, ttl_seconds)


async def version_download(
    version: DocumentVersion, context: RequestContext, *, ttl_seconds: int = 120
) -> DownloadLink | None:
    """Make a link to a version, once its document has been checked."""
    version_id, ref = version.id, Ref(version.scope, key_of(version.document_id))
    document: Document | None = await context.load(DocumentsPort.get_many, ref)
    if document is None:
        return None
    return await _link(document, version_id, context, Disposition.ATTACHMENT, ttl_seconds)


async def _link(
    document: Document,
    version: str | None,
    context: RequestContext,
    disposition: Disposition,
    ttl_seconds: int,
) -> DownloadLink:
    wish = LinkWish(disposition=disposition, seconds=checked_seconds(ttl_seconds))
    made: Link = await context.call(DocumentsPort.link, document, version, wish)
    return DownloadLink(made.url, made.expires_at)
