"""The part of SOQL that is spoken here, read strictly.

    SELECT field, Parent.field | COUNT() FROM Object [WHERE conditions]
    [ORDER BY field [ASC|DESC] [NULLS FIRST|LAST], ...] [LIMIT n]

Conditions compare a field by = != < <= > >= or IN with strings, numbers, booleans, moments and null. AND and
OR do not mix without parentheses, as in Salesforce. Everything else is MALFORMED_QUERY.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.errors import malformed

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<sign><=|>=|!=|[=<>(),]))",
    re.ASCII | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True)
class Literal:
    """`kind` is string, moment, number, boolean or null."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Compare:
    """One condition; `values` has one literal unless `operator` is IN."""

    field: str
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class Group:
    """Conditions joined by AND or OR."""

    word: str
    parts: tuple[Compare | Group, ...]


@dataclass(frozen=True)
class Order:
    """One field to sort by."""

    field: str
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True)
class Query:
    """What was asked. `fields` is None for COUNT()."""

    fields: tuple[str, ...] | None
    kind: str
    where: Compare | Group | None = None
    order: tuple[Order, ...] = field(default=())
    limit: int | None = None


def parse(text: str) -> Query:
    """Read a query. Raises ApiError."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise malformed(f"unexpected token at column {place}")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()
        self._at = 0

    def query(self) -> Query:
        self._need("select")
        fields: tuple[str, ...] | None
        if self._peek() == ("word", "COUNT") or self._peek()[1].lower() == "count":
            self._next()
            self._need("(")
            self._need(")")
            fields = None
        else:
            fields = self._names()
        self._need("from")
        kind = self._word()
        where = self._group() if self._take("where") else None
        order = self._orders() if self._take("order") else ()
        limit = self._limit() if self._take("limit") else None
        if self._at < len(self._tokens):
            raise malformed(f"unexpected token: '{self._peek()[1]}'")
        if fields is None and order:
            raise malformed("Ordered field must be grouped or aggregated")
        return Query(fields, kind, where, order, limit)

    def _names(self) -> tuple[str, ...]:
        names = [self._word()]
        while self._take(","):
            names.append(self._word())
        if len({name.lower() for name in names}) < len(names):
            raise malformed("duplicate field selected")
        return tuple(names)

    def _group(self) -> Compare | Group:
        parts = [self._condition()]
        word = ""
        while (found := self._peek()[1].lower()) in {"and", "or"}:
            if word and found != word:
                raise malformed("unexpected token: mixing AND and OR needs parentheses")
            word = found
            self._next()
            parts.append(self._condition())
        return Group(word, tuple(parts)) if word else parts[0]

    def _condition(self) -> Compare | Group:
        if self._take("("):
            inner = self._group()
            self._need(")")
            return inner
        name = self._word()
        if self._take("in"):
            self._need("(")
            values = [self._literal()]
            while self._take(","):
                values.append(self._literal())
            self._need(")")
            return Compare(name, "IN", tuple(values))
        operator = self._next()[1]
        if operator not in _OPERATORS:
            raise malformed(f"unexpected token: '{operator}'")
        return Compare(name, operator, (self._literal(),))

    def _literal(self) -> Literal:
        kind, text = self._next()
        match kind, text.lower():
            case "string", _:
                return Literal("string", _unescaped(text[1:-1]))
            case "moment" | "number", _:
                return Literal(kind, text)
            case "word", "true" | "false":
                return Literal("boolean", text.lower() == "true")
            case "word", "null":
                return Literal("null", None)
        raise malformed(f"unexpected token: '{text}'")

    def _orders(self) -> tuple[Order, ...]:
        self._need("by")
        orders = [self._order()]
        while self._take(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        name = self._word()
        descending = self._take("desc") or (self._take("asc") and False)
        nulls_last = False
        if self._take("nulls"):
            nulls_last = self._take("last")
            if not nulls_last:
                self._need("first")
        return Order(name, descending, nulls_last)

    def _limit(self) -> int:
        kind, text = self._next()
        if kind != "number" or not text.isdigit():
            raise malformed(f"unexpected token: '{text}'")
        return int(text)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "<EOF>")

    def _next(self) -> tuple[str, str]:
        found = self._peek()
        self._at += 1
        return found

    def _take(self, text: str) -> bool:
        kind, found = self._peek()
        if kind in {"word", "sign"} and found.lower() == text:
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise malformed(f"expecting '{text}', found '{self._peek()[1]}'")

    def _word(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise malformed(f"unexpected token: '{text}'")
        return text


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        found = _ESCAPES.get(match[1])
        if found is None:
            raise malformed(f"Illegal character sequence '\\{match[1]}' in string literal")
        return found

    return re.sub(r"\\(.)", one, text, flags=re.DOTALL)
