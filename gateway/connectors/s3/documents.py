"""Documents: found below prefixes, read one by one, and linked to without a call."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Listing, Page, Selection
from gateway.connectors.ports.documents import (
    Document,
    DocumentFilter,
    DocumentKind,
    DocumentVersion,
    Link,
    LinkWish,
)
from gateway.connectors.s3 import keys, mapping
from gateway.connectors.s3.links import Linker
from gateway.connectors.s3.paging import ROUNDS, Batch, Walk, no_cursor, paged, unsupported
from gateway.connectors.s3.resource import Resource, settled
from gateway.connectors.s3.store import Store
from gateway.errors import BoundaryViolation, Code, GatewayError, RequestError

_VERSION: Final = re.compile(r"[\w.~+/=-]{1,1024}", re.ASCII)


class Documents(Resource):
    """See the port. `shown` names the user metadata that customers may see; None: all."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], dt.datetime],
        linker: Linker,
        kinds: Mapping[str, DocumentKind],
        shown: frozenset[str] | None,
    ) -> None:
        super().__init__(store, clock)
        self._linker = linker
        self._listed, self._single = mapping.documents({**mapping.KINDS, **kinds})
        self._shown = shown

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Document | GatewayError | None]:
        """Ask for the headers of each; what is not in one of its account's own folders is None, unasked."""
        wanted = dict.fromkeys(
            ref.native_id for ref in refs if keys.is_document(ref.native_id) and self._holds(ref)
        )
        heads = await settled([self._head(key) for key in wanted])
        found = dict(zip(wanted, heads, strict=True))
        read = self._reader(self._single, fields).read
        records: list[Document | GatewayError | None] = []
        for ref in refs:
            wire = found.get(ref.native_id) if self._holds(ref) else None
            records.append(read(wire, ref.scope) if isinstance(wire, dict) else wire)
        return records

    async def list_documents(
        self,
        scope: AccountScope,
        page: Page,
        filter: DocumentFilter,  # noqa: A002  the port's name
        fields: Selection,
    ) -> Listing[Document]:
        """List by path, which is the only order there is."""
        read = self._reader(self._listed, fields).read

        async def fetch(walk: Walk, after: str | None, limit: int) -> Batch:
            found = await self._store.keys(walk.prefix, after, limit)
            rows = found.named("Contents")
            items = []
            for row in rows:
                key = row["Key"]
                if key.startswith(walk.root):
                    if not key.startswith(walk.prefix):
                        raise self._store.broken("a key that was not asked for")
                    if not keys.is_document(key):
                        continue  # the mark of a folder, or what no address can name
                # What is in another account's folder is read too: its owner tells the boundary.
                items.append((read(row, scope), key))
            return Batch(items, rows[-1]["Key"] if rows else None, found.more)

        return await paged(fetch, self._walks(scope, filter), page)

    async def list_versions(
        self, document: Document, page: Page, fields: Selection
    ) -> Listing[DocumentVersion]:
        """List newest first; marks of a deletion are left out."""
        if page.first is None:
            raise unsupported("last, before: this list pages forward only. Write first and after.")
        key = self._own(document)
        after = _version_after(page.after)
        read = self._reader(mapping.DOCUMENT_VERSION, fields).read
        items: list[tuple[Any, str]] = []
        more, end = True, page.after
        for _ in range(ROUNDS):
            found = await self._store.versions(key, after, page.first + 1 - len(items))
            for name, row in found.rows:
                more = row["Key"] == key
                if not more:
                    break  # longer keys that begin alike come after all versions of this one
                after = row["VersionId"]
                end = f"/{after}"
                if name == "Version":
                    items.append((read(row, document.scope, document), end))
            more = more and found.more
            if not more or len(items) > page.first:
                break
        shown = items[: page.first]
        over = len(items) > page.first
        return Listing(
            shown, over or more, page.after is not None, end_cursor=shown[-1][1] if over and shown else end
        )

    async def link(self, document: Document, version: str | None, wish: LinkWish) -> Link:
        """Sign an address; the store is not asked."""
        if version is not None and not _VERSION.fullmatch(version):
            raise RequestError(Code.INVALID_INPUT, "version: not a version of this document.")
        return self._linker.link(self._own(document), version, wish, self._clock())

    def _own(self, document: Document) -> str:
        """Give the key of a document that was loaded before, once more held against its account."""
        key = document.id
        if not (keys.is_document(key) and self._holds(Ref(document.scope, key))):
            raise BoundaryViolation(self._store.name, "Document")
        return key

    async def _head(self, key: str) -> dict[str, Any] | None:
        wire = await self._store.head(key)
        if wire is not None and self._shown is not None:
            noted = wire["metadata"]
            wire["metadata"] = {name: value for name, value in noted.items() if name in self._shown}
        return wire

    def _walks(self, scope: AccountScope, wanted: DocumentFilter) -> list[Walk]:
        codes, year = wanted.type_code, wanted.tax_year
        if year is not None and codes is None:
            raise unsupported("filter.taxYear: documents are filed by type first. Write filter.typeCode too.")
        if codes is not None and not all(map(keys.is_segment, codes)):
            raise RequestError(Code.INVALID_INPUT, "filter.typeCode: a code has no slash and is not empty.")
        below = "" if year is None else f"{year:04}/"
        prefixes = [""] if codes is None else [f"{code}/{below}" for code in codes]
        walks = [
            Walk(number, root, root + prefix)
            for number, root in enumerate(self._roots(scope))
            for prefix in sorted(set(prefixes))
        ]
        if len(walks) > ROUNDS:
            raise unsupported(f"filter.typeCode: write at most {ROUNDS} codes.")
        return walks


def _version_after(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    if not cursor.startswith("/") or not _VERSION.fullmatch(cursor[1:]):
        raise no_cursor()
    return cursor[1:]
