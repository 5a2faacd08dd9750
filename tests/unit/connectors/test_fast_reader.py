"""The fast reader gives what the reference interpreter gives: over every table, selection and nonsense."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import pkgutil
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import gateway.connectors
from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope
from gateway.connectors.converters import Env
from gateway.connectors.mapping import Body, Each, Part, Reader, Row, Table
from gateway.connectors.mapping.fast import fast
from gateway.connectors.mapping.records import attributes_of
from gateway.connectors.mapping.reference import Reference
from gateway.errors import UpstreamError
from gateway.outbound import Answer, decode

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SCOPE = AccountScope("acme", frozenset(Permission), {"system": ("own_1", "7")})
PARENT: Any = SimpleNamespace(id="in_1", owners=frozenset({"own_1"}))
ROUNDS = 60

VALUES: dict[type, list[Any]] = {
    str: ["eur", "USD", "open", "draft", "own_1", "in_1", "2026-01-31", "2026-01-31T09:30:00.000+0000",
          "2026-01-31T09:30:00Z", "12.30", "5", "", "<b>x</b><script>y</script>", "ünïcode", "1e5"],
    int: [0, 1, -5, 1230, 1_760_000_000, -62_135_596_801, 10**12, 2**70],
    bool: [True, False],
    list: [[], [{"amount": 5}, {"amount": 7}], ["x"], [None], [{"payment": {"payment_intent": "pi_1"}}]],
    dict: [{}, {"line1": "a", "city": 5}, {"x": {"y": 1}}],
}  # fmt: skip
# Put in the place of a value, or into a key: no JSON at all, or JSON that readers differ about.
RAW = [
    *(rb'"\q"', rb'"\ud800"', rb'"\u00"', rb'"\u0069d"', b'"\x01"', b'"\xff"', b'"\xed\xa0\x80"', b'"\xc3"'),
    *(b"\xff", b"01", b"1.", b".5", b"-", b"-0", b"1.0", b"1e5", b"1e400", b"1" * 400, b"1" * 400 + b".5"),
    *(b"NaN", b"-Infinity", b"nul", b"null", b"[1,]", b'{"a":1,}', b"// x\n1", b'{"id":1,"id":"x"}'),
    *(b"[" * depth + b"]" * depth for depth in (900, 5000)),
]
NONSENSE: list[Any] = [None, "x", 5, 1.5, True, [], {}, [1], {"id": 1}, "12.30", -1, 1e300]


def tables() -> Iterator[Any]:
    for found in pkgutil.iter_modules(gateway.connectors.__path__):
        name = f"gateway.connectors.{found.name}"
        if not found.ispkg or importlib.util.find_spec(f"{name}.mapping") is None:
            continue
        for attribute, value in sorted(vars(importlib.import_module(f"{name}.mapping")).items()):
            if isinstance(value, Table):
                yield pytest.param(value, id=f"{found.name}.{attribute}")


def models(table: Table[Any]) -> set[type[Any]]:
    found = {table.model}
    left = list(table.rows.values())
    while left:
        convert = left.pop().convert
        if isinstance(convert, Each):
            found |= models(convert.table)
        elif isinstance(convert, Part):
            found.add(convert.model)
            left += convert.rows.values()
    return found


def put(wire: dict[str, Any], path: str, value: Any) -> None:
    *heads, last = path.split(".")
    for head in heads:
        inner = wire.setdefault(head, {})
        if not isinstance(inner, dict):
            return
        wire = inner
    wire.setdefault(last, value)


def rows_of(table: Table[Any]) -> Iterator[Row]:
    left = [
        row for row in (table.owner.row, table.visible, *table.linked.values(), *table.rows.values()) if row
    ]
    while left:
        row = left.pop()
        if isinstance(row.convert, Part):
            left += [*row.convert.rows.values(), *([row.convert.present] if row.convert.present else [])]
        else:
            yield row


def readable(row: Row, rng: random.Random) -> list[Any]:
    """Give values for a row's paths, if possible some that its converter can read."""
    convert: Any = row.convert
    values: list[Any] = []
    for _ in range(20):
        values = [deepcopy(rng.choice(VALUES.get(kind, [0, 5, 1.25, -3.5]))) for kind in convert.wire]
        with suppress(Exception):
            convert.read(Env(NOW), *values)
            break
    return values


