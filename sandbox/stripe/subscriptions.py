"""Stripe's subscriptions with their items and prices, and its products."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.book import Agreement, Product, product_id, sibling
from sandbox.stripe.shapes import listing, unix

Wire = dict[str, Any]


def subscription(agreement: Agreement) -> Wire:
    """Make a subscription; the running period stands on its items, not on itself."""
    row = agreement.row
    ended = unix(row.period[1]) if row.status in {"canceled", "incomplete_expired"} else None
    trial = row.period if row.status == "trialing" else (None, None)
    return {
        "id": row.id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": unix(row.period[0]),
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": ended,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "send_invoice",
        "created": unix(row.started),
        "currency": row.currency.lower(),
        "customer": row.customer,
        "customer_account": None,
        "days_until_due": 30,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": ended,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": listing(
            f"/v1/subscription_items?subscription={row.id}", [_subscription_item(agreement)], has_more=False
        ),
        "latest_invoice": agreement.latest_invoice,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": unix(row.started),
        "status": row.status,
        "test_clock": None,
        "transfer_data": None,
        "trial_end": unix(trial[1]),
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": unix(trial[0]),
    }


def _subscription_item(agreement: Agreement) -> Wire:
    row = agreement.row
    amount = {"amount": row.unit_minor, "amount_decimal": str(row.unit_minor)}
    month = {"interval": "month", "interval_count": 1, "meter": None, "usage_type": "licensed"}
    shared = {
        "id": sibling(row.id, "price"),
        "active": True,
        "billing_scheme": "per_unit",
        "created": unix(row.started),
        "currency": row.currency.lower(),
        "livemode": False,
        "metadata": {},
        "nickname": None,
        "product": product_id(row.product),
        "tiers_mode": None,
    }
    return {
        "id": sibling(row.id, "si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": unix(row.started),
        "current_period_end": unix(row.period[1]),
        "current_period_start": unix(row.period[0]),
        "discounts": [],
        "metadata": {},
        "plan": shared
        | amount
        | month
        | {"object": "plan", "transform_usage": None, "trial_period_days": None},
        "price": shared
        | {
            "object": "price",
            "custom_unit_amount": None,
            "lookup_key": None,
            "recurring": month | {"trial_period_days": None},
            "tax_behavior": "exclusive",
            "transform_quantity": None,
            "type": "recurring",
            "unit_amount": row.unit_minor,
            "unit_amount_decimal": str(row.unit_minor),
        },
        "quantity": row.quantity,
        "subscription": row.id,
        "tax_rates": [],
    }


def product(row: Product) -> Wire:
    """Make a product."""
    return {
        "id": row.id,
        "object": "product",
        "active": True,
        "created": unix(row.created),
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": row.name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": unix(row.created),
        "url": None,
    }
