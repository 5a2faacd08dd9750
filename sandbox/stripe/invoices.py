"""Stripe's invoices, their lines, taxes and payments, made of the data set's rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.data import Invoice
from sandbox.stripe.book import Customer, InvoicePayment, product_id, sibling
from sandbox.stripe.shapes import listing, unix

Wire = dict[str, Any]

LINES = 10
"""How many lines come with an invoice."""

_VAT = "txr_1sandboxvat19"
_VAT_PERCENT = 19


def invoice(row: Invoice, customer: Customer) -> Wire:
    """Make an invoice with its first lines; payments are told only when they are expanded."""
    draft = row.status == "draft"
    finalized = None if draft else unix(row.created)
    first, last = _period(row)
    lines = invoice_lines(row)
    subscription = row.subscription and {"metadata": {}, "subscription": row.subscription}
    return {
        "id": row.id,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "The Company",
        "account_tax_ids": None,
        "amount_due": row.total_minor,
        "amount_overpaid": 0,
        "amount_paid": row.paid_minor,
        "amount_remaining": row.remaining_minor,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": row.paid_minor > 0,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "subscription_cycle" if subscription else "manual",
        "collection_method": collection_method(row),
        "created": unix(row.created),
        "currency": row.currency.lower(),
        "custom_fields": None,
        "customer": row.customer,
        "customer_account": None,
        "customer_address": None,
        "customer_email": f"accounts@{row.account}.example",
        "customer_name": customer.account.name,
        "customer_phone": None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [_vat(customer)] if row.tax_minor else [],
        "description": None,
        "discounts": [],
        "due_date": unix(row.due),
        "effective_at": finalized,
        "ending_balance": None if draft else 0,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None if draft else f"https://invoice.example/i/{row.id}",
        "invoice_pdf": None if draft else f"https://invoice.example/i/{row.id}/pdf",
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listing(f"/v1/invoices/{row.id}/lines", lines[:LINES], has_more=len(lines) > LINES),
        "livemode": False,
        "metadata": {"po_number": row.po_number} if row.po_number else {},
        "next_payment_attempt": None,
        "number": row.number,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": subscription,
            "type": "subscription_details",
        }
        if subscription
        else None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": last,
        "period_start": first,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": row.status,
        "status_transitions": {
            "finalized_at": finalized,
            "marked_uncollectible_at": unix(row.due) if row.status == "uncollectible" else None,
            "paid_at": unix(row.paid_at),
            "voided_at": unix(row.created + dt.timedelta(days=1)) if row.status == "void" else None,
        },
        "subtotal": row.subtotal_minor,
        "subtotal_excluding_tax": row.subtotal_minor,
        "test_clock": None,
        "total": row.total_minor,
        "total_discount_amounts": [],
        "total_excluding_tax": row.subtotal_minor,
        "total_pretax_credit_amounts": [],
        "total_taxes": _taxes(row.tax_minor, row.subtotal_minor),
        "webhooks_delivered_at": unix(row.created),
    }


def invoice_lines(row: Invoice) -> list[Wire]:
    """Make all lines of an invoice; their taxes add up to the invoice's."""
    made = []
    sum_before = tax_before = 0
    for line in row.lines:
        sum_now = sum_before + line.amount_minor
        tax_now = row.tax_minor * sum_now // row.subtotal_minor if row.subtotal_minor else 0
        made.append(
            {
                "id": line.id,
                "object": "line_item",
                "amount": line.amount_minor,
                "currency": row.currency.lower(),
                "description": line.description,
                "discount_amounts": [],
                "discountable": True,
                "discounts": [],
                "invoice": row.id,
                "livemode": False,
                "metadata": {},
                "parent": _line_parent(row, line.id),
                "period": {"start": _midnight(line.period[0]), "end": _midnight(line.period[1])},
                "pretax_credit_amounts": [],
                "pricing": {
                    "price_details": {
                        "price": sibling(line.id, "price"),
                        "product": product_id(line.description),
                    },
                    "type": "price_details",
                    "unit_amount_decimal": str(line.unit_minor),
                },
                "quantity": line.quantity,
                "quantity_decimal": str(line.quantity),
                "subscription": row.subscription,
                "subtotal": line.amount_minor,
                "taxes": _taxes(tax_now - tax_before, line.amount_minor),
            }
        )
        sum_before, tax_before = sum_now, tax_now
    return made


def invoice_payment(link: InvoicePayment) -> Wire:
    """Make the link between an invoice and the payment intent that paid it, or part of it."""
    paid = link.payment.status == "succeeded"
    return {
        "id": link.id,
        "object": "invoice_payment",
        "amount_paid": link.payment.amount_minor if paid else None,
        "amount_requested": link.payment.amount_minor,
        "created": unix(link.created),
        "currency": link.invoice.currency.lower(),
        "invoice": link.invoice.id,
        "is_default": link.payment.amount_minor == link.invoice.total_minor,
        "livemode": False,
        "payment": {"payment_intent": link.payment.id, "type": "payment_intent"},
        "status": invoice_payment_status(link),
        "status_transitions": {
            "canceled_at": unix(link.created) if link.payment.status == "canceled" else None,
            "paid_at": unix(link.created) if paid else None,
        },
    }


def invoice_payment_status(link: InvoicePayment) -> str:
    """Tell where the payment of an invoice stands."""
    return {"succeeded": "paid", "canceled": "canceled"}.get(link.payment.status, "open")


def collection_method(row: Invoice) -> str:
    """Tell how the money is asked for; only invoices that are sent have a due date."""
    return "send_invoice" if row.due else "charge_automatically"


def _line_parent(row: Invoice, line_id: str) -> Wire:
    if row.subscription:
        details = {
            "invoice_item": None,
            "proration": False,
            "proration_details": None,
            "subscription": row.subscription,
            "subscription_item": sibling(row.subscription, "si"),
        }
        return {
            "invoice_item_details": None,
            "subscription_item_details": details,
            "type": "subscription_item_details",
        }
    details = {
        "invoice_item": sibling(line_id, "ii"),
        "proration": False,
        "proration_details": None,
        "subscription": None,
    }
    return {
        "invoice_item_details": details,
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


def _taxes(tax: int, base: int) -> list[Wire]:
    if not tax:
        return []
    return [
        {
            "amount": tax,
            "tax_behavior": "exclusive",
            "tax_rate_details": {"tax_rate": _VAT},
            "taxability_reason": "standard_rated",
            "taxable_amount": base,
            "type": "tax_rate_details",
        }
    ]


def _vat(customer: Customer) -> Wire:
    return {
        "id": _VAT,
        "object": "tax_rate",
        "active": True,
        "country": "DE",
        "created": unix(customer.created),
        "description": "VAT Germany",
        "display_name": "VAT",
        "effective_percentage": None,
        "flat_amount": None,
        "inclusive": False,
        "jurisdiction": "DE",
        "jurisdiction_level": None,
        "livemode": False,
        "metadata": {},
        "percentage": _VAT_PERCENT,
        "rate_type": "percentage",
        "state": None,
        "tax_type": "vat",
    }


def _period(row: Invoice) -> tuple[int, int]:
    starts = [_midnight(line.period[0]) for line in row.lines]
    ends = [_midnight(line.period[1]) for line in row.lines]
    created = int(row.created.timestamp())
    return min(starts, default=created), max(ends, default=created)


def _midnight(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
