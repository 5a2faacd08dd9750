"""How systems write their answers: which keys these have, and how one is given another value.

JSON unless a subject says otherwise. XML has elements for keys: a wrong type is text in the place of elements
or the other way round, and null is an element that is not there. Answers to HEAD have headers only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from aiohttp import web

from gateway.connectors.testing.faults import CANARY
from gateway.connectors.testing.wire import Forward, Reply, Spoil, changed


@dataclass(frozen=True)
class Format:
    """`keys` finds them in answers; `wrong` and `null` spoil all values of one."""

    keys: Callable[[Sequence[Reply]], list[str]]
    wrong: Callable[[str], Spoil]
    null: Callable[[str], Spoil]


def keys_of(bodies: Iterable[bytes]) -> list[str]:
    """Give all keys of the objects in some JSON."""
    found: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            found.update(node)
            for value in node.values():
                visit(value)
        elif isinstance(node, list):
            for item in node:
                visit(item)

    for body in bodies:
        visit(json.loads(body))
    return sorted(found)


def replaced(key: str, new: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """Make a change of JSON: every value under `key` becomes what `new` makes of it."""

    def visit(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: new(value) if name == key else visit(value) for name, value in node.items()}
        return [visit(item) for item in node] if isinstance(node, list) else node

    return lambda body: json.dumps(visit(json.loads(body))).encode()


def wrong_type(value: Any) -> Any:
    """Give a value of another JSON type."""
    match value:
        case bool() | int() | float() | None:
            return {"unexpected": CANARY}
        case str():
            return 4711
        case _:
            return CANARY


JSON = Format(
    keys=lambda replies: keys_of(reply.body for reply in replies),
    wrong=lambda key: changed(replaced(key, wrong_type)),
    null=lambda key: changed(replaced(key, lambda _: None)),
)


def xml(headers: Collection[str]) -> Format:
    """Make the format of a system that answers in XML, and to HEAD with these `headers`, in lower case.

    Of headers, name those that have a form: where any text is good, none is of a wrong type.
    """

    def keys(replies: Sequence[Reply]) -> list[str]:
        found: set[str] = set()
        for reply in replies:
            if reply.body:
                found |= {_tag(element) for element in _parsed(reply.body).iter()}
            else:
                found |= {name.lower() for name in reply.headers} & {*headers}
        return sorted(found)

    return Format(
        keys,
        wrong=lambda key: _spoiled(key, CANARY, _other_type),
        null=lambda key: _spoiled(key, None, lambda _: None),
    )


def _spoiled(key: str, header: str | None, change: Callable[[ET.Element], ET.Element | None]) -> Spoil:
    """Change each element with this name; in an answer without a body, the header."""

    async def answer(_request: web.Request, forward: Forward) -> web.StreamResponse:
        reply = await forward()
        if reply.body:
            root = _parsed(reply.body)
            whole = ET.Element("whole")
            whole.append(root)
            _visit(whole, key, change)
            return reply.with_body(b"".join(map(ET.tostring, whole)))
        kept = {name: value for name, value in reply.headers.items() if name.lower() != key}
        added = {key: header} if header is not None and len(kept) < len(reply.headers) else {}
        return Reply(reply.status, kept | added, b"").with_body(b"")

    return answer


def _visit(parent: ET.Element, key: str, change: Callable[[ET.Element], ET.Element | None]) -> None:
    for place, child in reversed(list(enumerate(parent))):
        if _tag(child) == key:
            new = change(child)
            parent.remove(child)
            if new is not None:
                parent.insert(place, new)
        else:
            _visit(child, key, change)


def _other_type(element: ET.Element) -> ET.Element:
    made = ET.Element(element.tag)
    if len(element):
        made.text = CANARY
    else:
        ET.SubElement(made, "unexpected").text = CANARY
    return made


def _parsed(body: bytes) -> ET.Element:
    return ET.fromstring(body)  # noqa: S314  see above


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
