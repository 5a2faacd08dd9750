"""What goes wrong with a system, and which error that is to every method of every port."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.connectors.testing.wire import Spoil, changed, cut, fixed, silent
from gateway.errors import Code

CANARY = "vendor-text-4711"
"""Stands in every spoiled answer; it must be seen nowhere."""

_HTML = f"<!DOCTYPE html><html><body><h1>{CANARY}</h1></body></html>".encode()
_JSON = f'{{"error": {{"message": "{CANARY}"}}}}'.encode()


@dataclass(frozen=True)
class Fault:
    """A way to answer, the error it must become, and the seconds to wait that the error must name.

    `budget` is the time the request has; what asks for more patience must not get it.
    """

    name: str
    spoil: Spoil
    code: Code
    retry_after: float | None = None
    budget: float = 2.0


FAULTS = (
    Fault("silent", silent, Code.UPSTREAM_TIMEOUT, budget=0.1),
    Fault("cut", cut, Code.UPSTREAM_UNAVAILABLE),
    Fault("truncated", changed(lambda body: body[: len(body) // 2]), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("html", fixed(200, _HTML, "text/html"), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("empty", fixed(200), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("no-utf8", fixed(200, b'"\xff\xfe"'), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("redirect", fixed(302, Location=f"/{CANARY}"), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("400", fixed(400, _JSON), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("401", fixed(401, _JSON), Code.UPSTREAM_AUTH_FAILED),
    Fault("403", fixed(403, _JSON), Code.UPSTREAM_AUTH_FAILED),
    Fault("404", fixed(404, _HTML, "text/html"), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("404-json", fixed(404, _JSON), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("409", fixed(409, _JSON), Code.UPSTREAM_CONTRACT_BROKEN),
    Fault("429", fixed(429, _JSON, Retry_After="7"), Code.UPSTREAM_RATE_LIMITED, 7.0),
    Fault("500", fixed(500, _HTML, "text/html"), Code.UPSTREAM_UNAVAILABLE),
    Fault("503", fixed(503, _JSON, Retry_After="7"), Code.UPSTREAM_UNAVAILABLE, 7.0),
)
DOWN = Fault("down", fixed(502), Code.UPSTREAM_UNAVAILABLE)
"""Told of a port that refuses connections."""
DENIED = Fault("denied", fixed(401), Code.UPSTREAM_AUTH_FAILED)
"""Told of credentials that the system itself refuses."""

ODD_BODIES = (
    b"null",
    b"7",
    b'"text"',
    b"{}",
    b"[]",
    b"[null]",
    b"[[]]",
    b'{"data": null}',
    b'{"data": [null]}',
)
"""JSON, but no answer to anything that was asked."""

MALFORMED = (
    "", " ", ".", "..", "/", "../ESCAPED", "a/ESCAPED", "a/../ESCAPED", "a?ESCAPED=1", "a#ESCAPED",
    "a%2FESCAPED", "%2e%2e", "a b", "a\nb", "a\x00b", "a,b", "a'b", 'a"b', "é", "१", "-1", "0", "1.5", "1e3",
    " 1", "9" * 30, "x" * 300, "None", "[]", "{}",
)  # fmt: skip
"""Ids that no system gives; none may reach another address than the record's own."""
