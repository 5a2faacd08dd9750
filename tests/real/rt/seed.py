"""Fill Request Tracker with tickets of the data set, each word said by whom it is from, over REST 2.0."""

from __future__ import annotations

import base64
import datetime as dt
import json
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from sandbox.data import DataSet
from sandbox.data.desk import Comment, Ticket
from tests.support.cache import InstallError

QUEUE = "Support"
ACCOUNT_FIELD = "Account"
KEY_FIELD = "Portal Key"
SHOWN = ("acme", "bright", "group")
"""The accounts whose tickets are in the real system."""

STATUSES = {
    "new": "new", "open": "open", "pending": "stalled", "hold": "stalled", "solved": "resolved",
    "closed": "resolved",
}  # fmt: skip
PRIORITIES = {None: 0, "low": 20, "normal": 50, "high": 80, "urgent": 100}

_SPOKEN = ("Create", "Correspond", "Comment")


def chosen(data: DataSet) -> list[Ticket]:
    """Give the tickets that are put in, oldest first, so that ids rise with time."""
    mine = (ticket for ticket in data.desk.tickets if ticket.account in SHOWN)
    return sorted(mine, key=lambda ticket: (ticket.created, ticket.id))


class Desk:
    """RT's REST 2.0 API, spoken by one person at a time."""

    def __init__(self, url: str, password: str) -> None:
        self._url = f"{url}/REST/2.0"
        self._password = password

    def call(self, method: str, path: str, who: str, body: dict[str, Any] | None = None) -> Any:
        """Make one call; InstallError unless it succeeds."""
        credentials = base64.b64encode(f"{who}:{self._password}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310  http on this machine
            self._url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310  http on this machine
                content = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                words = error.read().decode(errors="replace")[:500]
            raise InstallError(f"Request Tracker: {method} {path} gives {error.code}.\n{words}") from None
        return json.loads(content) if content else None


def fill(desk: Desk, data: DataSet) -> dict[int, int]:
    """Put the tickets in; give RT's ids by the data set's."""
    return {ticket.id: _put(desk, data, ticket) for ticket in chosen(data)}


def _put(desk: Desk, data: DataSet, ticket: Ticket) -> int:
    users = data.desk.users
    first, *rest = ticket.comments
    asked = desk.call(
        "POST", "/ticket", users[first.author].email,
        {
            "Queue": QUEUE, "Subject": ticket.subject, "Requestor": users[ticket.requester].email,
            **_words(first),
        },
    )  # fmt: skip
    number = int(asked["id"])
    for comment in rest:
        way = "correspond" if comment.public else "comment"
        desk.call("POST", f"/ticket/{number}/{way}", users[comment.author].email, _words(comment))
    account = data.accounts[ticket.account].number
    change: dict[str, Any] = {
        "CustomFields": {ACCOUNT_FIELD: account}, "Priority": PRIORITIES[ticket.priority],
        "Status": "deleted" if ticket.deleted else STATUSES[ticket.status],
    }  # fmt: skip
    if ticket.assignee is not None:
        change["Owner"] = users[ticket.assignee].email
    done = desk.call("PUT", f"/ticket/{number}", "root", change)
    if not any(ACCOUNT_FIELD in line for line in done):
        raise InstallError(f"Request Tracker does not take the account of a ticket: {done}")
    return number


def _words(comment: Comment) -> dict[str, Any]:
    found: dict[str, Any] = {"Content": comment.body, "ContentType": "text/plain"}
    if comment.attachments:
        found["Attachments"] = [
            {
                "FileName": file.file_name, "FileType": file.content_type,
                "FileContent": base64.b64encode(file.content).decode(),
            }
            for file in comment.attachments
        ]  # fmt: skip
    return found


def date_back(database: Path, data: DataSet, numbers: dict[int, int]) -> dict[str, dict[int, int]]:
    """Set the moments of the data set, which REST 2.0 cannot; give ids of comments and attachments.

    `{comments: {data set's id: transaction id}, attachments: {data set's id: attachment id}}`
    """
    found: dict[str, dict[int, int]] = {"comments": {}, "attachments": {}}
    connection = sqlite3.connect(database)
    with connection:
        for ticket in chosen(data):
            _date_ticket(connection, ticket, numbers[ticket.id], found)
    connection.close()
    return found


def _date_ticket(
    connection: sqlite3.Connection, ticket: Ticket, number: int, found: dict[str, dict[int, int]]
) -> None:
    said = iter(ticket.comments)
    moment = ticket.created
    rows = connection.execute(
        "SELECT id, Type FROM Transactions WHERE ObjectType = 'RT::Ticket' AND ObjectId = ? ORDER BY id",
        (number,),
    ).fetchall()
    for transaction, kind in rows:
        if kind in _SPOKEN:
            comment = next(said)
            found["comments"][comment.id] = transaction
            moment = comment.created
            for file in comment.attachments:
                (attachment,) = connection.execute(
                    "SELECT id FROM Attachments WHERE TransactionId = ? AND Filename = ?",
                    (transaction, file.file_name),
                ).fetchone()
                found["attachments"][file.id] = attachment
        # What RT did by itself is of the moment of what was said before.
        connection.execute("UPDATE Transactions SET Created = ? WHERE id = ?", (_text(moment), transaction))
        connection.execute(
            "UPDATE Attachments SET Created = ? WHERE TransactionId = ?", (_text(moment), transaction)
        )
    if next(said, None) is not None:
        raise InstallError(f"Request Tracker did not keep every message of ticket {number}.")
    resolved = _text(ticket.solved) if ticket.solved else None
    connection.execute(
        "UPDATE Tickets SET Created = ?, LastUpdated = ?, Resolved = ? WHERE id = ?",
        (_text(ticket.created), _text(ticket.updated), resolved, number),
    )


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
