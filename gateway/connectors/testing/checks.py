"""What the contract tests look at more than once."""

# ruff: noqa: S101  assertions are how a suite speaks

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from gateway.auth import boundary
from gateway.connectors.ports.common import Record, Value
from gateway.connectors.testing.faults import CANARY, Fault
from gateway.connectors.testing.formats import replaced  # noqa: F401  vendors' own tests look for it here
from gateway.connectors.testing.subject import NAME, STAMPS, Subject, attributes
from gateway.errors import Code, GatewayError, UpstreamError


async def outcome(call: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
    """Give what a call answers; an error that is raised as if it stood in the record's place."""
    try:
        return await call()
    except GatewayError as error:
        return [error]


def assert_told(
    found: list[Any], fault: Fault, subject: Subject, log: pytest.LogCaptureFixture, ids: Iterable[str] = ()
) -> None:
    """All that came are errors: the fault's, naming the system, and showing nothing else."""
    assert found
    for error in found:
        assert isinstance(error, UpstreamError), error
        assert error.code is subject.faults.get(fault.name, fault.code)
        assert (error.system, error.extensions()["system"]) == (NAME, NAME)
        if fault.retry_after is not None and error.code is fault.code:
            assert error.retry_after == fault.retry_after
            assert error.extensions()["retryAfterSeconds"] == fault.retry_after
    assert_quiet(found, log, secrets=subject.secrets, ids={*subject.a, *ids})


def errors_in(value: object) -> Iterator[GatewayError]:
    """Find the errors that stand in a record, or in a list of them."""
    if isinstance(value, GatewayError):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from errors_in(item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if name not in STAMPS:
                yield from errors_in(getattr(value, name))


def assert_quiet(
    found: Iterable[GatewayError],
    log: pytest.LogCaptureFixture,
    *,
    secrets: Iterable[str],
    ids: Iterable[str] = (),
) -> None:
    """No error and no log record shows what the vendor sent, a secret or an id."""
    hidden = re.compile("|".join(map(re.escape, (CANARY, *secrets))))
    named = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in ids) or r"(?!)")
    for error in found:
        text = f"{error} {error.message} {error.extensions()} {getattr(error, 'detail', '')}"
        assert not named.search(text), f"an id in {text!r}"
        for link in _chain(error):
            shown = f"{text} {link} {link.args!r}"
            assert not hidden.search(shown), f"a secret or the vendor's text in {type(link).__name__}"
    for record in log.records:
        shown = f"{record.getMessage()} {record.exc_text} {record.__dict__}"
        assert not hidden.search(shown), f"a secret or the vendor's text in a log record: {record.msg}"
        assert not named.search(record.getMessage()), f"an id in a log record: {record.msg}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give what a traceback would show."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def assert_fits(record: msgspec.Struct, model: type[msgspec.Struct]) -> None:
    """Every attribute of the model is there, of the type that the model declares, and nothing else is."""
    hints = get_type_hints(model)
    assert {*record.__struct_fields__} - STAMPS == attributes(model)
    for name in attributes(model):
        value = getattr(record, name)
        assert _fits(value, hints[name]), f"{model.__name__}.{name}: {value!r} is no {hints[name]}"


def _fits(value: Any, hint: Any) -> bool:
    hint = getattr(hint, "__supertype__", hint)  # NewType
    if get_origin(hint) in {Union, UnionType}:
        kinds = [kind for kind in get_args(hint) if kind is not GatewayError]
        return any(_fits(value, kind) for kind in kinds)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(item, get_args(hint)[0]) for item in value)
    if issubclass(hint, (Record, Value)):
        if not isinstance(value, (Record, Value)):
            return False
        assert_fits(value, hint)
        return True
    if hint is dt.datetime:
        return type(value) is dt.datetime and value.utcoffset() == dt.timedelta(0)
    return isinstance(value, hint) if issubclass(hint, Enum) else type(value) is hint


def assert_same_or_broken(before: Any, after: Any, place: str) -> None:
    """A value is what it was, or the error that tells it is broken: never another value."""
    if isinstance(after, UpstreamError):
        assert after.code is Code.UPSTREAM_CONTRACT_BROKEN
    elif isinstance(before, msgspec.Struct):
        assert isinstance(after, msgspec.Struct), f"{place} became {after!r}"
        if isinstance(before, Record) and isinstance(after, Record):
            assert after.scope == before.scope
            assert after.owners == before.owners or not boundary.admits(after), f"{place} has other owners"
        for name in set(before.__struct_fields__) - STAMPS - {"as_of"}:  # the moment of reading
            assert_same_or_broken(getattr(before, name), getattr(after, name), f"{place}.{name}")
    elif isinstance(before, (list, tuple)):
        assert isinstance(after, (list, tuple)), f"{place} became {after!r}"
        if len(after) == 1 and isinstance(after[0], UpstreamError):
            assert_same_or_broken(before, after[0], place)
            return
        assert len(after) == len(before), f"{place} has {len(after)} rows instead of {len(before)}"
        for old, new in zip(before, after, strict=True):
            assert_same_or_broken(old, new, place)
    else:
        assert after == before, f"{place} became another value"
