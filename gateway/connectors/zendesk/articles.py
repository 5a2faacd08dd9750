"""The help centre's articles and sections.

Zendesk answers with all of them: who may read what is decided here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.mapping import Table
from gateway.connectors.ports.common import Listing, Page, Selection
from gateway.connectors.ports.knowledge import Article, ArticleFilter, Section
from gateway.connectors.zendesk.api import MAX_ROWS, NOT_FOUND, Api, Users, Wire, is_id
from gateway.connectors.zendesk.mapping import ARTICLE, SECTION
from gateway.connectors.zendesk.paging import by_cursor, by_number, paged
from gateway.errors import GatewayError

_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.ASCII)
_FEW: Final = 3
_LIST_PAGES: Final = 5
_HITS: Final = 25  # articles of one search's page: each comes with its whole text
_ROOT: Final = "/help_center"

Prepare = Callable[[Wire, AccountScope], Wire]


class Shelf:
    """What articles and sections have in common: by id there is no get-many."""

    def __init__(self, api: Api, locale: str) -> None:
        self._api = api
        self._locale = locale

    async def _many(
        self, refs: Sequence[Ref], key: str, table: Table[Any], fields: Selection, prepare: Prepare
    ) -> list[Any]:
        """Read few by their ids, and many from the list of all."""
        ids = {ref.native_id for ref in refs if is_id(ref.native_id)}
        found: dict[str, Wire] = {}
        missing = sorted(ids)
        if len(ids) > _FEW:
            found, whole = await self._index(key, ids)
            missing = [] if whole else sorted(ids - found.keys())
        singles = await asyncio.gather(*(self._single(key, one) for one in missing), return_exceptions=True)
        errors: dict[str, GatewayError] = {}
        for one, single in zip(missing, singles, strict=True):
            if isinstance(single, GatewayError):
                errors[one] = single
            elif isinstance(single, BaseException):
                raise single
            elif single is not None:
                found[one] = single
        reader = self._api.reader(table, fields)
        return [
            reader.read(prepare(found[ref.native_id], ref.scope), ref.scope)
            if ref.native_id in found
            else errors.get(ref.native_id)
            for ref in refs
        ]

    async def _index(self, key: str, ids: set[str]) -> tuple[dict[str, Wire], bool]:
        """Collect rows with these ids from the list of all locales; whether that was read to its end."""
        path = f"{_ROOT}/{key}s"
        fetch = by_cursor(self._api, path, f"{key}s", [], path)
        found: dict[str, Wire] = {}
        token = ""
        for _ in range(_LIST_PAGES):
            rows = await fetch(token, MAX_ROWS)
            found |= {name: row for row in rows.data if (name := str(row["id"])) in ids}
            if rows.following is None:
                return found, True
            if ids <= found.keys():
                break
            token = rows.following
        return found, False

    async def _single(self, key: str, native_id: str) -> Wire | None:
        path, route = f"{_ROOT}/{key}s/{native_id}", f"{_ROOT}/{key}s/{{id}}"
        status, body = await self._api.get(path, [], route, (NOT_FOUND,))
        if status == NOT_FOUND:
            if body.get("error") != "RecordNotFound":
                raise self._api.broken("HTTP 404")
            return None
        row = self._api.part(body, key)
        if str(row["id"]) != native_id:
            raise self._api.broken(f"not the {key} asked for")
        return row


class Articles(Shelf):
    """Serves `ArticlesPort`. `segments`: audience word -> user segments that it may read."""

    def __init__(self, api: Api, locale: str, segments: Mapping[str, Sequence[int]]) -> None:
        super().__init__(api, locale)
        self._segments = {word: frozenset(ids) for word, ids in segments.items()}

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Article | GatewayError | None]:
        """See the port."""
        return await self._many(refs, "article", ARTICLE, fields, self._judged)

    async def list_articles(
        self,
        scope: AccountScope,
        page: Page,
        filter: ArticleFilter,  # noqa: A002  the port's name
        fields: Selection,
    ) -> Listing[Article]:
        """List by position, or what a text finds by relevance."""
        locale = self._locale if filter.locale is None else filter.locale.lower()
        section = filter.section_id
        if not _LOCALE.fullmatch(locale) or (section is not None and not is_id(section)):
            return Listing([], has_next=False, has_previous=False)  # no article can be there
        reader = self._api.reader(ARTICLE, fields)

        def read(row: Wire, _users: Users) -> Any:
            return reader.read(self._judged(row, scope), scope)

        if filter.text is not None:
            query = [("query", filter.text), ("locale", locale)]
            query += [("section", section)] if section is not None else []
            fetch = by_number(self._api, f"{_ROOT}/articles/search", query, _HITS)
            return await paged(fetch, page, read, hidden=True)
        inside = "" if section is None else f"/sections/{section}"
        place = "" if section is None else "/sections/{id}"
        # What a caller names may not exist; what is configured must.
        named = filter.locale is not None or section is not None
        fetch = by_cursor(
            self._api,
            f"{_ROOT}/{locale}{inside}/articles",
            "articles",
            [],
            f"{_ROOT}/{{locale}}{place}/articles",
            (NOT_FOUND,) if named else (),
        )
        return await paged(fetch, page, read, hidden=True)

    def _judged(self, row: Wire, scope: AccountScope) -> Wire:
        """Add whether this audience may read the article."""
        return row | {"readable": self._readable(row, scope)}

    def _readable(self, row: Wire, scope: AccountScope) -> object:
        if "user_segment_id" not in row:
            return False  # what does not say who may read it is for nobody
        one, several = row["user_segment_id"], row.get("user_segment_ids")
        named = [] if several is None else several
        if type(one) not in {int, type(None)} or not isinstance(named, list):
            return "broken"  # no boolean: its reader tells that it is broken
        restricted = {segment for segment in (one, *named) if segment is not None}
        allowed = frozenset().union(*(self._segments.get(word, frozenset()) for word in scope.audience))
        return not restricted or any(segment in allowed for segment in restricted)


class Sections(Shelf):
    """Serves `SectionsPort`."""

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Section | GatewayError | None]:
        """See the port."""
        return await self._many(refs, "section", SECTION, fields, lambda row, _scope: row)

    async def list_sections(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Section]:
        """List in the order of the help centre."""
        reader = self._api.reader(SECTION, fields)

        def read(row: Wire, _users: Users) -> Any:
            return reader.read(row, scope)

        path, route = f"{_ROOT}/{self._locale}/sections", f"{_ROOT}/{{locale}}/sections"
        return await paged(by_cursor(self._api, path, "sections", [], route), page, read)
