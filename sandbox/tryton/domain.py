"""Tryton's search domains: nested lists of [field, operator, value] joined by AND or OR.

Everything is checked before the first record is looked at, as SQL is made before it runs. Null is as
in SQL: only `= null` and `in` with null find it. But in texts it is the same as the empty text, and an
absent relation meets every negative condition on what it would lead to.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any

from sandbox.tryton.errors import Refused, unknown_field
from sandbox.tryton.models import Field
from sandbox.tryton.rows import Context, Row
from sandbox.tryton.store import Store

Test = Callable[[Any], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_TEXTS = ("char", "text")
_LIKE = ("like", "ilike", "not like", "not ilike")
_KNOWN_TO_TRYTON = ("child_of", "not child_of", "parent_of", "not parent_of", "where", "not where")


def search(store: Store, model: str, domain: Any, context: Context) -> list[Row]:
    """Give the records that the domain finds, by id."""
    fields = store.fields(model)
    test = compile_domain(store, model, domain or [], context)
    narrow = _narrowest(fields, domain or [])
    rows = store.having(model, *narrow) if narrow else list(store.rows(model).values())
    return sorted((row for row in rows if test(row)), key=lambda row: row["id"])


def compile_domain(store: Store, model: str, domain: Any, context: Context) -> Test:
    """Give the test of a record that the domain says."""
    if not isinstance(domain, list):
        raise Refused(f"{type(domain).__name__!r} object is no domain")
    if _is_clause(domain):
        return _clause(store, model, domain, context)
    joined, parts = ("AND", domain)
    if domain and domain[0] in ("AND", "OR"):
        joined, parts = domain[0], domain[1:]
    tests = [compile_domain(store, model, part, context) for part in parts]
    if joined == "OR" and tests:
        return lambda row: any(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _is_clause(domain: Any) -> bool:
    return isinstance(domain, list) and len(domain) > 2 and isinstance(domain[1], str)


def _narrowest(fields: dict[str, Field], domain: Any) -> tuple[str, list[int]] | None:
    """Give the field and ids of one clause that every result must meet, to spare a look at all records."""
    clauses = [domain] if _is_clause(domain) else domain if domain and domain[0] != "OR" else []
    for clause in clauses:
        if not _is_clause(clause) or clause[0] not in fields:
            continue
        name, op, value = clause[:3]
        values = [value] if op == "=" else value if op == "in" else None
        field = fields[name]
        if field.stored and (name == "id" or field.kind == "one") and values is not None:
            ids = [item for item in values if isinstance(item, int)]
            if len(ids) == len(values):
                return name, ids
    return None


def _clause(store: Store, model: str, clause: list[Any], context: Context) -> Test:
    if len(clause) != 3 or not isinstance(clause[0], str):
        raise Refused("too many values to unpack (expected 3)")
    path, op, value = clause
    name, _, rest = path.partition(".")
    field = store.fields(model).get(name)
    if field is None:
        raise unknown_field(name)
    if not field.searched:
        raise Refused(f'Missing search function for field "{name}" in "{model}".')
    if rest:
        return _through(store, field, [rest, op, value], context)
    if field.kind == "one" and isinstance(value, str):
        return _through(store, field, ["rec_name", op, value], context)
    return _direct(field, op, value, context)


def _direct(field: Field, op: str, value: Any, context: Context) -> Test:
    """Test a field's own value."""
    test = _matching(field, op, value)

    def matches(row: Row) -> bool:
        found = row[field.name]
        return test(found(context) if callable(found) else found)

    return matches


def _through(store: Store, field: Field, clause: list[Any], context: Context) -> Test:
    """Test what a relation leads to."""
    if field.kind == "reference":
        raise Refused("The stand-in does not search through references.", HTTPStatus.NOT_IMPLEMENTED)
    if not field.target:
        raise Refused(f"{field.kind!r} object has no attribute 'get_target'")
    path, op, value = clause
    if field.kind == "one" and path == "id":
        return _direct(field, op, value, context)
    test = _clause(store, field.target, clause, context)
    rows = store.rows(field.target)
    negative = (op == "!=" and value is not None) or (
        op.startswith("not ") and not (op == "not in" and None in value)
    )
    if field.kind == "many":
        return lambda row: any(test(rows[item]) for item in row[field.name])

    def leads_there(row: Row) -> bool:
        found = row[field.name]
        item = found(context) if callable(found) else found
        return negative if item is None else test(rows[item])

    return leads_there


def _matching(field: Field, op: str, value: Any) -> Test:
    """Give the test of one value."""
    if op in _KNOWN_TO_TRYTON:
        raise Refused(f"The stand-in does not know the operator {op!r}.", HTTPStatus.NOT_IMPLEMENTED)
    if field.kind in _TEXTS:
        return _text(field, op, value)
    return _plain(field, op, value, _CONVERT[field.kind])


def _text(field: Field, op: str, value: Any) -> Test:
    """Test a text, null being the empty one."""
    if op in _LIKE:
        test = _alike(_stripped(value), negative=op.startswith("not "))
    else:
        given = [item or "" for item in value] if isinstance(value, list) else value or ""
        test = _plain(field, op, given, _stripped)
    return lambda found: test(found or "")


def _plain(field: Field, op: str, value: Any, convert: Callable[[Any], Any]) -> Test:
    if op in ("in", "not in"):
        if not isinstance(value, list | str):
            raise Refused("a list is needed")
        wanted = {None if item is None else convert(item) for item in value}
        return _members(field, wanted, negative=op != "in")
    if op in ("=", "!="):
        return _members(field, {None if value is None else convert(value)}, negative=op == "!=")
    if op not in _COMPARE or field.kind == "many":
        raise Refused("")
    compare = _COMPARE[op]
    limit = convert(value)
    return lambda found: found is not None and compare(found, limit)


def _members(field: Field, wanted: set[Any], *, negative: bool) -> Test:
    if field.kind == "many":
        return lambda found: (not wanted.isdisjoint(found or (None,))) != negative
    if negative:
        return lambda found: found is not None and found not in wanted
    return lambda found: found in wanted


def _alike(pattern: str, *, negative: bool) -> Test:
    """Test by SQL's pattern: `%` many, `_` one, backslash escapes. SQLite ignores case in all of them."""
    parts = re.split(r"(\\.|%|_)", pattern, flags=re.DOTALL)
    wild = {"%": ".*", "_": "."}
    text = "".join(
        wild.get(part) or re.escape(part[1:] if part.startswith("\\") and len(part) == 2 else part)
        for part in parts
    )
    compiled = re.compile(text, re.IGNORECASE | re.DOTALL)
    return lambda found: (compiled.fullmatch(found) is not None) != negative


def _stripped(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(f"{type(value).__name__!r} object has no attribute 'strip'")
    return value.strip()


def _integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise Refused(error) from error


def _date(value: Any) -> dt.date:
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise Refused(error) from error
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise Refused("function missing required argument 'month' (pos 2)")
    return value


def _datetime(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise Refused("function missing required argument 'month' (pos 2)")
    return value


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise Refused(error) from error


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "int": _integer, "one": _integer, "many": _integer, "selection": lambda value: value,
    "reference": lambda value: value, "bool": bool, "date": _date,
    "datetime": _datetime, "decimal": _decimal, "float": float,
}  # fmt: skip
