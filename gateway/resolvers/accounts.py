"""The caller, its memberships, and the account they lead into."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from gateway.auth.principal import Membership, Principal
from gateway.auth.scope import Ref
from gateway.connectors.ports.accounts import AccountsPort, AccountType
from gateway.connectors.ports.common import Record
from gateway.context import RequestContext
from gateway.errors import GatewayError
from gateway.resolvers.connections import Connection, PageArgs, gathered, held


def viewer(_parent: object, context: RequestContext) -> Principal:
    """Answer who calls."""
    return context.principal


def user(principal: Principal, _context: RequestContext) -> Principal:
    """Answer the person behind the token."""
    return principal


def memberships(principal: Principal, context: RequestContext, **page: Any) -> Connection:
    """List the caller's accounts, in the order of the token."""
    rows = list(principal.memberships.values())
    return held(context, "Viewer.memberships", rows, PageArgs(**page))


def current_account(principal: Principal, _context: RequestContext) -> Membership | None:
    """Answer the first account of the token."""
    return next(iter(principal.memberships.values()), None)


def membership_account(membership: Membership, _context: RequestContext) -> Membership:
    """Answer the account a membership is in."""
    return membership


def record_account(record: Record, context: RequestContext) -> Membership | None:
    """Answer the account a record was read for."""
    return context.membership(record.scope.key)


async def parent(membership: Membership, context: RequestContext) -> Membership | None:
    """Answer the account above, to who is a member of it too."""
    above = (await context.account_ref(membership)).parent
    return None if above is None else context.membership(above)


async def children(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List the accounts below this one among the caller's own; one look-up for all that are not known yet."""
    others = [other for other in context.principal.memberships.values() if other is not membership]
    refs = await asyncio.gather(*(context.account_ref(other) for other in others), return_exceptions=True)
    rows: list[tuple[Any, str]] = []
    for other, ref in zip(others, refs, strict=True):
        if isinstance(ref, BaseException) and not isinstance(ref, GatewayError):
            raise ref
        # Of an account that cannot be looked up now nobody can say where it belongs.
        if isinstance(ref, GatewayError) or ref.parent == membership.account:
            rows.append((ref if isinstance(ref, GatewayError) else other, other.account))
    scope = await context.scope(membership)
    return gathered(context, "Account.children", scope, rows, PageArgs(**page), total=len(rows))


def summary(membership: Membership, _context: RequestContext) -> Membership:
    """Answer the account; each count is asked for by itself."""
    return membership


async def account_type(membership: Membership, context: RequestContext) -> AccountType:
    """Answer what the directory says the account is."""
    return (await context.account_ref(membership)).type or AccountType.UNKNOWN


async def master_records(memberships: Sequence[Membership], context: RequestContext) -> Sequence[Any]:
    """Load the accounts' master records; null where the system knows none, an error in a record's place."""
    system = context.system(AccountsPort.get_many)

    async def one(membership: Membership) -> Any:
        scope = await context.scope(membership)
        owners = scope.owners(system)
        return await context.load(AccountsPort.get_many, Ref(scope, owners[0])) if owners else None

    if len(memberships) == 1:
        return [await one(memberships[0])]
    return await asyncio.gather(*map(one, memberships), return_exceptions=True)
