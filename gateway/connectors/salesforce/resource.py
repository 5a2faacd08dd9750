"""One kind of Salesforce object: read by many ids, and by pages of an account's."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.identity import malformed_id
from gateway.connectors.mapping import Reader, Table
from gateway.connectors.ports.common import Listing, Page, Record, Selection, counted
from gateway.connectors.salesforce import soql
from gateway.connectors.salesforce.api import BATCH, Api
from gateway.errors import Code, GatewayError, RequestError, UpstreamError

R = TypeVar("R", bound=Record)
Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What to list: what meets the `conditions`, in an `order`.

    `beyond` narrows to what follows the page's cursor; `cursor` names a row, from its id and fields `more`.
    """

    conditions: Sequence[str]
    beyond: Sequence[str]
    order: str
    cursor: Callable[[Wire], str]
    more: Sequence[str] = ()


class Resource(Generic[R]):
    """Made for one connector; `clock` gives aware UTC. `kind` is the object's API name."""

    kind: str
    prefix: str

    def __init__(self, api: Api, clock: Callable[[], dt.datetime], table: Table[R]) -> None:
        self._api = api
        self._clock = clock
        self._table = table

    async def _many(self, refs: Sequence[Ref], fields: Selection) -> list[R | GatewayError | None]:
        """Read many records; ids that this kind of object cannot have are missing, without a call."""
        wanted = {ref.native_id: soql.normal(ref.native_id, self.prefix) for ref in refs}
        ids = list(dict.fromkeys(found for found in wanted.values() if found is not None))
        batches = [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
        paths = self._table.paths(fields)
        parts = await asyncio.gather(*(self._api.retrieve(self.kind, batch, paths) for batch in batches))
        rows: dict[str | None, Wire | UpstreamError | None] = {None: None}
        rows.update(zip(ids, (one for part in parts for one in part), strict=True))
        reader = Reader(self._table, fields, self._api.name, self._clock())
        found = [(rows[wanted[ref.native_id]], ref.scope) for ref in refs]
        return [reader.read(one, scope) if isinstance(one, dict) else one for one, scope in found]

    async def _list(self, scope: AccountScope, page: Page, fields: Selection, asked: Question) -> Listing[R]:
        """Read one page; the total costs a call of its own and is read only when it is selected."""
        paths = list(dict.fromkeys([*self._table.paths(fields), *asked.more]))
        size = page.size
        whole = [*asked.conditions, *asked.beyond]
        question = soql.select(paths, self.kind, whole, asked.order, size + 1)

        async def total() -> int | None:
            if not counted(fields, self._table.model):
                return None
            return await self._api.count(soql.count(self.kind, asked.conditions))

        rows, number = await asyncio.gather(self._api.query(question), total())
        self._check(rows.data)
        reader = Reader(self._table, fields, self._api.name, self._clock())
        shown = [(reader.read(one, scope), asked.cursor(one)) for one in rows.data[:size]]
        items: list[tuple[R | GatewayError, str]] = [(one, key) for one, key in shown if one is not None]
        return Listing(
            items,
            # The system may cut a page short, and then says that it did.
            has_next=len(rows.data) > size or rows.more is not None,
            has_previous=page.after is not None,
            total=number,
            end_cursor=shown[-1][1] if len(items) < len(shown) else None,
        )

    def _check(self, rows: Sequence[Wire]) -> None:
        """See that every row has an id of this kind, and none comes twice."""
        ids = {soql.normal(one.get("Id"), self.prefix) for one in rows}
        if len(ids) != len(rows) or None in ids:
            raise self._api.broken(f"{self.kind}: a row without an id, or twice")

    def _accounts(self, scope: AccountScope) -> list[str]:
        """Give the account's ids, each once, in the form that its records name them in."""
        found = list(dict.fromkeys(scope.owners(self._api.name)))
        if not all(soql.normal(one, soql.ACCOUNT) == one for one in found):
            raise malformed_id()
        return found


def forward_only(page: Page) -> None:
    """Refuse the pages from a list's end."""
    if page.first is None:
        raise RequestError(
            Code.UNSUPPORTED_CAPABILITY, "last, before: this list pages forward only. Write first and after."
        )


def no_cursor() -> RequestError:
    """Make the error for a cursor that this list never gave, or whose row is gone."""
    return RequestError(Code.INVALID_CURSOR, "after: not a cursor of this list. Leave it out to start again.")


def nothing() -> Listing[Any]:
    """Give the list of an account that this system does not know."""
    return Listing([], has_next=False, has_previous=False, total=0)
