"""Stripe's query parameters: what an endpoint takes, and the errors for everything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.stripe.errors import ApiError
from sandbox.stripe.table import Slice, Span

PAGING = frozenset({"limit", "starting_after", "ending_before"})
_NAME = re.compile(r"(\w+)(?:\[(\w*)\])?")
_INTEGER = re.compile(r"-?\d{1,18}")
_DEEPEST = 4


@dataclass(frozen=True)
class Takes:
    """What an endpoint takes beside `expand`.

    `texts` are values as they are, `choices` one of a set, `spans` moments (`created=1` or
    `created[gte]=1`), `parts` texts with a sub-key (`payment[type]`), `many` lists (`ids[]`).
    """

    paged: bool = False
    texts: frozenset[str] = frozenset()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spans: frozenset[str] = frozenset()
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    many: frozenset[str] = frozenset()


@dataclass
class Query:
    """What a request asks for, checked."""

    page: Slice = field(default_factory=Slice)
    texts: dict[str, str] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    many: dict[str, list[str]] = field(default_factory=dict)
    expand: list[str] = field(default_factory=list)


def read(pairs: Iterable[tuple[str, str]], takes: Takes) -> Query:
    """Check the pairs of a query string. Raises ApiError in Stripe's words."""
    query = Query()
    paging: dict[str, str] = {}
    for key, value in pairs:
        matched = _NAME.fullmatch(key)
        name, sub = matched.groups() if matched else (key, None)
        many = sub is not None and (sub == "" or sub.isdigit())
        if value == "":
            raise ApiError(
                f"You passed an empty string for '{key}'.", code="parameter_invalid_empty", param=key
            )
        if name == "expand" and many:
            query.expand.append(_depth(value))
        elif name in takes.many and many:
            query.many.setdefault(name, []).append(value)
        elif name in takes.spans and sub in {None, "gt", "gte", "lt", "lte"}:
            query.spans[name] = _narrow(query.spans.get(name, Span()), sub, _integer(key, value))
        elif name in takes.parts and sub in takes.parts[name]:
            query.texts[key] = value
        elif sub is None and name in takes.choices:
            query.texts[name] = _choice(name, value, takes.choices[name])
        elif sub is None and name in takes.texts:
            query.texts[name] = value
        elif sub is None and name in PAGING and takes.paged:
            paging[name] = value
        else:
            raise ApiError(f"Received unknown parameter: {key}", code="parameter_unknown", param=key)
    query.page = _page(paging)
    return query


def _page(paging: dict[str, str]) -> Slice:
    if "starting_after" in paging and "ending_before" in paging:
        raise ApiError(
            "Received both starting_after and ending_before parameters. Please pass in only one.",
            code="parameters_exclusive",
        )
    limit = _integer("limit", paging.get("limit", "10"))
    if limit < 1:
        raise ApiError("This value must be greater than or equal to 1.", param="limit")
    if limit > 100:
        raise ApiError("This value must be less than or equal to 100.", param="limit")
    return Slice(limit, paging.get("starting_after"), paging.get("ending_before"))


def _depth(path: str) -> str:
    if path.count(".") >= _DEEPEST:
        raise ApiError(
            f"You cannot expand more than {_DEEPEST} levels of a property. Property: {path}",
            code="property_expansion_max_depth",
        )
    return path


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        text = f"{', '.join(choices[:-1])}, or {choices[-1]}"
        raise ApiError(f"Invalid {name}: must be one of {text}", param=name)
    return value


def _integer(name: str, value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def _narrow(span: Span, bound: str | None, value: int) -> Span:
    match bound:
        case "gt":
            return Span(max(span.first, value + 1), span.last)
        case "gte":
            return Span(max(span.first, value), span.last)
        case "lt":
            return Span(span.first, min(span.last, value - 1))
        case "lte":
            return Span(span.first, min(span.last, value))
        case _:
            return Span(value, value)
