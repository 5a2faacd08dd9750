"""Stripe: invoices, payments, subscriptions and balances."""
