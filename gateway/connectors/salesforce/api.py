"""The calls: many records by id, queries, and what their answers must look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.connectors.salesforce.config import API_VERSION
from gateway.errors import Code, UpstreamError
from gateway.outbound import Answer, VendorClient, decode, segment

BASE: Final = f"/services/data/{API_VERSION}"
BATCH: Final = 2000
"""Ids that one call takes."""
_MORE: Final = re.compile(re.escape(f"{BASE}/query/") + r"[A-Za-z0-9]{15,40}(?:-[0-9]{1,9})?", re.ASCII)
_FORBIDDEN: Final = 403


class _Error(msgspec.Struct):
    errorCode: str  # noqa: N815  the wire's name


_errors = msgspec.json.Decoder(list[_Error]).decode


def classify(answer: Answer) -> Code | None:
    """Tell the spent allocation of calls, which is a 403 here, from calls that are not allowed."""
    if answer.status != _FORBIDDEN:
        return None
    try:
        found = _errors(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    limited = any(error.errorCode == "REQUEST_LIMIT_EXCEEDED" for error in found)
    return Code.UPSTREAM_RATE_LIMITED if limited else None


@dataclass(frozen=True, slots=True)
class Rows:
    """Some of a query's rows. `more` is the path of the next ones, None at the end."""

    data: list[dict[str, Any]]
    more: str | None


class Api:
    """One organisation's REST interface."""

    def __init__(self, name: str, client: VendorClient) -> None:
        self.name = name
        self._client = client

    def broken(self, detail: str) -> UpstreamError:
        """Make the error for an answer that is not what it must be; `detail` names places, not values."""
        return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self.name, detail=detail)

    async def retrieve(
        self, kind: str, ids: Sequence[str], fields: Sequence[str]
    ) -> list[dict[str, Any] | UpstreamError | None]:
        """Read at most `BATCH` records by different ids of 18 characters, in one call.

        Give per id the record, None where there is none, or the error that another stands in its place.
        """
        answer = await self._client.post(
            f"{BASE}/composite/sobjects/{segment(kind)}",
            msgspec.json.encode({"ids": ids, "fields": fields}),
            content_type="application/json",
            idempotent=True,
            route=f"{BASE}/composite/sobjects/{kind}",
        )
        found = decode(answer, self.name)
        if not isinstance(found, list) or len(found) != len(ids):
            raise self.broken(f"{kind}: not one row per id")
        return [self._row(kind, wanted, one) for wanted, one in zip(ids, found, strict=True)]

    def _row(self, kind: str, wanted: str, one: object) -> dict[str, Any] | UpstreamError | None:
        if one is None:
            return None
        if isinstance(one, dict) and one.get("Id") == wanted:
            return one
        return self.broken(f"{kind}: another record in the place of the one asked for")

    async def query(self, soql: str) -> Rows:
        """Run a query for records."""
        return self._rows(await self._query(soql))

    async def more(self, path: str) -> Rows:
        """Read on where `Rows.more` says."""
        return self._rows(decode(await self._client.get(path, route=f"{BASE}/query/{{id}}"), self.name))

    async def count(self, soql: str) -> int:
        """Run a query for a number of rows."""
        found = await self._query(soql)
        total = found.get("totalSize") if isinstance(found, dict) else None
        if type(total) is not int or total < 0:
            raise self.broken("no count in the answer to a query")
        return total

    async def _query(self, soql: str) -> Any:
        answer = await self._client.get(f"{BASE}/query", query=[("q", soql)], route=f"{BASE}/query")
        return decode(answer, self.name)

    def _rows(self, found: object) -> Rows:
        if not isinstance(found, dict):
            raise self.broken("no object in answer to a query")
        records, done, more = found.get("records"), found.get("done"), found.get("nextRecordsUrl")
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise self.broken("no records in the answer to a query")
        if type(done) is not bool:
            raise self.broken("the answer to a query does not say whether it is whole")
        if done:
            return Rows(records, None)
        # Checked, since it goes into a path; and rows are promised only where some came.
        if not records or not isinstance(more, str) or not _MORE.fullmatch(more):
            raise self.broken("no address of a query's next records")
        return Rows(records, more)
