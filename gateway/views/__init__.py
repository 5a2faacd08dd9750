"""All that a view imports of the gateway, beside `gateway.connectors.ports` and types of `gateway.schema`.

A view is a package with a `VIEW`: fields that it adds to `Account`. See docs/compose-a-view.md.

    async def season(account: Membership, context: Context, *, year: int) -> Season | None: ...

    VIEW = View(season=field(Season | None, season, description="...", args=[Arg("year", int, "...")]))
"""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership
from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Value, key_of
from gateway.context import RequestContext as Context
from gateway.errors import Code, GatewayError, RequestError
from gateway.resolvers.connections import Connection, PageArgs, listed
from gateway.resolvers.parts import AccountPart, each, every, known, selected
from gateway.schema.base import Arg, auto, connection, enum_of, field, input_type, lazy, object_type, plain
from gateway.schema.views import View

__all__ = [
    "AccountPart",
    "AccountScope",
    "Arg",
    "Code",
    "Connection",
    "Context",
    "GatewayError",
    "Membership",
    "PageArgs",
    "Permission",
    "Ref",
    "RequestError",
    "Value",
    "View",
    "auto",
    "connection",
    "each",
    "enum_of",
    "every",
    "field",
    "input_type",
    "key_of",
    "known",
    "lazy",
    "listed",
    "object_type",
    "plain",
    "selected",
]
