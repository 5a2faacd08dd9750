"""Stripe's subscriptions, with the names of what is subscribed to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.mapping import WireObject
from gateway.connectors.ports.billing import Subscription, SubscriptionItem
from gateway.connectors.ports.common import Listing, Page, Record, Selection
from gateway.connectors.stripe import mapping
from gateway.connectors.stripe.lists import MAX_LIMIT
from gateway.connectors.stripe.resource import Resource
from gateway.errors import Code, GatewayError, UpstreamError

_PRODUCTS = "/v1/products"
_ALL = [("status", "all")]


class Subscriptions(Resource):
    """Subscriptions in every state: Stripe leaves ended ones out unless asked for all.

    An item's row holds its product's id. Stripe expands four levels, and the product of an item in a
    list is the fifth: the names of all products are read in one more call and put in the ids' place.
    """

    path = "/v1/subscriptions"
    table = mapping.SUBSCRIPTION

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Subscription | GatewayError | None]:
        """See the port."""
        return await self._named(await self._many(refs, fields, _ALL), fields)

    async def list_subscriptions(
        self, scope: AccountScope, page: Page, fields: Selection
    ) -> Listing[Subscription]:
        """List newest first."""
        listing = await self._list(scope, page, fields, _ALL)
        named = await self._named([record for record, _ in listing.items], fields)
        cursors = [cursor for _, cursor in listing.items]
        return Listing(
            list(zip(named, cursors, strict=True)),
            listing.has_next,
            listing.has_previous,
            listing.total,
            listing.end_cursor,
        )

    async def _named(self, records: Sequence[Any], fields: Selection) -> list[Any]:
        wanted = "product_name" in fields.get(SubscriptionItem, ())
        if not (wanted and "items" in fields.get(Subscription, ())):
            return list(records)
        ids = {_product(item) for record in records for item in _items(record)} - {None}
        names = await self._names(sorted(filter(None, ids)))
        return [
            replace(record, items=tuple(_renamed(item, names) for item in items))
            if (items := _items(record))
            else record
            for record in records
        ]

    async def _names(self, ids: Sequence[str]) -> Mapping[str, Any]:
        """Give per product its name, None where there is none, or the error in its place."""
        batches = [ids[start : start + MAX_LIMIT] for start in range(0, len(ids), MAX_LIMIT)]
        pages = await asyncio.gather(*map(self._batch, batches))
        return {product: name for page in pages for product, name in page.items()}

    async def _batch(self, ids: Sequence[str]) -> dict[str, Any]:
        wanted = [("ids[]", product) for product in ids]
        try:
            rows = await self._rows(_PRODUCTS, wanted, _PRODUCTS, None, MAX_LIMIT)
        except UpstreamError as error:
            return dict.fromkeys(ids, error)
        return dict.fromkeys(ids) | {row["id"]: self._name_of(row) for row in rows.data}

    def _name_of(self, row: WireObject) -> str | UpstreamError:
        name = row.get("name")
        if isinstance(name, str):
            return name
        return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self._name, detail="a product without a name")


def _items(record: object) -> Iterable[Any]:
    items = record.items if isinstance(record, Record) else ()  # type: ignore[attr-defined]  # selected, or no names are
    return items if isinstance(items, tuple) else ()


def _renamed(item: object, names: Mapping[str, Any]) -> object:
    product = _product(item)
    return item if product is None else replace(item, product_name=names.get(product))  # type: ignore[type-var]  # a record


def _product(item: object) -> str | None:
    product = item.product_name if isinstance(item, Record) else None  # type: ignore[attr-defined]  # selected
    return product if isinstance(product, str) else None
