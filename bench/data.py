"""What the stub systems answer: JSON in the vendors' own shapes, the same on every machine but for the day.

Stripe and Zendesk send whole objects, whatever was asked for; Salesforce and Tryton only the fields they were
asked for. All rows are of one account. Money is in euros, dollars, yen and dinars (2, 2, 0 and 3 decimals).
"""

from __future__ import annotations

import datetime as dt
import random
import string
from collections.abc import Callable
from typing import Any

Wire = dict[str, Any]

ACCOUNT = "acme"
"""The account's key, as the token names it."""
CUSTOMER = "cus_NffrFeUfNV2Hib"
ORGANIZATION = 360001234567
CRM_ACCOUNT = "001Dn00000A1001IAB"
PARTY = 417
NATIVES = {
    "billing": CUSTOMER,
    "crm": CRM_ACCOUNT,
    "erp": str(PARTY),
    "helpdesk": str(ORGANIZATION),
}
"""System -> the account's id there."""

_DAY = 86_400
_WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo")
_CURRENCIES = ["eur"] * 7 + ["usd", "jpy", "kwd"]
_IDS = string.ascii_letters + string.digits


class Data:
    """Makes rows. `today` is what due days are laid around."""

    def __init__(self, today: dt.date) -> None:
        self._random = random.Random(11)
        self._now = int(dt.datetime.combine(today, dt.time(9), dt.UTC).timestamp())

    def words(self, count: int) -> str:
        """Give some words."""
        return " ".join(self._random.choices(_WORDS, k=count))

    def key(self, prefix: str, length: int = 24) -> str:
        """Give an id in Stripe's form."""
        return prefix + "".join(self._random.choices(_IDS, k=length))

    def _below(self, most: int) -> int:
        return self._random.randrange(most)

    def _moment(self, days: int = 300) -> str:
        at = dt.datetime.fromtimestamp(self._now - self._below(days * _DAY), dt.UTC)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def invoices(self, count: int, status: str | None = None, lines: int = 3) -> Wire:
        """Make a page of invoices, newest first, with more after it."""
        rows = [self._invoice(place, status, lines) for place in range(count)]
        return {"object": "list", "data": rows, "has_more": True, "url": "/v1/invoices"}

    def _invoice(self, place: int, status: str | None, lines: int) -> Wire:
        currency = self._random.choice(_CURRENCIES)
        status = status or self._random.choice(
            ["open", "open", "open", "paid", "paid", "void", "uncollectible"]
        )
        key = self.key("in_")
        items = [self._line(key, currency) for _ in range(lines)]
        total = sum(item["amount"] for item in items) or self._below(900_000)
        paid = total if status == "paid" else self._random.choice([0, total // 3]) if status == "open" else 0
        created = self._now - (place * 3 + 1) * _DAY
        due = self._random.choice([None, created + 14 * _DAY, created + 30 * _DAY])
        tax = total // 6
        return {
            "id": key, "object": "invoice", "account_country": "DE", "account_name": "Vendor GmbH",
            "amount_due": total, "amount_overpaid": 0, "amount_paid": paid,
            "amount_remaining": total - paid, "amount_shipping": 0, "attempt_count": self._below(4),
            "attempted": True, "auto_advance": False, "billing_reason": "manual",
            "collection_method": "send_invoice", "created": created, "currency": currency,
            "customer": CUSTOMER, "customer_email": "ap@mueller.example",
            "customer_name": "Müller & Söhne GmbH",
            "customer_address": {
                "city": "Berlin", "country": "DE", "line1": "Hauptstr. 1", "line2": None,
                "postal_code": "10115", "state": None,
            },
            "customer_tax_exempt": "none", "default_payment_method": None,
            "description": self._random.choice([None, self.words(5)]), "discounts": [], "due_date": due,
            "effective_at": created, "ending_balance": 0, "footer": None,
            "hosted_invoice_url": f"https://invoice.stripe.com/i/{self.key('', 60)}",
            "invoice_pdf": f"https://pay.stripe.com/invoice/{self.key('', 60)}/pdf",
            "lines": {
                "object": "list", "data": items, "has_more": False, "total_count": lines,
                "url": f"/v1/invoices/{key}/lines",
            },
            "livemode": True, "metadata": {"po_number": f"PO-{place:05d}"} if place % 3 else {},
            "next_payment_attempt": None, "number": f"2026-{place:05d}", "parent": None,
            "payment_settings": {"default_mandate": None, "payment_method_types": None},
            "period_end": created, "period_start": created, "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0, "receipt_number": None, "shipping_cost": None,
            "starting_balance": 0, "statement_descriptor": None, "status": status,
            "status_transitions": {
                "finalized_at": created, "marked_uncollectible_at": None,
                "paid_at": created + 5 * _DAY if status == "paid" else None, "voided_at": None,
            },
            "subtotal": total - tax, "total": total, "total_discount_amounts": [],
            "total_excluding_tax": total - tax, "total_taxes": [], "webhooks_delivered_at": created,
        }  # fmt: skip

    def _line(self, invoice: str, currency: str) -> Wire:
        quantity, price = 1 + self._below(20), 100 + self._below(50_000)
        start = self._now - self._below(300 * _DAY)
        return {
            "id": self.key("il_"), "object": "line_item", "amount": quantity * price, "currency": currency,
            "description": self.words(4), "discount_amounts": [], "discountable": True, "discounts": [],
            "invoice": invoice, "livemode": True, "metadata": {}, "parent": None,
            "period": {"start": start, "end": start + 30 * _DAY},
            "pricing": {
                "price_details": {"price": self.key("price_"), "product": self.key("prod_", 14)},
                "type": "price_details", "unit_amount_decimal": str(price),
            },
            "pretax_credit_amounts": [], "quantity": quantity, "quantity_decimal": str(quantity),
            "taxes": [],
        }  # fmt: skip

    def subscription(self, customer: str, items: int) -> Wire:
        """Make a page with the one subscription of a customer, which has many items."""
        key, start = self.key("sub_"), self._now - 90 * _DAY
        row: Wire = {
            "id": key, "object": "subscription", "application": None, "automatic_tax": {"enabled": False},
            "billing_cycle_anchor": start, "cancel_at": None, "cancel_at_period_end": False,
            "canceled_at": None, "collection_method": "charge_automatically", "created": start,
            "currency": "eur", "customer": customer, "days_until_due": None, "description": None,
            "discounts": [], "ended_at": None,
            "items": {
                "object": "list", "data": [self._item(key) for _ in range(items)], "has_more": False,
                "url": f"/v1/subscription_items?subscription={key}",
            },
            "latest_invoice": None, "livemode": True, "metadata": {}, "start_date": start,
            "status": "active", "trial_end": None, "trial_start": None,
        }  # fmt: skip
        return {"object": "list", "data": [row], "has_more": False, "url": "/v1/subscriptions"}

    def _item(self, subscription: str) -> Wire:
        start = self._now - self._below(30 * _DAY)
        return {
            "id": self.key("si_", 14), "object": "subscription_item", "created": start,
            "current_period_end": start + 30 * _DAY, "current_period_start": start, "discounts": [],
            "metadata": {},
            "price": {
                "id": self.key("price_"), "object": "price", "active": True, "billing_scheme": "per_unit",
                "created": start, "currency": "eur", "livemode": True, "metadata": {}, "nickname": None,
                "product": self.key("prod_", 14), "recurring": {"interval": "month", "interval_count": 1},
                "type": "recurring", "unit_amount": 100 + self._below(50_000),
            },
            "quantity": 1 + self._below(20), "subscription": subscription, "tax_rates": [],
        }  # fmt: skip

    def tickets(self, count: int) -> Wire:
        """Make a page of tickets with the users beside them."""
        users = [self._user(900_100_000 + place) for place in range(12)]
        rows = [self._ticket(35_000 + place, users) for place in range(count)]
        return {
            "tickets": rows, "users": users,
            "meta": {"has_more": True, "after_cursor": "b3JkZXI=", "before_cursor": None},
            "links": {"next": "https://vendor.zendesk.com/api/v2/x", "prev": None},
        }  # fmt: skip

    def _ticket(self, number: int, users: list[Wire]) -> Wire:
        pick = self._random.choice
        asker = pick(users)["id"]
        return {
            "url": f"https://vendor.zendesk.com/api/v2/tickets/{number}.json", "id": number,
            "external_id": None,
            "via": {"channel": pick(["email", "web", "api"]), "source": {"from": {}, "to": {}, "rel": None}},
            "created_at": self._moment(), "updated_at": self._moment(20),
            "generated_timestamp": self._now - number, "type": pick([None, "question", "incident"]),
            "subject": self.words(6), "raw_subject": self.words(6), "description": self.words(20),
            "priority": pick([None, "low", "normal", "high", "urgent"]),
            "status": pick(["new", "open", "pending", "hold", "solved", "closed"]), "recipient": None,
            "requester_id": asker, "submitter_id": asker, "assignee_id": 700 + self._below(5),
            "organization_id": ORGANIZATION, "group_id": 360 + self._below(3), "collaborator_ids": [],
            "follower_ids": [], "email_cc_ids": [], "forum_topic_id": None, "problem_id": None,
            "has_incidents": False, "is_public": True, "due_at": None, "tags": [pick(_WORDS), pick(_WORDS)],
            "custom_fields": [{"id": 1, "value": None}, {"id": 2, "value": "x"}],
            "satisfaction_rating": None, "sharing_agreement_ids": [], "custom_status_id": 12,
            "fields": [{"id": 1, "value": None}, {"id": 2, "value": "x"}], "followup_ids": [],
            "ticket_form_id": 1, "brand_id": 2, "allow_channelback": False, "allow_attachments": True,
            "from_messaging_channel": False,
        }  # fmt: skip

    def _user(self, key: int) -> Wire:
        return {
            "id": key, "url": f"https://vendor.zendesk.com/api/v2/users/{key}.json",
            "name": self.words(2).title(), "email": f"u{key}@mueller.example",
            "created_at": self._moment(), "updated_at": self._moment(), "time_zone": "Berlin",
            "iana_time_zone": "Europe/Berlin", "phone": None, "shared_phone_number": None, "photo": None,
            "locale_id": 8, "locale": "de", "organization_id": ORGANIZATION, "role": "end-user",
            "verified": True, "external_id": None, "tags": [], "alias": "", "active": True,
            "shared": False, "shared_agent": False, "last_login_at": self._moment(),
            "two_factor_auth_enabled": None, "signature": None, "details": "", "notes": "",
            "role_type": None, "custom_role_id": None, "moderator": False, "ticket_restriction": "requested",
            "only_private_comments": False, "restricted_agent": True, "suspended": False,
            "default_group_id": None, "report_csv": False, "user_fields": {},
        }  # fmt: skip

    def account(self) -> list[Wire]:
        """Make the answer to a call for records by id: one."""
        return [
            {
                "attributes": {
                    "type": "Account", "url": f"/services/data/v66.0/sobjects/Account/{CRM_ACCOUNT}",
                },
                "Id": CRM_ACCOUNT, "IsDeleted": False, "Name": "Müller & Söhne GmbH",
                "AccountNumber": "CUST-00417", "Portal_Status__c": "Active",
                "BillingStreet": "Hauptstr. 1", "BillingCity": "Berlin", "BillingState": None,
                "BillingPostalCode": "10115", "BillingCountryCode": "DE",
                "CurrencyIsoCode": "EUR", "Website": "www.mueller.example", "Phone": "+49 30 555 0100",
            }
        ]  # fmt: skip

    def contacts(self, count: int) -> Wire:
        """Make the answer to a query for people by name: one more than are shown."""
        people = sorted((self.words(1).title(), self.words(1).title()) for _ in range(count + 1))
        rows = [self._contact(place, *names) for place, names in enumerate(people)]
        return {"totalSize": len(rows), "done": True, "records": rows}

    def _contact(self, place: int, family: str, given: str) -> Wire:
        key = f"003Dn0000{place:06d}IAA"  # the last 3 say which letters are upper case
        return {
            "attributes": {"type": "Contact", "url": f"/services/data/v66.0/sobjects/Contact/{key}"},
            "Id": key, "AccountId": CRM_ACCOUNT, "IsDeleted": False, "Portal_Left__c": False,
            "Name": f"{given} {family}", "Email": f"{given}.{family}{place}@mueller.example".lower(),
            "Phone": f"+49 30 555 {place:04d}", "Title": self.words(2).title(),
        }  # fmt: skip

    def orders(self, count: int) -> list[Wire]:
        """Make a page of sales, newest first, with the one that tells that there are more."""
        return [self._order(9_000 - place) for place in range(count + 1)]

    def _order(self, key: int) -> Wire:
        state = self._random.choice(["confirmed", "processing", "processing", "done"])
        day = dt.datetime.fromtimestamp(self._now - (9_000 - key) * 4 * _DAY, dt.UTC)
        return {
            "id": key, "number": f"SO-{key:06d}", "state": state, "state:string": state.title(),
            "shipment_state": self._random.choice(["none", "waiting", "partially shipped", "sent"]),
            "invoice_state": self._random.choice(["none", "waiting", "paid"]),
            "sale_date": {"__class__": "date", "year": day.year, "month": day.month, "day": day.day},
            "party": {"id": PARTY}, "currency": {"id": 1, "code": "EUR"},
            "total_amount": {"__class__": "Decimal", "decimal": f"{self._below(900_000) / 100:.2f}"},
        }  # fmt: skip


def files(today: dt.date, lengths: tuple[int, ...]) -> dict[str, Callable[[], Any]]:
    """Give what the stub serves: file -> how its content is made. `lengths`: of long lists, for curves."""
    data = Data(today)
    made: dict[str, Callable[[], Any]] = {
        "stripe/invoices-50-.json": lambda: data.invoices(50),
        "stripe/invoices-100-paid.json": lambda: data.invoices(100, "paid"),
        "stripe/invoices-100-open.json": lambda: data.invoices(100, "open"),
        "zendesk/tickets-25.json": lambda: data.tickets(25),
        "salesforce/account.json": data.account,
        "salesforce/contacts.json": lambda: data.contacts(20),
        "tryton/sales.json": lambda: data.orders(20),
    }
    for length in lengths:
        customer = f"cus_items{length}"
        made[f"stripe/subscriptions-{customer}.json"] = lambda c=customer, n=length: data.subscription(c, n)  # type: ignore[misc]  # bound now
    return made
