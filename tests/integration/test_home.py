"""The portal's home page over five systems: whole and right, cheap, and partial when a system fails."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.data import DataSet
from sandbox.world import World
from tests.support.expected import Expected
from tests.support.home import COUNTS, HIDDEN, HOME, PARTS, home
from tests.support.portal import Answer, Layout, Portal, Raw, account_id, five_systems, patient
from tests.support.values import differences

MAX_CALLS = 16
MAX_DEPTH = 3
FAULTS: dict[str, dict[str, Any]] = {
    "down": {"code": "UPSTREAM_UNAVAILABLE", "retryable": True},
    "slow": {"code": "UPSTREAM_TIMEOUT", "retryable": True},
    "throttled": {"code": "UPSTREAM_RATE_LIMITED", "retryable": True},
    "broken": {"code": "UPSTREAM_UNAVAILABLE", "retryable": True},
    "garbage": {"code": "UPSTREAM_CONTRACT_BROKEN", "retryable": False},
    "truncated": {"code": "UPSTREAM_CONTRACT_BROKEN", "retryable": False},
}


@pytest.fixture
def layout() -> Layout:
    return five_systems


async def ask(portal: Portal, persona: str = "owner-a", account: str = "acme") -> Answer:
    return await portal.query(persona, HOME, {"account": account_id(account)})


@pytest.fixture
async def quick(data: DataSet, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Portal]:
    """A portal that does not wait long where a test makes it wait, and long enough elsewhere."""
    case = request.node.callspec.params if hasattr(request.node, "callspec") else {}

    def configure(raw: Raw) -> None:
        patient(raw)
        if case.get("fault") == "slow":
            raw["connectors"][case["system"]]["timeout_seconds"] = 2.0

    async with Portal(World(data), tmp_path, layout=five_systems, configure=configure) as running:
        yield running


async def test_it_is_whole_and_right_and_cheap(portal: Portal, data: DataSet) -> None:
    rounds = portal.hold()

    answer = await ask(portal)

    account = answer.data["account"]
    info = account["invoices"].pop("pageInfo")
    assert info["hasNextPage"] is True
    wanted = home(Expected(data, lines=3, shipments=5), "acme")
    assert differences(account, wanted) == []
    assert set(account) <= set(wanted)
    sizes = {name: len(account[name]["nodes"]) for name in ("invoices", "orders", "tickets", "documents")}
    assert sizes == {"invoices": 50, "orders": 20, "tickets": 25, "documents": 20}
    assert answer.data["viewer"]["memberships"]["nodes"] == [
        {"account": {"id": account_id("acme"), "name": "Acme Manufacturing"}, "roles": ["owner"]}
    ]
    assert portal.world.calls() <= MAX_CALLS, _paths(portal)
    assert rounds.depth <= MAX_DEPTH, rounds.calls


async def test_with_the_identity_known_it_costs_one_call_less(portal: Portal) -> None:
    await ask(portal)
    cold = portal.world.calls()
    portal.reset()
    await ask(portal)
    assert portal.world.calls() == cold - 1


async def test_what_is_internal_is_nowhere(portal: Portal) -> None:
    everything = """
    query All($account: ID!) { account(id: $account) {
      tickets(first: 100) {
        nodes { subject description comments(first: 100) { nodes { body author { displayName } } } }
      }
      documents(first: 100) { nodes { name path properties { name value } } }
      invoices(first: 100) { nodes { number lines { nodes { description } } } }
      articles(first: 100) { nodes { title bodyHtml } }
      found: articles(first: 20, filter: { text: "internal" }) { nodes { title } }
      suggestArticles(text: "escalation") { title }
      contacts(first: 100) { nodes { displayName } }
    } }
    """
    for persona, account in (("owner-a", "acme"), ("owner-b", "bright"), ("partner", "reach")):
        answer = await portal.query(persona, everything, {"account": account_id(account)})
        assert answer.errors == []
        text = answer.raw.decode()
        assert [hidden for hidden in HIDDEN if hidden in text] == []
        left = {row.name for row in portal.world.data.contacts if row.left and row.account == account}
        shown = {row["displayName"] for row in answer.data["account"]["contacts"]["nodes"]}
        assert shown
        assert not shown & left
        titles = {row["title"] for row in answer.data["account"]["articles"]["nodes"]}
        assert ("Margins for partners" in titles) is (account == "reach")
        assert "<script" not in text
        assert "onclick" not in text


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("system", PARTS)
async def test_the_rest_of_the_page_is_whole(quick: Portal, system: str, fault: str) -> None:
    healthy = await ask(quick)
    assert healthy.errors == []
    whole = healthy.data["account"]

    await quick.world.systems[system].fault(fault, delay=30)
    started = time.monotonic()
    answer = await ask(quick)
    assert time.monotonic() - started < 10

    assert answer.status == 200
    got = answer.json["data"]["account"]
    for name in PARTS[system]:
        assert got[name] is None, name
        assert_told(answer.error_at("account", name), system, fault)
    for name in COUNTS.get(system, ()):
        assert got["summary"][name] is None
        assert_told(answer.error_at("account", "summary", name), system, fault)
    for other in PARTS:
        if other != system:
            assert {name: got[name] for name in PARTS[other]} == {name: whole[name] for name in PARTS[other]}
            for name in COUNTS.get(other, ()):
                assert got["summary"][name] == whole["summary"][name]
    assert got["type"] == whole["type"]
    assert_items(answer, whole, system, fault)
    sources = {source["system"]: source for source in answer.json["extensions"]["sources"]}
    assert sources[system]["code"] == FAULTS[fault]["code"]
    assert {name for name, source in sources.items() if source["status"] == "OK"} == set(PARTS) - {system}

    await quick.world.systems[system].fault("ok")
    assert (await ask(quick)).raw == healthy.raw


def assert_told(error: dict[str, Any], system: str, fault: str) -> None:
    told = error["extensions"]
    assert {"code": told["code"], "retryable": told["retryable"]} == FAULTS[fault]
    assert told["system"] == system
    assert error["locations"]


def assert_items(answer: Answer, whole: Any, system: str, fault: str) -> None:
    """The to-do list holds what the other systems know; the system that failed is told in its last place."""
    nodes = answer.json["data"]["account"]["actionItems"]["nodes"]
    kind = {"billing": "PAY_INVOICE", "helpdesk": "ANSWER_TICKET"}.get(system)
    if kind is None:
        assert nodes == whole["actionItems"]["nodes"]
        return
    shown = [node for node in nodes if node is not None]
    assert {node["kind"] for node in shown} <= {"PAY_INVOICE", "ANSWER_TICKET"} - {kind}
    if None in nodes:
        assert_told(answer.error_at("account", "actionItems", "nodes", nodes.index(None)), system, fault)
    else:
        assert len(nodes) == 10  # the failed source stands on a later page


@pytest.fixture
async def owing(data: DataSet, tmp_path: Path) -> AsyncIterator[Portal]:
    """A portal where Acme Manufacturing has more unpaid invoices than one page holds."""
    unpaid = next(row for row in data.invoices if (row.account, row.status) == ("acme", "open"))
    more = [replace(unpaid, id=f"in_more{n}", number=f"MORE-{n}") for n in range(100)]
    grown = replace(data, invoices=[*data.invoices, *more])
    async with Portal(World(grown), tmp_path, layout=five_systems, configure=patient) as running:
        yield running


async def test_a_to_do_list_that_is_cut_says_so_in_its_last_place(owing: Portal) -> None:
    text = """query($a: ID!, $c: String) { account(id: $a) {
        summary { openInvoices overdueInvoices }
        actionItems(first: 100, after: $c) {
          totalCount nodes { kind } edges { cursor } pageInfo { hasNextPage } } } }"""
    first = await owing.query("owner-a", text, {"a": account_id("acme")})
    account = first.data["account"]
    assert account["summary"] == {"openInvoices": None, "overdueInvoices": None}
    page = account["actionItems"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (None, True)

    end = page["edges"][-1]["cursor"]
    rest = await owing.query("owner-a", text, {"a": account_id("acme"), "c": end})
    last = rest.json["data"]["account"]["actionItems"]
    assert (last["totalCount"], last["pageInfo"]["hasNextPage"]) == (None, False)
    assert last["nodes"].index(None) == len(last["nodes"]) - 1
    error = rest.error_at("account", "actionItems", "nodes", len(last["nodes"]) - 1)
    assert error["extensions"]["code"] == "UNSUPPORTED_CAPABILITY"
    assert error["message"].startswith("More wait than fit here (PAY_INVOICE): only 100 are shown.")
    kinds = Counter(node["kind"] for node in [*page["nodes"], *last["nodes"][:-1]])
    tickets = [row for row in owing.world.data.desk.tickets if row.account == "acme" and not row.deleted]
    assert kinds == {"PAY_INVOICE": 100, "ANSWER_TICKET": sum(row.status == "pending" for row in tickets)}


@pytest.mark.parametrize("fault", ["down", "broken"])
async def test_with_the_crm_down_from_the_start_the_viewer_still_answers(quick: Portal, fault: str) -> None:
    await quick.world.crm.fault(fault)
    answer = await ask(quick)
    viewer = answer.json["data"]["viewer"]
    assert viewer["user"] == {"displayName": "Owner of Acme Manufacturing"}
    assert viewer["currentAccount"] == {"id": account_id("acme")}
    account = answer.json["data"]["account"]
    for name in ("name", "invoices", "orders", "tickets", "documents", "balance", "type"):
        assert account[name] is None, name
        assert answer.error_at("account", name)["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
        assert answer.error_at("account", name)["extensions"]["system"] == "crm"
    assert sum(len(quick.calls(name)) for name in ("billing", "erp", "helpdesk", "files")) == 0
    await quick.world.crm.fault("ok")
    assert (await ask(quick)).errors == []


async def test_sources_say_when_each_system_was_asked(portal: Portal) -> None:
    answer = await ask(portal)
    sources = answer.json["extensions"]["sources"]
    assert [source["system"] for source in sources] == ["billing", "crm", "erp", "files", "helpdesk"]
    assert {source["status"] for source in sources} == {"OK"}
    assert {source["stale"] for source in sources} == {False}
    own = await portal.query("owner-a", "{ viewer { user { displayName } } }")
    assert "extensions" not in own.json


async def test_two_tenants_at_once_see_each_their_own(portal: Portal, data: DataSet) -> None:
    acme, bright = await ask(portal), await ask(portal, "owner-b", "bright")
    expected = Expected(data, lines=3, shipments=5)
    assert differences(bright.data["account"]["tickets"], home(expected, "bright")["tickets"]) == []
    assert differences(bright.data["account"]["documents"], home(expected, "bright")["documents"]) == []
    assert "bright" not in acme.raw.decode()
    assert "acme" not in bright.raw.decode()


def _paths(portal: Portal) -> Counter[str]:
    return Counter(
        f"{name} {call.method} {call.path}"
        for name, system in portal.world.systems.items()
        for call in system.calls
    )
