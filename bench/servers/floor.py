"""The floor: the same answers by hand, on the gateway's own HTTP client and msgspec, without GraphQL.

Each operation is a function; what is not asked for is not even decoded. This is what a team would write that
had one page to serve and all the time in the world.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import os
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.servers import floorwire as wire
from bench.servers.common import ACCOUNTS, KEY_OF, UPSTREAM, Callers
from gateway.connectors.money import EXPONENTS
from gateway.outbound import Outbound

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode
_body = msgspec.json.Decoder(wire.Body).decode
_DAY = 86_400
_ORDERS = [
    ("f", name)
    for name in (
        "number", "state", "shipment_state", "invoice_state", "sale_date", "currency.code", "total_amount",
        "party.id",
    )
]  # fmt: skip
_CRM = "/services/data/v66.0"
_BEARER = {"Authorization": "Bearer stub"}

outbound = Outbound()
_crm, _erp, _billing, _helpdesk = (
    outbound.client(name, UPSTREAM, concurrency=64, credentials=_BEARER)
    for name in ("crm", "erp", "billing", "helpdesk")
)


class ForeignError(Exception):
    """A record of somebody else."""


def _ids(kind: str, system: str, key: str) -> Any:
    """Make what writes global ids of one kind in one account."""

    def write(native: str) -> str:
        raw = _pack((1, kind, system, key, native))
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    return write


def _minor(amount: int, code: str) -> dict[str, str]:
    code = code.upper()
    exponent = EXPONENTS[code]
    if not exponent:
        return {"amount": str(amount), "currencyCode": code}
    text = str(abs(amount)).zfill(exponent + 1)
    sign = "-" if amount < 0 else ""
    return {"amount": f"{sign}{text[:-exponent]}.{text[-exponent:]}", "currencyCode": code}


def _day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()[:-6] + "Z"


async def _profile(key: str, native: str) -> dict[str, Any] | None:
    body = _encode({"ids": [native], "fields": wire.PROFILE})
    answer = await _crm.post(
        f"{_CRM}/composite/sobjects/Account", body, content_type="application/json", idempotent=True
    )
    [row] = wire.profiles(answer.body)
    if row is None or row.IsDeleted:
        return None
    if row.Id != native:
        raise ForeignError
    site = row.Website
    return {
        "id": next(text for text, known in KEY_OF.items() if known == key),
        "number": row.AccountNumber,
        "name": row.Name,
        "status": wire.ACCOUNT_STATUS.get(row.Portal_Status__c or "", "UNKNOWN"),
        "currencyCode": row.CurrencyIsoCode,
        "website": site if site is None or "://" in site else f"https://{site}",
        "phone": row.Phone,
        "billingAddress": {"city": row.BillingCity},
    }


async def _invoices(key: str, customer: str, size: int, status: str | None, make: Any) -> dict[str, Any]:
    query = [("customer", customer), *([("status", status)] if status else []), ("limit", str(size))]
    answer = await _billing.get("/v1/invoices", query=query)
    today = int(dt.datetime.now(dt.UTC).timestamp()) // _DAY
    write = _ids("Invoice", "billing", key)
    nodes = []
    for row in wire.invoices(answer.body).data:
        if row.customer != customer:
            raise ForeignError
        if row.status != "draft":
            nodes.append(make(row, write, today))
    return {"nodes": nodes}


def _invoice(row: wire.Invoice, write: Any, today: int) -> dict[str, Any]:
    due, code, status = row.due_date, row.currency, row.status
    return {
        "id": write(row.id),
        "number": row.number,
        "status": "PARTIALLY_PAID" if status == "open" and row.amount_paid else wire.INVOICE_STATUS[status],
        "isOverdue": status == "open" and due is not None and due // _DAY < today,
        "issuedOn": _day(row.created),
        "dueOn": None if due is None else _day(due),
        "total": _minor(row.total, code),
        "amountDue": _minor(row.amount_remaining, code),
    }


def _of_home(row: wire.Invoice, write: Any, today: int) -> dict[str, Any]:
    lines = [
        {
            "description": line.description,
            "quantity": line.quantity_decimal,
            "amount": _minor(line.amount, line.currency),
        }
        for line in row.lines.data[:3]
    ]
    return _invoice(row, write, today) | {"statusLabel": row.status, "lines": {"nodes": lines}}


def _of_list(row: wire.Invoice, write: Any, today: int) -> dict[str, Any]:
    paid = row.status_transitions.paid_at
    return _invoice(row, write, today) | {
        "paidAt": None if paid is None else _moment(dt.datetime.fromtimestamp(paid, dt.UTC)),
        "payable": row.status == "open" and row.amount_remaining > 0,
    }


async def _tickets(key: str, organization: str) -> dict[str, Any]:
    query = [("sort", "-updated_at"), ("include", "users"), ("page[size]", "25")]
    answer = await _helpdesk.get(f"/api/v2/organizations/{organization}/tickets", query=query)
    found = wire.tickets(answer.body)
    names = {
        user.id: user.alias if user.alias and user.role != "end-user" else user.name for user in found.users
    }
    write, expected = _ids("Ticket", "helpdesk", key), int(organization)
    nodes = []
    for row in found.tickets:
        if row.organization_id != expected:
            raise ForeignError
        if row.status == "deleted" or row.is_public is False:
            continue
        asker = names.get(row.requester_id)
        nodes.append(
            {
                "id": write(str(row.id)),
                "number": str(row.id),
                "subject": row.subject,
                "status": wire.TICKET_STATUS.get(row.status, "UNKNOWN"),
                "priority": row.priority and row.priority.upper(),
                "createdAt": _moment(row.created_at),
                "lastActivityAt": _moment(row.updated_at),
                "requester": None if asker is None else {"displayName": asker},
            }
        )
    return {"nodes": nodes}


async def _orders(key: str, party: int) -> dict[str, Any]:
    domain = [
        ["party", "in", [party]],
        ["company", "=", 1],
        ["state", "in", ["confirmed", "processing", "done"]],
    ]
    wrapped = base64.urlsafe_b64encode(_encode(domain)).decode()
    answer = await _erp.get("/bench/rest/model/sale.sale", query=[*_ORDERS, ("d", wrapped), ("s", "21")])
    write, nodes = _ids("Order", "erp", key), []
    for row in wire.orders(answer.body)[:20]:
        if row.party.id != party:
            raise ForeignError
        day, amount, code = row.sale_date, row.total_amount.decimal, row.currency.code
        if len(amount.partition(".")[2]) != EXPONENTS[code]:
            raise ValueError("another number of decimals than the currency has")
        nodes.append(
            {
                "id": write(str(row.id)),
                "number": row.number,
                "status": wire.order_status(row.state, row.shipment_state, row.invoice_state),
                "placedAt": f"{day.year:04d}-{day.month:02d}-{day.day:02d}T00:00:00Z",
                "total": {"amount": amount, "currencyCode": code},
            }
        )
    return {"nodes": nodes}


async def _contacts(key: str, account: str) -> dict[str, Any]:
    answer = await _crm.get(f"{_CRM}/query", query=[("q", wire.CONTACTS.format(account=account))])
    write, nodes = _ids("Contact", "crm", key), []
    for row in wire.contacts(answer.body).records[:20]:
        if row.AccountId != account:
            raise ForeignError
        if not row.IsDeleted and not row.Portal_Left__c:
            one = {"id": write(row.Id), "displayName": row.Name, "email": row.Email, "jobTitle": row.Title}
            nodes.append(one)
    return {"nodes": nodes}


async def _one(key: str) -> dict[str, Any]:
    return {"account": await _profile(key, ACCOUNTS[key]["crm"])}


async def _home(key: str) -> dict[str, Any]:
    native = ACCOUNTS[key]
    profile, invoices, tickets, orders, contacts = await asyncio.gather(
        _profile(key, native["crm"]),
        _invoices(key, native["billing"], 50, None, _of_home),
        _tickets(key, native["helpdesk"]),
        _orders(key, native["erp"]),
        _contacts(key, native["crm"]),
    )
    lists = {"invoices": invoices, "tickets": tickets, "orders": orders, "contacts": contacts}
    return {"account": (profile or {}) | lists}


async def _list(key: str) -> dict[str, Any]:
    customer = ACCOUNTS[key]["billing"]
    unpaid, paid = await asyncio.gather(
        _invoices(key, customer, 100, "open", _of_list), _invoices(key, customer, 100, "paid", _of_list)
    )
    return {"account": {"open": unpaid, "paid": paid}}


_ANSWERS = {"One": _one, "Home": _home, "List": _list}
_callers = Callers()


async def answer(request: Request) -> Response:
    """Answer one operation by its name."""
    accounts = await _callers.accounts(request.headers.get("authorization", ""))
    body = _body(await request.body())
    key = KEY_OF.get(body.variables.id)
    data = (
        {"account": None} if key not in accounts or key is None else await _ANSWERS[body.operationName](key)
    )
    return Response(_encode({"data": data}), media_type="application/json")


if __name__ == "__main__":
    app = Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
    uvicorn.run(
        app, host="127.0.0.1", port=int(os.environ["PORT"]), http="httptools", loop="uvloop", ws="none",
        lifespan="off", access_log=False, log_level="warning",
    )  # fmt: skip
