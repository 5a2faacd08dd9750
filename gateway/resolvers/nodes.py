"""`node` and `nodes`: any record by its global id."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.auth.directive import Requires, refusal
from gateway.auth.principal import Membership
from gateway.auth.scope import Ref
from gateway.connectors.ports.billing import InvoicesPort, PaymentsPort, SubscriptionsPort
from gateway.connectors.ports.common import Record
from gateway.connectors.ports.contacts import ContactsPort
from gateway.connectors.ports.documents import DocumentsPort, FoldersPort
from gateway.connectors.ports.knowledge import ArticlesPort, SectionsPort
from gateway.connectors.ports.orders import OrdersPort, ProductsPort, ShipmentsPort
from gateway.connectors.ports.support import TicketsPort
from gateway.context import PortMethod, RequestContext
from gateway.errors import Code, RequestError
from gateway.ids import GlobalId, decode_id, write_id

ACCOUNT = "Account"
MAX_IDS = 100

LOADERS: Mapping[str, PortMethod] = {
    "Invoice": InvoicesPort.get_many,
    "Payment": PaymentsPort.get_many,
    "Subscription": SubscriptionsPort.get_many,
    "Order": OrdersPort.get_many,
    "Shipment": ShipmentsPort.get_many,
    "Product": ProductsPort.get_many,
    "Contact": ContactsPort.get_many,
    "Ticket": TicketsPort.get_many,
    "Document": DocumentsPort.get_many,
    "Folder": FoldersPort.get_many,
    "Article": ArticlesPort.get_many,
    "ArticleSection": SectionsPort.get_many,
}
"""GraphQL type -> the port method that loads it."""


def global_id(type_name: str, parent: Membership | Record) -> str:
    """Write the id of a record, or of the account a membership is in."""
    if isinstance(parent, Membership):
        return write_id(type_name, "", parent.account, parent.account)
    return write_id(type_name, parent.connector, parent.scope.key, parent.id)  # type: ignore[attr-defined]


Requirements = Mapping[str, Requires]
"""GraphQL type -> what it requires; declared on the types, in `schema/`."""


async def node(
    requires: Requirements,
    _parent: object,
    context: RequestContext,
    *,
    id: str,  # noqa: A002  the argument's name in the schema
) -> Membership | Record | None:
    """Answer null for an id of an account the caller has no membership in, without a vendor call."""
    return await _load(context, decode_id(id), requires)


async def nodes(
    requires: Requirements, _parent: object, context: RequestContext, *, ids: list[str]
) -> list[Any]:
    """Answer several ids in order; a broken one concerns its own place only."""
    if len(ids) > MAX_IDS:
        raise RequestError(Code.INVALID_INPUT, f"ids: write at most {MAX_IDS} ids; {len(ids)} were given.")

    context.count_rows(len(ids))

    async def one(position: int, text: str) -> Membership | Record | None:
        return await _load(context, decode_id(text, f"ids[{position}]"), requires)

    found = await asyncio.gather(*(one(i, text) for i, text in enumerate(ids)), return_exceptions=True)
    return list(found)


async def account(_parent: object, context: RequestContext, *, id: str) -> Membership | None:  # noqa: A002
    """Select one of the caller's memberships; costs no vendor call."""
    identity = decode_id(id)
    return _membership(context, identity) if identity.type == ACCOUNT else None


def _membership(context: RequestContext, identity: GlobalId) -> Membership | None:
    exact = identity.connector == "" and identity.native_id == identity.account
    return context.membership(identity.account) if exact else None


async def _load(
    context: RequestContext, identity: GlobalId, requires: Requirements
) -> Membership | Record | None:
    if identity.type == ACCOUNT:
        return _membership(context, identity)
    membership = context.membership(identity.account)
    method = LOADERS.get(identity.type)
    if membership is None or method is None:
        return None
    # Before the call: refusing only what is found would tell that it exists.
    if error := refusal(membership, context, requires[identity.type], identity.type):
        raise error
    if context.system(method) != identity.connector:
        return None
    found: Record | None = await context.load(
        method, Ref(await context.scope(membership), identity.native_id)
    )
    return found
