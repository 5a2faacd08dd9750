"""The home page's answer as one writes it by hand, of the very records that the plan has.

The measure of the plan: no schema, no permissions, no errors, nothing but reads and dicts.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Any

from bench.inmemory import Replay
from gateway.ids import write_id


def home(replay: Replay) -> dict[str, Any]:
    """Build the data of the query `home`."""
    found = replay.of
    member = found["account"][id(None)]
    place, lines = id(member), found["lines"]
    account = member.account
    record = replay.records[place]
    address = record.billing_address
    invoices, tickets = found["invoices"][place].nodes, found["tickets"][place].nodes
    orders, contacts = found["orders"][place].nodes, found["contacts"][place].nodes
    return {
        "account": {
            "id": write_id("Account", "", account, account),
            "number": record.number,
            "name": record.name,
            "status": _word(record.status),
            "currencyCode": record.currency_code,
            "website": record.website,
            "phone": record.phone,
            "billingAddress": address and {"city": address.city},
            "invoices": {"nodes": [_invoice(one, lines[id(one)]) for one in invoices]},
            "tickets": {"nodes": [_ticket(one) for one in tickets]},
            "orders": {"nodes": [_order(one) for one in orders]},
            "contacts": {"nodes": [_contact(one) for one in contacts]},
        }
    }


def _invoice(one: Any, lines: Any) -> dict[str, Any]:
    return {
        "id": _id("Invoice", one),
        "number": one.number,
        "status": _word(one.status),
        "statusLabel": one.status_label,
        "isOverdue": one.is_overdue,
        "issuedOn": _day(one.issued_on),
        "dueOn": _day(one.due_on),
        "total": _money(one.total),
        "amountDue": _money(one.amount_due),
        "lines": {
            "nodes": [
                {
                    "description": line.description,
                    "quantity": _number(line.quantity),
                    "amount": _money(line.amount),
                }
                for line in lines.nodes
            ]
        },
    }


def _ticket(one: Any) -> dict[str, Any]:
    asker = one.requester
    return {
        "id": _id("Ticket", one),
        "number": one.number,
        "subject": one.subject,
        "status": _word(one.status),
        "priority": _word(one.priority),
        "createdAt": _moment(one.created_at),
        "lastActivityAt": _moment(one.last_activity_at),
        "requester": asker and {"displayName": asker.display_name},
    }


def _order(one: Any) -> dict[str, Any]:
    return {
        "id": _id("Order", one),
        "number": one.number,
        "status": _word(one.status),
        "placedAt": _moment(one.placed_at),
        "total": _money(one.total),
    }


def _contact(one: Any) -> dict[str, Any]:
    return {
        "id": _id("Contact", one),
        "displayName": one.display_name,
        "email": one.email,
        "jobTitle": one.job_title,
    }


def _id(kind: str, one: Any) -> str:
    return write_id(kind, one.connector, one.scope.key, one.id)


def _word(value: Enum | None) -> str | None:
    return None if value is None else value.name


def _number(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _day(value: dt.date | None) -> str | None:
    return None if value is None else value.isoformat()


def _moment(value: dt.datetime | None) -> str | None:
    return None if value is None else value.isoformat()[:-6] + "Z"


def _money(value: Any) -> dict[str, str] | None:
    return value and {"amount": format(value.amount, "f"), "currencyCode": value.currency_code}
