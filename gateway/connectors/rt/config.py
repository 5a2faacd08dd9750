"""Settings of `[connectors.NAME]` with `type = "rt"`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gateway.settings import Config as Base
from gateway.settings import Secret

# What TicketSQL and its `CF.{...}` give a meaning to is in no name.
_Name = Annotated[str, Meta(pattern=r"\A[^\x00-\x1f'\"\\{}/]{1,100}\Z")]


class Config(Base, frozen=True, kw_only=True):
    """One queue of a Request Tracker 5, and the ticket's custom field that says whose the ticket is.

    `base_url` is the tracker's own, without `/REST/2.0`. `timeout_seconds` is of one call,
    `concurrency` how many calls one process makes at a time.
    """

    base_url: str
    token: Secret
    queue: _Name
    account_field: _Name = "Account"
    timeout_seconds: float = 5.0
    concurrency: int = 8
