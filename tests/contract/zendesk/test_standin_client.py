"""zenpy, a client that knows the real Zendesk, understands the stand-in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.data import DataSet
from sandbox.serve import StandIn
from sandbox.zendesk import stand_in
from tests.clients.fixture import ask, client_python

__all__ = ["client_python"]

CLIENT = {"client_id": "portal", "client_secret": "desk-secret-0123456789"}

START = """
import io, json, os, sys
from urllib.parse import urlsplit
import requests
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, OrganizationMembership, Ticket, User
from zenpy.lib.exception import APIException, RecordNotFoundException

base = urlsplit(sys.argv[1])
os.environ["ZENPY_FORCE_SCHEME"], os.environ["ZENPY_FORCE_NETLOC"] = base.scheme, base.netloc
form = {"grant_type": "client_credentials", "client_id": sys.argv[2], "client_secret": sys.argv[3]}
granted = requests.post(f"{sys.argv[1]}/oauth/tokens", data=form, timeout=10).json()
client = Zenpy(subdomain="portal", oauth_token=granted["access_token"])
"""

READS = """
found = {
    "one": client.tickets(id=1000).to_dict(),
    "requester": client.tickets(id=1000).requester.name,
    "many": [ticket.id for ticket in client.tickets(ids=[1000, 1001, 1044])],
    "listed": [ticket.id for ticket in client.tickets.organizations(360001)],
    "comments": [[c.id, c.public, c.author.name] for c in client.tickets.comments(ticket=1000)],
    "audits": [audit.id for audit in client.tickets.audits(ticket=1000)],
    "search": [
        ticket.id
        for ticket in client.search(
            type="ticket", organization=360001, status_less_than="solved", sort_by="updated_at",
            sort_order="desc",
        )
    ],
    "user": [user.id for user in client.users(external_ids=["usr_acme_0"])],
    "me": client.users.me().role,
    "articles": [a.title for a in client.help_center.articles(cursor_pagination=3)],
    "in_section": [a.title for a in client.help_center.sections.articles(section=3602)],
    "sections": [s.name for s in client.help_center.sections()],
    "words": [a.title for a in client.help_center.articles.search(query="reset valve")],
}
try:
    client.tickets(id=999999)
except RecordNotFoundException as error:
    found["missing"] = error.response.status_code
print(json.dumps(found))
"""

WRITES = """
user = client.users.create(User(name="Eve", external_id="usr_eve"))
joined = client.organization_memberships.create(
    OrganizationMembership(user_id=user.id, organization_id=360001)
)
upload = client.attachments.upload(io.BytesIO(b"\\x00\\x01photo"), target_name="a b.bin")
draft = Ticket(
    subject="Made by zenpy", requester_id=user.id, organization_id=360001, external_id="key-1",
    comment=Comment(body="With a file.", author_id=user.id, uploads=[upload.token]),
)
audit = client.tickets.create(draft)
ticket = audit.ticket
ticket.comment = Comment(body="One more thing.", author_id=user.id, public=True)
client.tickets.update(ticket)
(first, second) = list(client.tickets.comments(ticket=ticket))
stream = client.attachments.download(first.attachments[0].id)
found = {
    "user": user.id,
    "joined": joined.organization_id,
    "ticket": [ticket.id, ticket.external_id, ticket.status],
    "bodies": [first.body, second.body],
    "file": [first.attachments[0].file_name, stream.getvalue().decode("latin-1")],
    "by_key": [one.id for one in client.tickets(external_id="key-1")],
}
try:
    client.users.create(User(name="Twin", email="ada@acme.example"))
except APIException as error:
    found["taken"] = [error.response.status_code, list(error.response.json()["details"])]
print(json.dumps(found))
"""


@pytest.fixture
async def desk(data: DataSet, clock: Any) -> AsyncIterator[StandIn]:
    async with stand_in(data, **CLIENT, now=clock, content_host="localhost") as running:
        yield running


async def test_zenpy_reads(client_python: Path, desk: StandIn, data: DataSet) -> None:
    found = await ask(client_python, START + READS, desk.url, *CLIENT.values())
    row = data.desk.tickets[0]
    listed = [one for one in data.desk.tickets if one.org == row.org and not one.deleted]
    assert (found["one"]["subject"], found["one"]["organization_id"]) == (row.subject, row.org)
    assert found["requester"] == data.desk.users[row.requester].name
    assert found["many"] == [1000, 1001]
    assert sorted(found["listed"]) == [one.id for one in listed]
    assert found["comments"] == [
        [said.id, said.public, data.desk.users[said.author].name] for said in row.comments
    ]
    assert len(found["audits"]) == len(row.comments)
    waiting = [one for one in listed if one.status in {"new", "open", "pending", "hold"}]
    assert sorted(found["search"]) == [one.id for one in waiting]
    assert found["user"] == [row.requester]
    assert found["me"] == "admin"
    assert found["articles"] == [one.title for one in data.desk.articles]
    assert set(found["in_section"]) == {one.title for one in data.desk.articles if one.section == 3602}
    assert found["sections"] == [one.name for one in data.desk.sections]
    assert found["words"][0] == "Reset a valve"
    assert found["missing"] == 404


async def test_zenpy_writes(client_python: Path, desk: StandIn) -> None:
    found = await ask(client_python, START + WRITES, desk.url, *CLIENT.values())
    assert found["joined"] == 360_001
    ticket, key, status = found["ticket"]
    assert (key, status) == ("key-1", "new")
    assert found["bodies"] == ["With a file.", "One more thing."]
    assert found["file"] == ["a b.bin", "\x00\x01photo"]
    assert found["by_key"] == [ticket]
    assert found["taken"] == [422, ["email"]]
    content = next(call for call in desk.calls if call.path.startswith("/attachment/content/"))
    assert "authorization" not in content.headers
