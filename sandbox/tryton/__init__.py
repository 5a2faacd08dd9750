"""A stand-in for Tryton 8.2's REST interface: reading orders, shipments, products, parties, invoices.

It answers as trytond on SQLite does, judged by a parity test against the real system. Not here:
writing, reports, other models; fields and operators that `models` and `domain` do not list. Quantities and
prices depend on the context as in Tryton.
"""

from sandbox.tryton.app import create_app, stand_in
from sandbox.tryton.models import COMPANY, WAREHOUSE

__all__ = ["COMPANY", "WAREHOUSE", "create_app", "stand_in"]
