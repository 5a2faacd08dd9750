"""Stripe as invoices, payments, subscriptions and balances. See README.md for limits and traps."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.mapping import Reader, Table, partial
from gateway.connectors.ports.billing import (
    AccountBalance,
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
    Subscription,
    SubscriptionsPort,
)
from gateway.connectors.ports.common import (
    CurrencyCode,
    DateRange,
    Direction,
    Listing,
    Money,
    Page,
    Record,
    Selection,
)
from gateway.connectors.stripe import mapping
from gateway.connectors.stripe.config import API_VERSION, Config
from gateway.connectors.stripe.lists import MAX_LIMIT, data, merged
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.outbound import Outbound, VendorClient, decode

R = TypeVar("R", bound=Record)
Query = list[tuple[str, str]]

_ID = re.compile(r"[A-Za-z]{2,10}_[A-Za-z0-9_]{1,250}", re.ASCII)
_FEW = 3
_LIST_PAGES = 5
_OPEN_PAGES = 10
_EXPANDABLE = ("payments", "latest_charge")
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
        data(decode(answer, self.name), self.name)


def connect(name: str, config: Config, outbound: Outbound) -> Connector:
    """Make the connector that is configured as `name`."""
    headers = {"Authorization": f"Bearer {config.api_key.reveal()}", "Stripe-Version": API_VERSION}
    client = outbound.client(
        name,
        config.base_url,
        timeout=config.timeout_seconds,
        concurrency=config.concurrency,
        headers=headers,
    )
    return Connector(name, client)


class _Resource:
    """One kind of Stripe object: lists by customer, and by id."""

    path: str
    table: Table[Any]

    def __init__(self, name: str, client: VendorClient, clock: Callable[[], dt.datetime]) -> None:
        self._name = name
        self._client = client
        self._clock = clock

    def _reader(self, table: Table[R], fields: Selection) -> Reader[R]:
        return table.reader(fields, self._name, self._clock())

    def _expand(self, fields: Selection, prefix: str = "") -> Query:
        """Ask for the linked objects that selected attributes are read from."""
        heads = {wire_path.split(".")[0] for wire_path in self.table.paths(fields)}
        return [("expand[]", f"{prefix}{name}") for name in _EXPANDABLE if name in heads]

    async def _get(self, path: str, query: Query, route: str) -> Any:
        return decode(await self._client.get(path, query=query, route=route), self._name)

    async def _page(self, customer: str, after: str | None, limit: int, extra: Query) -> dict[str, Any]:
        """Give one Stripe list object of this customer."""
        paging = [("customer", customer), ("limit", str(limit))]
        paging += [("starting_after", after)] if after else []
        answer: dict[str, Any] = await self._get(self.path, paging + extra, self.path)
        return answer

    async def _list(self, scope: AccountScope, page: Page, fields: Selection, query: Query) -> Listing[Any]:
        extra = [*query, *self._expand(fields, "data.")]

        async def fetch(customer: str, after: str | None, limit: int) -> dict[str, Any]:
            return await self._page(customer, after, limit, extra)

        reader = self._reader(self.table, fields)
        return await merged(fetch, scope.owners(self._name), scope, page, reader, self._name)

    async def _many(self, refs: Sequence[Ref], fields: Selection, query: Query) -> list[Any]:
        """Stripe has no get-many: few ids are read one by one, many by listing their customers first."""
        by_scope: dict[AccountScope, set[str]] = {}
        for ref in refs:
            by_scope.setdefault(ref.scope, set())
            if _ID.fullmatch(ref.native_id):
                by_scope[ref.scope].add(ref.native_id)
        found = await asyncio.gather(
            *(self._of_scope(scope, ids, fields, query) for scope, ids in by_scope.items())
        )
        records = {
            (scope, key): value
            for scope, part in zip(by_scope, found, strict=True)
            for key, value in part.items()
        }
        return [records.get((ref.scope, ref.native_id)) for ref in refs]

    async def _of_scope(
        self, scope: AccountScope, ids: set[str], fields: Selection, query: Query
    ) -> dict[str, Record | GatewayError | None]:
        reader = self._reader(self.table, fields)
        rows: dict[str, dict[str, Any]] = {}
        if len(ids) > _FEW:
            extra = [*query, *self._expand(fields, "data.")]
            pages = (self._index(customer, ids, rows, extra) for customer in scope.owners(self._name))
            await asyncio.gather(*pages)
        missing = sorted(ids - rows.keys())
        singles = await asyncio.gather(
            *(self._single(key, fields) for key in missing), return_exceptions=True
        )
        read: dict[str, Record | GatewayError | None] = {
            key: reader.read(row, scope) for key, row in rows.items()
        }
        for key, single in zip(missing, singles, strict=True):
            if isinstance(single, BaseException) and not isinstance(single, GatewayError):
                raise single
            read[key] = (
                single if single is None or isinstance(single, GatewayError) else reader.read(single, scope)
            )
        return read

    async def _index(
        self, customer: str, ids: set[str], rows: dict[str, dict[str, Any]], extra: Query
    ) -> None:
        after: str | None = None
        for _ in range(_LIST_PAGES):
            answer = await self._page(customer, after, MAX_LIMIT, extra)
            page = data(answer, self._name)
            rows.update({row["id"]: row for row in page if row["id"] in ids})
            if not page or answer.get("has_more") is not True or ids <= rows.keys():
                return
            after = page[-1]["id"]

    async def _single(self, key: str, fields: Selection) -> Any:
        answer = await self._client.get(
            f"{self.path}/{key}",
            query=self._expand(fields),
            route=f"{self.path}/{{id}}",
            accept=frozenset({200, 404}),
        )
        body = decode(answer, self._name)
        if answer.status == 404:  # noqa: PLR2004  not found
            error = body.get("error") if isinstance(body, dict) else None
            if isinstance(error, dict) and error.get("code") == "resource_missing":
                return None
            raise UpstreamError(
                Code.UPSTREAM_CONTRACT_BROKEN, self._name, detail="404 without resource_missing"
            )
        # A deleted object is answered as a stub.
        return None if isinstance(body, dict) and body.get("deleted") is True else body


class Invoices(_Resource):
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
            raise _unsupported("orderBy", "invoices come newest issue first only. Leave orderBy out.")
        return await self._list(scope, page, fields, self._conditions(filter))

    async def list_lines(self, invoice: Invoice, page: Page, fields: Selection) -> Listing[InvoiceLine]:
        """Page through the lines of one invoice, in its own order."""
        if page.first is None:
            raise _unsupported("last, before", "lines page forward only. Write first and after.")
        query: Query = [("limit", str(page.first))]
        query += [("starting_after", page.after)] if page.after else []
        answer = await self._get(f"{self.path}/{invoice.id}/lines", query, f"{self.path}/{{id}}/lines")
        reader = self._reader(mapping.INVOICE_LINE, fields)
        items = [(reader.read(row, invoice.scope, invoice), row["id"]) for row in data(answer, self._name)]
        return Listing(
            [(line, key) for line, key in items if line is not None],
            has_next=answer.get("has_more") is True,
            has_previous=page.after is not None,
        )

    def _conditions(self, wanted: InvoiceFilter) -> Query:
        if wanted.number is not None:
            raise _unsupported("filter.number", "this system cannot find invoices by number. Leave it out.")
        if wanted.overdue is False:
            raise _unsupported(
                "filter.overdue", "this system can only list what is overdue. Write true or leave it out."
            )
        query: Query = []
        status = _status_word(wanted.status)
        if wanted.overdue:
            if status not in (None, "open"):
                raise _unsupported("filter.status", "only open invoices are overdue. Leave status out.")
            status = "open"
            query.append(("due_date[lt]", str(int(self._clock().timestamp()))))
        if status:
            query.append(("status", status))
        return query + _range("created", wanted.issued_on) + _range("due_date", wanted.due_on)


class Payments(_Resource):
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


class Subscriptions(_Resource):
    """Subscriptions in every state: Stripe leaves ended ones out unless asked for all."""

    path = "/v1/subscriptions"
    table = mapping.SUBSCRIPTION

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Subscription | GatewayError | None]:
        """See the port."""
        return await self._many(refs, fields, [("status", "all")])

    async def list_subscriptions(
        self, scope: AccountScope, page: Page, fields: Selection
    ) -> Listing[Subscription]:
        """List newest first."""
        return await self._list(scope, page, fields, [("status", "all")])


class Balances(_Resource):
    """What an account owes: its open invoices, added up per currency."""

    path = "/v1/invoices"
    table = mapping.INVOICE

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[AccountBalance | GatewayError | None]:
        """Add up each account; UNSUPPORTED_CAPABILITY beyond 1,000 open invoices a customer."""
        wanted = fields.get(AccountBalance, frozenset())
        found = await asyncio.gather(
            *(self._balance(ref.scope, wanted) for ref in refs), return_exceptions=True
        )
        for value in found:
            if isinstance(value, BaseException) and not isinstance(value, GatewayError):
                raise value
        return found  # type: ignore[return-value]  # what is no record is a GatewayError now

    async def _balance(self, scope: AccountScope, wanted: frozenset[str]) -> AccountBalance:
        customers = scope.owners(self._name)
        owing = bool(wanted & {"outstanding", "overdue"})
        invoices, credit = await asyncio.gather(
            asyncio.gather(*(self._open(customer, scope) for customer in customers if owing)),
            asyncio.gather(*(self._credit(customer) for customer in customers if "credit" in wanted)),
        )
        opened = [invoice for part in invoices for invoice in part]
        owners = frozenset(customers).union(*(invoice.owners for invoice in opened))
        values: dict[str, Any] = {
            "outstanding": _per_currency(i.amount_due for i in opened),
            "overdue": _per_currency(i.amount_due for i in opened if i.is_overdue),
            "credit": _per_currency(credit),
            "as_of": self._clock(),
        }
        kept = {name: value for name, value in values.items() if name in wanted}
        struct = partial(AccountBalance, frozenset(kept) | {"id"})
        balance: AccountBalance = struct(
            id=scope.key, scope=scope, connector=self._name, owners=owners, **kept
        )
        return balance

    async def _open(self, customer: str, scope: AccountScope) -> list[Invoice]:
        reader = self._reader(mapping.INVOICE, {Invoice: frozenset({"amount_due", "is_overdue"})})
        after: str | None = None
        found: list[Invoice] = []
        for _ in range(_OPEN_PAGES):
            answer = await self._page(customer, after, MAX_LIMIT, [("status", "open")])
            rows = data(answer, self._name)
            for row in rows:
                invoice = reader.read(row, scope)
                # A sum over what could not be read would be a wrong sum.
                for value in (
                    invoice,
                    getattr(invoice, "amount_due", None),
                    getattr(invoice, "is_overdue", None),
                ):
                    if isinstance(value, UpstreamError):
                        raise value
                if isinstance(invoice, Record):
                    found.append(invoice)
            if not rows or answer.get("has_more") is not True:
                return found
            after = rows[-1]["id"]
        raise _unsupported(
            "balance", f"the account has more than {_OPEN_PAGES * MAX_LIMIT} open invoices to add up."
        )

    async def _credit(self, customer: str) -> Money | None:
        answer = await self._get(f"/v1/customers/{customer}", [], "/v1/customers/{id}")
        balance, code = (
            (answer.get("balance"), answer.get("currency")) if isinstance(answer, dict) else (None, None)
        )
        if type(balance) is not int or answer.get("id") != customer:
            raise UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self._name, detail="customer without balance")
        if balance >= 0 or not isinstance(code, str):
            return None
        credit: Money = mapping.minor_units.read(None, -balance, code)
        return credit


def _per_currency(amounts: Iterable[Money | None]) -> tuple[Money, ...]:
    totals: dict[CurrencyCode, Any] = {}
    for money in filter(None, amounts):
        totals[money.currency_code] = totals.get(money.currency_code, 0) + money.amount
    return tuple(Money(amount=total, currency_code=code) for code, total in sorted(totals.items()))


def _status_word(status: tuple[InvoiceStatus, ...] | None) -> str | None:
    if status is None:
        return None
    word = _STATUS_WORD.get(frozenset(status))
    if word is None:
        raise _unsupported(
            "filter.status",
            "this system filters by [OPEN, PARTIALLY_PAID] together, [PAID], [VOID] or [UNCOLLECTIBLE].",
        )
    return word


def _range(name: str, wanted: DateRange | None) -> Query:
    """Days as Unix seconds, half open as they came."""
    bounds = (("gte", wanted.gte), ("lt", wanted.lt)) if wanted else ()
    return [
        (f"{name}[{word}]", str(int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())))
        for word, day in bounds
        if day is not None
    ]


def _unsupported(argument: str, text: str) -> RequestError:
    return RequestError(Code.UNSUPPORTED_CAPABILITY, f"{argument}: {text}")
