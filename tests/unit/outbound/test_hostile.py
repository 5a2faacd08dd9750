"""A system that answers against the protocol: one error for each answer, and no other call is spoilt."""

import asyncio
import zlib
from contextlib import suppress

import pytest

from gateway.errors import Code, UpstreamError
from gateway.outbound import Outbound, VendorClient
from tests.unit.outbound.misbehaving import MIB, SECRET, Action, Vendor, failure, http, in_use, say_and_close

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
UNAVAILABLE, BROKEN = Code.UPSTREAM_UNAVAILABLE, Code.UPSTREAM_CONTRACT_BROKEN


def drip(data: bytes) -> Action:
    """Say it byte by byte, each in a packet of its own."""

    async def act(writer: asyncio.StreamWriter) -> None:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    return act


HOSTILE = {
    "another protocol": b"SSH-2.0-" + SECRET.encode() + b"\r\n\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a version that is none": b"HTTP/9.x 200 OK\r\n\r\n",
    "a flood of headers": OK + b"".join(b"X-%d: a\r\n" % n for n in range(500)) + b"\r\n",
    "a header name without end": OK + b"X" * 20_000 + b": a\r\n\r\n",
    "a zero byte in a header": OK + b"X-A: a\x00b\r\n\r\n",
    "a length that is no number": OK + b"Content-Length: ten\r\n\r\n0123456789",
    "a negative length": OK + b"Content-Length: -1\r\n\r\n",
    "a length beyond all numbers": OK + b"Content-Length: %d\r\n\r\n" % 2**70,
    "a length and chunks": OK
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond all numbers": CHUNKED + b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
    "compression that ends early": http(200, zlib.compress(b"a" * 100)[:-8], "Content-Encoding: deflate"),
    "another compression": http(200, SECRET.encode(), "Content-Encoding: deflate"),
    "another protocol from now on": b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_answers(outbound: Outbound, vendor: Vendor, data: bytes) -> None:
    client = outbound.client("billing", vendor.base, max_bytes=MIB, timeout=2)
    vendor.will(data)
    error = await failure(client.post("/", b"x", content_type="text/plain", idempotent=False))
    assert (error.code, len(vendor.requests)) == (BROKEN, 1)
    assert in_use(outbound) == 0
    assert (await client.get("/")).body == b"{}"
    assert len(vendor.writers) == 2


async def test_both_paths_tell_the_same(vendor: Vendor) -> None:
    cut = http(200, b"[1]", "X-A: b")
    hostile = [*HOSTILE.values(), *(cut[:end] for end in range(0, len(cut), 5)), CHUNKED + b"3\r\nab"]
    told: list[list[tuple[Code, str, bool]]] = []
    for lean in (True, False):
        outbound = Outbound(lean=lean)
        told.append([])
        for data in hostile:
            client = outbound.client("billing", vendor.base, max_bytes=MIB)
            vendor.will(say_and_close(data))
            error = await failure(client.post("/", b"x", content_type="text/plain", idempotent=False))
            told[-1].append((error.code, error.detail, error.outcome_unknown))
        await outbound.close()
    assert told[0] == told[1]


CHUNKS = CHUNKED + b"2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n"


@pytest.mark.parametrize("whole", [http(200, b"[1]", "X-A: b"), CHUNKS], ids=["length", "chunks"])
async def test_an_answer_cut_at_any_byte_is_no_answer(
    outbound: Outbound, client: VendorClient, vendor: Vendor, whole: bytes
) -> None:
    for cut in range(len(whole)):
        vendor.will(say_and_close(whole[:cut]))
        error = await failure(client.post("/", b"x", content_type="text/plain", idempotent=False))
        assert (error.code, error.outcome_unknown) == (UNAVAILABLE, True), whole[:cut]
        vendor.will(http(200))  # closes the circuit
        assert (await client.get("/")).body == b""
    assert in_use(outbound) == 0
    vendor.will(drip(whole))
    assert (await client.get("/")).body == b"[1]"


async def test_interim_answers_are_passed_over(client: VendorClient, vendor: Vendor) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3
    vendor.will(interim + http(200, b"[1]"), drip(interim + http(200, b"[2]")))
    assert [(await client.get("/")).body for _ in range(2)] == [b"[1]", b"[2]"]
    assert len(vendor.writers) == 1


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_body_may_announce_one(
    client: VendorClient, vendor: Vendor, status: int
) -> None:
    vendor.will(b"HTTP/1.1 %d X\r\nContent-Length: 9\r\n\r\n" % status)
    answer = await client.get("/", accept=frozenset({status}))
    assert (answer.status, answer.body) == (status, b"")
    assert (await client.get("/")).body == b"{}"


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n", OK + b"Connection: close\r\n"])
async def test_a_connection_is_kept_only_when_both_want_to(
    client: VendorClient, vendor: Vendor, head: bytes
) -> None:
    vendor.will(head + b"Content-Length: 2\r\n\r\n[]")
    assert (await client.get("/")).body == b"[]"
    await asyncio.wait_for(vendor.hung_up.wait(), 1)
    assert (await client.get("/")).body == b"{}"
    assert len(vendor.writers) == 2


@pytest.mark.parametrize("steps", range(12))
async def test_a_call_given_up_at_any_step_leaves_nothing_behind(
    outbound: Outbound, client: VendorClient, vendor: Vendor, steps: int
) -> None:
    await client.get("/")
    vendor.will(drip(http(200, b"[1]")))
    task = asyncio.create_task(client.get("/"))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert in_use(outbound) == 0
    vendor.actions.clear()
    assert (await client.get("/")).body == b"{}"


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # of the session's path
async def test_an_answer_before_the_question_ended_ends_the_connection(outbound: Outbound) -> None:
    gone = asyncio.Queue[None]()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(413))
        with suppress(ConnectionError):
            while await reader.read(MIB):
                pass
        gone.put_nowait(None)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        client = outbound.client("billing", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for _ in range(2):
            error = await failure(client.put("/", b"a" * 16 * MIB, content_type="text/plain"))
            assert (error.code, error.detail) == (BROKEN, "HTTP 413")
            assert in_use(outbound) == 0
            await asyncio.wait_for(gone.get(), 5)


async def test_headers_hold_no_control_characters(client: VendorClient, vendor: Vendor) -> None:
    for value in ("a\r\nX-B: c", "a\nb", "a\x00b"):
        with pytest.raises(ValueError, match="control character"):
            await client.get("/", headers={"X-A": value})
    assert vendor.requests == []
    await client.get("/", headers={"X-A": "é\t"})
    assert vendor.requests[0][0].encode("latin-1").decode().count("X-A: é") == 1


async def test_an_endless_answer_ends_with_the_budget(hasty: VendorClient, vendor: Vendor) -> None:
    async def forever(writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0)

    vendor.will(forever)
    with pytest.raises(UpstreamError) as caught:
        await hasty.get("/")
    assert caught.value.code is Code.UPSTREAM_TIMEOUT
