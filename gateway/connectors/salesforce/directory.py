"""The identity map: fields of Account say what an account is called in the other systems."""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gateway.connectors.ports.accounts import AccountType
from gateway.connectors.ports.directory import AccountRef
from gateway.connectors.salesforce import rules, soql
from gateway.connectors.salesforce.api import Api
from gateway.connectors.salesforce.mapping import KEY

_MAX_URI: Final = 12_000
"""Bytes of an encoded query: Salesforce takes 16,384 of address and headers together, and tokens are long."""
_MAX_KEY: Final = 255
"""Characters that a text field holds."""


class Directory:
    """Accounts by key. `natives`: connector name -> field of Account, `types`: its Type -> ours."""

    def __init__(self, api: Api, natives: Mapping[str, str], types: Mapping[str, AccountType]) -> None:
        self._api = api
        self._natives = natives
        self._types = types
        fields = dict.fromkeys(["Id", KEY, "Type", f"Parent.{KEY}", *natives.values()])
        self._select = f"SELECT {','.join(fields)} FROM Account WHERE IsDeleted = false AND "  # noqa: S608  API names

    async def ping(self) -> None:
        """Read one account's ids: proves address, key, permission, and that the fields are there."""
        await self._api.query(f"{self._select}{KEY} != null LIMIT 1")

    async def resolve(self, accounts: Sequence[str]) -> Mapping[str, AccountRef]:
        """See the port. A key that no text field can hold is unknown, without a call."""
        keys = [key for key in dict.fromkeys(accounts) if 0 < len(key) <= _MAX_KEY and key.isprintable()]
        parts = await asyncio.gather(*(self._batch(batch) for batch in self._batches(keys)))
        found = {key: ref for part in parts for key, ref in part.items()}
        self._refuse_shared(found)
        return found

    def _batches(self, keys: Sequence[str]) -> Iterator[list[str]]:
        """Cut the keys so that each query fits into an address."""
        fixed = len(urllib.parse.quote(f"{self._select}{soql.within(KEY, [])}", safe=""))
        batch: list[str] = []
        size = fixed
        for key in keys:
            cost = len(urllib.parse.quote(f"{soql.quote(key)},", safe=""))
            if batch and size + cost > _MAX_URI:
                yield batch
                batch, size = [], fixed
            batch.append(key)
            size += cost
        if batch:
            yield batch

    async def _batch(self, keys: Sequence[str]) -> dict[str, AccountRef]:
        rows = await self._api.query(f"{self._select}{soql.within(KEY, keys)}")
        data = list(rows.data)
        # A key comes once at most, so there are no more rows than keys.
        while rows.more is not None and len(data) <= len(keys):
            rows = await self._api.more(rows.more)
            data += rows.data
        asked = frozenset(keys)
        found: dict[str, AccountRef] = {}
        for one in data:
            key = one.get(KEY)
            # Exactly: a field that takes upper and lower case for the same also finds other keys.
            if not isinstance(key, str) or key not in asked or key in found:
                raise self._api.broken(f"Account.{KEY}: not asked for, or twice")
            found[key] = self._read(one)
        return found

    def _read(self, one: Mapping[str, Any]) -> AccountRef:
        own = soql.normal(one.get("Id"), soql.ACCOUNT)
        if own is None:
            raise self._api.broken("Account.Id: not the id of an account")
        natives: dict[str, tuple[str, ...]] = {self._api.name: (own,)}
        for connector, field in self._natives.items():
            if ids := rules.words(self._text(one, field)):
                natives[connector] = ids
        word = self._text(one, "Type")
        parent = one.get("Parent")
        if parent is not None and not isinstance(parent, dict):
            raise self._api.broken("Account.Parent: no object")
        return AccountRef(
            natives=natives,
            type=self._types.get(word, AccountType.UNKNOWN) if word else None,
            parent=self._text(parent, KEY) if parent else None,
        )

    def _text(self, one: Mapping[str, Any], field: str) -> str | None:
        value = one.get(field)
        if value is None or isinstance(value, str):
            return value
        raise self._api.broken(f"Account.{field}: no text")  # a number may have lost digits

    def _refuse_shared(self, found: Mapping[str, AccountRef]) -> None:
        """One id in two accounts would show each the other's records."""
        seen: dict[tuple[str, str], str] = {}
        for key, ref in found.items():
            for connector, ids in ref.natives.items():
                for native in ids:
                    if seen.setdefault((connector, native), key) != key:
                        raise self._api.broken(f"an id of {connector!r} stands in two accounts")
