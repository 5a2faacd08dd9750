"""Files through the gateway: handed in with a ticket, and let out again to who may have them."""

from __future__ import annotations

import io
import json
from typing import Any

import aiohttp
import pytest

from tests.integration.test_ticket_writes import create, only_error
from tests.support.portal import Layout, Portal, account_id, five_systems

BEGIN = """
mutation Begin($input: TicketUploadBeginInput!) {
  ticketUploadBegin(input: $input) {
    upload { id url method maxBytes expiresAt }
    userErrors { __typename message path }
  }
}
"""
FILES = """
query Files($id: ID!) {
  node(id: $id) { ... on Ticket { comments(first: 50) { nodes {
    attachments { fileName mimeType sizeBytes download(ttlSeconds: 60) { url method expiresAt } } } } } }
}
"""
CONTENT = bytes(range(256)) * 40
CONTENTS = "/attachment/content/"


@pytest.fixture
def layout() -> Layout:
    return five_systems


async def begin(portal: Portal, *, persona: str = "owner-a", account: str = "acme", **changes: Any) -> Any:
    given = {
        "accountId": account_id(account), "fileName": "photo ü.png", "mimeType": "image/png",
        "sizeBytes": len(CONTENT),
    } | changes  # fmt: skip
    return (await portal.query(persona, BEGIN, {"input": given})).data["ticketUploadBegin"]


async def put(portal: Portal, url: str, content: bytes = CONTENT) -> tuple[int, Any]:
    async with portal.session.put(url, data=io.BytesIO(content)) as response:
        return response.status, json.loads(await response.read())


async def fetch(portal: Portal, url: str) -> tuple[int, dict[str, str], bytes]:
    async with portal.session.get(url) as response:
        return response.status, dict(response.headers), await response.read()


async def attachments(portal: Portal, ticket: str) -> list[Any]:
    answer = await portal.query("owner-a", FILES, {"id": ticket})
    rows = answer.data["node"]["comments"]["nodes"]
    return [file for row in rows for file in row["attachments"]]


async def a_file(portal: Portal) -> Any:
    """Hand a file in with a ticket, and give it as the ticket has it."""
    upload = (await begin(portal))["upload"]
    assert (await put(portal, upload["url"]))[0] == 201
    made = await create(portal, uploadIds=[upload["id"]])
    (file,) = await attachments(portal, made["ticket"]["id"])
    return file


def replacing(body: Any, name: str, value: object) -> Any:
    """Replace the values of that name, wherever they stand."""
    if isinstance(body, dict):
        return {key: value if key == name else replacing(one, name, value) for key, one in body.items()}
    return [replacing(one, name, value) for one in body] if isinstance(body, list) else body


async def test_a_file_goes_in_with_a_ticket_and_comes_out_again(portal: Portal) -> None:
    upload = (await begin(portal))["upload"]
    assert (upload["method"], upload["maxBytes"]) == ("PUT", len(CONTENT))
    assert await put(portal, upload["url"]) == (201, {"id": upload["id"]})

    made = await create(portal, uploadIds=[upload["id"]])
    assert made["userErrors"] == []
    (file,) = await attachments(portal, made["ticket"]["id"])
    assert (file["fileName"], file["mimeType"], file["sizeBytes"]) == (
        "photo ü.png",
        "image/png",
        str(len(CONTENT)),
    )

    status, headers, content = await fetch(portal, file["download"]["url"])
    assert (status, content) == (200, CONTENT)
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''photo%20%C3%BC.png"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert file["download"]["url"].startswith(portal.server.url)


async def test_a_file_of_another_size_is_refused_and_may_be_sent_again(portal: Portal) -> None:
    upload = (await begin(portal))["upload"]
    status, told = await put(portal, upload["url"], CONTENT[:-1])
    assert (status, told["errors"][0]["extensions"]["code"]) == (400, "INVALID_INPUT")
    refused = only_error(await create(portal, uploadIds=[upload["id"]]))
    assert refused["path"] == ["input", "uploadIds", "0"]
    assert (await put(portal, upload["url"]))[0] == 201
    assert (await put(portal, upload["url"]))[0] == 409


