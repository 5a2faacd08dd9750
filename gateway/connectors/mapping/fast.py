"""The fast reader of a table and a selection: one function that makes a record of a partial wire object.

    def read(x, s, c, e, up=None, pid=None, above=None):
        if not convert2(e, x.w0): return None
        owner = x.w1
        if owner.__class__ is not str or not owner: raise Unreadable
        owners = frozenset((owner,))
        id = (v if (v := x.w2) is not None else lack())
        due = None if (v4 := x.w3) is None else convert5(e, v4)
        return model3(id, due, scope=s, connector=c, owners=owners)

`x` is the wire object, `s` the scope, `c` the connector's name, `e` the converters' `Env`; for parts `up`,
`pid` and `above` tell values, id and owners of what they are parts of. The text holds names made here, to
which models and functions are bound. What cannot be read raises, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from gateway.connectors.converters import Converter, same
from gateway.connectors.mapping.records import attributes_of, partial
from gateway.connectors.mapping.reference import is_of
from gateway.connectors.mapping.table import Each, Part, Row, Table
from gateway.connectors.mapping.wire import EXACT, Body, Layout, Wire, body_type, decoder
from gateway.connectors.ports.common import Selection

_Chosen: TypeAlias = tuple[tuple[type, frozenset[str]], ...]
_Shape: TypeAlias = tuple[str | None, tuple[tuple[str, Any], ...], tuple[tuple[str, Any], ...]]

_HEAD: Final = "def read(x, s, c, e, up=None, pid=None, above=None):"


class Unreadable(Exception):  # noqa: N818  a finding, never seen outside of this package
    """Something is not as the fast reader counts on."""


@dataclass(frozen=True, slots=True)
class Fast:
    """`decode(bytes)` gives an answer's partial wire objects, `read(...)` the record of one of them."""

    decode: Callable[[bytes], Any]
    row: type[Wire]
    read: Callable[..., Any]
    nothing_around: tuple[None, ...]


def fast(table: Table[Any], fields: Selection, body: Body) -> Fast | None:
    """Give the fast reader for a selection and a shape of answers; None when that is seen for the first time.

    Making it costs as much as reading a few hundred rows without it.
    """
    chosen = tuple((model, fields[model]) for model in table.models if model in fields)
    shape = (body.rows, tuple(body.keys.items()), tuple(body.beside.items()))
    times = _times_seen(table, chosen, shape)
    times[0] += 1
    return None if times[0] == 1 else _made(table, chosen, shape)


# Both are bounded: clients choose the selections.
@lru_cache(maxsize=4096)
def _times_seen(_table: Table[Any], _chosen: _Chosen, _shape: _Shape) -> list[int]:
    return [0]


@lru_cache(maxsize=1024)
def _made(table: Table[Any], chosen: _Chosen, shape: _Shape) -> Fast:
    rows, keys, beside = shape
    writer = _Writer(table, dict(chosen), dict(keys))
    decode = decoder(body_type(Body(rows, {}, dict(beside)), writer.wire)).decode
    return Fast(decode, writer.wire, writer.read, (None,) * len(writer.outer))


