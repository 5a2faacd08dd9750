"""Tryton's REST interface: one search, one count, and rows out of the answer.

    GET  /{database}/rest/model/{model}?f=...&d=...&o=...&s=...&p=...
    POST /{database}/rest/model/{model}/search_count

`d` (domain) and `o` (order) are JSON in padded URL-safe base64, as is the context header.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from gateway.connectors.mapping import Table
from gateway.connectors.ports.common import Selection
from gateway.connectors.tryton.mapping import ITEM_FIELDS
from gateway.errors import Code, UpstreamError
from gateway.outbound import VendorClient, decode, segment

Domain: TypeAlias = list[Any]
Sorting: TypeAlias = list[list[str]]
Rows: TypeAlias = list[dict[str, Any]]
_Tree: TypeAlias = dict[str, Any]

MAX_ID = 2**31 - 1
NOTHING: Domain = ["id", "in", []]
"""The clause that no record meets."""


class NoAccess:
    """Stands where Tryton left a selected field out: the integration user may not read it."""


_NO_ACCESS = NoAccess()


class Interface:
    """One database, read for one company. `name` is the configured name of the connector."""

    def __init__(self, name: str, client: VendorClient, database: str, company: int) -> None:
        self.name = name
        self.company = company
        self._client = client
        self._base = f"/{segment(database)}/rest/model"

    async def find(
        self,
        model: str,
        paths: Sequence[str],
        domain: Domain,
        *,
        order: Sorting | None = None,
        limit: int | None = None,
        offset: int = 0,
        context: Mapping[str, object],
    ) -> Rows:
        """Give the records that meet the domain, each with an id.

        A selected field that the integration user may not read holds `NoAccess`, which no converter takes.
        """
        query = [("f", wire_path) for wire_path in paths] + [("d", _wrapped(domain))]
        query += [("o", _wrapped(order))] if order else []
        query += [("s", str(limit))] if limit is not None else []
        query += [("p", str(offset))] if offset else []
        answer = await self._client.get(
            f"{self._base}/{model}",
            query=query,
            headers=self._context(context),
            route=f"/{{database}}/rest/model/{model}",
        )
        rows = decode(answer, self.name)
        if not isinstance(rows, list) or not all(isinstance(item, dict) for item in rows):
            raise self.broken("no list of records")
        tree = _tree(paths)
        for item in rows:
            if type(item.get("id")) is not int:
                raise self.broken("a record without id")
            _mark(item, tree)
            if type(item.get("active")) is int:  # SQLite keeps booleans as 0 and 1
                item["active"] = {0: False, 1: True}.get(item["active"], _NO_ACCESS)
        return rows[:limit]

    async def count(self, model: str, domain: Domain, *, context: Mapping[str, object]) -> int:
        """Count the records that meet the domain."""
        answer = await self._client.post(
            f"{self._base}/{model}/search_count",
            json.dumps({"domain": domain}).encode(),
            content_type="application/json",
            idempotent=True,
            headers=self._context(context),
            route=f"/{{database}}/rest/model/{model}/search_count",
        )
        number = decode(answer, self.name)
        if type(number) is not int or number < 0:
            raise self.broken("no count")
        return number

    def broken(self, detail: str) -> UpstreamError:
        """Make the error of an answer that is not what was asked for."""
        return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self.name, detail=detail)

    def _context(self, more: Mapping[str, object]) -> dict[str, str]:
        # Prices, currencies and stock depend on the company; without it they are null or zero.
        return {"X-Tryton-Context": _wrapped({"company": self.company, **more})}


def wire_paths(table: Table[Any], fields: Selection) -> list[str]:
    """Give the fields to ask for; of a list that a row reads whole, those of its items."""
    found = (
        f"{wire_path}.{item}" if item else wire_path
        for wire_path in table.paths(fields)
        for item in ITEM_FIELDS.get(wire_path, ("",))
    )
    return list(dict.fromkeys(found))


def native_ids(texts: Iterable[str]) -> list[int]:
    """Give the ids among these texts that Tryton may have given: 1 to 2^31-1, in their one spelling."""
    return [
        number
        for text in dict.fromkeys(texts)
        if text.isascii() and text.isdecimal() and len(text) <= 10  # noqa: PLR2004  digits of 2^31
        if 0 < (number := int(text)) <= MAX_ID and str(number) == text
    ]


def _wrapped(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def _tree(paths: Iterable[str]) -> _Tree:
    """Turn dotted paths into nested names."""
    tree: _Tree = {}
    for wire_path in paths:
        below = tree
        for step in wire_path.split("."):
            below = below.setdefault(step, {})
    return tree


def _mark(item: dict[str, Any], tree: _Tree) -> None:
    for name, below in tree.items():
        value = item.setdefault(name, _NO_ACCESS)
        if below:
            for nested in value if isinstance(value, list) else (value,):
                if isinstance(nested, dict):
                    _mark(nested, below)
