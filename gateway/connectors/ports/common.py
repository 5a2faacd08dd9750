"""What every port shares: records, values, pages, and the three kinds of port."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum, StrEnum
from operator import attrgetter
from typing import Annotated, Any, Generic, NewType, TypeVar

import msgspec
from typing_extensions import Doc

from gateway.auth.scope import AccountScope
from gateway.errors import GatewayError

CurrencyCode = NewType("CurrencyCode", str)
CountryCode = NewType("CountryCode", str)
Url = NewType("Url", str)
Html = NewType("Html", str)
BigInt = NewType("BigInt", int)

T = TypeVar("T")

Selection = dict[type, frozenset[str]]
"""Per model, the attributes an operation selects. A model that is not a key has none selected.

`Listing` maps to the names of the models whose lists are counted (see `counted`).
"""


class Kind(StrEnum):
    """Who may call a port.

    ACCOUNT ports take an `AccountScope` or `Ref`s and return customer-owned records. SHARED ports
    return records that many accounts may see and take the account as audience. DIRECTORY ports
    answer who belongs where; only `context` and `auth` call them, never a resolver.
    """

    ACCOUNT = "account"
    SHARED = "shared"
    DIRECTORY = "directory"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A business object as a connector's reader yields it.

    Only selected attributes exist; reading another raises AttributeError. An attribute (or list
    item) the vendor sent broken holds the `GatewayError` that tells so.

    `scope` is the account (or the audience) it was read for, `connector` the configured name of
    the system, `owners` every owner found *in* the record and in what is nested in it; empty for
    shared records.
    """

    scope: AccountScope
    connector: str
    owners: frozenset[str]

    granted = property(attrgetter("scope.permissions"))
    """What the caller may do in the account this record was read for; looked at for every record there is."""

    def __repr__(self) -> str:
        # A customer's data has no business in a log or a traceback.
        return f"<{type(self).__name__} of {self.connector}>"


def native_id(record: Record) -> str:
    """Give the record's own id in its system; AttributeError for a model that has none."""
    found: str = record.id  # type: ignore[attr-defined]  # what is loaded or paged has one
    return found


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a record, without identity."""


class Money(Value, frozen=True, kw_only=True):
    """An exact amount in one currency."""

    amount: Annotated[Decimal, Doc("Exact, in major units, with the currency's decimals.")]
    currency_code: Annotated[CurrencyCode, Doc("ISO 4217 code.")]


class PostalAddress(Value, frozen=True, kw_only=True):
    """Where post or goods go."""

    name: Annotated[str | None, Doc("Person or company named on the label.")]
    line1: Annotated[str | None, Doc("Street and number.")]
    line2: Annotated[str | None, Doc("Second line of the street part.")]
    city: Annotated[str | None, Doc("City or town.")]
    region: Annotated[str | None, Doc("State, province or region.")]
    postal_code: Annotated[str | None, Doc("Postal code.")]
    country_code: Annotated[CountryCode | None, Doc("ISO 3166-1 alpha-2 code.")]


class Direction(Enum):
    """Which end of the order comes first."""

    ASC = "ASC"
    DESC = "DESC"


class DateRange(Value, frozen=True, kw_only=True):
    """A half-open range of days."""

    gte: Annotated[dt.date | None, Doc("First day in the range.")] = None
    lt: Annotated[dt.date | None, Doc("First day after the range.")] = None


class Page(msgspec.Struct, frozen=True):
    """Which part of a list.

    Forward: the `first` rows after the cursor `after`. Backward: the `last` rows before `before`.
    Exactly one of `first` and `last` is set. Cursors are the connector's own, already unwrapped.
    """

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        """How many rows are asked for."""
        size = self.first if self.first is not None else self.last
        assert size is not None, "a page has `first` or `last`"  # noqa: S101  built by the gateway only
        return size


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """One page of records, in list order.

    `items` pairs each record (or the error that broke it) with the connector's own cursor for it.
    `total` is exact or None, never a guess. `end_cursor` says where the next page starts when that
    is not after the last item (rows that a customer may not see were skipped there).
    """

    items: list[tuple[T | GatewayError, str]]
    has_next: bool
    has_previous: bool
    total: int | None = None
    end_cursor: str | None = None


def counted(fields: Selection, model: type) -> bool:
    """Whether the operation selects the total of a list of this model."""
    return model.__name__ in fields.get(Listing, frozenset())


def key_of(value: Any) -> Any:
    """Give the key that a relation is loaded by; an error that stands in its place is raised."""
    if isinstance(value, GatewayError):
        raise value
    return value
