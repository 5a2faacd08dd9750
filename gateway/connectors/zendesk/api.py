"""Calls to Zendesk that every port makes: JSON objects, lists of rows, and the users that go with them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.connectors.identity import malformed_id
from gateway.connectors.mapping import Reader, Table, WireObject, is_object
from gateway.connectors.ports.common import Selection
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Answer, VendorClient
from gateway.outbound import decode as decode_whole

OK = 200
BAD_REQUEST = 400
NOT_FOUND = 404
CONFLICT = 409
REFUSED = 422
MAX_ROWS = 100  # of a page, and ids of a call

_ID = re.compile(r"[1-9]\d{0,18}", re.ASCII)

Wire = dict[str, Any]
Query = list[tuple[str, str]]
Users = dict[int, Wire]


def is_id(native_id: str) -> bool:
    """Tell whether Zendesk can have given this id; only such ids reach a path or a query."""
    return _ID.fullmatch(native_id) is not None


@dataclass(frozen=True, slots=True)
class Api:
    """One configured Zendesk: its `name`, a client for calls and one for files, and a clock (aware UTC)."""

    name: str
    client: VendorClient
    bulk: VendorClient
    clock: Callable[[], dt.datetime]

    async def get(
        self,
        path: str,
        query: Query,
        route: str,
        also: Sequence[int] = (),
        decode: Callable[[Answer], Any] | None = None,
    ) -> tuple[int, Any]:
        """Read an object; statuses in `also` are answers too. Gives the status and the object.

        `decode` reads a good answer in part, as a `Reader` does.
        """
        answer = await self.client.get(
            f"/api/v2{path}", query=query, route=f"/api/v2{route}", accept=frozenset({OK, *also})
        )
        return answer.status, self.body(answer, decode if answer.status == OK else None)

    def body(self, answer: Answer, decode: Callable[[Answer], Any] | None = None) -> Any:
        """Give the object that was answered."""
        body = decode(answer) if decode else decode_whole(answer, self.name)
        if not is_object(body):
            raise self.broken("no object")
        return body

    def part(self, body: Wire, key: str) -> Wire:
        """Give the object under `key`; it has an id."""
        found = body.get(key)
        if not isinstance(found, dict) or type(found.get("id")) is not int:
            raise self.broken(f"no {key} with an id")
        return found

    def rows(self, body: WireObject, key: str) -> list[Any]:
        """Give the rows under `key`: each has an id, and none comes twice."""
        rows = body.get(key)
        if not isinstance(rows, list) or not all(map(_is_row, rows)):
            raise self.broken(f"{key}: no list of objects with an id")
        if len({row["id"] for row in rows}) != len(rows):
            raise self.broken(f"{key}: a row comes twice")
        return rows

    def users(self, body: WireObject, query: Query) -> Users:
        """Give the users that came with an answer, where they were asked for."""
        asked = any(name == "include" and "users" in value for name, value in query)
        return {user["id"]: user for user in self.rows(body, "users")} if asked else {}

    def reader(self, table: Table[Any], fields: Selection) -> Reader[Any]:
        """Make a reader for one call."""
        return Reader(table, fields, self.name, self.clock())

    def organizations(self, owners: Sequence[str]) -> tuple[str, ...]:
        """Give the account's organizations, each once; they go into paths and queries."""
        found = tuple(dict.fromkeys(owners))
        if not all(map(is_id, found)):
            raise malformed_id()
        return found

    def broken(self, detail: str, *, outcome_unknown: bool = False) -> UpstreamError:
        """Make the error for an answer that is none. `detail` names places and types, never values."""
        return UpstreamError(
            Code.UPSTREAM_CONTRACT_BROKEN, self.name, detail=detail, outcome_unknown=outcome_unknown
        )


def joined(row: WireObject, users: Mapping[int, Wire], *names: str) -> dict[str, Any]:
    """Give users for the place of their ids: `requester_id` -> `requester`, null where it is not known."""
    return {name: _user(row.get(f"{name}_id"), users) for name in names}


def _is_row(row: Any) -> bool:
    return is_object(row) and type(row.get("id")) is int


def _user(key: object, users: Mapping[int, Wire]) -> object:
    # What is no id stays what it is not: a person, so that its reader tells that it is broken.
    return users.get(key) if type(key) is int else None if key is None else False


def people(paths: Sequence[str], *names: str) -> list[str]:
    """Give those of `names` that some of the selected wire paths are read from."""
    heads = {path.split(".")[0] for path in paths}
    return [name for name in names if name in heads]


def unsupported(argument: str, text: str) -> RequestError:
    """Refuse an argument that Zendesk cannot serve, saying what to write."""
    return RequestError(Code.UNSUPPORTED_CAPABILITY, f"{argument}: {text}")
