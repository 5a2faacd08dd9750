"""Ports: what the gateway asks of a business system, one module per business domain.

`PORTS` names each port as configuration does: `[bindings] invoices = "billing"`.
"""

from __future__ import annotations

from typing import Any

from gateway.connectors.ports.accounts import AccountsPort, StaffPort
from gateway.connectors.ports.billing import BalancesPort, InvoicesPort, PaymentsPort, SubscriptionsPort
from gateway.connectors.ports.contacts import ContactsPort, MembersPort
from gateway.connectors.ports.directory import DirectoryPort
from gateway.connectors.ports.documents import DocumentsPort, FoldersPort
from gateway.connectors.ports.knowledge import ArticlesPort, SectionsPort
from gateway.connectors.ports.orders import AvailabilityPort, OrdersPort, ProductsPort, ShipmentsPort
from gateway.connectors.ports.support import TicketsPort, TicketWritesPort

PORTS: dict[str, type[Any]] = {
    "directory": DirectoryPort,
    "accounts": AccountsPort,
    "staff": StaffPort,
    "contacts": ContactsPort,
    "members": MembersPort,
    "orders": OrdersPort,
    "shipments": ShipmentsPort,
    "products": ProductsPort,
    "availability": AvailabilityPort,
    "invoices": InvoicesPort,
    "payments": PaymentsPort,
    "subscriptions": SubscriptionsPort,
    "balances": BalancesPort,
    "tickets": TicketsPort,
    "ticket_writes": TicketWritesPort,
    "articles": ArticlesPort,
    "sections": SectionsPort,
    "documents": DocumentsPort,
    "folders": FoldersPort,
}
