"""Salesforce as directory, accounts, staff, contacts and members. See README.md for limits and traps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from gateway.auth.scope import Ref
from gateway.connectors.converters import derive
from gateway.connectors.mapping import Row, row
from gateway.connectors.oauth import TokenSource, jwt_bearer
from gateway.connectors.ports.accounts import AccountProfile, AccountsPort, StaffMember, StaffPort
from gateway.connectors.ports.common import Selection
from gateway.connectors.ports.contacts import ContactsPort, MembersPort
from gateway.connectors.ports.directory import DirectoryPort
from gateway.connectors.salesforce import mapping, soql
from gateway.connectors.salesforce.api import Api, classify
from gateway.connectors.salesforce.config import TYPES, Config
from gateway.connectors.salesforce.directory import Directory
from gateway.connectors.salesforce.people import Contacts, Members
from gateway.connectors.salesforce.resource import Resource
from gateway.errors import ConfigurationError, GatewayError
from gateway.outbound import Outbound

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  a path


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Connector:
    """One Salesforce organisation."""

    def __init__(self, api: Api, config: Config, clock: Callable[[], dt.datetime] = _now) -> None:
        self.name = api.name
        self._directory = Directory(api, config.natives, TYPES | config.types)
        self.ports: Mapping[type, object] = {
            DirectoryPort: self._directory,
            AccountsPort: Accounts(
                api,
                clock,
                mapping.account(currency=_currency(config), country_codes=config.country_codes),
            ),
            StaffPort: Staff(api, clock, mapping.USER),
            ContactsPort: Contacts(api, clock),
            MembersPort: Members(api, clock),
        }

    async def ping(self) -> None:
        """Read one account's row of the identity map."""
        await self._directory.ping()


def connect(
    name: str, config: Config, outbound: Outbound, clock: Callable[[], dt.datetime] = _now
) -> Connector:
    """Make the connector that is configured as `name`; `clock` gives aware UTC."""
    if name in config.natives:
        raise ConfigurationError(
            f"connectors.{name}.natives.{name}", "leave it out: here an account's id is its own"
        )
    login = outbound.client(name, config.login_url, timeout=config.timeout_seconds)
    grant = jwt_bearer(
        config.client_id, config.username, config.audience or config.login_url, config.private_key
    )
    client = outbound.client(
        name,
        config.base_url,
        timeout=config.timeout_seconds,
        concurrency=config.concurrency,
        credentials=TokenSource(login, TOKEN_PATH, grant),
        classify=classify,
    )
    return Connector(Api(name, client), config, clock)


def _currency(config: Config) -> Row:
    """Read an account's currency where accounts have one; else it is the organisation's."""
    if config.multi_currency:
        return row("CurrencyIsoCode")
    return row(derive(lambda: config.currency))


class Accounts(Resource[AccountProfile]):
    """Master records of customers."""

    kind = "Account"
    prefix = soql.ACCOUNT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[AccountProfile | GatewayError | None]:
        """See the port."""
        return await self._many(refs, fields)


class Staff(Resource[StaffMember]):
    """Users of the business: active ones with a full licence, never a customer's."""

    kind = "User"
    prefix = soql.USER

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[StaffMember | GatewayError | None]:
        """See the port."""
        return await self._many(refs, fields)
