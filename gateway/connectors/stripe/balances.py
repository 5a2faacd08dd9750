"""Balances: Stripe has none for what an account owes, so its open invoices are added up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.mapping import partial
from gateway.connectors.money import MoneyError
from gateway.connectors.ports.billing import AccountBalance, Invoice, InvoiceStatus
from gateway.connectors.ports.common import CurrencyCode, Money, Selection
from gateway.connectors.stripe import mapping
from gateway.connectors.stripe.lists import MAX_LIMIT
from gateway.connectors.stripe.resource import Resource, unsupported
from gateway.errors import Code, GatewayError, UpstreamError

_OPEN_PAGES = 10
_OWING = frozenset({InvoiceStatus.OPEN, InvoiceStatus.PARTIALLY_PAID})


class Balances(Resource):
    """What an account owes: its open invoices, added up per currency."""

    path = "/v1/invoices"
    table = mapping.INVOICE

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[AccountBalance | GatewayError | None]:
        """Add up each account; UNSUPPORTED_CAPABILITY beyond 1,000 open invoices a customer."""
        wanted = fields.get(AccountBalance, frozenset())
        scopes = dict.fromkeys(ref.scope for ref in refs)
        found = await asyncio.gather(
            *(self._balance(scope, wanted) for scope in scopes), return_exceptions=True
        )
        balances: dict[AccountScope, AccountBalance | GatewayError] = {}
        for scope, value in zip(scopes, found, strict=True):
            if isinstance(value, BaseException) and not isinstance(value, GatewayError):
                raise value
            balances[scope] = value
        return [balances[ref.scope] for ref in refs]

    async def _balance(self, scope: AccountScope, wanted: frozenset[str]) -> AccountBalance:
        customers = self._customers(scope)
        owing = bool(wanted & {"outstanding", "overdue"})
        invoices, credit = await asyncio.gather(
            asyncio.gather(*(self._open(customer, scope) for customer in customers if owing)),
            asyncio.gather(*(self._credit(customer) for customer in customers if "credit" in wanted)),
        )
        opened = [invoice for part in invoices for invoice in part]
        # The sum is judged with its parts: an invoice that is another's, or nobody's, spoils it.
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
        reader = self._reader(mapping.INVOICE, {Invoice: frozenset({"amount_due", "is_overdue", "status"})})
        after: str | None = None
        found: list[Invoice] = []
        for _ in range(_OPEN_PAGES):
            page = await self._page(customer, after, MAX_LIMIT, [("status", "open")])
            found += [self._summand(reader.read(row, scope)) for row in page.data]
            if len({invoice.id for invoice in found}) < len(found):
                raise self._broken("an invoice came twice")
            if not page.more:
                return found
            after = page.data[-1]["id"]
        raise unsupported(
            "balance", f"the account has more than {_OPEN_PAGES * MAX_LIMIT} open invoices to add up."
        )

    def _summand(self, invoice: Invoice | UpstreamError | None) -> Invoice:
        """Give the invoice back; a sum over what could not be read would be a wrong sum."""
        if isinstance(invoice, UpstreamError):
            raise invoice
        for value in (invoice and invoice.amount_due, invoice and invoice.is_overdue):
            if isinstance(value, UpstreamError):
                raise value
            if value is None:
                raise self._broken("an open invoice without amount or status")
        if invoice is None or invoice.status not in _OWING:
            raise self._broken("an invoice that is not open")
        return invoice

    async def _credit(self, customer: str) -> Money | None:
        """Read a customer's balance: negative when the business owes it money."""
        answer = await self._client.get(f"/v1/customers/{customer}", route="/v1/customers/{id}")
        found = self._found(answer, customer)
        if found is None:
            return None
        balance, code = found.get("balance"), found.get("currency")
        if type(balance) is not int or type(code) not in {str, type(None)}:
            raise self._broken("a customer without balance")
        if balance >= 0:
            return None
        try:
            credit: Money = mapping.minor_units.read(None, -balance, code or "")
        except MoneyError:
            raise self._broken("a customer's balance in no known currency") from None
        return credit

    def _broken(self, detail: str) -> UpstreamError:
        return UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, self._name, detail=detail)


def _per_currency(amounts: Iterable[Money | None]) -> tuple[Money, ...]:
    totals: dict[CurrencyCode, Any] = {}
    for money in filter(None, amounts):
        totals[money.currency_code] = totals.get(money.currency_code, 0) + money.amount
    return tuple(Money(amount=total, currency_code=code) for code, total in sorted(totals.items()))
