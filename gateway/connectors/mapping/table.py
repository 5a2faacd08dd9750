"""The mapping table: one row per model attribute, and the wire paths that follow from it.

    INVOICE = Table(
        Invoice,
        owner=path("customer"),
        id=row("id"),
        total=row("total", "currency", minor_units),
        lines=row("lines.data", each(LINE)),
    )

Every table declares its owner: `path(...)` in the record, `via_parent(...)` for parts of a record that
was checked itself, or `shared(...)` for records that many accounts may see. One without does not load.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from gateway.connectors.converters import Converter, text
from gateway.connectors.mapping.records import attributes_of, required_of
from gateway.connectors.ports.common import Record, Selection, Value

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a record: `kind` is path, parent or shared. Made by the functions below."""

    kind: str
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Wire paths, what to make of their values, and the value for null.

    Dots step into objects; a leading `^.` steps out of a list's item to the record that holds the list.
    """

    paths: tuple[str, ...]
    convert: Converter | Each | Part
    default: Any = None


@dataclass(frozen=True, slots=True)
class Each:
    """A list of records that are parts of this one."""

    table: Table[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A value object inside this record; its rows' paths start at the record. `present`: is there one."""

    model: type[Value]
    rows: Mapping[str, Row]
    present: Row | None = None


def row(*parts: str | Converter | Each | Part, default: Any = None) -> Row:
    """Make a row: wire paths, then the converter (`text` when left out)."""
    paths = tuple(part for part in parts if isinstance(part, str))
    converters = [part for part in parts if not isinstance(part, str)]
    convert: Converter | Each | Part = converters[0] if converters else text
    expected = 0 if isinstance(convert, Part) else 1 if isinstance(convert, Each) else len(convert.wire)
    if len(converters) > 1 or len(paths) != expected:
        raise TypeError(f"row{parts!r}: {expected} wire paths and at most one converter expected")
    return Row(paths, convert, default)


def each(table: Table[Any]) -> Each:
    """Read a JSON list by another table; rows its `visible` rule hides are left out."""
    return Each(table)


def part(model: type[Value], *present: str | Converter, **rows: Row) -> Part:
    """Read a value object. `present` names a wire value that it has exactly when there is such an object.

    Without, it is null when all its selected values are. Values it must not lack need a converter.
    """
    _check(model, rows)
    required = sorted(required_of(model) & set(rows))
    if required:
        raise TypeError(f"{model.__name__}.{required[0]} is never null: read the whole by one converter")
    return Part(model, rows, row(*present) if present else None)


def path(*parts: str | Converter) -> Owner:
    """Name the place in the record that holds its owner's native id."""
    return Owner("path", row(*parts))


def via_parent(*parts: str | Converter) -> Owner:
    """Belong to the parent record. The path, if given, names the parent's id in this one."""
    return Owner("parent", row(*parts) if parts else None)


def shared(*rule: str | Converter) -> Owner:
    """Belong to nobody. The row yields whether the record may be shown to an audience at all."""
    return Owner("shared", row(*rule))


class Table(Generic[R]):
    """The mapping of one vendor object to one model. Checked when it is made, at import."""

    def __init__(
        self,
        model: type[R],
        *,
        owner: Owner,
        visible: Row | None = None,
        linked: Mapping[str, Row] | None = None,
        **rows: Row,
    ) -> None:
        """`linked`: where the vendor may put another object in by its id -> that object's own owner."""
        if not isinstance(owner, Owner):
            raise TypeError(f"{model.__name__}: declare owner=path(...), via_parent(...) or shared(...)")
        _check(model, rows)
        if "id" in attributes_of(model) and "id" not in rows:
            raise TypeError(f"{model.__name__}: write a row for its id")
        self.model = model
        self.owner = owner
        self.visible = visible
        self.linked = dict(linked or {})
        self.rows = rows
        self.required = required_of(model)
        self.models = tuple(dict.fromkeys((model, *_models(rows.values()))))

    def selected(self, fields: Selection) -> tuple[str, ...]:
        """The attributes to read: the selected ones this vendor has a row for, and the id."""
        chosen = fields.get(self.model, frozenset())
        return tuple(name for name in self.rows if name in chosen or name == "id")

    def paths(self, fields: Selection) -> tuple[str, ...]:
        """The wire paths to ask the vendor for: owner and visibility always, then what is selected.

        Those that step out to a parent (`^.`) are asked for by the parent's table only.
        """
        return tuple(found for found in self.steps(fields) if not found.startswith("^."))

    def steps(self, fields: Selection) -> tuple[str, ...]:
        """Like `paths`, with those that step out to a parent."""
        chosen = tuple((model, fields[model]) for model in self.models if model in fields)
        return _steps(self, chosen)

    def _steps(self, fields: Selection) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for rule in (self.owner.row, self.visible):
            found.update(dict.fromkeys(rule.paths if rule else ()))
        for name in self.selected(fields):
            found.update(dict.fromkeys(_paths(self.rows[name], fields)))
        return tuple(found)


def _check(model: type[msgspec.Struct], rows: Mapping[str, Row]) -> None:
    unknown = sorted(set(rows) - attributes_of(model))
    if unknown:
        raise TypeError(f"{model.__name__} has no attribute {', '.join(unknown)}")


def _paths(row: Row, fields: Selection) -> tuple[str, ...]:
    convert = row.convert
    if isinstance(convert, Part):
        chosen = fields.get(convert.model, frozenset())
        read = [convert.rows[name] for name in convert.rows if name in chosen]
        return tuple(p for r in ([convert.present] if convert.present else []) + read for p in r.paths)
    if isinstance(convert, Each):
        inner = convert.table.steps(fields)
        return tuple(p[2:] if p.startswith("^.") else f"{row.paths[0]}.{p}" for p in inner)
    return row.paths


def _models(rows: Iterable[Row]) -> Iterator[type]:
    """Give the models of what is in a record."""
    for each_row in rows:
        convert = each_row.convert
        if isinstance(convert, Each):
            yield from convert.table.models
        elif isinstance(convert, Part):
            yield convert.model
            yield from _models(convert.rows.values())


# Bounded: clients choose the selections. Every call asks for it, in any connector.
@lru_cache(maxsize=4096)
def _steps(table: Table[Any], chosen: tuple[tuple[type, frozenset[str]], ...]) -> tuple[str, ...]:
    return table._steps(dict(chosen))  # noqa: SLF001  the same module
