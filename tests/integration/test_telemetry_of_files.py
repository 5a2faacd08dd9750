"""Writes, links and files leave no subject, address, pass or presigned URL behind."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from gateway import telemetry
from gateway.telemetry.logs import JsonFormatter
from sandbox.personas import PERSONAS
from tests.integration.test_files import BEGIN, CONTENT, attachments, fetch, put
from tests.integration.test_telemetry_of_operations import Recorded
from tests.integration.test_ticket_writes import SUBJECT, create
from tests.support.home import HOME
from tests.support.portal import Layout, Portal, account_id, five_systems


@pytest.fixture
def layout() -> Layout:
    return five_systems


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    made = Recorded()
    handle = telemetry.setup(span_exporter=made.exporter, metric_reader=made.reader, log_level=None)
    yield made
    handle.shutdown()


async def test_nothing_of_a_customer_is_left_behind(
    recorded: Recorded, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = {
        "accountId": account_id("acme"), "fileName": "canary-file.png", "mimeType": "image/png",
        "sizeBytes": len(CONTENT),
    }  # fmt: skip
    upload = (await portal.query("owner-a", BEGIN, {"input": given})).data["ticketUploadBegin"]["upload"]
    await put(portal, upload["url"], CONTENT[:-1])
    await put(portal, upload["url"])
    made = await create(portal, uploadIds=[upload["id"]])
    await create(portal, subject="canary-subject", idempotencyKey="canary-key", priority=None)
    (file,) = await attachments(portal, made["ticket"]["id"])
    await fetch(portal, file["download"]["url"])
    links = await portal.query(
        "owner-a",
        "query($a: ID!) { account(id: $a) { documents(first: 3) { nodes { download { url } } } } }",
        {"a": account_id("acme")},
    )
    urls = [node["download"]["url"] for node in links.data["account"]["documents"]["nodes"]]
    for system in ("helpdesk", "files", "crm"):
        await portal.world.systems[system].fault("broken")
        await portal.query("owner-a", HOME, {"account": account_id("acme")})
        await create(portal, idempotencyKey=f"canary-{system}")
        await fetch(portal, file["download"]["url"])
        await portal.world.systems[system].fault("ok")

    formatter = JsonFormatter()
    # What the gateway itself says; the stand-ins and the test's client run in the same process.
    lines = [formatter.format(one) for one in caplog.records if one.name.startswith("gateway")]
    told = recorded.text() + "\n".join(lines)
    assert "helpdesk" in told
    persona = PERSONAS["owner-a"]
    secrets = [
        SUBJECT, "canary-", "Since this morning", persona.email, persona.display_name, persona.subject,
        upload["id"], upload["url"].rpartition("/")[2], file["download"]["url"].rpartition("/")[2],
        "X-Amz-Signature", *(url.partition("?")[2] for url in urls), "Acme", "Bearer",
        portal.token("owner-a"),
        *portal.world.environ().values(),
    ]  # fmt: skip
    assert [secret for secret in secrets if secret in told] == []
