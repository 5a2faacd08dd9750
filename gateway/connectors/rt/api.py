"""Calls to Request Tracker's REST 2.0: searches, and what their answers must look like.

Sources: the POD of RT::REST2 and RT::Tickets of RT 5.0.3, and what a running one answers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from gateway.connectors.identity import malformed_id
from gateway.connectors.mapping import Reader, Table
from gateway.connectors.ports.common import Selection
from gateway.errors import Code, UpstreamError
from gateway.outbound import Answer, VendorClient, decode

ROOT: Final = "/REST/2.0"
MAX_ROWS: Final = 100  # of a page: RT makes a larger one smaller without a word
_MAX_ID: Final = 2**31 - 1  # a larger one is an error of some databases
_MAX_PAGES: Final = 50

_ID = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_ACCOUNT = re.compile(r"[A-Za-z0-9](?:[\w.:@+/ -]{0,98}\w)?", re.ASCII)

Wire = dict[str, Any]
Pairs = Sequence[tuple[str, str]]


def is_id(native_id: str) -> bool:
    """Tell whether Request Tracker can have given this id; only such ids reach a path or a query."""
    return _ID.fullmatch(native_id) is not None and int(native_id) <= _MAX_ID


def quoted(value: str) -> str:
    """Write a text in TicketSQL."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def either(conditions: Sequence[str]) -> str:
    """Join conditions by OR. TicketSQL has no IN for ids."""
    return f"( {' OR '.join(conditions)} )"


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search. `total` is None where RT does not say how many there are."""

    rows: list[Wire]
    total: int | None


@dataclass(frozen=True, slots=True)
class Api:
    """One configured queue: the connector's `name`, its client, and a clock that gives aware UTC."""

    name: str
    client: VendorClient
    clock: Callable[[], dt.datetime]
    queue: str
    account_field: str

    async def get(self, path: str, route: str) -> Wire:
        """Read an object."""
        answer = await self.client.get(f"{ROOT}{path}", route=f"{ROOT}{route}")
        return self._object(answer)

    async def search(self, kind: str, query: str, shown: Pairs, order: Pairs, size: int) -> Found:
        """Find `tickets` or `transactions` by a query. `shown` says which fields, `order` in which order."""
        form = [("query", query), *shown, *order, ("per_page", str(size))]
        body = urlencode(form).encode()
        return await self._post(f"/{kind}", body, "application/x-www-form-urlencoded", (), size)

    async def attachments(self, field: str, values: Sequence[str], shown: Pairs) -> list[Wire]:
        """Find all attachments whose `field` is one of `values`, by their ids' order."""
        if not values:
            return []
        body = msgspec.json.encode([{"field": field, "value": value} for value in values])
        rows: list[Wire] = []
        for number in range(1, _MAX_PAGES + 1):
            order = (("orderby", "id"), ("per_page", str(MAX_ROWS)), ("page", str(number)))
            found = await self._post("/attachments", body, "application/json", (*shown, *order), MAX_ROWS)
            rows += found.rows
            if len(found.rows) < MAX_ROWS:
                break
        else:
            raise self.broken("attachments: no end")
        if len({row["id"] for row in rows}) != len(rows):
            raise self.broken("attachments: a row comes twice")
        if any(row.get(field) not in values for row in rows):
            raise self.broken("attachments that were not asked for")
        return rows

    def reader(self, table: Table[Any], fields: Selection) -> Reader[Any]:
        """Make a reader for one call."""
        return Reader(table, fields, self.name, self.clock())

    def accounts(self, owners: Sequence[str]) -> tuple[str, ...]:
        """Give the values of the account field that are this account's, each once."""
        found = tuple(dict.fromkeys(owners))
        # An empty field is found as NULL, in any case of it.
        if not all(_ACCOUNT.fullmatch(one) and one.lower() != "null" for one in found):
            raise malformed_id()
        return found

    def broken(self, detail: str) -> UpstreamError:
        """Make the error for an answer that is none. `detail` names places and types, never values."""
        return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self.name, detail=detail)

    async def _post(self, path: str, body: bytes, kind: str, query: Pairs, size: int) -> Found:
        try:
            answer = await self.client.post(
                ROOT + path, body, content_type=kind, idempotent=True, query=query, route=ROOT + path
            )
        except UpstreamError as error:
            error.outcome_unknown = False  # a search writes nothing
            raise
        found = self._object(answer)
        rows, total = found.get("items"), found.get("total")
        if not isinstance(rows, list) or not all(map(_is_row, rows)):
            raise self.broken("items: no list of objects with an id")
        if len(rows) > size or len({row["id"] for row in rows}) != len(rows):
            raise self.broken("items: not a page")
        if total is not None and (type(total) is not int or total < len(rows)):
            raise self.broken("total: no count")
        return Found(rows, total)

    def _object(self, answer: Answer) -> Wire:
        body = decode(answer, self.name)
        if not isinstance(body, dict):
            raise self.broken("no object")
        return body


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), str) and is_id(row["id"])
