"""What the contract suite is told of a store that is seeded from the data set."""

from __future__ import annotations

from gateway.connectors.ports.documents import DocumentFilter, DocumentsPort, FoldersPort
from gateway.connectors.testing import Case, ListCase, Subject
from gateway.connectors.testing.formats import xml
from gateway.connectors.testing.subject import Connect
from sandbox.data import DataSet
from tests.contract.s3.conftest import folders_of, shown


def subject_of(
    data: DataSet, url: str, connect: Connect, denied: Connect, secrets: tuple[str, ...]
) -> Subject:
    documents = [file.key for file in shown(data, "acme")]
    parent = next(file.key for file in shown(data, "acme") if len(file.versions) > 1)
    folders = folders_of(data, "acme")
    nested = next(folder for folder in folders if len(folders_of(data, "acme", folder[10:])) > 1)
    return Subject(
        url=url,
        connect=connect,
        denied=denied,
        secrets=secrets,
        a=("acct/acme/",),
        b=("acct/bright/",),
        empty=("acct/empty/",),
        format=xml({"content-type", "etag", "last-modified"}),
        bodiless=frozenset({"DocumentsPort.get_many"}),
        keep_host=True,
        cases={
            DocumentsPort: Case(
                known=documents,
                foreign=[file.key for file in shown(data, "bright")],
                missing=lambda n: f"acct/acme/letter/none {n}.txt",
                alien=[*folders, "acct/acme/", "acct/acme", "acct/"],
                max_calls=50,
                lists={
                    "list_documents": ListCase(
                        arguments=(DocumentFilter(),),
                        rows=len(documents),
                        refused=[("filter.taxYear", (DocumentFilter(tax_year=2025),))],
                    ),
                    "list_versions": ListCase(rows=3, parent=parent),
                },
            ),
            FoldersPort: Case(
                known=folders,
                foreign=folders_of(data, "bright"),
                missing=lambda n: f"acct/acme/none {n}/",
                alien=[*documents[:3], "acct/acme/", "acct/"],
                max_calls=50,
                lists={
                    "list_folders": ListCase(rows=len(folders)),
                    "list_subfolders": ListCase(
                        rows=len(folders_of(data, "acme", nested[10:])), parent=nested
                    ),
                },
            ),
        },
    )
