"""Files of tickets at Zendesk: out from the vendor's hosts only and without the token, and in."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gateway.auth.scope import AccountScope
from gateway.connectors.ports.support import TicketsPort, TicketWritesPort, Upload
from gateway.connectors.testing import Wire
from gateway.connectors.testing.checks import replaced
from gateway.connectors.testing.wire import changed, fixed
from gateway.connectors.zendesk.connector import Connector
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Outbound
from sandbox.data import DataSet
from sandbox.serve import StandIn
from tests.contract.zendesk.conftest import connected, tickets_of


async def opened(connector: Connector, scope: AccountScope, file_id: str) -> tuple[Any, bytes]:
    port: Any = connector.ports[TicketsPort]
    async with port.open_attachment(scope, file_id) as content:
        return content, b"".join([chunk async for chunk in content.chunks])


def a_file(data: DataSet, key: str = "acme") -> Any:
    return next(file for row in tickets_of(data, key) for said in row.comments for file in said.attachments)


async def test_a_file_comes_through_without_the_token(
    connector: Connector,
    outbound: Outbound,
    acme: AccountScope,
    data: DataSet,
    system: StandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    file = a_file(data)
    for made in (connector, connected("helpdesk", system.url, outbound, system, content_hosts=())):
        system.reset()
        content, body = await opened(made, acme, str(file.id))
        assert (content.file_name, content.mime_type, content.size) == (
            file.file_name,
            file.content_type,
            len(file.content),
        )
        assert body == file.content
        calls = [call for call in system.calls if call.path != "/oauth/tokens"]
        assert [call.status for call in calls] == [200, 302, 200]
        assert "authorization" in calls[0].headers
        assert "authorization" not in calls[2].headers
        secret = calls[2].path.rpartition("/")[2]
        assert secret not in caplog.text
        assert secret not in repr(content)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/attachments/token/x/?name=a",
        "http://files.example/x",  # trusted below, but not without TLS
        "ftp://127.0.0.1/x",
        "//127.0.0.1/x",
        "https://files.example@evil.example/x",
        "https://evil-files.example/x",
        "https://evil.example:80.files.example/x",
        "https://evil.example\\.files.example/x",
        "https://evil.example/.files.example/x",
        "https://a.files.example:8443/x",
        "https://[/x",
        "not an address",
        "",
    ],
)
async def test_files_elsewhere_are_not_fetched(
    outbound: Outbound, acme: AccountScope, data: DataSet, system: StandIn, wire: Wire, address: str
) -> None:
    made = connected(
        "helpdesk", wire.url, outbound, system, content_hosts=("files.example", "*.files.example")
    )
    wire.spoil = changed(replaced("content_url", lambda _: address))
    with pytest.raises(UpstreamError) as caught:
        await opened(made, acme, str(a_file(data).id))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert "x" not in caught.value.detail.split()
    assert "/attachments/token" not in " ".join(call.path for call in system.calls)


async def test_one_redirect_is_followed_and_no_more(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire, outbound: Outbound, system: StandIn
) -> None:
    """Everything answers 302 to itself."""
    made = connected("helpdesk", wire.url, outbound, system)
    where = f"{wire.url}/round/and/round"

    async def spoil(request: Any, forward: Any) -> Any:
        if request.path.startswith("/api/"):
            return await changed(replaced("content_url", lambda _: where))(request, forward)
        return await fixed(302, Location=where)(request, forward)

    wire.spoil = spoil
    with pytest.raises(UpstreamError) as caught:
        await opened(made, acme, str(a_file(data).id))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN
    assert [call.path for call in wire.calls][1:] == ["/round/and/round"] * 2
    assert "authorization" in wire.calls[1].headers  # the API's own host: private attachments ask for it
    assert "authorization" not in wire.calls[2].headers


@pytest.mark.parametrize("file_id", ["999999999", "x", "../1", ""])
async def test_files_that_are_not_there(connector: Connector, acme: AccountScope, file_id: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        await opened(connector, acme, file_id)
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


@pytest.mark.parametrize(("key", "value"), [("deleted", True), ("malware_scan_result", "malware_found")])
async def test_files_that_were_withdrawn(
    connector: Connector, acme: AccountScope, data: DataSet, wire: Wire, key: str, value: object
) -> None:
    wire.spoil = changed(replaced(key, lambda _: value))
    with pytest.raises(UpstreamError) as caught:
        await opened(connector, acme, str(a_file(data).id))
    assert caught.value.code is Code.UPSTREAM_CONTRACT_BROKEN


async def test_an_upload_says_name_and_type_and_nothing_odd(
    connector: Connector, acme: AccountScope, wire: Wire
) -> None:
    async def chunks() -> Any:
        yield b"ab"

    port: Any = connector.ports[TicketWritesPort]
    await port.upload(acme, Upload("a & b?.txt", "text/plain\r\nX: y", 2, chunks()))
    [call] = wire.calls
    assert (call.method, call.path, call.query) == ("POST", "/api/v2/uploads", [("filename", "a & b?.txt")])
    assert (call.headers["content-type"], call.body) == ("application/octet-stream", b"ab")


@pytest.mark.parametrize("status", [413, 422])
async def test_a_file_that_zendesk_does_not_take(
    connector: Connector, acme: AccountScope, wire: Wire, status: int
) -> None:
    async def chunks() -> Any:
        yield b"a"

    wire.spoil = fixed(status, b'{"error": "AttachmentTooLarge"}')
    port: Any = connector.ports[TicketWritesPort]
    with pytest.raises(RequestError, match=r"^uploads: ") as caught:
        await port.upload(acme, Upload("a.bin", "application/zip", 1, chunks()))
    assert caught.value.code is Code.INVALID_INPUT
