"""Customers' people: contacts by name, and who of them may use the portal."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.converters import Env, iso_time
from gateway.connectors.ports.common import Listing, Page, Selection
from gateway.connectors.ports.contacts import Contact, Member
from gateway.connectors.salesforce import mapping, soql
from gateway.connectors.salesforce.api import Api
from gateway.connectors.salesforce.resource import (
    Question,
    Resource,
    Wire,
    forward_only,
    no_cursor,
    nothing,
)
from gateway.errors import GatewayError, UpstreamError

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)


class Contacts(Resource[Contact]):
    """People; a cursor is the id of one, since names have no business in addresses and logs."""

    kind = "Contact"
    prefix = soql.CONTACT

    def __init__(self, api: Api, clock: Callable[[], dt.datetime]) -> None:
        super().__init__(api, clock, mapping.CONTACT)

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Contact | GatewayError | None]:
        """See the port."""
        return await self._many(refs, fields)

    async def list_contacts(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Contact]:
        """List by family name, given name, id. Pages after the first cost one call more: whom to follow."""
        forward_only(page)
        accounts = self._accounts(scope)
        beyond = await self._beyond(page.after, accounts)
        if not accounts:
            return nothing()
        conditions = [soql.within("AccountId", accounts), "IsDeleted = false", f"{mapping.LEFT} = false"]
        question = Question(conditions, beyond, "LastName, FirstName NULLS FIRST, Id", _id)
        return await self._list(scope, page, fields, question)

    async def _beyond(self, after: str | None, accounts: Sequence[str]) -> list[str]:
        """Narrow to who comes after a person, as that person is called now."""
        if after is None:
            return []
        wanted = soql.normal(after, self.prefix)
        if wanted is None or wanted != after or not accounts:
            raise no_cursor()
        [found] = await self._api.retrieve(
            self.kind, [wanted], ["Id", "AccountId", "LastName", "FirstName", "IsDeleted"]
        )
        if isinstance(found, UpstreamError):
            raise found
        if found is None or found.get("IsDeleted") is not False or found.get("AccountId") not in accounts:
            raise no_cursor()  # gone, or another account's now
        family, given = found.get("LastName"), found.get("FirstName")
        if not isinstance(family, str) or not (given is None or isinstance(given, str)):
            raise self._api.broken("Contact: no name to sort by")
        return [_after(family, given, wanted)]


def _id(one: Wire) -> str:
    return str(one["Id"])


def _after(family: str, given: str | None, row_id: str) -> str:
    """Write the condition; who has no given name comes first."""
    last, further = soql.quote(family), f"Id > {soql.quote(row_id)}"
    if given is None:
        same = f"FirstName != null OR (FirstName = null AND {further})"
    else:
        first = soql.quote(given)
        same = f"FirstName > {first} OR (FirstName = {first} AND {further})"
    return f"(LastName > {last} OR (LastName = {last} AND ({same})))"


class Members(Resource[Member]):
    """Relations of people to an account, of those who can sign in; a cursor is moment and id."""

    kind = "AccountContactRelation"
    prefix = soql.RELATION

    def __init__(self, api: Api, clock: Callable[[], dt.datetime]) -> None:
        super().__init__(api, clock, mapping.MEMBER)

    async def list_members(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Member]:
        """List by the moment the relation was made, oldest first."""
        forward_only(page)
        accounts = self._accounts(scope)
        beyond = [] if page.after is None else [_since(page.after)]
        if not accounts:
            return nothing()
        conditions = [
            soql.within("AccountId", accounts),
            "IsDeleted = false",
            "IsActive = true",
            f"Contact.{mapping.SUBJECT} != null",
            f"Contact.{mapping.LEFT} = false",
        ]
        question = Question(conditions, beyond, "CreatedDate, Id", self._cursor, ("CreatedDate",))
        return await self._list(scope, page, fields, question)

    def _cursor(self, one: Wire) -> str:
        return f"{self._moment(one.get('CreatedDate'))} {one['Id']}"

    def _moment(self, wire: Any) -> str:
        """Write a moment as queries take it: in whole seconds, as the system's own stamps are."""
        try:
            at = iso_time.read(Env(self._clock()), wire)
        except (TypeError, ValueError, OverflowError):
            at = None
        if at is None or at.microsecond:
            raise self._api.broken(f"{self.kind}.CreatedDate: no moment to sort by")
        return f"{at.replace(tzinfo=None).isoformat()}Z"


def _since(cursor: str) -> str:
    """Write the condition for what follows a cursor."""
    moment, _, row_id = cursor.partition(" ")
    if not _MOMENT.fullmatch(moment) or soql.normal(row_id, soql.RELATION) != row_id:
        raise no_cursor()
    try:
        dt.datetime.fromisoformat(moment)
    except ValueError:
        raise no_cursor() from None
    further = f"Id > {soql.quote(row_id)}"
    return f"(CreatedDate > {moment} OR (CreatedDate = {moment} AND {further}))"
