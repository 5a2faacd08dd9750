"""A stand-in for Salesforce's REST API: reading accounts, contacts, their relations, and users.

It speaks API version 66.0: the JWT bearer grant, sessions that end, queries (a part of SOQL, see `soql`)
with their next records, sObject Collections, single records, and Salesforce's errors. Not here: writing,
search, Apex, events; what it does not know it refuses, as Salesforce would refuse a misspelt word.
"""

from sandbox.salesforce.app import VERSION, create_app, stand_in

__all__ = ["VERSION", "create_app", "stand_in"]
