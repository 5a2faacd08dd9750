"""Relations whose key the vendor sent broken: the field fails, with the system's own error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors.mapping import partial
from gateway.connectors.ports.billing import Invoice, Subscription
from gateway.connectors.ports.orders import OrderLine
from gateway.errors import Code, UpstreamError
from gateway.resolvers import billing, orders
from tests.support.ports import make_context

BROKEN = UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, "billing", detail="Invoice.payment_ids")


@pytest.mark.parametrize(
    ("model", "attribute", "resolve"),
    [
        (Invoice, "payment_ids", billing.invoice_payments),
        (Invoice, "subscription_id", billing.invoice_subscription),
        (Subscription, "latest_invoice_id", billing.latest_invoice),
        (OrderLine, "product_id", orders.line_product),
    ],
)
@pytest.mark.parametrize("key", [None, BROKEN])
async def test_a_key_that_is_null_or_broken(
    model: type, attribute: str, resolve: Callable[..., Awaitable[Any]], key: UpstreamError | None
) -> None:
    scope = AccountScope("acme", frozenset(), {"billing": ("cus_a",)})
    record = partial(model, frozenset({attribute}))(
        scope=scope, connector="billing", owners=frozenset({"cus_a"}), **{attribute: key}
    )
    [value] = await resolve([record], make_context())
    assert value is key
    assert "acme" not in repr(record)
    assert "cus_a" not in repr(scope)
