"""Operations that several tests ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BILLING = """
query Billing($account: ID!, $invoices: Int = 50, $orders: Int = 20) {
  viewer {
    user { displayName }
    currentAccount { id }
    memberships(first: 10) { nodes { account { id name } roles } }
  }
  account(id: $account) {
    name number type status currencyCode
    balance { outstanding { amount currencyCode } overdue { amount currencyCode } }
    invoices(first: $invoices) {
      nodes {
        id number status isOverdue issuedOn dueOn total { amount currencyCode }
        amountDue { amount currencyCode }
        lines(first: 3) { nodes { description quantity amount { amount currencyCode } } }
      }
      pageInfo { hasNextPage endCursor }
    }
    orders(first: $orders) {
      nodes {
        id number status placedAt total { amount currencyCode }
        shipments(first: 5) { nodes { number status trackingNumbers } }
      }
    }
  }
}
"""
"""The page a portal opens with: who am I, what do I owe, what did I buy."""

INVOICE = """
fragment InvoiceFields on Invoice {
  id number kind status statusLabel isOverdue issuedOn dueOn paidAt periodStart periodEnd currencyCode
  subtotal { ...M } discountTotal { ...M } taxTotal { ...M } shippingTotal { ...M } total { ...M }
  amountPaid { ...M } amountDue { ...M } amountCredited { ...M } payable paymentTerms
  purchaseOrderNumber memo hostedUrl createdAt updatedAt
  billingAddress { ...Address }
  taxes { name rate base { ...M } amount { ...M } }
  account { id }
  lines {
    nodes {
      description quantity unit unitPrice discountAmount { ...M } taxAmount { ...M } amount { ...M }
      periodStart periodEnd
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
    edges { cursor }
  }
}
"""
PAYMENT = """
fragment PaymentFields on Payment {
  id amount { ...M } amountRefunded { ...M } status statusLabel method { type brand last4 } receivedAt
  reference failureCode receiptUrl createdAt updatedAt account { id }
}
"""
SUBSCRIPTION = """
fragment SubscriptionFields on Subscription {
  id status statusLabel startedOn trialEndsOn cancelAt cancelAtPeriodEnd endedAt collectionMethod
  createdAt updatedAt account { id }
  items {
    productName quantity unitPrice { ...M } interval intervalCount currentPeriodStart currentPeriodEnd
  }
}
"""
PRODUCT = """
fragment ProductFields on Product {
  id sku name description unit status createdAt updatedAt
  availability { available onHand precision }
}
"""
SHIPMENT = """
fragment ShipmentFields on Shipment {
  id number status statusLabel carrier trackingNumbers trackingUrl shippedAt estimatedDeliveryOn
  createdAt updatedAt account { id }
}
"""
ORDER = """
fragment OrderFields on Order {
  id number status statusLabel purchaseOrderNumber placedAt promisedOn currencyCode createdAt updatedAt
  subtotal { ...M } taxTotal { ...M } total { ...M }
  shippingAddress { ...Address } billingAddress { ...Address }
  account { id }
  lines {
    nodes {
      description quantityOrdered quantityShipped quantityInvoiced unit unitPrice amount { ...M } promisedOn
      product { ...ProductFields }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
    edges { cursor }
  }
  shipments {
    nodes { ...ShipmentFields }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
    edges { cursor }
  }
}
"""
MONEY = "fragment M on Money { amount currencyCode }"
VALUES = f"""
{MONEY}
fragment Address on PostalAddress {{ name line1 line2 city region postalCode countryCode }}
"""
PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor }"

BILLING_LISTS = f"""
fragment BillingLists on Account {{
  balance {{ outstanding {{ ...M }} overdue {{ ...M }} credit {{ ...M }} }}
  invoices(first: 100) {{
    nodes {{ ...InvoiceFields payments {{ ...PaymentFields }} subscription {{ ...SubscriptionFields }} }}
    {PAGE}
  }}
  payments(first: 100) {{ nodes {{ ...PaymentFields }} {PAGE} }}
  subscriptions(first: 100) {{
    nodes {{ ...SubscriptionFields latestInvoice {{ ...InvoiceFields }} }} {PAGE}
  }}
}}
{INVOICE}{PAYMENT}{SUBSCRIPTION}
"""
ORDER_LISTS = f"""
fragment OrderLists on Account {{
  number name type status currencyCode
  orders(first: 100) {{ nodes {{ ...OrderFields }} {PAGE} }}
  shipments(first: 100) {{ nodes {{ ...ShipmentFields }} {PAGE} }}
  products(first: 100) {{ nodes {{ ...ProductFields }} {PAGE} }}
}}
{ORDER}{SHIPMENT}{PRODUCT}
"""
EVERYTHING = f"""
query Everything($account: ID!) {{
  viewer {{
    user {{ displayName email }}
    currentAccount {{ id }}
    memberships(first: 100) {{ nodes {{ account {{ id }} roles }} {PAGE} }}
  }}
  account(id: $account) {{ id ...BillingLists ...OrderLists }}
}}
{BILLING_LISTS}{ORDER_LISTS}{VALUES}
"""
"""Every field of every type that hangs off an account."""


def values_of(answer: Any, *names: str) -> Iterator[str]:
    """Walk an answer; give every text that stands under one of these keys."""
    if isinstance(answer, list):
        for item in answer:
            yield from values_of(item, *names)
    elif isinstance(answer, dict):
        for key, value in answer.items():
            if key in names and isinstance(value, str):
                yield value
            else:
                yield from values_of(value, *names)
