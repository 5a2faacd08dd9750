"""Tryton: accounts, orders, shipments, products, stock and invoices."""
