"""Salesforce: directory, accounts, staff, contacts and members."""
