"""A stand-in for Stripe's API: reading customers, invoices, payments, subscriptions, products.

It speaks API version `2026-08-26.dahlia`: bearer keys, Stripe's errors, cursors, expansion of at
most four levels, and the limit of 25 requests a second per endpoint. Not here: writing, search,
webhooks, Connect; filters it does not list are refused as unknown parameters.
"""

from sandbox.stripe.app import VERSION, create_app, stand_in

__all__ = ["VERSION", "create_app", "stand_in"]
