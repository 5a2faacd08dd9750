"""Relations by a key that the parent holds: one batch, however many parents the operation has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.auth.directive import ResolverOfMany
from gateway.auth.scope import Ref
from gateway.connectors.ports.common import Record
from gateway.context import PortMethod, RequestContext
from gateway.errors import GatewayError


def by_key(attribute: str, method: PortMethod) -> ResolverOfMany:
    """Make the resolver of one record by the native id in `attribute`; null where that is null."""

    async def resolve(parents: Sequence[Record], context: RequestContext) -> Sequence[Any]:
        keys = [getattr(parent, attribute) for parent in parents]
        refs = [
            Ref(parent.scope, key)
            for parent, key in zip(parents, keys, strict=True)
            if key is not None and not isinstance(key, GatewayError)
        ]
        found = iter(await context.load_all(method, refs))
        # An error in the key's place is the relation's.
        return [key if key is None or isinstance(key, GatewayError) else next(found) for key in keys]

    return resolve


def by_keys(attribute: str, method: PortMethod) -> ResolverOfMany:
    """Make the resolver of a list of records by the ids in `attribute`, an error in a record's place."""

    async def resolve(parents: Sequence[Record], context: RequestContext) -> Sequence[Any]:
        keys = [getattr(parent, attribute) for parent in parents]
        lists = [() if each is None or isinstance(each, GatewayError) else each for each in keys]
        refs = [Ref(parent.scope, key) for parent, ids in zip(parents, lists, strict=True) for key in ids]
        context.count_rows(len(refs))
        found = iter(await context.load_all(method, refs))
        return [
            each if each is None or isinstance(each, GatewayError) else [next(found) for _ in ids]
            for each, ids in zip(keys, lists, strict=True)
        ]

    return resolve
