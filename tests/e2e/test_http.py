"""The whole gateway over HTTP: who gets in, what is answered to what, and how it ends."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway import app, settings
from gateway.app import Gateway
from sandbox.data import DataSet
from sandbox.oidc import Issuer
from sandbox.world import World
from tests.support.command import script, started, write_config
from tests.support.portal import Portal, account_id

VIEWER = "{ viewer { user { displayName } } }"
OWNER = {"data": {"viewer": {"user": {"displayName": "Owner of Acme Manufacturing"}}}}
PLAIN = 'Bearer realm="gateway"'
INVALID = 'Bearer realm="gateway", error="invalid_token"'


async def send(
    portal: Portal, token: str | None, query: str = VIEWER, body: Any = None, **variables: Any
) -> tuple[aiohttp.ClientResponse, Any]:
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    data = body if body is not None else json.dumps({"query": query, "variables": variables})
    async with portal.session.post(f"{portal.server.url}/graphql", data=data, headers=headers) as response:
        return response, json.loads(await response.read())


async def get(portal: Portal, path: str) -> tuple[aiohttp.ClientResponse, Any]:
    async with portal.session.get(portal.server.url + path) as response:
        return response, json.loads(await response.read())


async def test_a_good_token_is_answered(portal: Portal) -> None:
    for alg in ("RS256", "ES256", "EdDSA"):
        response, answer = await send(portal, portal.world.issuer.mint("owner-a", alg=alg))
        assert (response.status, answer) == (200, OWNER)
        assert response.headers["Content-Type"] == "application/json"


async def test_no_token(portal: Portal) -> None:
    response, answer = await send(portal, None)
    assert (response.status, response.headers["WWW-Authenticate"]) == (401, PLAIN)
    assert answer.keys() == {"errors"}


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 1},
        {"nbf": int(time.time()) + 600},
        {"audience": "another-api"},
        {"issuer": "https://issuer.example"},
        {"exp": None},
        {"header": {"alg": "none"}},
        {"header": {"kid": "unknown"}},
        {"memberships": [{"account": "acme", "roles": ["owner"], "only": "orders"}]},
    ],
    ids="-".join,
)
async def test_tokens_that_are_no_good(portal: Portal, claims: dict[str, Any]) -> None:
    response, answer = await send(portal, portal.world.issuer.mint("owner-a", **claims))
    assert (response.status, response.headers["WWW-Authenticate"]) == (401, INVALID)
    assert answer == {
        "errors": [
            {
                "message": "The access token is missing, expired or not valid.",
                "extensions": {"code": "UNAUTHENTICATED", "retryable": False},
            }
        ]
    }


async def test_a_token_of_another_issuer_in_our_issuers_name(portal: Portal) -> None:
    forger = Issuer(portal.world.issuer.url)
    response, _ = await send(portal, forger.mint("owner-a"))
    assert (response.status, response.headers["WWW-Authenticate"]) == (401, INVALID)


async def test_an_issuer_that_is_down_from_the_start(portal: Portal) -> None:
    await portal.world.identity.fault("down")
    response, answer = await send(portal, portal.token("owner-a"))
    assert response.status == 503
    assert answer["errors"][0]["extensions"] == {
        "code": "UPSTREAM_UNAVAILABLE", "retryable": True, "system": "identity",
    }  # fmt: skip


async def test_an_issuer_that_goes_down_later_is_not_missed(portal: Portal) -> None:
    assert (await send(portal, portal.token("owner-a")))[0].status == 200
    await portal.world.identity.fault("down")
    assert (await send(portal, portal.token("owner-b")))[0].status == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[" * 900_000, 400, "INVALID_INPUT"),
        (b'{"query":' * 100_000, 400, "INVALID_INPUT"),
        (
            b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
            400,
            "INVALID_INPUT",
        ),
        (b'{"query": "' + b"{" * 900_000 + b'"}', 200, "OPERATION_REFUSED"),
        (b'{"query": "' + b"a" * 900_000 + b'"}', 200, "OPERATION_REFUSED"),
        (b" " * 1_000_001, 413, "INVALID_INPUT"),
    ],
    ids=["lists", "objects", "variables", "braces", "letters", "too-large"],
)
async def test_hostile_bodies(portal: Portal, body: bytes, status: int, code: str) -> None:
    response, answer = await send(portal, portal.token("owner-a"), body=io.BytesIO(body))
    assert response.status == status
    assert answer.keys() == {"errors"}
    assert answer["errors"][0]["extensions"]["code"] == code
    assert len(answer["errors"][0]["message"]) < 300
    assert (await send(portal, portal.token("owner-a")))[1] == OWNER


async def test_an_unknown_field(portal: Portal) -> None:
    _, answer = await send(portal, portal.token("owner-a"), "{ viewer { usr { displayName } } }")
    assert answer == {
        "errors": [
            {
                "message": "Cannot query field 'usr' on type 'Viewer'. Did you mean 'user'?",
                "extensions": {"code": "INVALID_INPUT", "retryable": False},
                "locations": [{"line": 1, "column": 12}],
            }
        ]
    }


async def test_a_page_that_is_too_long(portal: Portal) -> None:
    query = "query ($id: ID!) { account(id: $id) { name invoices(first: 1000) { totalCount } } }"
    response, answer = await send(portal, portal.token("owner-a"), query, id=account_id("acme"))
    assert response.status == 200
    assert answer["data"] == {"account": {"name": "Acme Manufacturing", "invoices": None}}
    (error,) = answer["errors"]
    assert error["message"].startswith("first: write a number from 1 to 100; 1000 was given.")
    assert error["extensions"] == {"code": "INVALID_INPUT", "retryable": False}
    assert error["path"] == ["account", "invoices"]
    assert error["locations"] == [{"line": 1, "column": 44}]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ('{ account(id: "x") { invoices(first: "ten") { totalCount } } }', "Int cannot represent"),
        ('{ account(id: "x") { invoices(filter: {status: [LOST]}) { totalCount } } }', "InvoiceStatus"),
        ('{ account(id: "x") { invoices(filter: {issuedOn: {gte: "May"}}) { totalCount } } }', "Date: write"),
        ('{ account(id: "x") { invoices(filter: {colour: "red"}) { totalCount } } }', "colour"),
        ("{ account { name } }", "Argument 'Query.account(id:)'"),
    ],
)
async def test_arguments_of_another_type(portal: Portal, query: str, told: str) -> None:
    _, answer = await send(portal, portal.token("owner-a"), query)
    assert answer.keys() == {"errors"}
    assert told in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_INPUT"
    assert answer["errors"][0]["locations"][0]["line"] == 1


async def test_filters_in_variables_arrive(portal: Portal) -> None:
    query = """
    query ($id: ID!, $which: InvoiceFilter, $how: InvoiceSort) {
      account(id: $id) { invoices(first: 100, filter: $which, orderBy: $how) { nodes { status } } }
    }
    """
    _, answer = await send(
        portal,
        portal.token("owner-a"),
        query,
        id=account_id("acme"),
        which={"status": ["PAID"], "number": None},
        how={"field": "ISSUED_ON", "direction": "DESC"},
    )
    assert "errors" not in answer
    assert {row["status"] for row in answer["data"]["account"]["invoices"]["nodes"]} == {"PAID"}


async def test_ids_that_are_none(portal: Portal) -> None:
    for text in ("", "x", "\x00", "🙂" * 1000, account_id("acme") + "="):
        query = "query ($id: ID!) { node(id: $id) { id } }"
        _, answer = await send(portal, portal.token("owner-a"), query, id=text)
        assert answer["data"] == {"node": None}
        assert answer["errors"][0]["message"].startswith("id: not an id of this gateway.")


async def test_a_node_requires_what_its_type_requires(portal: Portal) -> None:
    query = "query ($id: ID!) { account(id: $id) { invoices { nodes { id } } orders { nodes { id } } } }"
    _, answer = await send(portal, portal.token("owner-a"), query, id=account_id("acme"))
    invoice = answer["data"]["account"]["invoices"]["nodes"][0]["id"]
    order = answer["data"]["account"]["orders"]["nodes"][0]["id"]
    query = "query ($ids: [ID!]!, $one: ID!) { nodes(ids: $ids) { __typename id } node(id: $one) { id } }"
    ids = [invoice, order, account_id("acme"), account_id("bright")]

    _, answer = await send(portal, portal.token("owner-a"), query, ids=ids, one=invoice)
    assert answer["data"]["nodes"] == [
        {"__typename": "Invoice", "id": invoice},
        {"__typename": "Order", "id": order},
        {"__typename": "Account", "id": account_id("acme")},
        None,
    ]
    assert answer["data"]["node"] == {"id": invoice}

    _, answer = await send(portal, portal.token("viewer-a"), query, ids=ids, one=invoice)
    assert [row and row["__typename"] for row in answer["data"]["nodes"]] == [None, "Order", "Account", None]
    assert answer["data"]["node"] is None
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
    assert sorted(map(str, (error["path"] for error in answer["errors"]))) == ["['node']", "['nodes', 0]"]


@pytest.mark.parametrize("depth", [5, 16])
async def test_deep_operations(portal: Portal, depth: int) -> None:
    query = (
        "query ($id: ID!) { account(id: $id) {"
        + "invoices(first: 1) { nodes { account {" * depth
        + "name"
        + "} } }" * depth
        + "} }"
    )
    portal.reset()
    _, answer = await send(portal, portal.token("owner-a"), query, id=account_id("acme"))
    assert portal.world.calls() < 10
    assert "errors" not in answer
    assert json.dumps(answer).count("invoices") == depth


async def test_one_system_down_leaves_the_rest(portal: Portal) -> None:
    await portal.world.billing.fault("down")
    query = "query ($id: ID!) { account(id: $id) { name invoices { totalCount } orders { nodes { id } } } }"
    response, answer = await send(portal, portal.token("owner-a"), query, id=account_id("acme"))
    assert response.status == 200
    assert answer["data"]["account"]["name"] == "Acme Manufacturing"
    assert answer["data"]["account"]["invoices"] is None
    assert len(answer["data"]["account"]["orders"]["nodes"]) == 20
    (error,) = answer["errors"]
    assert error["path"] == ["account", "invoices"]
    assert error["extensions"] == {"code": "UPSTREAM_UNAVAILABLE", "retryable": True, "system": "billing"}


async def test_other_methods_and_paths(portal: Portal) -> None:
    response, answer = await get(portal, "/graphql")
    assert (response.status, response.headers["Allow"]) == (405, "POST")
    assert "POST /graphql" in answer["errors"][0]["message"]
    # A redirect made from the Host header could lead the token elsewhere.
    async with portal.session.post(f"{portal.server.url}/graphql/", allow_redirects=False) as redirect:
        assert redirect.status == 404


async def test_health_says_only_that_the_process_lives(portal: Portal) -> None:
    for system in portal.world.systems.values():
        await system.fault("down")
    response, answer = await get(portal, "/healthz")
    assert (response.status, answer) == (200, {"status": "ok"})


async def test_readiness(portal: Portal) -> None:
    response, answer = await get(portal, "/readyz")
    assert response.status == 200
    assert answer == {"ready": True, "systems": {"billing": "ok", "erp": "ok", "identity": "ok"}}


@pytest.mark.parametrize("system", ["billing", "erp"])
@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("down", "UPSTREAM_UNAVAILABLE"),
        ("throttled", "UPSTREAM_RATE_LIMITED"),
        ("garbage", "UPSTREAM_CONTRACT_BROKEN"),
    ],
)
async def test_one_system_that_fails_is_named_and_leaves_the_portal_up(
    portal: Portal, system: str, mode: str, code: str
) -> None:
    await portal.world.systems[system].fault(mode)
    response, answer = await get(portal, "/readyz")
    assert response.status == 200
    assert answer["ready"] is True
    assert answer["systems"] == {"billing": "ok", "erp": "ok", "identity": "ok"} | {system: code}


async def test_without_the_issuers_keys_it_is_not_ready(portal: Portal) -> None:
    await portal.world.identity.fault("down")
    response, answer = await get(portal, "/readyz")
    assert response.status == 503
    assert answer["ready"] is False
    assert answer["systems"] == {"billing": "ok", "erp": "ok", "identity": "UPSTREAM_UNAVAILABLE"}


async def test_a_fault_in_a_connector_does_not_make_all_look_dead(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def ping(_connector: object) -> None:
        raise KeyError("customer")

    monkeypatch.setattr(type(portal.gateway.registry.connectors["billing"]), "ping", ping)
    response, answer = await get(portal, "/readyz")
    assert response.status == 200
    assert answer["systems"]["billing"] == "UPSTREAM_CONTRACT_BROKEN"
    assert [record.getMessage() for record in caplog.records] == ["unforeseen error in a ping"]


async def test_who_asks_again_and_again_costs_one_round_of_calls(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.reset()
    for _ in range(5):
        await get(portal, "/readyz")
    assert [len(portal.calls(system)) for system in ("billing", "erp")] == [1, 1]
    monkeypatch.setattr("gateway.app.READY_SECONDS", 0.0)
    await get(portal, "/readyz")
    assert [len(portal.calls(system)) for system in ("billing", "erp")] == [2, 2]


async def test_clients_can_find_the_issuer(portal: Portal) -> None:
    base = portal.server.url
    for path, resource in (("", base), ("/graphql", f"{base}/graphql")):
        response, answer = await get(portal, f"/.well-known/oauth-protected-resource{path}?x=1")
        assert response.headers["Cache-Control"] == "no-store"
        assert response.status == 200
        # RFC 9728, 3.3: the very resource whose address the document's was made from.
        assert answer == {
            "resource": resource,
            "authorization_servers": [portal.world.identity.url],
            "bearer_methods_supported": ["header"],
        }


async def test_several_operations_in_a_document(portal: Portal) -> None:
    query = "query A { viewer { user { displayName } } } query B { viewer { user { email } } }"
    token = portal.token("owner-a")
    named = json.dumps({"query": query, "operationName": "A"})
    assert (await send(portal, token, body=named))[1] == OWNER
    _, answer = await send(portal, token, query)
    assert answer["errors"][0]["message"] == "operationName: write one of the document's operations: A, B."
    assert "data" not in answer


@pytest.fixture
async def world(data: DataSet) -> AsyncIterator[World]:
    async with World(data) as running:
        yield running


ASK = "query ($id: ID!) { account(id: $id) { invoices(first: 1) { nodes { id } } } }"


async def ask_slowly(world: World, port: int, session: aiohttp.ClientSession) -> asyncio.Task[Any]:
    """Begin a request that a slow system holds up; it is under way when this returns."""

    async def ask() -> Any:
        async with session.post(
            f"http://127.0.0.1:{port}/graphql",
            json={"query": ASK, "variables": {"id": account_id("acme")}},
            headers={"Authorization": f"Bearer {world.issuer.mint('owner-a')}"},
        ) as response:
            return response.status, await response.json()

    await world.billing.fault("slow", delay=0.4)
    world.billing.reset()
    task = asyncio.create_task(ask())
    async with asyncio.timeout(10):
        while not world.billing.calls:
            if task.done():
                break
            await asyncio.sleep(0.01)
    return task


async def until_ready(port: int, session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    assert response.status == 200
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_request_under_way_ends_with_its_answer(
    world: World, tmp_path: Path, number: signal.Signals
) -> None:
    raw = world.configuration(tmp_path)
    port = free_port()
    raw["server"] = {"port": port}
    config = write_config(raw, tmp_path)
    command = (script(tmp_path), "serve", "--config", config)
    async with started(*command, env=world.environ()) as gateway, aiohttp.ClientSession() as session:
        await until_ready(port, session)
        slow = await ask_slowly(world, port, session)
        gateway.signal(number)
        status, answer = await slow
        assert (status, answer.get("errors")) == (200, None)
        assert len(answer["data"]["account"]["invoices"]["nodes"]) == 1
        assert await gateway.ends() == 0
    assert gateway.out == ""
    logged = [json.loads(line) for line in gateway.err.splitlines()]
    assert {line["level"] for line in logged} == {"INFO"}
    for secret in world.environ().values():
        assert secret not in gateway.err


async def test_serving_in_this_process_ends_on_a_signal(world: World, tmp_path: Path) -> None:
    raw = world.configuration(tmp_path)
    gateway = Gateway(settings.parse(raw, tmp_path, world.environ()))
    bound = app.bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    serving = asyncio.create_task(app.serve(gateway, bound))
    async with aiohttp.ClientSession() as session:
        await until_ready(port, session)
        slow = await ask_slowly(world, port, session)
        os.kill(os.getpid(), signal.SIGTERM)
        status, answer = await slow
        assert (status, answer.get("errors")) == (200, None)
        await serving
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    with pytest.raises(RuntimeError, match="closed"):
        await gateway.outbound.fetch(world.identity.url)
