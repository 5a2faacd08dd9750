"""What documents and folders share: the account's own folders, readers, and many calls at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.identity import malformed_id
from gateway.connectors.mapping import Reader, Table
from gateway.connectors.ports.common import Record, Selection
from gateway.connectors.s3 import keys
from gateway.connectors.s3.store import Store
from gateway.errors import GatewayError

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Resource:
    """Made for one connector; `clock` gives aware UTC."""

    def __init__(self, store: Store, clock: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._clock = clock

    def _reader(self, table: Table[R], fields: Selection) -> Reader[R]:
        return Reader(table, fields, self._store.name, self._clock())

    def _roots(self, scope: AccountScope) -> list[str]:
        """Give the account's own folders, in one order; cursors count them."""
        roots = sorted(set(scope.owners(self._store.name)))
        if not all(map(keys.is_root, roots)):
            raise malformed_id()
        return roots

    def _holds(self, ref: Ref) -> bool:
        """Whether an id is in one of its account's own folders."""
        return ref.native_id.startswith(tuple(self._roots(ref.scope)))


async def settled(calls: Sequence[Awaitable[T]]) -> list[T | GatewayError]:
    """Await all; an error of the gateway's own stands in the place of what it broke."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, GatewayError):
            raise one
    return found  # type: ignore[return-value]  # what else is an exception was raised
