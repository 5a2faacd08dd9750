"""Permissions are code: what a field can ask for. Roles are data: see `policy`."""

from __future__ import annotations

from enum import Enum


class Permission(Enum):
    """`RESOURCE_ACTION` in the schema, `resource:action` in policy files."""

    # Each is there once; the enum's own hash is computed in Python, and sets of these are compared a lot.
    __hash__ = object.__hash__

    ACCOUNT_READ = "account:read"
    CONTACTS_READ = "contacts:read"
    MEMBERS_READ = "members:read"
    INVOICES_READ = "invoices:read"
    PAYMENTS_READ = "payments:read"
    SUBSCRIPTIONS_READ = "subscriptions:read"
    ORDERS_READ = "orders:read"
    PRODUCTS_READ = "products:read"
    TICKETS_READ = "tickets:read"
    TICKETS_CREATE = "tickets:create"
    TICKETS_COMMENT = "tickets:comment"
    ARTICLES_READ = "articles:read"
    DOCUMENTS_READ = "documents:read"
