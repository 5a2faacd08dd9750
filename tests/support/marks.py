"""What would give an account away: every identifying text of its rows."""

from __future__ import annotations

from typing import Any

from gateway.ids import decode_id
from sandbox.data import DataSet
from tests.support.queries import values_of


def marks(data: DataSet, *, without: str) -> set[str]:
    """Every id, number, name and reference of all accounts but one."""
    others = [account for account in data.accounts.values() if account.key != without]
    found: set[str | None] = {
        text for a in others for text in (a.name, a.number, *a.stripe_customers.values())
    }
    keys = {account.key for account in others}
    for bill in (row for row in data.invoices if row.account in keys):
        found |= {bill.id, bill.number, bill.po_number, bill.payment, bill.subscription}
        found |= {line.id for line in bill.lines}
    found |= {row.id for row in data.payments if row.account in keys}
    found |= {row.id.replace("pi_", "ch_") for row in data.payments if row.account in keys}
    found |= {row.id for row in data.subscriptions if row.account in keys}
    for order in (row for row in data.orders if row.account in keys):
        found |= {order.number, order.reference}
        found |= {text for shipment in order.shipments for text in (shipment.number, shipment.reference)}
    return {text for text in found if text}


def natives(data: DataSet, account: str) -> set[str]:
    """Every native id that the account's own records have; products and the account itself are everyone's."""
    found = {account} | {str(product) for product in data.products}
    found |= {
        row.id for row in (*data.invoices, *data.payments, *data.subscriptions) if row.account == account
    }
    for order in (row for row in data.orders if row.account == account):
        found |= {str(order.id)} | {str(shipment.id) for shipment in order.shipments}
    return found


def foreign(raw: bytes, answer: Any, data: DataSet, *, account: str) -> list[str]:
    """Name what an answer to a member of `account` holds of another account, also inside of its ids."""
    told = raw.decode()
    found = [text for text in marks(data, without=account) if text in told]
    own = natives(data, account)
    for text in values_of(answer, "id"):
        identity = decode_id(text)
        if identity.account != account or identity.native_id not in own:
            found.append(f"{identity.type} {identity.account} {identity.native_id}")
    return found
