"""One kind of Stripe object: read by id, by many ids, and in lists of an account's customers."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.identity import malformed_id
from gateway.connectors.mapping import Body, Reader, Table, WireObject, is_object
from gateway.connectors.ports.common import Listing, Page, Record, Selection
from gateway.connectors.stripe.lists import MAX_LIMIT, Rows, merged, rows_of
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.outbound import Answer, VendorClient, decode

R = TypeVar("R", bound=Record)
Query = list[tuple[str, str]]
Found = dict[str, Record | GatewayError | None]

_CUSTOMER = re.compile(r"cus_[A-Za-z0-9]{1,250}", re.ASCII)
_ID = re.compile(r"[A-Za-z]{2,10}_[A-Za-z0-9_]{1,250}", re.ASCII)
_FEW = 3
_LIST_PAGES = 5
_LIST = Body("data", {"id": str, "created": int}, {"has_more": bool})
_OBJECT = Body(keys={"id": str, "deleted": bool})
_EXPANDABLE = ("payments", "latest_charge")
_BAD_REQUEST = 400
_NOT_FOUND = 404


class RowGoneError(UpstreamError):
    """The row that a page was to start after does not exist any more."""


class Resource:
    """Made for one connector; `clock` gives aware UTC."""

    path: str
    table: Table[Any]

    def __init__(self, name: str, client: VendorClient, clock: Callable[[], dt.datetime]) -> None:
        self._name = name
        self._client = client
        self._clock = clock

    def _reader(self, table: Table[R], fields: Selection) -> Reader[R]:
        return Reader(table, fields, self._name, self._clock())

    def _customers(self, scope: AccountScope) -> tuple[str, ...]:
        """Give the account's customers, each once; they go into paths and cursors."""
        customers = tuple(dict.fromkeys(scope.owners(self._name)))
        if not all(_CUSTOMER.fullmatch(customer) for customer in customers):
            raise malformed_id()
        return customers

    def _expand(self, fields: Selection, prefix: str = "") -> Query:
        """Ask for the linked objects that selected attributes are read from."""
        heads = {wire_path.split(".")[0] for wire_path in self.table.paths(fields)}
        return [("expand[]", f"{prefix}{name}") for name in _EXPANDABLE if name in heads]

    async def _list(self, scope: AccountScope, page: Page, fields: Selection, query: Query) -> Listing[Any]:
        extra = [*query, *self._expand(fields, "data.")]

        reader = self._reader(self.table, fields)

        async def fetch(customer: str, after: str | None, limit: int) -> Rows:
            return await self._page(customer, after, limit, extra, reader)

        try:
            return await merged(fetch, self._customers(scope), scope, page, reader.read, self._name)
        except RowGoneError:
            raise row_gone() from None

    async def _page(
        self, customer: str, after: str | None, limit: int, extra: Query, reader: Reader[Any] | None = None
    ) -> Rows:
        """Give one page of this customer's list."""
        asked = [("customer", customer), *extra]
        return await self._rows(self.path, asked, self.path, after, limit, reader)

    async def _rows(
        self,
        path: str,
        query: Query,
        route: str,
        after: str | None,
        limit: int,
        reader: Reader[Any] | None = None,
    ) -> Rows:
        """Give one page of a list, for `reader` or whole; RowGoneError when there is no row `after`."""
        paging = [("limit", str(limit)), *([("starting_after", after)] if after else [])]
        answer = await self._client.get(
            path, query=[*query, *paging], route=route, accept=frozenset({200, _BAD_REQUEST})
        )
        if answer.status == _BAD_REQUEST:
            body = decode(answer, self._name)
            kind = RowGoneError if after and _error(body).get("param") == "starting_after" else UpstreamError
            raise kind(Code.UPSTREAM_CONTRACT_BROKEN, self._name, detail="HTTP 400")
        body = reader.decode(answer, _LIST) if reader else decode(answer, self._name)
        return rows_of(body, self._name, after)

    async def _many(self, refs: Sequence[Ref], fields: Selection, query: Query) -> list[Any]:
        """Stripe has no get-many: few ids are read one by one, many by listing their customers."""
        by_scope: dict[AccountScope, set[str]] = {}
        for ref in refs:
            by_scope.setdefault(ref.scope, set())
            if _ID.fullmatch(ref.native_id):
                by_scope[ref.scope].add(ref.native_id)
        found = await asyncio.gather(
            *(self._of_scope(scope, ids, fields, query) for scope, ids in by_scope.items()),
            return_exceptions=True,
        )
        records: dict[tuple[AccountScope, str], Any] = {}
        for (scope, ids), part in zip(by_scope.items(), found, strict=True):
            if isinstance(part, BaseException) and not isinstance(part, GatewayError):
                raise part
            # One account's broken list is not another's.
            values = dict.fromkeys(ids, part) if isinstance(part, GatewayError) else part
            records |= {(scope, key): value for key, value in values.items()}
        return [records.get((ref.scope, ref.native_id)) for ref in refs]

    async def _of_scope(self, scope: AccountScope, ids: set[str], fields: Selection, query: Query) -> Found:
        reader = self._reader(self.table, fields)
        rows: dict[str, WireObject] = {}
        missing = sorted(ids)
        if len(ids) > _FEW:
            extra = [*query, *self._expand(fields, "data.")]
            customers = self._customers(scope)
            ended = await asyncio.gather(*(self._index(one, ids, rows, extra, reader) for one in customers))
            # What is in none of the account's whole lists is not the account's: no call is spent on it.
            missing = [] if all(ended) else sorted(ids - rows.keys())
        found: Found = {key: reader.read(row, scope) for key, row in rows.items()}
        singles = await asyncio.gather(
            *(self._single(key, fields, reader) for key in missing), return_exceptions=True
        )
        for key, single in zip(missing, singles, strict=True):
            if isinstance(single, BaseException) and not isinstance(single, GatewayError):
                raise single
            found[key] = (
                single if single is None or isinstance(single, GatewayError) else reader.read(single, scope)
            )
        return found

    async def _index(
        self,
        customer: str,
        ids: set[str],
        rows: dict[str, WireObject],
        extra: Query,
        reader: Reader[Any],
    ) -> bool:
        """Collect a customer's rows with these ids; True when its list was read to the end."""
        after: str | None = None
        for _ in range(_LIST_PAGES):
            try:
                page = await self._page(customer, after, MAX_LIMIT, extra, reader)
            except RowGoneError:
                return False  # deleted meanwhile; the ids that are left are read one by one
            rows.update({row["id"]: row for row in page.data if row["id"] in ids})
            if not page.more:
                return True
            if ids <= rows.keys():
                return False
            after = page.data[-1]["id"]
        return False

    async def _single(self, key: str, fields: Selection, reader: Reader[Any]) -> WireObject | None:
        answer = await self._client.get(
            f"{self.path}/{key}",
            query=self._expand(fields),
            route=f"{self.path}/{{id}}",
            accept=frozenset({200, _NOT_FOUND}),
        )
        return self._found(answer, key, reader)

    def _found(self, answer: Answer, key: str, reader: Reader[Any] | None = None) -> WireObject | None:
        """Give the object of this id; None when there is none, or it was deleted (Stripe leaves a stub)."""
        whole = reader is None or answer.status == _NOT_FOUND
        body: Any = decode(answer, self._name) if whole else reader.decode(answer, _OBJECT)  # type: ignore[union-attr]
        if answer.status == _NOT_FOUND and _error(body).get("code") == "resource_missing":
            return None
        if answer.status == _NOT_FOUND or not is_object(body) or body.get("id") != key:
            raise UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self._name, detail="not the object asked for")
        return None if body.get("deleted") is True else body


def unsupported(argument: str, text: str) -> RequestError:
    """Refuse an argument that Stripe cannot serve, saying what to write."""
    return RequestError(Code.UNSUPPORTED_CAPABILITY, f"{argument}: {text}")


def row_gone() -> RequestError:
    """Refuse a cursor whose row was deleted since."""
    return RequestError(
        Code.INVALID_CURSOR, "after: the row this cursor points at is gone. Leave it out to start again."
    )


def _error(body: object) -> dict[str, Any]:
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
