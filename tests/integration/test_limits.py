"""What one request may use: rows, vendor calls, and lines of the audit log."""

from __future__ import annotations

import gc
import json
import logging

import pytest

from gateway.context import RequestContext
from tests.support.portal import Portal, account_id


async def test_an_answer_that_grows_without_calls_is_refused(portal: Portal) -> None:
    """Lists are remembered: five levels of one list cost two calls and would give millions of rows."""
    text = "{ id }"
    for _ in range(5):
        text = f"{{ invoices(first: 20) {{ nodes {{ account {text} }} }} }}"
    portal.reset()
    answer = await portal.query(
        "owner-a", f"query($a: ID!) {{ account(id: $a) {text} }}", {"a": account_id("acme")}
    )
    assert set(answer.codes) == {"OPERATION_REFUSED"}
    assert "more than 10000 rows" in answer.errors[0]["message"]
    assert len(answer.raw) < 20_000_000
    assert len(portal.calls("billing")) <= 4


async def test_an_operation_that_needs_too_many_calls_is_refused(portal: Portal) -> None:
    lists = " ".join(f"i{n}: invoices(first: {n}) {{ nodes {{ id }} }}" for n in range(1, 91))
    accounts = " ".join(
        f'a{n}: account(id: "{account_id(key)}") {{ ...Lists }}'
        for n, key in enumerate(("acme", "bright", "ledger"))
    )
    portal.reset()
    answer = await portal.query("staff", f"{{ {accounts} }} fragment Lists on Account {{ {lists} }}")
    assert set(answer.codes) == {"OPERATION_REFUSED"}
    assert "more than 250 calls" in answer.errors[0]["message"]
    assert 200 < len(portal.calls("billing")) <= 250


async def test_a_document_that_holds_too_much_is_refused_before_any_call(portal: Portal) -> None:
    names = " ".join(f"a{n}: name" for n in range(301))
    portal.reset()
    text = f"query($a: ID!) {{ account(id: $a) {{ invoices {{ nodes {{ id }} }} {names} }} }}"
    answer = await portal.query("owner-a", text, {"a": account_id("acme")})
    assert answer.errors == [
        {
            "message": "aliases: 301 found, at most 300 allowed. Ask for less in one operation.",
            "extensions": {
                "code": "OPERATION_REFUSED", "retryable": False, "limit": "aliases", "maximum": 300,
            },
        }
    ]  # fmt: skip
    assert portal.calls("billing") == []


async def test_a_denial_is_audited_once_per_request(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    aliases = " ".join(f"b{n}: balance {{ asOf }}" for n in range(50))
    name = "A" * 300
    text = f"query {name}($a: ID!) {{ account(id: $a) {{ {aliases} }} }}"
    with caplog.at_level(logging.WARNING, "gateway.audit"):
        answer = await portal.query("viewer-a", text, {"a": account_id("acme")})
    assert len(answer.errors) == 50
    (line,) = [record.getMessage() for record in caplog.records if record.name == "gateway.audit"]
    event = json.loads(line)
    assert (event["event"], event["coordinate"], event["account"]) == (
        "ACCESS_DENIED",
        "Account.balance",
        "acme",
    )
    assert event["operation"] == "A" * 64


async def test_a_request_leaves_nothing_for_the_garbage_collector(portal: Portal) -> None:
    gc.collect()
    gc.disable()
    try:
        text = "query($a: ID!) { account(id: $a) { name invoices { nodes { id subscription { id } } } } }"
        answer = await portal.query("owner-a", text, {"a": account_id("acme")})
        left = [each for each in gc.get_objects() if type(each) is RequestContext]
    finally:
        gc.enable()
    assert not answer.errors
    assert left == []
