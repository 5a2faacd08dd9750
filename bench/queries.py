"""The operations that are measured, and how many upstream calls each may make."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.data import ACCOUNT

_MONEY = "{ amount currencyCode }"
_ACCOUNT_FIELDS = "id number name status currencyCode website phone billingAddress { city }"

ONE_TEXT = f"query One($id: ID!) {{ account(id: $id) {{ {_ACCOUNT_FIELDS} }} }}"

HOME_TEXT = f"""query Home($id: ID!) {{
  account(id: $id) {{
    {_ACCOUNT_FIELDS}
    invoices(first: 50) {{ nodes {{
      id number status statusLabel isOverdue issuedOn dueOn total {_MONEY} amountDue {_MONEY}
      lines(first: 3) {{ nodes {{ description quantity amount {_MONEY} }} }}
    }} }}
    tickets(first: 25) {{ nodes {{
      id number subject status priority createdAt lastActivityAt requester {{ displayName }}
    }} }}
    orders(first: 20) {{ nodes {{ id number status placedAt total {_MONEY} }} }}
    contacts(first: 20) {{ nodes {{ id displayName email jobTitle }} }}
  }}
}}"""

_LIST_FIELDS = f"id number status isOverdue issuedOn dueOn paidAt payable total {_MONEY} amountDue {_MONEY}"
LIST_TEXT = f"""query List($id: ID!) {{
  account(id: $id) {{
    open: invoices(first: 100, filter: {{ status: [OPEN, PARTIALLY_PAID] }}) {{ nodes {{ {_LIST_FIELDS} }} }}
    paid: invoices(first: 100, filter: {{ status: [PAID] }}) {{ nodes {{ {_LIST_FIELDS} }} }}
  }}
}}"""

ITEMS_TEXT = f"""query Items($id: ID!) {{
  account(id: $id) {{ subscriptions(first: 1) {{ nodes {{
    items {{ quantity interval intervalCount currentPeriodEnd unitPrice {_MONEY} }}
  }} }} }}
}}"""


def account_id(key: str = ACCOUNT) -> str:
    """Write the global id of an account."""
    raw = msgspec.msgpack.encode((1, "Account", "", key, key))
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Query:
    """One operation. `calls`: what it costs upstream."""

    name: str
    text: str
    calls: int
    account: str = ACCOUNT

    @property
    def request(self) -> dict[str, Any]:
        """The body of a request."""
        variables = {"id": account_id(self.account)}
        return {"query": self.text, "variables": variables, "operationName": self.name.title()}

    @property
    def body(self) -> bytes:
        """The body as it is sent."""
        return msgspec.json.encode(self.request)


SHAPES = {
    shape.name: shape
    for shape in (Query("one", ONE_TEXT, 1), Query("home", HOME_TEXT, 5), Query("list", LIST_TEXT, 2))
}
"""The shapes that servers are compared on."""


def items(length: int) -> Query:
    """Give the query for one record that has `length` items."""
    return Query("items", ITEMS_TEXT, 1, f"items{length}")


def unseen(number: int) -> Query:
    """Give a query that nobody has sent before."""
    return Query("one", ONE_TEXT.replace("account(", f"a{number}: account("), 1)