class _Writer:
    """Writes one function: `wire` and `read` come of it. `outer`: what it reads of the object around."""

    adds_owners: bool

    def __init__(self, table: Table[Any], fields: Selection, keys: Mapping[str, Any]) -> None:
        self._table, self._fields = table, fields
        self._chosen = table.selected(fields)
        self._names: dict[str, Any] = {"Unreadable": Unreadable, "typed": _typed, "dig": _dig, "lack": _lack}
        self._lines: list[str] = []
        self._inner_names: dict[tuple[str, ...], str] = {(): "x"}
        self._layout = Layout(table.model.__name__)
        self.outer: list[tuple[str, type]] = []
        self._parts = {
            name: _Writer(convert.table, fields, {})
            for name in self._chosen
            if isinstance(convert := table.rows[name].convert, Each)
        }
        for key, kind in keys.items():
            self._layout.add(key, kind)
        self._lay()
        self.wire = self._layout.struct()
        self.adds_owners = bool(table.owner.kind == "path" or table.linked) or any(
            part.adds_owners for part in self._parts.values()
        )
        self._write()
        exec(compile("\n".join([_HEAD, *self._lines]), "<table>", "exec"), self._names)  # noqa: S102  see above
        self.read: Callable[..., Any] = self._names["read"]

    def _lay(self) -> None:
        """Note every wire path that is read."""
        rules = [self._table.owner.row, self._table.visible, *self._table.linked.values()]
        for row in (*rules, *(self._table.rows[name] for name in self._chosen)):
            if row is not None:
                self._lay_row(row)
        for place in self._table.linked:
            self._layout.link(place)
        for name, part in self._parts.items():
            self._layout.add(self._table.rows[name].paths[0], list[part.wire])  # type: ignore[name-defined]
            for path, expected in part.outer:
                self._layout.add(path, EXACT.get(expected, Any))

    def _lay_row(self, row: Row) -> None:
        if isinstance(row.convert, Part):
            for inner in self._rows_of(row.convert):
                self._lay_row(inner)
        elif isinstance(row.convert, Converter):
            for path, expected in zip(row.paths, row.convert.wire, strict=True):
                if not path.startswith("^."):
                    self._layout.add(path, EXACT.get(expected, Any))
                elif (path[2:], expected) not in self.outer:
                    self.outer.append((path[2:], expected))

    def _rows_of(self, part: Part) -> list[Row]:
        chosen = self._fields.get(part.model, frozenset())
        rows = [part.rows[name] for name in part.rows if name in chosen]
        return rows if part.present is None else [part.present, *rows]

    def _write(self) -> None:
        table = self._table
        if table.visible:
            self._add(f"if not {self._row(table.visible)}: return None")
        self._write_owner()
        self._add("base = owners")
        chosen = self._attributes(table.model)
        values = dict.fromkeys(chosen, "None")  # what no row supplies is null
        if "id" in self._chosen:
            self._add(f"id = {self._attribute('id')}")
        values |= {name: "id" if name == "id" else self._attribute(name) for name in self._chosen}
        model_type: Any = table.model
        model = self._bind("model", partial(model_type, frozenset(values)))
        arguments = "".join(f"{values[name]}, " for name in sorted(values))
        self._add(f"return {model}({arguments}scope=s, connector=c, owners=owners)")

    def _write_owner(self) -> None:
        owner = self._table.owner
        found = self._row(owner.row) if owner.row else None
        if owner.kind == "shared":
            self._add(f"if not {found}: return None")
            self._add(f"owners = {self._bind('nobody', frozenset())}")
        elif owner.kind == "path":
            self._add(f"owner = {found}")
            self._add("if owner.__class__ is not str or not owner: raise Unreadable")
            self._add("owners = frozenset((owner,))")
        else:
            self._add("if above is None: raise Unreadable")
            if found is not None:
                self._add(f"if pid is None or {found} != pid: raise Unreadable")
            self._add("owners = above")
        for place, row in self._table.linked.items():
            there = self._inner(tuple(place.split(".")))
            self._add(f"if {there} is not None and {there}.__class__ is not str:")
            self._add(f" owners = owners | {{{self._row(row)} or lack()}}")

    def _attribute(self, name: str) -> str:
        """Write the expression for an attribute of the record."""
        row = self._table.rows[name]
        if name in self._parts:
            return self._list(name, row)
        text = self._row(row)
        return f"(v if (v := {text}) is not None else lack())" if name in self._table.required else text

    def _list(self, name: str, row: Row) -> str:
        part = self._parts[name]
        read, found = self._bind("read", part.read), f"p{len(self._names)}"
        outer = "".join(f"{self._path(path, expected)}, " for path, expected in part.outer)
        pid = "id" if "id" in self._chosen else "None"
        rows = self._path(row.paths[0], list)
        self._add(f"up_{found} = ({outer})")
        self._add(
            f"{found} = tuple([r for y in {rows} or ()"
            f" if (r := {read}(y, s, c, e, up_{found}, {pid}, base)) is not None])"
        )
        if part.adds_owners:
            self._add(f"owners = owners.union(*[r.owners for r in {found}])")
        return found

    def _row(self, row: Row) -> str:
        convert = row.convert
        if isinstance(convert, Part):
            return self._part(convert)
        assert isinstance(convert, Converter)  # noqa: S101  `Each` is written by `_list`
        found = [self._path(path, kind) for path, kind in zip(row.paths, convert.wire, strict=True)]
        if convert.nulls:
            return f"{self._bind('convert', convert.read)}({', '.join(['e', *found])})"
        default = "None" if row.default is None else self._bind("default", row.default)
        if convert.read is same:
            return found[0] if row.default is None else f"({default} if (d := {found[0]}) is None else d)"
        value = f"v{len(self._names)}"
        more = "".join(f", w if (w := {other}) is not None else lack()" for other in found[1:])
        called = f"{self._bind('convert', convert.read)}(e, {value}{more})"
        return f"({default} if ({value} := {found[0]}) is None else {called})"

    def _part(self, part: Part) -> str:
        chosen = self._attributes(part.model)
        names = {name: f"a{len(self._names)}_{name}" for name in sorted(chosen)}
        for name, local in names.items():
            self._add(f"{local} = {self._row(part.rows[name]) if name in part.rows else None}")
        if part.present is not None:
            there = f"{self._row(part.present)} not in (None, False)"
        else:
            there = " or ".join(f"{local} is not None" for local in names.values()) or "False"
        model = self._bind("part", partial(part.model, chosen))
        return f"({model}({', '.join(names.values())}) if {there} else None)"

    def _path(self, path: str, expected: type) -> str:
        """Write how the value at a wire path is read, and looked at where decoding has not done so."""
        if path.startswith("^."):
            return f"up[{self.outer.index((path[2:], expected))}]"
        steps = tuple(path.split("."))
        whole = next((steps[:end] for end in range(1, len(steps)) if self._layout.is_leaf(steps[:end])), None)
        if whole is not None:  # the object around it was asked for as it is
            rest = self._bind("steps", steps[len(whole) :])
            text = f"dig({self._path('.'.join(whole), dict)}, {rest})"
        else:
            around = self._inner(steps[:-1])
            text = f"{around}.{self._layout.attributes[steps]}"
            if around != "x":
                text = f"(None if {around} is None else {text})"
            if self._layout.is_exact(steps, expected):
                return text
        return f"typed({text}, {self._bind('type', expected)})"

    def _inner(self, steps: tuple[str, ...]) -> str:
        """Give the name of the object at a place, read once."""
        if steps not in self._inner_names:
            around = self._inner(steps[:-1])
            text = f"{around}.{self._layout.attributes[steps]}"
            name = self._inner_names[steps] = f"t{len(self._inner_names)}"
            self._lines.insert(
                len(self._inner_names) - 2,
                f" {name} = {text}" if around == "x" else f" {name} = None if {around} is None else {text}",
            )
        return self._inner_names[steps]

    def _attributes(self, model: Any) -> frozenset[str]:
        chosen: frozenset[str] = self._fields.get(model, frozenset()) & attributes_of(model)
        return chosen

    def _add(self, line: str) -> None:
        self._lines.append(f" {line}")

    def _bind(self, kind: str, value: Any) -> str:
        name = f"{kind}{len(self._names)}"
        self._names[name] = value
        return name


def _typed(value: Any, expected: type) -> Any:
    if value is None or is_of(value, expected):
        return value
    raise Unreadable


def _dig(value: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Unreadable
        value = value.get(step)
    return value


def _lack() -> Any:
    raise Unreadable
