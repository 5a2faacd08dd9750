"""Rows newest first, found by id and by the fields that lists filter by, without scanning all."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Row(Protocol):
    """What every row has."""

    @property
    def id(self) -> str:
        """Unique within its table."""

    @property
    def created(self) -> dt.datetime:
        """When it came to be."""


R = TypeVar("R", bound=Row)

FOREVER = 1 << 62


@dataclass(frozen=True)
class Span:
    """Unix seconds, both ends included."""

    first: int = -FOREVER
    last: int = FOREVER

    def holds(self, moment: dt.datetime | None) -> bool:
        """Whether the moment is within; what has none is not, once an end is set."""
        if moment is None:
            return self == Span()
        return self.first <= moment.timestamp() <= self.last


@dataclass(frozen=True)
class Slice:
    """Which part of a list is asked for."""

    limit: int = 10
    after: str | None = None
    before: str | None = None


def order(row: Row) -> tuple[int, str]:
    """Newest first; rows of the same second by id."""
    return -int(row.created.timestamp()), row.id


class Table(Generic[R]):
    """All rows of one kind. `indexes` names per filter where a row holds its value."""

    def __init__(self, rows: Iterable[R], **indexes: Callable[[R], str | None]) -> None:
        self._rows = sorted(rows, key=order)
        self._by_id = {row.id: row for row in self._rows}
        self._indexes: dict[str, dict[str, list[R]]] = {name: {} for name in indexes}
        for row in self._rows:
            for name, value_of in indexes.items():
                if (value := value_of(row)) is not None:
                    self._indexes[name].setdefault(value, []).append(row)
        self._values = indexes

    def get(self, row_id: str) -> R | None:
        """Find the row with this id."""
        return self._by_id.get(row_id)

    def where(self, **equal: str) -> list[R]:
        """List the rows that hold all of these values, newest first."""
        if not equal:
            return self._rows
        name = min(equal, key=lambda name: len(self._indexes[name].get(equal[name], ())))
        found = self._indexes[name].get(equal[name], [])
        rest = [(self._values[other], value) for other, value in equal.items() if other != name]
        return [row for row in found if all(of(row) == value for of, value in rest)] if rest else found

    def page(
        self, rows: Sequence[R], part: Slice, created: Span, fits: Callable[[R], bool]
    ) -> tuple[list[R], bool]:
        """Give one page of the sorted `rows` and whether there are more in its direction.

        The cursors name rows of this table, whether or not they are among `rows`.
        """
        start = bisect_left(rows, (-created.last, ""), key=order)
        stop = bisect_left(rows, (-created.first + 1, ""), key=order)
        if part.after is not None:
            start = max(start, bisect_right(rows, order(self._by_id[part.after]), key=order))
        if part.before is not None:
            stop = min(stop, bisect_left(rows, order(self._by_id[part.before]), key=order))
        backward = part.before is not None
        found: list[R] = []
        for index in range(stop - 1, start - 1, -1) if backward else range(start, stop):
            if fits(rows[index]):
                found.append(rows[index])
                if len(found) > part.limit:
                    break
        more = len(found) > part.limit
        del found[part.limit :]
        return (found[::-1] if backward else found), more
