"""Pages of a list: by key where Tryton's order can be continued from a row, by position where it cannot.

A key cursor holds a row's id and sort value; the next page is what comes after them, so rows that appear
meanwhile move nothing. Orders by number or code cannot be continued so: Tryton compares their lengths
first, which no domain can say. There a cursor is the row's position.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, TypeVar

from gateway.connectors.ports.common import Listing, Page
from gateway.connectors.tryton.encodings import to_date, to_decimal
from gateway.connectors.tryton.query import Domain, Rows, Sorting, native_ids
from gateway.errors import Code, GatewayError, RequestError

T = TypeVar("T")
_POSITION = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_LINE = re.compile(r"#?[0-9]{1,10}", re.ASCII)

Count: TypeAlias = Callable[[], Awaitable[int]]


class Fetch(Protocol):
    """Asks for rows: `beyond` narrows the list to what follows a cursor."""

    async def __call__(self, beyond: Domain, *, order: Sorting, limit: int, offset: int = 0) -> Rows:
        """Give at most `limit` rows."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One page of rows, each with its cursor."""

    rows: list[tuple[dict[str, Any], str]]
    has_next: bool
    has_previous: bool


class NoSortValueError(Exception):
    """A row's value of the field it is sorted by cannot be read; the text is the field."""


def _no_text(_value: object) -> str:
    raise ValueError("an id needs no other value")


def _date_text(wire: object) -> str:
    return to_date(wire).isoformat()


def _date_wire(text: str) -> str:
    return dt.date.fromisoformat(text).isoformat()


def _decimal_text(wire: object) -> str:
    return format(to_decimal(wire), "f")


def _decimal_wire(text: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": str(Decimal(text))}


@dataclass(frozen=True, slots=True)
class ByKey:
    """Sort by a stored field, then by id in the same direction; rows without a value are the smallest.

    `read` makes the cursor's text of a wire value, `write` the domain's value of that text.
    """

    field: str
    descending: bool
    read: Callable[[object], str]
    write: Callable[[str], Any]

    async def page(self, fetch: Fetch, _count: Count, page: Page) -> Part:
        """Read one page; the rows before a cursor are those after it in the opposite order."""
        backward = page.last is not None
        edge = page.before if backward else page.after
        descending = self.descending != backward
        try:
            beyond = [self._beyond(edge, descending=descending)] if edge is not None else []
        except (ValueError, ArithmeticError):
            raise _invalid(page) from None
        found = await fetch(beyond, order=self._order(descending=descending), limit=page.size + 1)
        rows = [(found_row, self._cursor(found_row)) for found_row in found[: page.size]]
        more, from_edge = len(found) > page.size, edge is not None
        if backward:
            return Part(rows[::-1], has_next=from_edge, has_previous=more)
        return Part(rows, has_next=more, has_previous=from_edge)

    def _order(self, *, descending: bool) -> Sorting:
        # Where nulls go must be said: databases differ.
        nulls = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
        own = [[self.field, nulls]] if self.field != "id" else []
        return [*own, ["id", "DESC" if descending else "ASC"]]

    def _cursor(self, found: dict[str, Any]) -> str:
        """Write `ID`, or `ID VALUE` when the row has a value."""
        value = found[self.field] if self.field != "id" else None
        try:
            return str(found["id"]) if value is None else f"{found['id']} {self.read(value)}"
        except (ValueError, ArithmeticError):
            raise NoSortValueError(self.field) from None

    def _beyond(self, cursor: str, *, descending: bool) -> Domain:
        """Narrow to what follows; ValueError when it is no cursor of this list."""
        identity, _, text = cursor.partition(" ")
        [row_id] = native_ids([identity])
        than = "<" if descending else ">"
        further: Domain = ["id", than, row_id]
        if self.field == "id" and not text:
            return further
        if not text:
            same: Domain = [[self.field, "=", None], further]
            return same if descending else ["OR", same, [self.field, "!=", None]]
        value = self.write(text)
        clauses: Domain = ["OR", [self.field, than, value], [[self.field, "=", value], further]]
        return [*clauses, [self.field, "=", None]] if descending else clauses


@dataclass(frozen=True, slots=True)
class ByPosition:
    """Sort as Tryton sorts this field, then by id. A row that appears meanwhile moves those behind it."""

    field: str
    descending: bool

    async def page(self, fetch: Fetch, count: Count, page: Page) -> Part:
        """Read one page; the last rows of all are found by counting."""
        edge = page.after if page.last is None else page.before
        if edge is not None and not _POSITION.fullmatch(edge):
            raise _invalid(page)
        if page.last is None:
            start = int(edge) + 1 if edge is not None else 0
            found = await fetch([], order=self._order(), limit=page.size + 1, offset=start)
            has_next = len(found) > page.size
        else:
            end = int(edge) if edge is not None else await count()
            start = max(0, end - page.size)
            found = (
                await fetch([], order=self._order(), limit=end - start, offset=start) if end > start else []
            )
            has_next = edge is not None
        rows = [(found_row, str(start + place)) for place, found_row in enumerate(found[: page.size])]
        return Part(rows, has_next=has_next, has_previous=start > 0)

    def _order(self) -> Sorting:
        way, nulls = ("DESC", "LAST") if self.descending else ("ASC", "FIRST")
        return [[self.field, f"{way} NULLS {nulls}"], ["id", way]]


Sort: TypeAlias = ByKey | ByPosition


def by_date(field: str, *, descending: bool = True) -> ByKey:
    """Sort by a stored date."""
    return ByKey(field, descending, _date_text, _date_wire)


def by_amount(field: str, *, descending: bool) -> ByKey:
    """Sort by a stored decimal."""
    return ByKey(field, descending, _decimal_text, _decimal_wire)


def by_id(*, descending: bool = True) -> ByKey:
    """Sort by id: newest first, as records are counted."""
    return ByKey("id", descending, _no_text, _no_text)


def cut(items: Sequence[T | GatewayError], page: Page) -> Listing[T]:
    """Cut a page out of parts at hand. Their ids are the cursors; a broken one's is its place.

    After a part that is gone there is nothing more.
    """
    edge = page.after if page.last is None else page.before
    if edge is not None and not _LINE.fullmatch(edge):
        raise _invalid(page)
    keys = [str(getattr(item, "id", f"#{place}")) for place, item in enumerate(items)]
    start, end = 0, len(items)
    if page.after is not None:
        start = keys.index(page.after) + 1 if page.after in keys else end
    if page.before is not None:
        end = keys.index(page.before) if page.before in keys else 0
    if page.first is not None:
        end = min(end, start + page.first)
    else:
        start = max(start, end - page.size)
    rows = list(zip(items[start:end], keys[start:end], strict=True))
    return Listing(rows, has_next=end < len(items), has_previous=start > 0, total=len(items))


def _invalid(page: Page) -> RequestError:
    argument = "after" if page.last is None else "before"
    return RequestError(Code.INVALID_CURSOR, f"{argument}: not a cursor of this list. Leave it out.")
