"""A stand-in for Zendesk: tickets with their comments and audits, users, files, search and the help centre.

It speaks `/api/v2` with OAuth tokens from `/oauth/tokens`, keeps what is written in memory, and answers as an
administrator's token sees it: internal comments, drafts and every user segment among the rest. Not here:
webhooks, views, macros, incremental exports, bulk jobs. A search finds what was written at once, where
Zendesk's index lags; a ticket's `updated_at` never repeats, where Zendesk's may within one second.
"""

from sandbox.zendesk.app import create_app, stand_in

__all__ = ["create_app", "stand_in"]
