"""Stripe as invoices, payments, subscriptions and balances. See README.md for limits and traps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.billing import (
    BalancesPort,
    Invoice,
    InvoiceFilter,
    InvoiceLine,
    InvoiceSort,
    InvoiceSortField,
    InvoicesPort,
    InvoiceStatus,
    Payment,
    PaymentsPort,
    SubscriptionsPort,
)
from gateway.connectors.ports.common import (
    DateRange,
    Direction,
    Listing,
    Page,
    Selection,
)
from gateway.connectors.stripe import mapping
from gateway.connectors.stripe.balances import Balances
from gateway.connectors.stripe.config import API_VERSION, Config
from gateway.connectors.stripe.lists import rows_of
from gateway.connectors.stripe.resource import Query, Resource, RowGoneError, row_gone, unsupported
from gateway.connectors.stripe.subscriptions import Subscriptions
from gateway.errors import GatewayError
from gateway.outbound import Outbound, VendorClient, decode

_STATUS_WORD = {
    frozenset({InvoiceStatus.OPEN, InvoiceStatus.PARTIALLY_PAID}): "open",
    frozenset({InvoiceStatus.PAID}): "paid",
    frozenset({InvoiceStatus.VOID}): "void",
    frozenset({InvoiceStatus.UNCOLLECTIBLE}): "uncollectible",
}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Connector:
    """One Stripe account of the business."""

    def __init__(self, name: str, client: VendorClient, clock: Callable[[], dt.datetime] = _now) -> None:
        self.name = name
        self._client = client
        self.ports: Mapping[type, object] = {
            InvoicesPort: Invoices(name, client, clock),
            PaymentsPort: Payments(name, client, clock),
            SubscriptionsPort: Subscriptions(name, client, clock),
            BalancesPort: Balances(name, client, clock),
        }

    async def ping(self) -> None:
        """List one invoice: proves address, key and permission."""
        answer = await self._client.get("/v1/invoices", query=[("limit", "1")], route="/v1/invoices")
        rows_of(decode(answer, self.name), self.name)


def connect(
    name: str, config: Config, outbound: Outbound, clock: Callable[[], dt.datetime] = _now
) -> Connector:
    """Make the connector that is configured as `name`; `clock` gives aware UTC."""
    headers = {"Authorization": f"Bearer {config.api_key.reveal()}", "Stripe-Version": API_VERSION}
    client = outbound.client(
        name,
        config.base_url,
        timeout=config.timeout_seconds,
        concurrency=config.concurrency,
        credentials=headers,
    )
    return Connector(name, client, clock)


class Invoices(Resource):
    """Invoices; drafts are nobody's business but the seller's."""

    path = "/v1/invoices"
    table = mapping.INVOICE

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Invoice | GatewayError | None]:
        """See the port."""
        return await self._many(refs, fields, [])

    async def list_invoices(
        self,
        scope: AccountScope,
        page: Page,
        filter: InvoiceFilter,  # noqa: A002  the port's name
        sort: InvoiceSort,
        fields: Selection,
    ) -> Listing[Invoice]:
        """List by creation, newest first: the only order Stripe has."""
        if sort.field is not InvoiceSortField.ISSUED_ON or sort.direction is not Direction.DESC:
            raise unsupported("orderBy", "invoices come newest issue first only. Leave orderBy out.")
        return await self._list(scope, page, fields, self._conditions(filter))

    async def list_lines(self, invoice: Invoice, page: Page, fields: Selection) -> Listing[InvoiceLine]:
        """Page through the lines of one invoice, in its own order."""
        if page.first is None:
            raise unsupported("last, before", "lines page forward only. Write first and after.")
        path, route = f"{self.path}/{invoice.id}/lines", f"{self.path}/{{id}}/lines"
        try:
            rows = await self._rows(path, [], route, page.after, page.first)
        except RowGoneError:
            raise row_gone() from None
        reader = self._reader(mapping.INVOICE_LINE, fields)
        items = [(reader.read(row, invoice.scope, invoice), row["id"]) for row in rows.data]
        return Listing(
            [(line, key) for line, key in items if line is not None],
            has_next=rows.more,
            has_previous=page.after is not None,
        )

    def _conditions(self, wanted: InvoiceFilter) -> Query:
        if wanted.number is not None:
            raise unsupported("filter.number", "this system cannot find invoices by number. Leave it out.")
        if wanted.overdue is False:
            raise unsupported(
                "filter.overdue", "this system can only list what is overdue. Write true or leave it out."
            )
        bounds = _range("created", wanted.issued_on) | _range("due_date", wanted.due_on)
        status = _status_word(wanted.status)
        if wanted.overdue:
            if status not in (None, "open"):
                raise unsupported("filter.status", "only open invoices are overdue. Leave status out.")
            status = "open"
            today = _midnight(self._clock().date())
            bounds["due_date[lt]"] = min(today, bounds.get("due_date[lt]", today))
        query = [(name, str(second)) for name, second in bounds.items()]
        return [*query, ("status", status)] if status else query


class Payments(Resource):
    """PaymentIntents, with their latest charge where the selection needs it."""

    path = "/v1/payment_intents"
    table = mapping.PAYMENT

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Payment | GatewayError | None]:
        """See the port."""
        return await self._many(refs, fields, [])

    async def list_payments(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Payment]:
        """List newest first."""
        return await self._list(scope, page, fields, [])


def _status_word(status: tuple[InvoiceStatus, ...] | None) -> str | None:
    if status is None:
        return None
    word = _STATUS_WORD.get(frozenset(status))
    if word is None:
        raise unsupported(
            "filter.status",
            "this system filters by [OPEN, PARTIALLY_PAID] together, [PAID], [VOID] or [UNCOLLECTIBLE].",
        )
    return word


def _midnight(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())


def _range(name: str, wanted: DateRange | None) -> dict[str, int]:
    """Days as Unix seconds, half open as they came."""
    bounds = (("gte", wanted.gte), ("lt", wanted.lt)) if wanted else ()
    return {f"{name}[{word}]": _midnight(day) for word, day in bounds if day is not None}
