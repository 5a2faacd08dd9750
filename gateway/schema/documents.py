"""Documents, their versions and folders, and links to fetch them by."""

from __future__ import annotations

import datetime as dt

from gateway.auth.permissions import Permission
from gateway.connectors.ports import documents as models
from gateway.connectors.ports.common import Url
from gateway.resolvers import documents as resolve
from gateway.schema.base import (
    AccountScoped,
    Arg,
    Node,
    auto,
    connection,
    connection_to,
    connection_type,
    enum_of,
    field,
    lazy,
    object_type,
    plain,
    related,
)

DOCUMENTS = [Permission.DOCUMENTS_READ]
TTL = Arg("ttl_seconds", int, "How long the link opens, 60 to 300 seconds.", 120)


@object_type(resolve.DownloadLink, requires=[])
class DownloadLink:
    """Where to fetch a file. Whoever has the address can: it is made on request, and kept nowhere."""

    url = plain(Url, "url", "Address of the file; no header is needed.")
    method = plain(str, "method", "HTTP method to use.")
    expires_at = plain(dt.datetime, "expires_at", "When it stops working.")


@object_type(models.Property, requires=[])
class DocumentProperty:
    """One thing the system notes about a document."""

    name: auto
    value: auto


@object_type(models.DocumentVersion, requires=DOCUMENTS)
class DocumentVersion:
    """What a document held from one moment on."""

    is_latest: auto
    size_bytes: auto
    created_at: auto
    download = field(
        DownloadLink | None,
        resolve.version_download,
        description="A link to this version.",
        args=[TTL],
        reads={models.DocumentVersion: ["id", "document_id"]},
    )


@object_type(models.Folder, requires=DOCUMENTS)
class Folder(Node, AccountScoped):
    """A folder of the account's documents."""

    name: auto
    path: auto
    folders = connection_to(
        lazy("FolderConnection", "documents"),
        resolve.subfolders,
        description="The folders in it, by name.",
        reads={models.Folder: ["id"]},
    )


FolderConnection = connection_type(Folder)


@object_type(models.Document, requires=DOCUMENTS)
class Document(Node, AccountScoped):
    """A file that the business keeps for the account."""

    name: auto
    path: auto
    type_code: auto
    kind: auto
    tax_year: auto
    mime_type: auto
    size_bytes: auto
    version: auto
    properties: auto
    created_at: auto
    folder = related(
        Folder | None,
        resolve.document_folder,
        description="The folder it is in; null at the top.",
        reads={models.Document: ["folder_id"]},
    )
    versions = connection(
        DocumentVersion,
        resolve.versions,
        description="What it held, newest first.",
        reads={models.Document: ["id"]},
    )
    download = field(
        DownloadLink | None,
        resolve.download,
        description="A link to what it holds now.",
        args=[
            Arg(
                "disposition",
                enum_of(models.Disposition),
                "What a browser does with it. INLINE is refused for what could run in the portal's name.",
                models.Disposition.ATTACHMENT,
            ),
            TTL,
        ],
        reads={models.Document: ["id"]},
    )
