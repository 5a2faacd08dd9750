"""What tests of one operation share: the rows of a system, what is asked, and what is expected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.auth.audit import Audit
from gateway.connectors.ports.billing import InvoiceFilter, InvoiceSort, InvoicesPort
from gateway.connectors.ports.common import Page
from gateway.errors import Code, GatewayError
from tests.support.ports import (
    KEY,
)

ROWS = [
    {"id": "in_1", "customer": "cus_a", "number": "A-1", "lines": []},
    {"id": "in_2", "customer": "cus_a2", "number": "A-2", "lines": []},
    {"id": "in_3", "customer": "cus_b", "number": "B-1", "lines": []},
    # The same id in two accounts, as where ids are counted per company or the system was merged.
    {"id": "7", "customer": "cus_a", "number": "A-7", "lines": []},
    {"id": "7", "customer": "cus_b", "number": "B-7", "lines": []},
]
GET, LIST = InvoicesPort.get_many, InvoicesPort.list_invoices
ARGUMENTS = (InvoiceFilter(), InvoiceSort())
FIRST = Page(first=20)

Broken = Callable[[Any], Awaitable[Any]]


def alarm(account: str = "acme", system: str = "billing", model: str = "Invoice") -> dict[str, str]:
    return {
        "event": "TENANT_VIOLATION_BLOCKED",
        "outcome": "blocked",
        "subject": Audit(KEY).subject("usr_1"),
        "account": account,
        "operation": "Op",
        "system": system,
        "model": model,
    }


async def refused(call: Awaitable[Any], code: Code = Code.UPSTREAM_CONTRACT_BROKEN) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await call
    assert caught.value.code is code
    return caught.value


async def turn(times: int = 6) -> None:
    """Let the loop run what is ready."""
    for _ in range(times):
        await asyncio.sleep(0)