def made_up(table: Table[Any], rng: random.Random) -> dict[str, Any]:
    """Make an object that the table can mostly read."""
    wire: dict[str, Any] = {"unread": deepcopy(rng.choice(NONSENSE))}
    if table.owner.row and table.owner.kind != "shared":
        own = (
            7 if table.owner.row.convert.wire[0] is int else "own_1" if table.owner.kind == "path" else "in_1"
        )  # type: ignore[union-attr]
        put(wire, table.owner.row.paths[0], own)
    rows = list(rows_of(table))
    rng.shuffle(rows)
    for row in rows:
        if isinstance(row.convert, Each):
            put(wire, row.paths[0], [made_up(row.convert.table, rng) for _ in range(rng.randrange(3))])
        elif rng.random() < 0.95:  # what is left out is null
            for path, value in zip(row.paths, readable(row, rng), strict=True):
                if not path.startswith("^."):
                    put(wire, path, value)
    return wire


def spoil(wire: Any, rng: random.Random) -> None:
    """Put nonsense in one place."""
    while isinstance(wire, dict | list) and wire:
        key = rng.choice(list(wire)) if isinstance(wire, dict) else rng.randrange(len(wire))
        if not isinstance(wire[key], dict | list) or not wire[key] or rng.random() < 0.4:
            wire[key] = deepcopy(rng.choice(NONSENSE))
            return
        wire = wire[key]


def spoilt(body: bytes, rng: random.Random) -> bytes:
    """Put in, repeat or change something in the bytes."""
    keys = [found.span() for found in re.finditer(rb'"[^"\\]*": ?', body)]
    start, end = rng.choice(keys)
    again = slice(*rng.choice(keys))
    what = rng.random()
    if what < 0.5:  # another value
        rest = re.match(rb'"[^"\\]*"|[-\w.+]+|', body[end:])
        return body[:end] + rng.choice(RAW) + body[end + (rest.end() if rest else 0) :]
    if what < 0.7:  # another key, which may come twice then
        return body[:start] + body[again] + body[end:]
    if what < 0.9:  # a value more, whose key may come twice then
        return body[:start] + body[again] + rng.choice(RAW) + b"," + body[start:]
    place = rng.randrange(len(body))
    return body[:place] + bytes([rng.randrange(256)]) + body[place + 1 :]


def caught(call: Any, *arguments: Any) -> Any:
    """Give what a call returns, or the error that it raises."""
    try:
        return call(*arguments)
    except UpstreamError as error:
        return error


def shape(value: Any) -> Any:
    """Give a value as plain data that can be compared, errors too."""
    if isinstance(value, UpstreamError):
        return ("error", value.code, value.system, value.detail)
    if isinstance(value, tuple):
        return [shape(item) for item in value]
    if isinstance(value, msgspec.Struct):
        return (type(value).__name__, {name: shape(getattr(value, name)) for name in value.__struct_fields__})
    return value


