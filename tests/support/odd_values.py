"""Odd values: of the right class and the wrong one, read once only, waited for, broken."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, Final

from graphql import GraphQLError

from gateway.connectors.ports.billing import InvoiceStatus
from gateway.errors import Code, GatewayError, UpstreamError

Make = Callable[[], Any]


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Size(IntEnum):
    SMALL = 1


class Word(StrEnum):
    HELLO = "hello"


class Thing:
    """An object in an answer; what it was not given it does not have."""

    def __init__(self, label: str, **attributes: Any) -> None:
        self.label = label
        vars(self).update(attributes)

    def __repr__(self) -> str:
        return f"<{self.label}>"


def _values() -> list[Any]:
    """Give values that suit some type, and none."""
    return [
        *(None, True, False),
        *(0, 1, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**80, Size.SMALL),
        *(0.0, 1.0, -1.5, 1e300, math.nan, math.inf, -math.inf),
        *(Decimal("1.50"), Decimal("NaN"), Decimal("1e400")),
        *("", "1", "true", "RED", "GREEN", "red", "OPEN", "raise", "refuse", "nothing", "undefined", "dict"),
        *("ünïcödé", "🦜", "\u2028", "\ud800", b"bytes", Word.HELLO, Color.RED, Color.GREEN),
        *(dt.date(2026, 1, 31), dt.datetime(2026, 1, 31, tzinfo=dt.UTC), dt.datetime(2026, 1, 31)),  # noqa: DTZ001
        *InvoiceStatus,
        *(ValueError("a plain error"), KeyError("k"), GraphQLError("located", extensions={"code": "X"})),
        GatewayError(Code.FORBIDDEN, "not here"),
        UpstreamError(Code.UPSTREAM_TIMEOUT, "billing"),
        *(
            [],
            (),
            {},
            {"a": 1},
            frozenset({1}),
            [1, 2],
            ["a", None],
            (Color.RED,),
            [[1]],
            [ValueError("item")],
        ),
        *({"name": "of a dict", "needed": "so", "type": "Cat"}, {"__typename": "Dog", "name": "x"}),
        Thing("cat", type="Cat", name="Tom", needed="milk"),
        Thing("dog", type="Dog", name=None, needed="bone"),
        Thing("hungry", type="Dog", name="Rex", needed=None),
        Thing(
            "broken",
            type="Cat",
            name=ValueError("no name"),
            needed=UpstreamError(Code.UPSTREAM_TIMEOUT, "crm"),
        ),
        Thing("empty", type="Cat"),
        Thing("stranger", type="Stranger", name="?", needed="?"),
        Thing("leaf", type="String", name="?", needed="?"),
        Thing("abstract", type="Named", name="?", needed="?"),
        Thing("number", type=7, name="?", needed="?"),
        Thing("typeless", name="?", needed="?"),
        object,
    ]


def _once() -> Iterator[Any]:
    yield from ("a", None, 1)


def _broken() -> Iterator[Any]:
    yield 1
    raise ValueError("in the middle")


class _Later:
    """To be waited for; unlike a coroutine it does not mind when nobody does."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Generator[None, None, Any]:
        yield
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


async def _one_by_one(*values: Any) -> AsyncIterator[Any]:
    for value in values:
        if isinstance(value, Exception):
            raise value
        yield value


ITERABLES: Final[tuple[Make, ...]] = (
    _once,
    _broken,
    lambda: iter([1, 2]),
    lambda: map(str, [1, 2]),
    lambda: range(3),
    {1: "a"}.values,
    {"k": 1}.keys,
    lambda: [_once(), range(2)],
)
"""What can be iterated, in ways other than a list's; some of it once only."""
AWAITABLES: Final[tuple[Make, ...]] = (
    lambda: _Later(1),
    lambda: _Later(None),
    lambda: _Later(ValueError("later")),
    lambda: _Later([1, None]),
    lambda: _Later([_Later(1)]),
    lambda: [_Later(1), 2, _Later(None)],
    lambda: (_Later(ValueError("item")), _Later("b")),
    lambda: [[_Later(1)], _Later([2]), _Later([_Later(3), ValueError("inner")])],
    lambda: [_Later(Thing("cat", type="Cat", name="Tom", needed="milk")), Thing("cat", type="Cat")],
    lambda: (_Later(n) for n in (1, 2)),
    lambda: _one_by_one(1, None, 2),
    lambda: _one_by_one(1, ValueError("broken off")),
    lambda: _one_by_one(_Later(1), _Later(ValueError("item"))),
    lambda: [_one_by_one(1), _one_by_one()],
)
"""What resolvers of graphql-core's kind may also give: what must be waited for, within lists too."""


def plain_values() -> list[Make]:
    """Give single values, and lists that hold them all."""
    values = _values()
    lists = [values, tuple(values[-12:]), [values[-16:-8], None, values[:4], ()]]
    return [lambda value=value: value for value in [*values, *lists]]  # type: ignore[misc]  # one each
