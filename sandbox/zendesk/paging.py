"""Pages by cursor (`page[size]`, `page[after]`, `page[before]`) and by number (`page`, `per_page`)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from sandbox.zendesk.asked import MANY, Asked, integer
from sandbox.zendesk.errors import bad_paging

R = TypeVar("R")
Key = Callable[[R], Any]

DEEPEST = 100
"""Pages by number that a list has at most."""


@dataclass(frozen=True)
class Order(Generic[R]):
    """How a list can be sorted: `cursor` names the keys of `sort`, `number` those of `sort_by`.

    Keys are integers or texts; rows of equal keys stand by `id_of`. With `both`,
    pages by cursor go by `sort_by` and `sort_order` too; elsewhere those are passed over in silence.
    """

    id_of: Callable[[R], int]
    cursor: Mapping[str, Key[R]]
    number: Mapping[str, Key[R]]
    default: str = "id"
    both: bool = False


@dataclass(frozen=True)
class Cut(Generic[R]):
    """One page and what is said about it."""

    rows: list[R]
    about: dict[str, Any]


def paged(asked: Asked, rows: Sequence[R], order: Order[R], *, per_page: int = MANY) -> Cut[R]:
    """Cut the page that a request asks for; `per_page` is the size of numbered pages that it leaves open."""
    if any(name.startswith("page[") for name in asked.params):
        return _by_cursor(asked, rows, order)
    return _by_number(asked, rows, order, per_page)


def _by_cursor(asked: Asked, rows: Sequence[R], order: Order[R]) -> Cut[R]:
    params = asked.params
    size = integer("page[size]", params.get("page[size]", str(MANY)))
    if not 1 <= size <= MANY:
        raise bad_paging(f"page[size] must be between 1 and {MANY}")
    after, before = params.get("page[after]"), params.get("page[before]")
    if after and before:
        raise bad_paging("page[after] and page[before] exclude each other")
    sort = params.get("sort", order.default)
    if order.both and "sort" not in params:
        down = "-" if params.get("sort_order") == "desc" else ""
        sort = down + params.get("sort_by", order.default)
    if sort.removeprefix("-") not in order.cursor:
        raise bad_paging(f"sort must be one of {', '.join(order.cursor)}, with a - for downwards")
    key, downwards = order.cursor[sort.removeprefix("-")], sort.startswith("-")
    ordered = _sorted(rows, order, key, down=downwards)
    places = [(key(row), order.id_of(row)) for row in ordered]
    if before:
        end = _ahead(places, _read(before, sort), down=downwards)
        start = max(0, end - size)
        more = start > 0
    else:
        start = 0
        if after:
            mark = _read(after, sort)
            start = _ahead(places, mark, down=downwards) + places.count(mark)
        end = min(start + size, len(ordered))
        more = end < len(ordered)
    found, cursors = ordered[start:end], [_cursor(sort, *place) for place in places[start:end]]
    first, last = (cursors[0], cursors[-1]) if cursors else (None, None)
    meta = {"has_more": more, "after_cursor": last, "before_cursor": first}
    links = {
        "next": _link(asked, {"page[after]": last}, frozenset({"page[before]"})) if last else None,
        "prev": _link(asked, {"page[before]": first}, frozenset({"page[after]"})) if first else None,
    }
    return Cut(found, {"meta": meta, "links": links})


def _by_number(asked: Asked, rows: Sequence[R], order: Order[R], per_page: int) -> Cut[R]:
    params = asked.params
    page = max(1, integer("page", params.get("page", "1")))
    size = min(MANY, max(1, integer("per_page", params.get("per_page", str(per_page)))))
    if page > DEEPEST:
        raise bad_paging(f"Limit of {DEEPEST} pages exceeded. Use cursor based pagination instead")
    sort_by, direction = params.get("sort_by", order.default), params.get("sort_order", "asc")
    if sort_by not in order.number or direction not in {"asc", "desc"}:
        raise bad_paging(f"sort_by must be one of {', '.join(order.number)}, sort_order asc or desc")
    ordered = _sorted(rows, order, order.number[sort_by], down=direction == "desc")
    start = (page - 1) * size
    return Cut(
        ordered[start : start + size],
        {
            "count": len(ordered),
            "next_page": _link(asked, {"page": str(page + 1)}) if start + size < len(ordered) else None,
            "previous_page": _link(asked, {"page": str(page - 1)}) if page > 1 else None,
        },
    )


def _sorted(rows: Sequence[R], order: Order[R], key: Key[R], *, down: bool) -> list[R]:
    return sorted(rows, key=lambda row: (key(row), order.id_of(row)), reverse=down)


def _ahead(places: Sequence[tuple[Any, int]], mark: tuple[Any, int], *, down: bool) -> int:
    """Count what stands before the mark."""
    return sum(place > mark if down else place < mark for place in places)


def _cursor(sort: str, value: object, row_id: int) -> str:
    """Name a place by the row's key, so that it stays where it is when rows come and go."""
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, value, row_id])).decode()


def _read(cursor: str, sort: str) -> tuple[Any, int]:
    try:
        given, value, row_id = msgspec.json.decode(
            base64.b64decode(cursor, altchars=b"-_", validate=True), type=tuple[str, int | str, int]
        )
    except (binascii.Error, ValueError):
        raise bad_paging("page cursor is not valid") from None
    if given != sort:
        raise bad_paging("page cursor is not valid for this sort")
    return value, row_id


def _link(asked: Asked, changes: Mapping[str, str], without: frozenset[str] = frozenset()) -> str:
    kept = {name: value for name, value in asked.params.items() if name not in without}
    return f"{asked.base}{asked.path}?{urlencode({**kept, **changes})}"
