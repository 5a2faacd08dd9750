"""Stand-ins over real HTTP: serving, recording, and every fault."""

import asyncio
import errno
import gc
import json
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import Mode
from sandbox.serve import PortTakenError, StandIn

ROW = {"id": 7, "name": "x" * 200}


async def row(request: Request) -> Response:
    return JSONResponse(ROW)


async def echo(request: Request) -> Response:
    return Response(await request.body())


async def stuck(request: Request) -> Response:
    await asyncio.Event().wait()
    raise AssertionError


def throttled() -> Response:
    return JSONResponse({"vendor": "slow down"}, status_code=429, headers={"X-Reason": "rate"})


def app() -> Starlette:
    return Starlette(
        routes=[Route("/row", row), Route("/echo", echo, methods=["POST"]), Route("/stuck", stuck)]
    )


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    async with StandIn("vendor", app(), throttled=throttled) as running:
        yield running


@pytest.fixture
async def client(stand_in: StandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(stand_in.url) as session:
        yield session


async def order(client: aiohttp.ClientSession, body: object) -> tuple[int, dict]:
    async with client.post("/_sandbox/fault", json=body) as response:
        return response.status, await response.json()


async def test_serves_and_records_calls_without_credentials(
    stand_in: StandIn, client: aiohttp.ClientSession
) -> None:
    headers = {"Authorization": "Bearer sk_secret", "X-Trace": "t1"}
    async with client.get("/row?a=1&b[gte]=2&a=", headers=headers) as response:
        assert (response.status, await response.json()) == (200, ROW)
    async with client.get("/nothing") as response:
        assert response.status == 404

    first, second = stand_in.calls
    assert (first.method, first.path, first.status) == ("GET", "/row", 200)
    assert first.query == [("a", "1"), ("b[gte]", "2"), ("a", "")]
    assert first.headers["x-trace"] == "t1"
    assert first.headers["authorization"] == "(hidden)"
    assert "sk_secret" not in repr(stand_in.calls)
    assert (second.path, second.status) == ("/nothing", 404)
    stand_in.reset()
    assert stand_in.calls == []


async def test_a_taken_port_is_named() -> None:
    async with StandIn("first", app()) as first:
        second = StandIn("second", app(), port=first.port)
        with pytest.raises(PortTakenError, match=rf"'second' cannot listen on 127\.0\.0\.1:{first.port}: "):
            await second.start()
        with pytest.raises(OSError, match="the port is taken") as caught:
            await second.start()
        assert caught.value.errno == errno.EADDRINUSE
    async with second:  # free again
        assert second.port == int(second.url.rsplit(":", 1)[1])


async def test_has_no_port_before_it_is_started_and_starts_once() -> None:
    stand_in = StandIn("vendor", app())
    with pytest.raises(RuntimeError, match="not started"):
        _ = stand_in.url
    async with stand_in:
        with pytest.raises(RuntimeError, match="already started"):
            await stand_in.start()


async def test_stops_at_once_whatever_still_runs(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.serve._PATIENCE", 0.05)
    before = asyncio.all_tasks()
    with caplog.at_level(logging.CRITICAL, "uvicorn.error"):  # it tells of the handler that had to be ended
        async with StandIn("vendor", app()) as stand_in, aiohttp.ClientSession(stand_in.url) as client:
            async with client.get("/row"):
                pass  # leaves an idle connection
            waiting = asyncio.create_task(client.get("/stuck"))
            await until(lambda: len(stand_in.calls) == 2)
            await stand_in.stop()
            with pytest.raises(aiohttp.ClientError):
                await waiting
    assert asyncio.all_tasks() == before
    gc.collect()  # an unclosed socket would warn here, and warnings are errors


async def test_starts_again_after_a_stop(stand_in: StandIn) -> None:
    await stand_in.fault("broken")
    await stand_in.stop()
    await stand_in.start()
    async with aiohttp.ClientSession(stand_in.url) as client, client.get("/row") as response:
        assert response.status == 200


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0)


async def test_down_refuses_and_ok_listens_on_the_same_port(
    stand_in: StandIn, client: aiohttp.ClientSession
) -> None:
    async with client.get("/row") as response:
        assert response.status == 200
    port = stand_in.port
    await stand_in.fault("down")
    await stand_in.fault("down")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    if sys.platform == "linux":  # the port is held: nobody else can serve there meanwhile
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
    await stand_in.fault("ok")
    assert stand_in.port == port
    async with aiohttp.ClientSession() as fresh, fresh.get(f"{stand_in.url}/row") as response:
        assert response.status == 200
    assert [call.status for call in stand_in.calls] == [200, 200]


async def test_down_ends_open_connections(stand_in: StandIn) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
    writer.write(b"GET /row HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await stand_in.fault("down")
    async with asyncio.timeout(5):
        await reader.read()  # returns only when the other side has closed
    writer.close()
    await writer.wait_closed()


async def test_stops_while_down(stand_in: StandIn) -> None:
    await stand_in.fault("down")
    await stand_in.stop()
    await stand_in.start()
    assert stand_in.mode is Mode.OK


async def test_slow_answers_rightly_after_the_delay(stand_in: StandIn, client: aiohttp.ClientSession) -> None:
    await stand_in.fault("slow", delay=0.05)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with client.post("/echo", data=b"body that must survive") as response:
        assert (response.status, await response.read()) == (200, b"body that must survive")
    assert loop.time() - began >= 0.05


async def test_slow_ends_when_the_client_leaves(stand_in: StandIn, client: aiohttp.ClientSession) -> None:
    await stand_in.fault("slow", delay=3600)
    waiting = asyncio.create_task(client.get("/row"))
    await until(lambda: stand_in.calls)
    running = set(stand_in._state.tasks)
    assert len(running) == 1
    waiting.cancel()
    await until(lambda: all(task.done() for task in running))
    assert [task.exception() for task in running] == [None]
    assert stand_in.calls[0].status is None


async def test_slow_ends_when_the_stand_in_stops(
    stand_in: StandIn, client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    await stand_in.fault("slow", delay=3600)
    waiting = asyncio.create_task(client.get("/row"))
    await until(lambda: stand_in.calls)
    await stand_in.stop()
    with pytest.raises(aiohttp.ClientError):
        await waiting
    assert caplog.text == ""


async def test_throttled_speaks_as_the_vendor_and_says_when_to_come_back(
    stand_in: StandIn, client: aiohttp.ClientSession
) -> None:
    await stand_in.fault("throttled")
    async with client.get("/row") as response:
        assert response.status == 429
        assert (response.headers["Retry-After"], response.headers["X-Reason"]) == ("2", "rate")
        assert await response.json() == {"vendor": "slow down"}


async def test_broken_is_a_500(stand_in: StandIn, client: aiohttp.ClientSession) -> None:
    await stand_in.fault("broken")
    async with client.get("/row") as response:
        assert response.status == 500
    assert [call.status for call in stand_in.calls] == [500]


async def test_garbage_is_html_with_status_200(stand_in: StandIn, client: aiohttp.ClientSession) -> None:
    await stand_in.fault("garbage")
    async with client.get("/row") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert (await response.text()).startswith("<!DOCTYPE html>")


async def test_truncated_is_half_the_json_in_a_whole_response(
    stand_in: StandIn, client: aiohttp.ClientSession
) -> None:
    await stand_in.fault("truncated")
    async with client.get("/row") as response:
        assert (response.status, response.content_type) == (200, "application/json")
        body = await response.read()
        assert response.content_length == len(body)
    whole = json.dumps(ROW, separators=(",", ":")).encode()
    assert body == whole[: len(whole) // 2]


async def test_cut_promises_more_than_it_sends(
    stand_in: StandIn, client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    await stand_in.fault("cut")
    whole = json.dumps(ROW, separators=(",", ":")).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", stand_in.port)
    writer.write(b"GET /row HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert f"content-length: {len(whole)}".encode() in head
    assert body == whole[: len(whole) // 2]
    writer.close()
    await writer.wait_closed()
    async with client.get("/row") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert caplog.text == ""


async def test_faults_are_ordered_over_http_and_are_no_vendor_calls(
    stand_in: StandIn, client: aiohttp.ClientSession
) -> None:
    assert await order(client, {"mode": "broken"}) == (200, {"system": "vendor", "mode": "broken"})
    async with client.get("/row") as response:
        assert response.status == 500
    assert await order(client, {"mode": "slow", "delay": 0}) == (200, {"system": "vendor", "mode": "slow"})
    async with client.get("/row") as response:
        assert response.status == 200
    assert [call.path for call in stand_in.calls] == ["/row", "/row"]


async def test_down_can_be_ordered_over_http_and_is_answered_first(
    stand_in: StandIn, client: aiohttp.ClientSession
) -> None:
    assert await order(client, {"mode": "down"}) == (200, {"system": "vendor", "mode": "down"})
    await until(lambda: stand_in._held is not None)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", stand_in.port)


@pytest.mark.parametrize(
    "body", [{"mode": "sideways"}, {}, [], {"mode": ["ok"]}, {"mode": "slow", "delay": -1}, "slow"]
)
async def test_an_order_that_makes_no_sense_is_refused(
    stand_in: StandIn, client: aiohttp.ClientSession, body: object
) -> None:
    status, answer = await order(client, body)
    assert status == 400
    assert "ok, down, slow, throttled, broken, garbage, truncated, cut" in answer["error"]
    assert stand_in.mode is Mode.OK


async def test_control_knows_nothing_else(stand_in: StandIn, client: aiohttp.ClientSession) -> None:
    async with client.get("/_sandbox/fault") as response:
        assert response.status == 404
    assert stand_in.calls == []


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not run on Windows")
def test_works_in_uvloop_too() -> None:
    import uvloop  # noqa: PLC0415  not there on every platform

    async def round_trip() -> list[int | None]:
        async with StandIn("vendor", app()) as stand_in:
            for _ in range(3):
                async with aiohttp.ClientSession(stand_in.url) as client, client.get("/row") as response:
                    assert await response.json() == ROW
                    status, _ = await order(client, {"mode": "down"})
                    assert status == 200
                await until(lambda: stand_in._held is not None)
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.open_connection("127.0.0.1", stand_in.port)
                await stand_in.fault("ok")
            return [call.status for call in stand_in.calls]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(round_trip()) == [200, 200, 200]
