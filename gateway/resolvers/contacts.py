"""The customer's people, who of them are members, and the business's staff who look after the account."""

from __future__ import annotations

from typing import Any

from gateway.auth.principal import Membership
from gateway.auth.scope import Ref
from gateway.connectors.ports.accounts import AccountsPort, StaffMember, StaffPort
from gateway.connectors.ports.common import key_of
from gateway.connectors.ports.contacts import ContactsPort, MembersPort
from gateway.context import RequestContext
from gateway.resolvers.connections import Connection, PageArgs, listed
from gateway.resolvers.relations import by_key


async def contacts(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List the account's people."""
    scope = await context.scope(membership)
    return await listed(context, ContactsPort.list_contacts, scope, PageArgs(**page))


async def members(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List who may use the portal for the account."""
    scope = await context.scope(membership)
    return await listed(context, MembersPort.list_members, scope, PageArgs(**page))


member_contact = by_key("contact_id", ContactsPort.get_many)


async def account_manager(membership: Membership, context: RequestContext) -> StaffMember | None:
    """Load the person of the business whom the account's master record names."""
    scope = await context.scope(membership)
    owners = scope.owners(context.system(AccountsPort.get_many))
    account = await context.load(AccountsPort.get_many, Ref(scope, owners[0])) if owners else None
    manager_id = None if account is None else key_of(account.manager_id)
    if manager_id is None:
        return None
    manager: StaffMember | None = await context.load(StaffPort.get_many, Ref(scope, manager_id))
    return manager