@pytest.mark.parametrize("table", list(tables()))
def test_both_read_the_same(table: Table[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    again = 0
    whole = Reader._whole

    def counted(self: Any, wire: Any) -> Any:
        nonlocal again
        again += 1
        return whole(self, wire)

    monkeypatch.setattr(Reader, "_whole", counted)
    partly = 0
    for seed in range(ROUNDS):
        rng = random.Random(f"{table.model.__name__}{seed}")  # noqa: S311  it makes data, not secrets
        fields = {
            model: frozenset(
                name for name in sorted(attributes_of(model)) if rng.random() < rng.choice([0.3, 0.7, 1])
            )
            for model in sorted(models(table), key=lambda model: model.__name__)
        }
        wires = [made_up(table, rng) for _ in range(4)]
        for wire in wires:
            if rng.random() < 0.3:
                spoil(wire, rng)
        body = Body("rows", {}, {"more": bool})
        answer = Answer(200, {}, json.dumps({"more": True, "rows": wires}, ensure_ascii=False).encode())
        for shape_of in (body, Body()):
            fast(table, fields, shape_of)  # made when it is asked for again
        reader = Reader(table, fields, "system", NOW)
        decoded = reader.decode(answer, body)
        partly += not isinstance(decoded, dict)
        reference = Reference(table, fields, "system", Env(NOW))
        for row, wire in zip(decoded["rows"], decode(answer, "system")["rows"], strict=True):
            for parent in (None, PARENT):
                expected = shape(reference.read(wire, SCOPE, parent))
                before = again
                assert shape(reader.read(row, SCOPE, parent)) == expected
                assert shape(reader.read(wire, SCOPE, parent)) == expected
                # Only what is broken, or nobody's, is read a second time.
                assert again == before or any(mark in repr(expected) for mark in ("('error', ", "{''"))
    assert partly > ROUNDS / 6, "the fast way is hardly tried"


@pytest.mark.parametrize("table", list(tables()))
def test_both_read_the_same_of_spoilt_bytes(table: Table[Any]) -> None:
    rng = random.Random(table.model.__name__)  # noqa: S311  likewise
    body, partly = Body("rows", {}, {"more": bool}), 0
    for _ in range(8):
        fields = {
            model: frozenset(name for name in sorted(attributes_of(model)) if rng.random() < 0.5)
            for model in sorted(models(table), key=lambda model: model.__name__)
        }
        fast(table, fields, body)  # made when it is asked for again
        wires = [made_up(table, rng) for _ in range(2)]
        sent = json.dumps({"more": True, "rows": wires}, ensure_ascii=False).encode()
        reference = Reference(table, fields, "system", Env(NOW))
        for _ in range(30):
            answer = Answer(200, {}, spoilt(sent, rng))
            reader = Reader(table, fields, "system", NOW)
            whole, found = caught(decode, answer, "system"), caught(reader.decode, answer, body)
            if isinstance(whole, UpstreamError):
                assert shape(found) == shape(whole)
                continue
            partly += not isinstance(found, dict)
            rows = whole.get("rows") or []
            assert len(found.get("rows") or []) == len(rows)
            for row, wire in zip(found.get("rows") or [], rows, strict=True):
                assert shape(reader.read(row, SCOPE, PARENT)) == shape(reference.read(wire, SCOPE, PARENT))
    assert partly, "the fast way is never tried"


@pytest.mark.parametrize("number", [b"9" * 5000, b"1e99999999999999999999"])
def test_a_number_that_is_skipped_may_be_of_any_size(number: bytes) -> None:
    from gateway.connectors.stripe.mapping import INVOICE  # noqa: PLC0415  one of many

    answer = Answer(200, {}, b'{"rows": [{"id": "in_1", "customer": "own_1", "unread": %s}]}' % number)
    fast(INVOICE, {}, Body("rows"))  # made when it is asked for again
    found = Reader(INVOICE, {}, "system", NOW).decode(answer, Body("rows"))
    assert [row["id"] for row in found["rows"]] == ["in_1"]


def test_what_is_skipped_has_to_be_text() -> None:
    from gateway.connectors.stripe.mapping import INVOICE  # noqa: PLC0415  one of many

    answer = Answer(200, {}, b'{"rows": [{"id": "in_1", "customer": "own_1", "unread": "\xff"}]}')
    fast(INVOICE, {}, Body("rows"))  # made when it is asked for again
    with pytest.raises(UpstreamError, match="breaks its contract"):
        Reader(INVOICE, {}, "system", NOW).decode(answer, Body("rows"))
