"""Install the real Request Tracker once, in the cache folder, and fill one database from the data set."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.data import DataSet, build
from tests.real.rt import packages
from tests.real.rt.seed import ACCOUNT_FIELD, KEY_FIELD, QUEUE, SHOWN, Desk, chosen, date_back, fill
from tests.real.rt.server import DATABASE, environment, serving
from tests.support.cache import cache, hash_of, locked, once, run

HERE = Path(__file__).parent
GATEWAY = "gateway@vendor.example"
POWERLESS = "powerless@vendor.example"


@dataclass(frozen=True)
class Installation:
    """`database` is the seeded file, to be copied; `known` is what `fixture.RequestTracker` tells of it."""

    database: Path
    known: dict[str, Any] = field(repr=False)


def install() -> Installation:
    """Give the installation, building what is not in the cache yet."""
    folder = cache()
    data = build()
    recipe = "".join(path.read_text() for path in sorted(HERE.glob("*.p[ly]")) if "test" not in path.name)
    with locked(folder / "rt.lock"):
        version = packages.provide()
        rows = repr((chosen(data), [data.accounts[key] for key in SHOWN]))
        home = folder / f"rt-db-{hash_of(version, recipe, rows)}"
        once(home, lambda: _build(home, data))
    return Installation(home / DATABASE, json.loads((home / "known.json").read_text()))


def _build(home: Path, data: DataSet) -> None:
    password = secrets.token_urlsafe(16)
    people = {data.desk.users[who].email for ticket in chosen(data) for who in _people(ticket)}
    users = [
        {"name": user.email, "real_name": user.name, "kind": "agent" if user.org is None else "customer"}
        for user in data.desk.users.values()
        if user.email in people
    ]
    users += [
        {"name": name, "real_name": name.partition("@")[0].title(), "kind": name.partition("@")[0]}
        for name in (GATEWAY, POWERLESS)
    ]
    given = {"queue": QUEUE, "fields": [ACCOUNT_FIELD, KEY_FIELD], "password": password, "users": users}
    (home / "given.json").write_text(json.dumps(given))
    variables = environment(home) | {
        "PORTAL_GIVEN": str(home / "given.json"), "PORTAL_TOKENS": str(home / "tokens.json"),
    }  # fmt: skip
    # With an empty password of the database's owner nobody is asked for it.
    setup = [str(packages.SETUP), "--dba", "", "--dba-password", "", "--action"]
    (home / "root").write_text(password)
    run(
        "Request Tracker: creating the database",
        [*setup, "init", "--root-password-file", str(home / "root")],
        variables,
    )
    run(
        "Request Tracker: adding queue, fields and people",
        [*setup, "insert", "--datafile", str(HERE / "initialdata.pl")],
        variables,
    )
    with serving(home) as url:
        numbers = fill(Desk(url, password), data)
    tokens = json.loads((home / "tokens.json").read_text())
    known = {
        "token": tokens["gateway"], "powerless_token": tokens["powerless"], "user": GATEWAY,
        "password": password, "ids": {"tickets": numbers, **date_back(home / DATABASE, data, numbers)},
    }  # fmt: skip
    (home / "known.json").write_text(json.dumps(known))


def _people(ticket: Any) -> set[int]:
    found = {ticket.requester, ticket.assignee, *(comment.author for comment in ticket.comments)}
    return found - {None}


if __name__ == "__main__":
    install()
