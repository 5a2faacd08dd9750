"""Stripe's objects, made of the data set's rows: lists, customers and payments.

Amounts are integers in minor units, moments unix seconds, currency codes lower case.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sandbox.data import Payment
from sandbox.stripe.book import Customer, sibling

Wire = dict[str, Any]


def unix(moment: dt.datetime | None) -> int | None:
    """Give unix seconds."""
    return None if moment is None else int(moment.timestamp())


def listing(url: str, data: Sequence[Wire], *, has_more: bool) -> Wire:
    """Wrap one page of a list. Stripe tells no totals."""
    return {"object": "list", "data": list(data), "has_more": has_more, "url": url}


def customer(row: Customer, *, delinquent: bool, next_sequence: int) -> Wire:
    """Make a customer; `balance` is negative where the business owes it money."""
    account = row.account
    credit = account.credit_minor if row.currency == account.currency else 0
    return {
        "id": row.id,
        "object": "customer",
        "address": None,
        "balance": -credit,
        "created": unix(row.created),
        "currency": row.currency.lower(),
        "default_source": None,
        "delinquent": delinquent,
        "description": f"{account.name}, invoiced in {row.currency}",
        "discount": None,
        "email": f"accounts@{account.key}.example",
        "invoice_prefix": account.number.replace("-", ""),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {"account_key": account.key, "account_number": account.number},
        "name": account.name,
        "next_invoice_sequence": next_sequence,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def payment_intent(row: Payment) -> Wire:
    """Make a payment intent; its charge is an id until it is expanded."""
    succeeded = row.status == "succeeded"
    attempted = row.status in {"succeeded", "processing", "requires_capture"}
    return {
        "id": row.id,
        "object": "payment_intent",
        "amount": row.amount_minor,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": row.amount_minor if succeeded else 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": unix(row.created) if row.status == "canceled" else None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{row.id}_secret_{row.id[-8:]}",
        "confirmation_method": "automatic",
        "created": unix(row.created),
        "currency": row.currency.lower(),
        "customer": row.customer,
        "customer_account": None,
        "description": row.description,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": sibling(row.id, "ch") if attempted else None,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": sibling(row.id, "pm") if attempted else None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": row.status,
        "transfer_data": None,
        "transfer_group": None,
    }


def charge(row: Payment) -> Wire:
    """Make the charge of a payment intent; refunds are told here and nowhere else."""
    succeeded = row.status == "succeeded"
    charge_id = sibling(row.id, "ch")
    return {
        "id": charge_id,
        "object": "charge",
        "amount": row.amount_minor,
        "amount_captured": row.amount_minor if succeeded else 0,
        "amount_refunded": row.refunded_minor,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": sibling(row.id, "txn") if succeeded else None,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": None,
        "captured": succeeded,
        "created": unix(row.created),
        "currency": row.currency.lower(),
        "customer": row.customer,
        "description": row.description,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": None,
        "paid": succeeded,
        "payment_intent": row.id,
        "payment_method": sibling(row.id, "pm"),
        "payment_method_details": {
            "card": {
                "brand": row.brand,
                "country": "DE",
                "exp_month": 8,
                "exp_year": row.created.year + 3,
                "funding": "credit",
                "last4": row.last4,
                "network": row.brand,
            },
            "type": "card",
        },
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"https://receipts.example/payment/{charge_id}",
        "refunded": row.refunded_minor == row.amount_minor,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded" if succeeded else "pending",
        "transfer_data": None,
        "transfer_group": None,
    }
