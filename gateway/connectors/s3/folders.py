"""Folders: what the store rolls up between slashes. No objects: a folder is there while a key is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Listing, Page, Selection
from gateway.connectors.ports.documents import Folder
from gateway.connectors.s3 import keys, mapping
from gateway.connectors.s3.paging import Batch, Walk, paged, successor
from gateway.connectors.s3.resource import Resource, settled
from gateway.connectors.s3.store import MAX_KEYS, place_of
from gateway.errors import BoundaryViolation, GatewayError


class Folders(Resource):
    """See the port."""

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Folder | GatewayError | None]:
        """Ask for one key in each; what is not in one of its account's own folders is None, unasked."""
        wanted = dict.fromkeys(
            ref.native_id for ref in refs if keys.is_folder(ref.native_id) and self._holds(ref)
        )
        found = dict(zip(wanted, await settled([self._look(prefix) for prefix in wanted]), strict=True))
        read = self._reader(mapping.FOLDER, fields).read
        records: list[Folder | GatewayError | None] = []
        for ref in refs:
            wire = found.get(ref.native_id) if self._holds(ref) else None
            records.append(read(wire, ref.scope) if isinstance(wire, dict) else wire)
        return records

    async def list_folders(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Folder]:
        """List by name."""
        walks = [Walk(number, root, root) for number, root in enumerate(self._roots(scope))]
        return await self._list(scope, walks, page, fields)

    async def list_subfolders(self, folder: Folder, page: Page, fields: Selection) -> Listing[Folder]:
        """List by name."""
        prefix, roots = folder.id, self._roots(folder.scope)
        if not (keys.is_folder(prefix) and self._holds(Ref(folder.scope, prefix))):
            raise BoundaryViolation(self._store.name, "Folder")
        root = next(root for root in roots if prefix.startswith(root))
        return await self._list(folder.scope, [Walk(roots.index(root), root, prefix)], page, fields)

    async def _list(
        self, scope: AccountScope, walks: Sequence[Walk], page: Page, fields: Selection
    ) -> Listing[Folder]:
        read = self._reader(mapping.FOLDER, fields).read

        async def fetch(walk: Walk, after: str | None, _limit: int) -> Batch:
            if after is not None and "/" in (rest := after.removeprefix(walk.prefix)):
                # A key after the folder's own would roll up to it again.
                after = successor(f"{walk.prefix}{rest.partition('/')[0]}/")
            # Files stand among the folders and count, so that there is no telling how many rows are enough.
            found = await self._store.keys(walk.prefix, after, MAX_KEYS, folders=True)
            items = []
            for row in found.named("CommonPrefixes"):
                prefix = row["Prefix"]
                if prefix.startswith(walk.root):
                    if not prefix.startswith(walk.prefix):
                        raise self._store.broken("a prefix that was not asked for")
                    if not keys.is_folder(prefix):
                        continue  # no address can name it
                items.append((read(row, scope), prefix))
            return Batch(items, max((place_of(row) for _, row in found.rows), default=None), found.more)

        return await paged(fetch, walks, page)

    async def _look(self, prefix: str) -> dict[str, Any] | None:
        key = await self._store.first(prefix)
        if key is None:
            return None
        if not key.startswith(prefix):
            raise self._store.broken("a key that was not asked for")
        return {"Prefix": prefix}
