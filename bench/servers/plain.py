"""Plain Strawberry as one writes it: whole types and mapping functions, async resolvers, aiohttp, uvicorn."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import aiohttp
import strawberry
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL

from bench.servers import plaintypes as types
from bench.servers.common import ACCOUNTS, KEY_OF, UPSTREAM, Callers
from gateway.connectors.money import EXPONENTS

_HEADERS = {"Authorization": "Bearer stub", "Accept": "application/json"}
_CRM = f"{UPSTREAM}/services/data/v66.0"
_PROFILE = [
    "Id", "IsDeleted", "AccountNumber", "Name", "Portal_Status__c", "CurrencyIsoCode", "Website", "Phone",
    *(f"Billing{name}" for name in ("Street", "City", "State", "PostalCode", "CountryCode")),
]  # fmt: skip
_ORDER = (
    "number", "state", "shipment_state", "invoice_state", "sale_date", "currency.code", "total_amount",
    "party.id",
)  # fmt: skip
_CONTACTS = (
    "SELECT Id,Name,Email,Title,AccountId,IsDeleted,Portal_Left__c FROM Contact "
    "WHERE AccountId IN ('{account}') AND IsDeleted = false AND Portal_Left__c = false "
    "ORDER BY LastName, FirstName NULLS FIRST, Id LIMIT {limit}"
)


class ForeignError(Exception):
    """A record of somebody else."""


class Systems:
    """The one session of the process."""

    session: aiohttp.ClientSession

    async def get(self, url: str, params: Any = None) -> Any:
        """Read JSON."""
        async with self.session.get(url, params=params) as answer:
            return await answer.json()

    async def post(self, url: str, body: Any) -> Any:
        """Ask with JSON for JSON."""
        async with self.session.post(url, json=body) as answer:
            return await answer.json()


systems = Systems()


def _gid(kind: str, system: str, key: str, native: str) -> strawberry.ID:
    raw = types.pack((1, kind, system, key, native))
    return strawberry.ID(base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


def _money(amount: int, code: str) -> types.Money:
    code = code.upper()
    return types.Money(amount=Decimal(amount).scaleb(-EXPONENTS[code]), currency_code=code)


def _time(seconds: int) -> types.DateTime:
    return types.DateTime(dt.datetime.fromtimestamp(seconds, dt.UTC))


def _iso(text: str) -> types.DateTime:
    return types.DateTime(dt.datetime.fromisoformat(text))


def _line(row: Any) -> types.InvoiceLine:
    return types.InvoiceLine(
        description=row["description"],
        quantity=Decimal(row["quantity_decimal"]),
        amount=_money(row["amount"], row["currency"]),
        period_start=_time(row["period"]["start"]).date(),
        period_end=_time(row["period"]["end"]).date(),
    )


def _invoice(row: Any, key: str) -> types.Invoice:
    code, due, status = row["currency"], row["due_date"], row["status"]
    due_on = None if due is None else _time(due).date()
    paid = row["status_transitions"]["paid_at"]
    word = "PARTIALLY_PAID" if status == "open" and row["amount_paid"] else status.upper()
    return types.Invoice(
        id=_gid("Invoice", "billing", key, row["id"]),
        number=row["number"],
        status=types.InvoiceStatus[word],
        status_label=status,
        is_overdue=status == "open" and due_on is not None and due_on < dt.datetime.now(dt.UTC).date(),
        issued_on=_time(row["created"]).date(),
        due_on=due_on,
        paid_at=None if paid is None else _time(paid),
        currency_code=code.upper(),
        subtotal=_money(row["subtotal"], code),
        total=_money(row["total"], code),
        amount_paid=_money(row["amount_paid"], code),
        amount_due=_money(row["amount_remaining"], code),
        payable=status == "open" and row["amount_remaining"] > 0,
        memo=row["description"],
        hosted_url=row["hosted_invoice_url"],
        all_lines=[_line(line) for line in row["lines"]["data"]],
    )


def _ticket(row: Any, users: dict[int, Any], key: str) -> types.Ticket:
    status, asker = row["status"], users.get(row["requester_id"])
    return types.Ticket(
        id=_gid("Ticket", "helpdesk", key, str(row["id"])),
        number=str(row["id"]),
        subject=row["subject"],
        status=types.TicketStatus["ON_HOLD" if status == "hold" else status.upper()],
        priority=row["priority"] and types.TicketPriority[row["priority"].upper()],
        created_at=_iso(row["created_at"]),
        updated_at=_iso(row["updated_at"]),
        last_activity_at=_iso(row["updated_at"]),
        requester=asker and types.Person(display_name=asker["name"], email=asker["email"]),
    )


def _order(row: Any, key: str) -> types.Order:
    day = row["sale_date"]
    state, shipments = row["state"], row["shipment_state"]
    if state == "processing" and "exception" in (shipments, row["invoice_state"]):
        word = "ON_HOLD"
    else:
        word = types.PROCESSING[shipments] if state == "processing" else types.ORDERED[state]
    return types.Order(
        id=_gid("Order", "erp", key, str(row["id"])),
        number=row["number"],
        status=types.OrderStatus[word],
        placed_at=types.DateTime(dt.datetime(day["year"], day["month"], day["day"], tzinfo=dt.UTC)),
        total=types.Money(
            amount=Decimal(row["total_amount"]["decimal"]), currency_code=row["currency"]["code"]
        ),
    )


def _contact(row: Any, key: str) -> types.Contact:
    return types.Contact(
        id=_gid("Contact", "crm", key, row["Id"]),
        display_name=row["Name"],
        email=row["Email"],
        job_title=row["Title"],
    )


def _read(rows: list[Any], own: Callable[[Any], bool], make: Callable[[Any], Any]) -> list[Any]:
    if not all(map(own, rows)):
        raise ForeignError
    return [make(row) for row in rows]


async def _profile(key: str) -> dict[str, Any]:
    native = ACCOUNTS[key]["crm"]
    [row] = await systems.post(f"{_CRM}/composite/sobjects/Account", {"ids": [native], "fields": _PROFILE})
    if row is None or row["IsDeleted"]:
        return {}
    if row["Id"] != native:
        raise ForeignError
    site = row["Website"]
    return {
        "number": row["AccountNumber"],
        "name": row["Name"],
        "status": types.AccountStatus[row["Portal_Status__c"].upper()],
        "currency_code": row["CurrencyIsoCode"],
        "website": site if site is None or "://" in site else f"https://{site}",
        "phone": row["Phone"],
        "billing_address": types.PostalAddress(city=row["BillingCity"]),
    }


@strawberry.type
class Account:
    """A customer."""

    key: strawberry.Private[str]
    id: strawberry.ID
    number: str | None = None
    name: str | None = None
    status: types.AccountStatus | None = None
    currency_code: str | None = None
    website: str | None = None
    phone: str | None = None
    billing_address: types.PostalAddress | None = None

    @strawberry.field
    async def invoices(self, first: int = 20, filter: types.InvoiceFilter | None = None) -> types.Invoices:  # noqa: A002  the argument's name in the schema
        """List invoices."""
        customer = ACCOUNTS[self.key]["billing"]
        wanted = {types.InvoiceStatus.PAID: "paid", types.InvoiceStatus.OPEN: "open"}
        status = {"status": wanted[filter.status[0]]} if filter and filter.status else {}
        query = {"customer": customer, **status, "limit": str(first)}
        rows = (await systems.get(f"{UPSTREAM}/v1/invoices", query))["data"]
        shown = [row for row in rows if row["status"] != "draft"]
        return types.Invoices(
            nodes=_read(shown, lambda row: row["customer"] == customer, lambda row: _invoice(row, self.key))
        )

    @strawberry.field
    async def tickets(self, first: int = 20) -> types.Tickets:
        """List tickets."""
        organization = ACCOUNTS[self.key]["helpdesk"]
        query = {"sort": "-updated_at", "include": "users", "page[size]": str(first)}
        found = await systems.get(f"{UPSTREAM}/api/v2/organizations/{organization}/tickets", query)
        users = {user["id"]: user for user in found["users"]}
        shown = [row for row in found["tickets"] if row["status"] != "deleted" and row["is_public"]]
        return types.Tickets(
            nodes=_read(
                shown,
                lambda row: row["organization_id"] == int(organization),
                lambda row: _ticket(row, users, self.key),
            )
        )

    @strawberry.field
    async def orders(self, first: int = 20) -> types.Orders:
        """List orders."""
        party = ACCOUNTS[self.key]["erp"]
        states = ["confirmed", "processing", "done"]
        domain = json.dumps([["party", "in", [party]], ["company", "=", 1], ["state", "in", states]])
        wrapped = base64.urlsafe_b64encode(domain.encode()).decode()
        query = [*(("f", name) for name in _ORDER), ("d", wrapped), ("s", str(first + 1))]
        rows = await systems.get(f"{UPSTREAM}/bench/rest/model/sale.sale", query)
        return types.Orders(
            nodes=_read(
                rows[:first], lambda row: row["party"]["id"] == party, lambda row: _order(row, self.key)
            )
        )

    @strawberry.field
    async def contacts(self, first: int = 20) -> types.Contacts:
        """List people."""
        account = ACCOUNTS[self.key]["crm"]
        question = quote(_CONTACTS.format(account=account, limit=first + 1))
        rows = (await systems.get(f"{_CRM}/query?q={question}"))["records"][:first]
        shown = [row for row in rows if not row["IsDeleted"] and not row["Portal_Left__c"]]
        return types.Contacts(
            nodes=_read(shown, lambda row: row["AccountId"] == account, lambda row: _contact(row, self.key))
        )


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    async def account(self, info: strawberry.Info, id: strawberry.ID) -> Account | None:  # noqa: A002  likewise
        """Give one of the caller's accounts."""
        key = KEY_OF.get(id)
        if key is None or key not in info.context["accounts"]:
            return None
        selected = {getattr(one, "name", None) for one in info.selected_fields[0].selections}
        profile = await _profile(key) if selected & types.OF_PROFILE else {}
        return Account(key=key, id=id, **profile)


_callers = Callers()


class Endpoint(GraphQL[Any, Any]):
    """Knows who calls."""

    async def get_context(self, request: Any, response: Any) -> Any:
        """Verify the token."""
        del response
        return {"accounts": await _callers.accounts(request.headers.get("authorization", ""))}


async def _serve() -> None:
    options: Any = {"timeout": aiohttp.ClientTimeout(total=10), "connector": aiohttp.TCPConnector(limit=256)}
    async with aiohttp.ClientSession(raise_for_status=True, headers=_HEADERS, **options) as session:
        systems.session = session
        endpoint = Endpoint(strawberry.Schema(Query, scalar_overrides=types.SCALARS))
        app = Starlette(routes=[Route("/graphql", endpoint)])
        config = uvicorn.Config(
            app, host="127.0.0.1", port=int(os.environ["PORT"]), http="httptools", loop="uvloop", ws="none",
            lifespan="off", access_log=False, log_level="warning",
        )  # fmt: skip
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(_serve())
