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
from functools import cache
from types import UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from gateway.auth.scope import AccountScope
from gateway.connectors.converters import Converter, Env, text
from gateway.connectors.ports.common import Record, Selection, Value
from gateway.errors import Code, UpstreamError

R = TypeVar("R", bound=Record)
_READ_ERRORS = (ValueError, ArithmeticError, LookupError, TypeError, OverflowError, OSError)
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
    """A value object inside this record; its rows' paths start at the record."""

    model: type[Value]
    rows: Mapping[str, Row]


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


def part(model: type[Value], **rows: Row) -> Part:
    """Read a value object; it is null when all its values are."""
    return Part(model, rows)


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

    def __init__(self, model: type[R], *, owner: Owner, visible: Row | None = None, **rows: Row) -> None:
        if not isinstance(owner, Owner):
            raise TypeError(f"{model.__name__}: declare owner=path(...), via_parent(...) or shared(...)")
        hints = {k: v for k, v in get_type_hints(model).items() if k not in _STAMPS}
        unknown = sorted(set(rows) - set(hints))
        if unknown:
            raise TypeError(f"{model.__name__} has no attribute {', '.join(unknown)}")
        self.model = model
        self.owner = owner
        self.visible = visible
        self.rows = rows
        self.required = frozenset(name for name, hint in hints.items() if not _nullable(hint))

    def selected(self, fields: Selection) -> tuple[str, ...]:
        """The attributes to read: the selected ones this vendor has a row for, and the id."""
        chosen = fields.get(self.model, frozenset())
        return tuple(name for name in self.rows if name in chosen or name == "id")

    def paths(self, fields: Selection) -> tuple[str, ...]:
        """The wire paths to ask the vendor for: owner and visibility always, then what is selected."""
        found: dict[str, None] = {}
        for rule in (self.owner.row, self.visible):
            found.update(dict.fromkeys(rule.paths if rule else ()))
        for name in self.selected(fields):
            found.update(dict.fromkeys(_paths(self.rows[name], fields)))
        return tuple(found)

    def reader(self, fields: Selection, connector: str, now: dt.datetime) -> Reader[R]:
        """Make a reader for one call to the system that is configured as `connector`."""
        return Reader(self, fields, connector, Env(now))


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
        try:
            return self._record(wire, scope, parent.owners if parent else None, parent=parent)
        except _Broken as broken:
            return self._error(broken)

    def _record(
        self,
        wire: object,
        scope: AccountScope,
        inherited: frozenset[str] | None,
        *,
        parent: Record | None = None,
        above: dict[str, Any] | None = None,
    ) -> R | None:
        if not isinstance(wire, dict):
            raise _Broken(f"{self._table.model.__name__}: object expected, got {type(wire).__name__}")
        if self._table.visible and not self._value("visible", self._table.visible, wire, above):
            return None
        owners = self._owners(wire, inherited, parent, above)
        if owners is None:
            return None
        values: dict[str, Any] = dict.fromkeys(self._absent)
        for name in self._names:
            try:
                row = self._table.rows[name]
                if name in self._parts:
                    values[name], nested = self._list(name, row, wire, scope, owners)
                    owners |= nested
                else:
                    values[name] = self._value(name, row, wire, above)
            except _Broken as broken:
                if name == "id":
                    raise
                values[name] = self._error(broken)
        return cast("R", self._struct(scope=scope, connector=self._connector, owners=owners, **values))

    def _owners(
        self,
        wire: dict[str, Any],
        inherited: frozenset[str] | None,
        parent: Record | None,
        above: dict[str, Any] | None,
    ) -> frozenset[str] | None:
        """Owners found in the record; None when it is shared but not to be shown."""
        owner = self._table.owner
        found = self._value("owner", owner.row, wire, above) if owner.row else None
        if owner.kind == "shared":
            return frozenset() if found else None
        if owner.kind == "path":
            # A record without an owner is nobody's: the boundary admits it to no account.
            return frozenset() if found is None else frozenset({found})
        if parent is not None and owner.row is not None and found != getattr(parent, "id", None):
            return frozenset()
        return inherited if inherited is not None else frozenset()

    def _list(
        self, name: str, row: Row, wire: dict[str, Any], scope: AccountScope, owners: frozenset[str]
    ) -> tuple[tuple[Any, ...], frozenset[str]]:
        items = _dig(wire, row.paths[0])
        if items is None:
            items = []
        if not isinstance(items, list):
            raise _Broken(f"{self._at(name)}: list expected, got {type(items).__name__}")
        reader = self._parts[name]
        read: list[Any] = []
        nested: frozenset[str] = frozenset()
        for item in items:
            try:
                record = reader._record(item, scope, owners, above=wire)  # noqa: SLF001  the same class
            except _Broken as broken:
                read.append(self._error(broken))
                continue
            if record is not None:
                # A part that names an owner of its own, or none, is judged with the whole.
                nested |= record.owners or frozenset({""})
                read.append(record)
        return tuple(read), nested

    def _value(self, name: str, row: Row, wire: dict[str, Any], above: dict[str, Any] | None) -> Any:
        convert = row.convert
        if isinstance(convert, Part):
            chosen = self._fields.get(convert.model, frozenset())
            rows = {n: r for n, r in convert.rows.items() if n in chosen}
            values = {n: self._value(f"{name}.{n}", r, wire, above) for n, r in rows.items()}
            if all(value is None for value in values.values()):
                return None
            absent = dict.fromkeys(chosen & _attributes(convert.model) - set(values))
            return partial(convert.model, frozenset(values) | frozenset(absent))(**values, **absent)
        assert isinstance(convert, Converter)  # noqa: S101  `Each` is read by `_list`
        values_in = [_dig(above, p[2:]) if p.startswith("^.") else _dig(wire, p) for p in row.paths]
        for value, expected, wire_path in zip(values_in, convert.wire, row.paths, strict=True):
            if value is not None and not _is(value, expected):
                raise _Broken(
                    f"{self._at(name)}: {wire_path} is {type(value).__name__}, not {expected.__name__}"
                )
        if not convert.nulls:
            if values_in and values_in[0] is None:
                if row.default is None and name in self._table.required:
                    raise _Broken(f"{self._at(name)}: {row.paths[0]} is missing or null")
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


@cache
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


def _nullable(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType) and type(None) in get_args(hint)


def _paths(row: Row, fields: Selection) -> tuple[str, ...]:
    convert = row.convert
    if isinstance(convert, Part):
        chosen = fields.get(convert.model, frozenset())
        return tuple(p for name, r in convert.rows.items() if name in chosen for p in r.paths)
    if isinstance(convert, Each):
        inner = convert.table.paths(fields)
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
