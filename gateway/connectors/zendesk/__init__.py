"""Zendesk: tickets, writing them, and the help centre."""
