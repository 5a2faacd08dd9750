"""The calls to the store: lists below a prefix, versions of a key, headers of a key."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from gateway.connectors.s3.answers import Page, Wire, error_code, listing
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import VendorClient, segment

MAX_KEYS: Final = 1000
_NOT_FOUND: Final = 404
_BAD_REQUEST: Final = 400
_META: Final = "x-amz-meta-"
_REQUEST_ID: Final = "x-amz-request-id"


@dataclass(frozen=True, slots=True)
class Store:
    """One bucket; `path` leads to it below the client's address: `/bucket`, or empty for one of its own.

    `ordered`: lists come in the order of keys, byte by byte, as S3's do.
    """

    name: str
    client: VendorClient
    path: str
    ordered: bool = True

    def key_path(self, key: str) -> str:
        """Give the path of an object."""
        return f"{self.path}/{'/'.join(map(segment, key.split('/')))}"

    async def keys(self, prefix: str, after: str | None, limit: int, *, folders: bool = False) -> Page:
        """List what begins with `prefix` and comes after a key; `folders` rolls up what is in folders."""
        if self.ordered:
            page = await self._keys(prefix, after, limit, folders=folders)
            if _out_of_order(page.named("Contents"), after) or _out_of_order(
                page.named("CommonPrefixes"), after
            ):
                raise self.broken("a list that is not in the order of its keys")
            return page
        page = await self._keys(prefix, None, MAX_KEYS, folders=folders)
        if page.more:
            raise RequestError(
                Code.UNSUPPORTED_CAPABILITY,
                f"filter: there are more than {MAX_KEYS} files, which this store cannot list in order."
                " Write filter.typeCode.",
            )
        rows = sorted(((name, row) for name, row in page.rows), key=lambda found: place_of(found[1]))
        rows = [found for found in rows if after is None or place_of(found[1]) > after]
        return Page(rows[:limit], more=len(rows) > limit)

    async def first(self, prefix: str) -> str | None:
        """Give one key that begins with `prefix`; None when there is none."""
        page = await self._keys(prefix, None, 1, folders=False)
        return page.rows[0][1]["Key"] if page.rows else None

    async def _keys(self, prefix: str, after: str | None, limit: int, *, folders: bool) -> Page:
        query = [
            ("list-type", "2"),
            ("encoding-type", "url"),
            ("max-keys", str(min(limit, MAX_KEYS))),
            ("prefix", prefix),
            *([("delimiter", "/")] if folders else []),
            *([("start-after", after)] if after else []),
        ]
        answer = await self.client.get(self.path or "/", query=query, route="/{bucket}?list-type=2")
        page = listing(answer, self.name, "ListBucketResult", Contents="Key", CommonPrefixes="Prefix")
        places = [place_of(row) for _, row in page.rows]
        if len(set(places)) < len(places) or len(places) > limit or (page.more and not places):
            raise self.broken("a list that repeats itself, or has no end")
        return page

    async def versions(self, key: str, after: str | None, limit: int) -> Page:
        """List the versions and delete markers of what begins with `key`, in the store's order."""
        query = [
            ("versions", ""),
            ("encoding-type", "url"),
            ("max-keys", str(min(limit, MAX_KEYS))),
            ("prefix", key),
            *([("key-marker", key), ("version-id-marker", after)] if after else []),
        ]
        answer = await self.client.get(
            self.path or "/",
            query=query,
            route="/{bucket}?versions",
            accept=frozenset({200, _BAD_REQUEST} if after else {200}),
        )
        if answer.status == _BAD_REQUEST:
            if error_code(answer) == "InvalidArgument":
                raise row_gone()
            raise self.broken("HTTP 400")
        page = listing(
            answer,
            self.name,
            "ListVersionsResult",
            must_encode=False,  # SeaweedFS never does here; what is looked for needs it not
            Version="Key",
            DeleteMarker="Key",
        )
        ids = [row.get("VersionId") for row in page.rows_of_key(key)]
        if not all(isinstance(one, str) and one for one in ids):
            raise self.broken("a version without an id")
        if page.rows and not ids and after is None:
            raise self.broken("versions of other keys only")  # this one's come first
        if len(set(ids)) < len(ids) or after in ids or (page.more and not page.rows):
            raise self.broken("a list that repeats itself, or has no end")
        return page

    async def head(self, key: str) -> Wire | None:
        """Give the headers of an object, with its `Key` and `metadata`; None when there is none now."""
        answer = await self.client.head(
            self.key_path(key), route="/{bucket}/{key}", accept=frozenset({200, _NOT_FOUND})
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status == _NOT_FOUND and _REQUEST_ID in headers:
            return None
        if answer.status == _NOT_FOUND or not headers.keys() >= {"etag", "last-modified", "content-length"}:
            raise self.broken("no object's headers")
        noted = {name.removeprefix(_META): value for name, value in headers.items() if name.startswith(_META)}
        found: dict[str, Any] = dict(headers)
        return found | {"Key": key, "metadata": noted}

    def broken(self, detail: str) -> UpstreamError:
        """Say that an answer is none."""
        return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self.name, detail=detail)


def place_of(row: Wire) -> str:
    """Give the key of an object, or the prefix that was rolled up."""
    found: str = row["Key"] if "Key" in row else row["Prefix"]
    return found


def _out_of_order(rows: list[Wire], after: str | None) -> bool:
    places = [*([after] if after is not None else []), *map(place_of, rows)]
    return any(first >= second for first, second in pairwise(places))


def row_gone() -> RequestError:
    """Refuse a cursor whose row was deleted since."""
    return RequestError(
        Code.INVALID_CURSOR, "after: the row this cursor points at is gone. Leave it out to start again."
    )
