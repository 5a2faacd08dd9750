"""One request as the endpoints see it, and what they answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sandbox.zendesk.errors import ApiError, bad_attribute, bad_json, invalid, missing, too_many_values

MANY = 100
"""Ids that one request may name."""
_INTEGER = re.compile(r"\d{1,18}")


@dataclass(frozen=True)
class Asked:
    """`base` is the address of the whole, without a slash at its end; `parts` are those of the path."""

    base: str
    path: str
    parts: Mapping[str, str]
    params: Mapping[str, str]
    pairs: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    def id(self, name: str = "id") -> int:
        """Give an id of the path."""
        return integer(name, self.parts[name])

    def ids(self, name: str = "ids") -> list[int]:
        """Give the ids that a parameter names, with commas between."""
        return [integer(name, one) for one in self.many(name)]

    def many(self, name: str) -> list[str]:
        """Give the values that a parameter names, with commas between."""
        if not self.params.get(name):
            raise missing(name)
        found = [one.strip() for one in self.params[name].split(",")]
        if len(found) > MANY:
            raise too_many_values(MANY)
        return found

    def includes(self) -> set[str]:
        """Name what is to come beside the rows."""
        return {one.strip() for one in self.params.get("include", "").split(",") if one.strip()}

    def json(self, name: str) -> dict[str, Any]:
        """Give the object that the body holds under `name`."""
        try:
            body = msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise bad_json() from None
        found = body.get(name)
        if not isinstance(found, dict):
            raise missing(name)
        return found


@dataclass(frozen=True)
class Reply:
    """An answer; `body` is JSON, or bytes as they are."""

    body: dict[str, Any] | bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handle = Callable[[Asked], Reply]


@dataclass(frozen=True)
class Endpoint:
    """One address. `open` ones ask for no token."""

    method: str
    path: str
    handle: Handle
    open: bool = False


def integer(name: str, value: str) -> int:
    """Read an id or a count."""
    if not _INTEGER.fullmatch(value):
        raise bad_attribute(name)
    return int(value)


def text(given: Mapping[str, Any], name: str, longest: int = 65_535) -> str:
    """Read a text of an object; what is missing is empty."""
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(name)
    if len(value) > longest:
        label = name.capitalize()
        raise invalid(name, f"{label}: is too long (maximum is {longest} characters)", "ValueTooLong")
    return value


def reference(given: Mapping[str, Any], name: str) -> int | None:
    """Read an id of an object."""
    value = given.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise wrong(name)
    return value


def choice(given: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str | None:
    """Read one of several words of an object."""
    value = given.get(name)
    if value is not None and value not in choices:
        raise invalid(name, f"{name.capitalize()}: is not a valid value", "InvalidValue")
    return value


def wrong(name: str) -> ApiError:
    """A value of an object is of another kind."""
    return invalid(name, f"{name.replace('_', ' ').capitalize()}: is invalid", "InvalidValue")
