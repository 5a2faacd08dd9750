"""A running Request Tracker with the data set's tickets: `from tests.real.rt.fixture import request_tracker`.

Tests that use it say `pytest.mark.xdist_group("rt")`, so that one process starts it for all.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.data import build
from tests.real.rt.install import install
from tests.real.rt.seed import ACCOUNT_FIELD, KEY_FIELD, QUEUE, SHOWN
from tests.real.rt.server import serving
from tests.real.session import started


@dataclass(frozen=True)
class RequestTracker:
    """Where it listens, who may do what there, and what is in it.

    `token` (`Authorization: token ...`) and `user` with `password` (Basic) are the gateway's: it may read,
    write and answer the tickets of `queue`, and sees internal comments, so that tests see it leave them out.
    `powerless_token` is of somebody without rights. `accounts` maps account keys to values of
    the custom field `account_field`. The others map ids of the data set (`build()`) to RT's: `tickets`,
    `comments` (to transactions) and `attachments`; `seed.STATUSES` and `PRIORITIES` say what became of these.
    Deleted tickets are in state `deleted`. Customers' and agents' names in RT are their mail addresses.
    """

    url: str
    token: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    powerless_token: str = field(repr=False)
    accounts: dict[str, str]
    tickets: dict[int, int]
    comments: dict[int, int]
    attachments: dict[int, int]
    queue: str = QUEUE
    account_field: str = ACCOUNT_FIELD
    key_field: str = KEY_FIELD


@pytest.fixture(scope="session")
def request_tracker(pytestconfig: pytest.Config) -> RequestTracker:
    """Install Request Tracker if need be, start it on a copy of its database, end it after the tests."""
    return started(pytestconfig, running)


@contextmanager
def running() -> Iterator[RequestTracker]:
    """Run Request Tracker in a folder of its own on a free port of this machine."""
    installation = install()
    with tempfile.TemporaryDirectory(prefix="gateway-rt-") as name:
        folder = Path(name)
        shutil.copy(installation.database, folder)
        known = installation.known
        ids = {
            kind: {int(key): number for key, number in table.items()} for kind, table in known["ids"].items()
        }
        rows = build().accounts
        with serving(folder) as url:
            yield RequestTracker(
                url, known["token"], known["user"], known["password"], known["powerless_token"],
                {key: rows[key].number for key in SHOWN}, ids["tickets"], ids["comments"], ids["attachments"],
            )  # fmt: skip
