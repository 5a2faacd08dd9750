"""The reference interpreter of mapping tables: it reads value by value, and so defines what a table means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

from gateway.auth.boundary import NOBODY
from gateway.auth.scope import AccountScope
from gateway.connectors.converters import Converter, Env
from gateway.connectors.mapping.records import attributes_of, partial
from gateway.connectors.mapping.table import Each, Part, Row, Table
from gateway.connectors.ports.common import Record, Selection
from gateway.errors import Code, UpstreamError

R = TypeVar("R", bound=Record)
_READ_ERRORS = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, OSError)


@dataclass(frozen=True, slots=True)
class _Parent:
    """The record that a part belongs to: its id and owners, and its wire object where that is at hand."""

    id: str | None
    owners: frozenset[str]
    wire: dict[str, Any] | None = None


class Reference(Generic[R]):
    """A table, a selection and a moment: reads wire objects into records."""

    def __init__(self, table: Table[R], fields: Selection, connector: str, env: Env) -> None:
        self._table = table
        self._fields = fields
        self._connector = connector
        self._env = env
        # What no row supplies is null by declaration, so that every vendor answers every selection.
        chosen = fields.get(table.model, frozenset()) & attributes_of(table.model)
        self._absent = tuple(chosen - set(table.rows))
        self._names = table.selected(fields)
        self._struct = partial(table.model, frozenset(self._names) | chosen)
        self._parts = {
            name: Reference(row.convert.table, fields, connector, env)
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
        chosen = self._fields.get(part.model, frozenset()) & attributes_of(part.model)
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
            if value is not None and not is_of(value, expected):
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


def is_of(value: Any, expected: type) -> bool:
    """Whether a decoded value is of a JSON type; whole numbers are numbers, too."""
    check = _JSON_TYPES.get(expected)
    return check(value) if check else type(value) is expected