async def test_another_accounts_upload_is_as_none(portal: Portal) -> None:
    upload = (await begin(portal, persona="owner-b", account="bright"))["upload"]
    assert (await put(portal, upload["url"]))[0] == 201
    theirs = only_error(await create(portal, uploadIds=[upload["id"]]))
    none = only_error(await create(portal, uploadIds=["nothing"]))
    assert theirs == none
    assert theirs["message"].startswith("uploadIds[0]: no file was handed in for it.")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"fileName": "../etc/passwd"}, "fileName"),
        ({"fileName": "a\nb"}, "fileName"),
        ({"fileName": ""}, "fileName"),
        ({"mimeType": "image"}, "mimeType"),
        ({"mimeType": "a/b\r\nX: 1"}, "mimeType"),
        ({"sizeBytes": 0}, "sizeBytes"),
        ({"sizeBytes": 20_000_001}, "sizeBytes"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_named(
    portal: Portal, changes: dict[str, Any], field: str
) -> None:
    payload = await begin(portal, **changes)
    assert payload["upload"] is None
    assert only_error(payload)["path"] == ["input", field]


async def test_an_account_that_the_helpdesk_does_not_know_hands_nothing_in(portal: Portal) -> None:
    portal.taps["crm"].tell = lambda _path, body: replacing(body, "Zendesk_Org__c", None)
    payload = await begin(portal)
    assert payload["upload"] is None
    error = only_error(payload)
    assert (error["__typename"], error["path"]) == ("UnsupportedError", None)
    assert error["message"] == "The account is not known in 'helpdesk'."
    assert portal.calls("helpdesk") == []


async def test_links_that_were_not_made_here_open_nothing(portal: Portal) -> None:
    upload = (await begin(portal))["upload"]
    assert (await put(portal, upload["url"]))[0] == 201
    made = await create(portal, uploadIds=[upload["id"]])
    (file,) = await attachments(portal, made["ticket"]["id"])
    url = file["download"]["url"]
    changed = url[:-5] + ("A" if url[-5] != "A" else "B") + url[-4:]
    portal.reset()
    for wrong in (
        changed,
        url + "A",
        url[:-1],
        f"{portal.server.url}/files/x",
        upload["url"].replace("uploads", "files"),
    ):
        status, headers, body = await fetch(portal, wrong)
        assert status == 404, wrong
        assert headers["Cache-Control"] == "no-store"
        assert json.loads(body)["errors"][0]["message"] == "The link is not good, or no longer."
    assert (await put(portal, url.replace("files", "uploads")))[0] == 404
    assert portal.calls("helpdesk") == []


async def test_a_link_ends(portal: Portal) -> None:
    file = await a_file(portal)
    clock = portal.gateway._passes._clock
    portal.gateway._passes._clock = lambda: clock() + 61
    assert (await fetch(portal, file["download"]["url"]))[0] == 404


@pytest.mark.parametrize("size", [len(CONTENT), None])
async def test_a_file_that_breaks_off_is_no_shorter_file(portal: Portal, size: int | None) -> None:
    """Also where the helpdesk does not say how long it is: an answer without an end is no answer."""
    url = (await a_file(portal))["download"]["url"]
    tap = portal.taps["helpdesk"]
    tap.tell = lambda _path, body: replacing(body, "size", size)
    tap.cut = lambda _method, path: path.startswith(CONTENTS)
    with pytest.raises(aiohttp.ClientPayloadError):
        await fetch(portal, url)
    tap.cut = None
    status, headers, content = await fetch(portal, url)
    assert (status, content) == (200, CONTENT)
    assert ("Content-Length" in headers) is (size is not None)


@pytest.mark.parametrize("told", [len(CONTENT) - 1, len(CONTENT) + 1])
async def test_a_file_of_another_size_than_was_told_is_not_whole(
    portal: Portal, told: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = (await a_file(portal))["download"]["url"]
    portal.taps["helpdesk"].tell = lambda _path, body: replacing(body, "size", told)
    with pytest.raises(aiohttp.ClientPayloadError):
        await fetch(portal, url)
    assert "file not passed on to its end" in caplog.text


@pytest.mark.parametrize("seconds", [59, 301, -1])
async def test_links_live_for_minutes(portal: Portal, seconds: int) -> None:
    text = f"""query($a: ID!) {{ account(id: $a) {{ documents(first: 1) {{ nodes {{ id
        download(ttlSeconds: {seconds}) {{ url }} }} }} }} }}"""
    answer = await portal.query("owner-a", text, {"a": account_id("acme")})
    (error,) = answer.errors
    assert error["message"] == "ttlSeconds: write a number from 60 to 300."


async def test_a_helpdesk_that_is_down_gives_no_file(portal: Portal) -> None:
    upload = (await begin(portal))["upload"]
    await portal.world.helpdesk.fault("down")
    status, told = await put(portal, upload["url"])
    assert (status, told["errors"][0]["extensions"]["system"]) == (502, "helpdesk")
    await portal.world.helpdesk.fault("ok")
    assert (await put(portal, upload["url"]))[0] == 201
