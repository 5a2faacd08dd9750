"""Template as contacts. See README.md for limits and traps."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors._template.config import Config
from gateway.connectors._template.mapping import CONTACT
from gateway.connectors.identity import malformed_id
from gateway.connectors.mapping import Reader
from gateway.connectors.ports.common import Listing, Page, Selection
from gateway.connectors.ports.contacts import Contact, ContactsPort
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.outbound import Outbound, VendorClient, decode

# CHANGE: the forms of the vendor's ids. What does not fit is missing, and reaches no address or query.
_ID = re.compile(r"con_[0-9a-f]{1,40}", re.ASCII)
_ACCOUNT = re.compile(r"C-\d{1,12}", re.ASCII)
_PATH = "/contacts"
_MOST = 100  # rows of a page and ids of a call: the vendor's limit
_BAD_REQUEST = 400

Query = list[tuple[str, str]]
Rows = list[dict[str, Any]]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Connector:
    """One Template of the business."""

    def __init__(self, name: str, client: VendorClient, clock: Callable[[], dt.datetime]) -> None:
        self.name = name
        self._client = client
        # CHANGE: each port that is served, and what serves it.
        self.ports: Mapping[type, object] = {ContactsPort: Contacts(name, client, clock)}

    async def ping(self) -> None:
        """Ask who the token is: proves address and credentials, and reads no customer's data."""
        body = decode(await self._client.get("/me", route="/me"), self.name)
        if not isinstance(body, dict) or type(body.get("token")) is not str:
            raise broken(self.name, "not the answer of /me")


def connect(
    name: str, config: Config, outbound: Outbound, clock: Callable[[], dt.datetime] = _now
) -> Connector:
    """Make the connector that is configured as `name`; `clock` gives aware UTC."""
    client = outbound.client(
        name,
        config.base_url,
        timeout=config.timeout_seconds,
        concurrency=config.concurrency,
        # CHANGE: how calls prove who makes them. For OAuth see gateway/connectors/oauth.py.
        credentials={"Authorization": f"Bearer {config.token.reveal()}"},
    )
    return Connector(name, client, clock)


class Contacts:
    """Customers' people. Those who left are nobody's business."""

    def __init__(self, name: str, client: VendorClient, clock: Callable[[], dt.datetime]) -> None:
        self._name = name
        self._client = client
        self._clock = clock

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Contact | GatewayError | None]:
        """See the port. One call per 100 ids, whatever accounts they belong to."""
        ids = sorted({ref.native_id for ref in refs if _ID.fullmatch(ref.native_id)})
        parts = [ids[start : start + _MOST] for start in range(0, len(ids), _MOST)]
        rows = await asyncio.gather(*(self._by_id(part, fields) for part in parts))
        found = {row["id"]: row for part in rows for row in part}
        reader = Reader(CONTACT, fields, self._name, self._clock())
        # Read once per ref: the same row under another account's scope is another record.
        return [
            reader.read(found[ref.native_id], ref.scope) if ref.native_id in found else None for ref in refs
        ]

    async def list_contacts(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Contact]:
        """List by name: the only order there is. Pages go forward, after the id of a row."""
        if page.first is None:
            raise RequestError(
                Code.UNSUPPORTED_CAPABILITY,
                "last, before: contacts page forward only. Write first and after.",
            )
        if page.after is not None and not _ID.fullmatch(page.after):
            raise _no_cursor()
        accounts = self._accounts(scope)
        if not accounts:
            return Listing([], has_next=False, has_previous=False)  # a list of nobody's is a list of all
        size = min(page.first, _MOST)
        query = [*(("account_id", one) for one in accounts), ("status", "active"), ("limit", str(size))]
        if page.after is not None:
            query.append(("after", page.after))
        body = await self._ask(query, fields)
        rows, more = self._rows(body), body.get("has_more")
        if type(more) is not bool or (more and not rows) or len(rows) > size:
            raise broken(self._name, "not a page of contacts")
        if page.after in {row["id"] for row in rows}:
            raise broken(self._name, "a page that starts where the last one did")
        reader = Reader(CONTACT, fields, self._name, self._clock())
        read = [(reader.read(row, scope), row["id"]) for row in rows]
        return Listing(
            [(record, cursor) for record, cursor in read if record is not None],
            has_next=more,
            has_previous=page.after is not None,
            # A row that was hidden may have been the last one: the next page starts after it all the same.
            end_cursor=rows[-1]["id"] if rows else None,
        )

    def _accounts(self, scope: AccountScope) -> tuple[str, ...]:
        """Give the account's ids in this system, each once; they go into a query."""
        accounts = tuple(dict.fromkeys(scope.owners(self._name)))
        if not all(_ACCOUNT.fullmatch(account) for account in accounts):
            raise malformed_id()
        return accounts

    async def _by_id(self, ids: Sequence[str], fields: Selection) -> Rows:
        body = await self._ask([("ids", ",".join(ids)), ("limit", str(_MOST))], fields)
        rows = self._rows(body)
        if body.get("has_more") is not False or not {row["id"] for row in rows} <= set(ids):
            raise broken(self._name, "not the contacts asked for")
        return rows

    async def _ask(self, query: Query, fields: Selection) -> dict[str, Any]:
        answer = await self._client.get(
            _PATH,
            query=[*query, ("fields", _named(CONTACT.paths(fields)))],
            route=_PATH,
            accept=frozenset({200, _BAD_REQUEST}),
        )
        body = decode(answer, self._name)
        if answer.status == _BAD_REQUEST:
            # CHANGE: which of the vendor's errors are the caller's. All others are the system's fault.
            if isinstance(body, dict) and body.get("error") == "unknown_row":
                raise _no_cursor()
            raise broken(self._name, "HTTP 400")
        if not isinstance(body, dict):
            raise broken(self._name, "no object")
        return body

    def _rows(self, body: dict[str, Any]) -> Rows:
        """Give the rows of an answer: each has an id, and none comes twice."""
        rows = body.get("items")
        if not (isinstance(rows, list) and all(map(_is_row, rows)) and _differ(rows)):
            raise broken(self._name, "no list of objects with an id")
        return rows


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and type(row.get("id")) is str


def _differ(rows: Rows) -> bool:
    return len({row["id"] for row in rows}) == len(rows)


def _named(paths: Iterable[str]) -> str:
    return ",".join(sorted({"id", *paths}))


def _no_cursor() -> RequestError:
    return RequestError(Code.INVALID_CURSOR, "after: not a row of this list. Leave it out to start again.")


def broken(system: str, detail: str) -> UpstreamError:
    """Make the error for an answer that is none. `detail` names places and types, never values."""
    return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, system, detail=detail)
