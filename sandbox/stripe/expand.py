"""Expansion: ids become the objects they name, where Stripe lets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.stripe.errors import ApiError

Wire = dict[str, Any]

# Per kind, which properties can be gone through or expanded, and what kind stands behind them.
# A kind that starts with "part:" is no resource of its own: a path may pass it, but not end there.
_GRAPH: dict[str, dict[str, str]] = {
    "customer": {},
    "invoice": {
        "customer": "customer",
        "lines": "list:line_item",
        "payments": "list:invoice_payment",
        "parent": "part:invoice.parent",
    },
    "part:invoice.parent": {"subscription_details": "part:invoice.subscription"},
    "part:invoice.subscription": {"subscription": "subscription"},
    "line_item": {"subscription": "subscription"},
    "invoice_payment": {"invoice": "invoice", "payment": "part:payment"},
    "part:payment": {"payment_intent": "payment_intent"},
    "payment_intent": {"customer": "customer", "latest_charge": "charge"},
    "charge": {"customer": "customer", "payment_intent": "payment_intent"},
    "subscription": {
        "customer": "customer",
        "items": "list:subscription_item",
        "latest_invoice": "invoice",
    },
    "subscription_item": {"price": "price"},
    "price": {"product": "product"},
    "product": {},
}

Load = Callable[[str, str], Wire]
"""Gives the object of a kind with an id; for "list:invoice_payment" the id is the invoice's."""


def check(path: str, kind: str) -> None:
    """Raise ApiError unless Stripe expands this path; whether any row has a value is no matter."""
    whole = kind
    for name in path.split("."):
        behind = _behind(kind).get(name)
        if behind is None:
            hint = (
                f" You may want to try expanding 'data.{path}' instead." if whole.startswith("list:") else ""
            )
            raise ApiError(f"This property cannot be expanded ({path}).{hint}", param="expand")
        kind = behind
    if kind.startswith("part:"):
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")


def expand(node: Wire, path: list[str], kind: str, load: Load) -> None:
    """Expand one checked path in place."""
    name, *rest = path
    behind = _behind(kind)[name]
    if kind.startswith("list:"):
        for item in node["data"] if rest else ():
            expand(item, rest, behind, load)
        return
    value = node.get(name)
    if isinstance(value, str):
        value = node[name] = load(behind, value)
    elif behind == "list:invoice_payment" and value is None:
        value = node[name] = load(behind, node["id"])
    if rest and value is not None:
        expand(value, rest, behind, load)


def _behind(kind: str) -> dict[str, str]:
    return {"data": kind.removeprefix("list:")} if kind.startswith("list:") else _GRAPH[kind]
