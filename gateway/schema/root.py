"""The roots: what a query can begin with. Nothing customer-owned is listed here."""

from __future__ import annotations

from functools import partial

import strawberry

from gateway.resolvers import accounts as resolve_accounts
from gateway.resolvers import nodes as resolve_nodes
from gateway.schema.accounts import Account, Viewer
from gateway.schema.base import TYPES, Arg, Node, field, object_type

_REQUIRES = {name: TYPES[name].requires for name in resolve_nodes.LOADERS}
_IDS = f"Ids that answers gave; at most {resolve_nodes.MAX_IDS}."


@object_type(requires=[])
class Query:
    """Everything that can be asked."""

    viewer = field(Viewer, resolve_accounts.viewer, description="Who calls.")
    account = field(
        Account | None,
        resolve_nodes.account,
        description="One of the caller's accounts; null for any other id.",
        args=[Arg("id", strawberry.ID, "The account's id.")],
        entry=True,
    )
    node = field(
        Node | None,
        partial(resolve_nodes.node, _REQUIRES),
        description="Any record of the caller's accounts; null for any other id.",
        args=[Arg("id", strawberry.ID, "An id that an answer gave.")],
        entry=True,
    )
    nodes = field(
        list[Node | None],
        partial(resolve_nodes.nodes, _REQUIRES),
        description="Several records, in the order of the ids.",
        args=[Arg("ids", list[strawberry.ID], _IDS)],
        entry=True,
    )
