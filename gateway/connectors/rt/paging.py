"""Pages by key, in both directions: what comes after a row is asked for, so rows that appear move nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from gateway.connectors.ports.common import Page
from gateway.connectors.rt.api import MAX_ROWS, Api, Found, Pairs, Wire, is_id
from gateway.errors import Code, RequestError

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)

Key = tuple[str, int]
"""A row's place: the moment it is sorted by (empty where by id alone), and its id."""
Ask = Callable[[str, Pairs, int], Awaitable[Found]]
"""`await ask(condition, order, size)` gives the first `size` rows that meet the condition, empty for none."""


@dataclass(frozen=True, slots=True)
class Part:
    """One page of rows with their cursors, and the total where there was no cursor."""

    rows: list[tuple[Wire, str]]
    has_next: bool
    has_previous: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a moment's `field` and then by id, or by id alone (`field` is None)."""

    field: str | None
    descending: bool

    async def page(self, api: Api, ask: Ask, page: Page) -> Part:
        """Read one page; the rows before a cursor are those after it in the opposite order."""
        backward = page.last is not None
        edge = page.before if backward else page.after
        descending = self.descending != backward
        last = None if edge is None else self._read(edge, "before" if backward else "after")
        rows: list[tuple[Wire, Key]] = []
        total: int | None = None
        # One row more says whether there is more; RT gives a hundred at most.
        while len(rows) <= page.size:
            size = min(MAX_ROWS, page.size + 1 - len(rows))
            condition = "" if last is None else self._beyond(last, descending=descending)
            found = await ask(condition, self._order(descending=descending), size)
            total = found.total if last is None else total
            for row in found.rows:
                key = self._key(api, row)
                if last is not None and not (key < last if descending else key > last):
                    raise api.broken("items: not in the order asked for")
                rows.append((row, key))
                last = key
            if len(found.rows) < size:
                break
        shown = [(row, self._cursor(key)) for row, key in rows[: page.size]]
        more = len(rows) > page.size
        if backward:
            return Part(shown[::-1], has_next=edge is not None, has_previous=more, total=total)
        return Part(shown, has_next=more, has_previous=edge is not None, total=total)

    def _order(self, *, descending: bool) -> Pairs:
        names = ["id"] if self.field is None else [self.field, "id"]
        way = "DESC" if descending else "ASC"
        return [*(("orderby", name) for name in names), *(("order", way) for _ in names)]

    def _beyond(self, key: Key, *, descending: bool) -> str:
        moment, row_id = key
        than = "<" if descending else ">"
        further = f"id {than} {row_id}"
        if self.field is None:
            return further
        # `=` would mean the whole day, and so does any moment that is written with a T.
        at = f"'{moment.replace('T', ' ').replace('Z', ' UTC')}'"
        return f"( {self.field} {than} {at} OR ( {self.field} {than}= {at} AND {further} ) )"

    def _key(self, api: Api, row: Wire) -> Key:
        if self.field is None:
            return "", int(row["id"])
        moment = row.get(self.field)
        if not isinstance(moment, str) or not _is_moment(moment):
            raise api.broken(f"{self.field}: no moment")
        return moment, int(row["id"])

    def _cursor(self, key: Key) -> str:
        return f"{key[0]} {key[1]}".lstrip()

    def _read(self, cursor: str, argument: str) -> Key:
        moment, _, row_id = cursor.rpartition(" ")
        sound = _is_moment(moment) if self.field is not None else cursor == row_id
        if not sound or not is_id(row_id):
            raise RequestError(
                Code.INVALID_CURSOR, f"{argument}: not a cursor of this list. Leave it out to start again."
            )
        return moment, int(row_id)


def _is_moment(text: str) -> bool:
    if not _MOMENT.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
