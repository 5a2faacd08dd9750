"""What a vendor's test declares: the running system, two accounts in it, and one case per port."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

import msgspec

from gateway.auth.permissions import Permission
from gateway.auth.scope import AccountScope
from gateway.connectors.ports.common import Record, Selection, Value
from gateway.connectors.registry import Connector
from gateway.connectors.testing.formats import JSON, Format
from gateway.connectors.testing.wire import Call
from gateway.errors import Code
from gateway.outbound import Outbound

NAME = "system-under-test"
"""What the connector is configured as."""

KEY_A = "account-a"
KEY_B = "account-b"
KEY_EMPTY = "account-empty"
"""Account keys of the scopes; a port whose ids are account keys (balances) has `known=(KEY_A,)`."""

STAMPS = frozenset({"scope", "connector", "owners"})

Connect = Callable[[str, str, Outbound], Connector]
"""`connect(name, base_url, outbound)`."""


@dataclass(frozen=True, kw_only=True)
class ListCase:
    """One list method, tried on account A, or (parts) on A's record `parent`.

    `arguments` are those between page and fields. `rows` is how many come in all; None: not known.
    `refused` pairs an argument's name with arguments that this system cannot serve.
    """

    arguments: tuple[Any, ...] = ()
    rows: int | None = None
    refused: Sequence[tuple[str, tuple[Any, ...]]] = ()
    parent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One port.

    `known` are ids of A's records (in a shared port: of any), `foreign` of B's. `missing(n)` makes
    well-formed ids that no record has. `alien` are ids of another kind. Where an id is an account key,
    `missing` is None and `foreign` empty: what such a port reads is told by the scope alone.

    `selects` maps an attribute to the wire paths that are asked for when it is the only one selected (see
    `Subject.requested`). `max_calls` bounds the vendor calls of one `get_many` for account A.
    """

    known: Sequence[str]
    foreign: Sequence[str] = ()
    missing: Callable[[int], str] | None = None
    alien: Sequence[str] = ()
    selects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    max_calls: int = 1
    lists: Mapping[str, ListCase] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A running system, how to connect to it, and what is in it.

    `denied` connects with credentials that the system refuses. `secrets` must never be seen. `a`, `b` and
    `empty` are the native ids of three accounts; the last one has no records. `requested` reads from recorded
    calls which wire paths they select, where the vendor can select. `faults` names errors that differ from
    the suite's table (see `faults.py`), `odd` bodies that are good answers to this connector's questions.
    `format` is how answers are written. `bodiless` names methods ("PORT.get_many") whose answers have headers
    only, so that half of a body is no fault. `keep_host`: requests are signed with the host they name.
    """

    url: str
    connect: Connect
    denied: Connect
    secrets: Sequence[str]
    a: tuple[str, ...]
    b: tuple[str, ...]
    empty: tuple[str, ...]
    cases: Mapping[type, Case]
    requested: Callable[[Sequence[Call]], set[str]] | None = None
    faults: Mapping[str, Code] = field(default_factory=dict)
    odd: frozenset[bytes] = frozenset()
    format: Format = JSON
    bodiless: frozenset[str] = frozenset()
    keep_host: bool = False

    def scope(self, key: str) -> AccountScope:
        """Make the scope of an account."""
        natives = {KEY_A: self.a, KEY_B: self.b, KEY_EMPTY: self.empty}[key]
        return AccountScope(key, frozenset(Permission), {NAME: natives})


@dataclass(frozen=True)
class Operation:
    """A method of a port."""

    port: type[Any]
    name: str

    @property
    def lists(self) -> bool:
        """Whether it lists; otherwise it is `get_many`."""
        return self.name != "get_many"

    @property
    def parts(self) -> bool:
        """Whether it lists parts of a record, which it takes in the scope's place."""
        return self.lists and "scope" not in inspect.signature(getattr(self.port, self.name)).parameters

    @property
    def model(self) -> type[Record]:
        """The model of its records."""
        found = get_type_hints(getattr(self.port, self.name))["return"]
        return next(kind for kind in _structs(found) if issubclass(kind, Record))

    def __str__(self) -> str:
        return f"{self.port.__name__}.{self.name}"


def operations(ports: Sequence[type[Any]]) -> list[Operation]:
    """Give all methods of these ports that read records; others are tried in suites of their own."""
    return [
        Operation(port, name)
        for port in ports
        for name in vars(port)
        if name == "get_many" or name.startswith("list_")
    ]


def attributes(model: type[msgspec.Struct]) -> frozenset[str]:
    """Give what can be selected of a model."""
    return frozenset(info.name for info in msgspec.structs.fields(model)) - STAMPS


def everything(*models: type[msgspec.Struct]) -> Selection:
    """Select all attributes of the models and of all records and values in them."""
    chosen: Selection = {}
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        if model not in chosen:
            chosen[model] = attributes(model)
            hints = get_type_hints(model)
            waiting += [kind for name in chosen[model] for kind in _structs(hints[name])]
    return chosen


def _structs(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, (Record, Value)):
        yield hint
    for part in get_args(hint):
        yield from _structs(part)
