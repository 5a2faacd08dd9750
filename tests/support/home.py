"""The portal's home page over five systems: what is asked, and what each part must say."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.data.desk import HIDDEN_REMARK, Ticket
from sandbox.data.files import HIDDEN_FILE, File
from tests.support.expected import Expected
from tests.support.values import Wire, midnight, moment

HOME = """
query Home($account: ID!) {
  viewer {
    user { displayName } currentAccount { id } memberships(first: 10) { nodes { account { id name } roles } }
  }
  account(id: $account) {
    name number type status currencyCode accountManager { displayName email }
    summary { openInvoices overdueInvoices openTickets openOrders }
    balance { outstanding { amount currencyCode } overdue { amount currencyCode } }
    invoices(first: 50) { nodes { id number status isOverdue issuedOn dueOn total { amount currencyCode }
        amountDue { amount currencyCode }
        lines(first: 3) { nodes { description quantity amount { amount currencyCode } } } }
        pageInfo { hasNextPage endCursor } }
    orders(first: 20) { nodes { id number status placedAt total { amount currencyCode }
        shipments(first: 5) { nodes { number status trackingNumbers } } } }
    tickets(first: 25) {
      nodes { id number subject status priority lastActivityAt requester { displayName } }
    }
    documents(first: 20) { nodes { id name kind mimeType sizeBytes createdAt } }
    actionItems(first: 10) { nodes { kind title dueAt subject { id } } }
  }
}
"""
PARTS = {
    "crm": ("name", "number", "status", "currencyCode", "accountManager"),
    "billing": ("balance", "invoices"),
    "erp": ("orders",),
    "helpdesk": ("tickets",),
    "files": ("documents",),
}
"""System -> the account's fields that it alone supplies."""
COUNTS = {
    "billing": ("openInvoices", "overdueInvoices"), "helpdesk": ("openTickets",), "erp": ("openOrders",),
}  # fmt: skip
HIDDEN = (HIDDEN_REMARK, HIDDEN_FILE, "Internal draft")
"""Texts of what is internal, draft, archived or deleted: they are in no answer."""
_UNSOLVED = ("new", "open", "pending", "hold")
_STATUS = {"hold": "ON_HOLD"}
_OPEN_ORDERS = ("CONFIRMED", "IN_PROGRESS", "PARTIALLY_SHIPPED", "ON_HOLD")
_KINDS = {
    "tax-return": "TAX", "tax-organizer": "TAX", "w2": "TAX", "statement": "STATEMENT",
    "bank-statement": "STATEMENT", "contract": "CONTRACT", "manual": "MANUAL", "letter": "LETTER",
}  # fmt: skip


def home(expected: Expected, key: str) -> Wire:
    """The whole `account` of the answer; `expected` must have been made for 3 lines and 5 shipments."""
    data = expected.data
    row = data.accounts[key]
    manager = next(one for one in data.staff if one.id == row.manager)
    return expected.account(key) | {
        "accountManager": {"displayName": manager.name, "email": manager.email},
        "summary": _summary(expected, key),
        "invoices": {"nodes": expected.invoices(key)[:50]},
        "orders": {"nodes": expected.orders(key)[:20]},
        "tickets": {"nodes": [ticket(expected, one) for one in tickets(expected, key)[:25]]},
        "documents": {"nodes": [document(expected, one) for one in files(expected, key)[:20]]},
        "actionItems": {"nodes": _action_items(expected, key)[:10]},
    }


def tickets(expected: Expected, key: str) -> list[Ticket]:
    """Last changed first, of the same moment the greater id first; deleted ones are none."""
    mine = [one for one in expected.data.desk.tickets if one.account == key and not one.deleted]
    return sorted(mine, key=lambda one: (one.updated, one.id), reverse=True)


def ticket(expected: Expected, row: Ticket) -> Wire:
    """One ticket."""
    return {
        "id": expected.id("Ticket", "helpdesk", row.account, row.id),
        "number": str(row.id),
        "subject": row.subject,
        "status": _STATUS.get(row.status, row.status.upper()),
        "priority": row.priority and row.priority.upper(),
        "lastActivityAt": moment(row.updated),
        "requester": {"displayName": expected.data.desk.users[row.requester].name},
    }


def files(expected: Expected, key: str) -> list[File]:
    """By key, as bytes; deleted ones are none."""
    mine = [one for one in expected.data.files if one.account == key and not one.deleted]
    return sorted(mine, key=lambda one: one.key.encode())


def document(expected: Expected, row: File) -> Wire:
    """One document."""
    return {
        "id": expected.id("Document", "files", row.account, row.key),
        "name": row.name,
        "kind": _KINDS[row.type_code],
        "mimeType": row.content_type,
        "sizeBytes": str(len(row.latest.content)),
        "createdAt": moment(row.latest.stored),
    }


def _unpaid(expected: Expected, key: str) -> list[Any]:
    return [row for row in expected.invoice_rows(key) if row.status == "open"]


def _summary(expected: Expected, key: str) -> Wire:
    today = dt.datetime.now(dt.UTC).date()
    unpaid = _unpaid(expected, key)
    return {
        "openInvoices": len(unpaid),
        "overdueInvoices": sum(row.due is not None and row.due.date() < today for row in unpaid),
        "openTickets": sum(row.status in _UNSOLVED for row in tickets(expected, key)),
        "openOrders": sum(row["status"] in _OPEN_ORDERS for row in expected.orders(key)),
    }


def _action_items(expected: Expected, key: str) -> list[Wire]:
    bills = sorted(_unpaid(expected, key), key=lambda row: (row.due.date(), row.created, row.id))
    waiting = [row for row in tickets(expected, key) if row.status == "pending"]
    return [
        {
            "kind": "PAY_INVOICE",
            "title": f"Invoice {row.number}",
            "dueAt": midnight(row.due.date()),
            "subject": {"id": expected.id("Invoice", "billing", key, row.id)},
        }
        for row in bills
    ] + [
        {
            "kind": "ANSWER_TICKET",
            "title": row.subject,
            "dueAt": None,
            "subject": {"id": expected.id("Ticket", "helpdesk", key, row.id)},
        }
        for row in sorted(waiting, key=lambda row: (row.updated, row.id))
    ]
