"""The mapping table: one row per model attribute, and everything that is derived from it.

    INVOICE = Table(
        Invoice,
        owner=path("customer"),
        id=row("id"),
        total=row("total", "currency", minor_units),
        lines=row("lines.data", each(LINE)),
    )

From the table and an operation's selection come the wire paths to ask the vendor for, and a reader
that touches selected values only. This module reads a table plainly, value by value: it is the
reference meaning of every table.

Every table declares its owner: `path(...)` in the record, `via_parent(...)` for parts of a record that
was checked itself, or `shared(...)` for records that many accounts may see. One without does not load.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from types import UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from gateway.auth.boundary import NOBODY
from gateway.auth.scope import AccountScope
from gateway.connectors.converters import Converter, Env, text
from gateway.connectors.ports.common import Record, Selection, Value
from gateway.errors import Code, UpstreamError

R = TypeVar("R", bound=Record)
_READ_ERRORS = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, OSError)
_STAMPS = {"scope", "connector", "owners"}


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
    required = sorted(_required(model) & set(rows))
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
        if "id" in _attributes(model) and "id" not in rows:
            raise TypeError(f"{model.__name__}: write a row for its id")
        self.model = model
        self.owner = owner
        self.visible = visible
        self.linked = dict(linked or {})
        self.rows = rows
        self.required = _required(model)

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
        found: dict[str, None] = {}
        for rule in (self.owner.row, self.visible):
            found.update(dict.fromkeys(rule.paths if rule else ()))
        for name in self.selected(fields):
            found.update(dict.fromkeys(_paths(self.rows[name], fields)))
        return tuple(found)

    def reader(self, fields: Selection, connector: str, now: dt.datetime) -> Reader[R]:
        """Make a reader for one call to the system that is configured as `connector`."""
        return Reader(self, fields, connector, Env(now))


@dataclass(frozen=True, slots=True)
class _Parent:
    """The record that a part belongs to: its id and owners, and its wire object where that is at hand."""

    id: str | None
    owners: frozenset[str]
    wire: dict[str, Any] | None = None


class Reader(Generic[R]):
    """A table, a selection and a moment: reads wire objects into records."""

    def __init__(self, table: Table[R], fields: Selection, connector: str, env: Env) -> None:
        self._table = table
        self._fields = fields
        self._connector = connector
        self._env = env
        # What no row supplies is null by declaration, so that every vendor answers every selection.
        chosen = fields.get(table.model, frozenset()) & _attributes(table.model)
        self._absent = tuple(chosen - set(table.rows))
        self._names = table.selected(fields)
        self._struct = partial(table.model, frozenset(self._names) | chosen)
        self._parts = {
            name: Reader(row.convert.table, fields, connector, env)
            for name in self._names
            if isinstance((row := table.rows[name]).convert, Each)
        }

    def read(
        self, wire: object, scope: AccountScope, parent: Record | None = None
    ) -> R | UpstreamError | None:
        """Read one wire object for `scope`.

        None: the vendor has it, but it is not for customers. UpstreamError: its id or owner cannot be
        read. A broken value of another attribute is held by the record in that attribute's place.
        `parent` is the record a `via_parent` object was listed for.
        """
        above = None if parent is None else _Parent(getattr(parent, "id", None), parent.owners)
        try:
            return self._record(wire, scope, above)
        except _Broken as broken:
            return self._error(broken)

    def _record(self, wire: object, scope: AccountScope, above: _Parent | None) -> R | None:
        if not isinstance(wire, dict):
            raise _Broken(f"{self._table.model.__name__}: object expected, got {type(wire).__name__}")
        outer = above.wire if above else None
        if self._table.visible and not self._value("visible", self._table.visible, wire, outer):
            return None
        owners = self._owners(wire, above)
        if owners is None:
            return None
        owners |= self._linked(wire)
        values: dict[str, Any] = dict.fromkeys(self._absent)
        if "id" in self._names:
            values["id"] = self._value("id", self._table.rows["id"], wire, outer)
        here = _Parent(values.get("id"), owners, wire)
        for name in self._names:
            if name == "id":
                continue
            try:
                if name in self._parts:
                    values[name], nested = self._list(name, scope, here)
                    owners |= nested
                else:
                    values[name] = self._value(name, self._table.rows[name], wire, outer)
            except _Broken as broken:
                values[name] = self._error(broken)
        return cast("R", self._struct(scope=scope, connector=self._connector, owners=owners, **values))

    def _owners(self, wire: dict[str, Any], above: _Parent | None) -> frozenset[str] | None:
        """Owners found in the record, NOBODY for one that lacks its owner; None: shared, not to be shown."""
        owner = self._table.owner
        outer = above.wire if above else None
        found: Any = self._value("owner", owner.row, wire, outer) if owner.row else None
        if owner.kind == "shared":
            return frozenset() if found else None
        if owner.row is not None and not (isinstance(found, str) and found):
            return frozenset({NOBODY})
        if owner.kind == "path":
            return frozenset({found})
        if above is None or (owner.row is not None and found != above.id):
            return frozenset({NOBODY})
        return above.owners

    def _linked(self, wire: dict[str, Any]) -> frozenset[str]:
        """Give the owners of objects that were put in by a link: they are judged with the record."""
        there = [row for place, row in self._table.linked.items() if isinstance(_dig(wire, place), dict)]
        return frozenset(self._value("owner", row, wire, None) or NOBODY for row in there)

    def _list(self, name: str, scope: AccountScope, here: _Parent) -> tuple[tuple[Any, ...], frozenset[str]]:
        """Read the parts of one record; what owners they name is judged with the whole."""
        items = _dig(here.wire, self._table.rows[name].paths[0])
        if items is None:
            items = []
        if not isinstance(items, list):
            raise _Broken(f"{self._at(name)}: list expected, got {type(items).__name__}")
        reader = self._parts[name]
        read: list[Any] = []
        nested: frozenset[str] = frozenset()
        for item in items:
            try:
                record = reader._record(item, scope, here)  # noqa: SLF001  the same class
            except _Broken as broken:
                read.append(self._error(broken))
                continue
            if record is not None:
                nested |= record.owners
                read.append(record)
        return tuple(read), nested

    def _value(self, name: str, row: Row, wire: dict[str, Any], above: dict[str, Any] | None) -> Any:
        convert = row.convert
        if isinstance(convert, Part):
            return self._part(name, convert, wire, above)
        assert isinstance(convert, Converter)  # noqa: S101  `Each` is read by `_list`
        value = self._converted(name, row, convert, wire, above)
        if value is None and name in self._table.required:
            raise _Broken(f"{self._at(name)}: {', '.join(row.paths)} is missing or null")
        return value

    def _part(self, name: str, part: Part, wire: dict[str, Any], above: dict[str, Any] | None) -> Any:
        chosen = self._fields.get(part.model, frozenset()) & _attributes(part.model)
        values: dict[str, Any] = dict.fromkeys(chosen)
        for attribute in chosen & set(part.rows):
            try:
                values[attribute] = self._value(f"{name}.{attribute}", part.rows[attribute], wire, above)
            except _Broken as broken:
                values[attribute] = self._error(broken)
        if part.present:
            there = self._value(name, part.present, wire, above) not in (None, False)
        else:
            there = any(value is not None for value in values.values())
        return partial(part.model, chosen)(**values) if there else None

    def _converted(
        self, name: str, row: Row, convert: Converter, wire: dict[str, Any], above: dict[str, Any] | None
    ) -> Any:
        values_in = [_dig(above, p[2:]) if p.startswith("^.") else _dig(wire, p) for p in row.paths]
        for value, expected, wire_path in zip(values_in, convert.wire, row.paths, strict=True):
            if value is not None and not _is(value, expected):
                raise _Broken(
                    f"{self._at(name)}: {wire_path} is {type(value).__name__}, not {expected.__name__}"
                )
        if not convert.nulls:
            if values_in and values_in[0] is None:
                return row.default
            if None in values_in:
                raise _Broken(f"{self._at(name)}: {', '.join(row.paths)} belong together")
        try:
            return convert.read(self._env, *values_in)
        except _READ_ERRORS as error:
            raise _Broken(f"{self._at(name)}: {', '.join(row.paths)}: {type(error).__name__}") from None

    def _at(self, name: str) -> str:
        return f"{self._table.model.__name__}.{name}"

    def _error(self, broken: _Broken) -> UpstreamError:
        return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self._connector, detail=str(broken))


class _Broken(Exception):  # noqa: N818  not an error of ours: a finding, never raised past this module
    """A wire value that does not fit its row. The text names places and types, never values."""


# Bounded: clients choose the selections, and each makes a class.
@lru_cache(maxsize=4096)
def partial(model: type[msgspec.Struct], names: frozenset[str]) -> type[Any]:
    """The model with only these attributes: reading another one raises AttributeError."""
    base = Record if issubclass(model, Record) else Value
    return msgspec.defstruct(
        model.__name__,
        [(name, Any) for name in sorted(names)],
        bases=(base,),
        namespace={"model": model},
        frozen=True,
        kw_only=True,
    )


@cache
def _attributes(model: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.name for field in msgspec.structs.fields(model)) - _STAMPS


@cache
def _required(model: type[msgspec.Struct]) -> frozenset[str]:
    hints = get_type_hints(model)
    return frozenset(name for name in _attributes(model) if not _nullable(hints[name]))


def _nullable(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType) and type(None) in get_args(hint)


def _check(model: type[msgspec.Struct], rows: Mapping[str, Row]) -> None:
    unknown = sorted(set(rows) - _attributes(model))
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


def _dig(wire: Any, wire_path: str) -> Any:
    for step in wire_path.split("."):
        if wire is None:
            return None
        if not isinstance(wire, dict):
            raise _Broken(f"{wire_path}: object expected, got {type(wire).__name__}")
        wire = wire.get(step)
    return wire


_JSON_TYPES: dict[type, Callable[[Any], bool]] = {
    int: lambda v: type(v) is int,
    Decimal: lambda v: type(v) in (int, Decimal),
}


def _is(value: Any, expected: type) -> bool:
    check = _JSON_TYPES.get(expected)
    return check(value) if check else type(value) is expected
