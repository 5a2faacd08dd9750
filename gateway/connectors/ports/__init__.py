"""Ports: what the gateway asks of a business system, one module per business domain.

`PORTS` names each port as configuration does: `[bindings] invoices = "billing"`.
"""

from __future__ import annotations

from typing import Any

from gateway.connectors.ports.accounts import AccountsPort
from gateway.connectors.ports.billing import BalancesPort, InvoicesPort, PaymentsPort, SubscriptionsPort
from gateway.connectors.ports.orders import AvailabilityPort, OrdersPort, ProductsPort, ShipmentsPort

PORTS: dict[str, type[Any]] = {
    "accounts": AccountsPort,
    "orders": OrdersPort,
    "shipments": ShipmentsPort,
    "products": ProductsPort,
    "availability": AvailabilityPort,
    "invoices": InvoicesPort,
    "payments": PaymentsPort,
    "subscriptions": SubscriptionsPort,
    "balances": BalancesPort,
}
