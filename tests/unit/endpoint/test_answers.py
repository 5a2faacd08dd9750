"""What is answered: data, and errors that tell callers what they can mend and no more."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.support.endpoint import SECRET, Server, error_of


async def test_a_request_that_never_ran_has_no_data(server: Server) -> None:
    for query, members in (
        ("{", {}),
        ("{ nonsense }", {}),
        ("query A { fine } query B { fine }", {}),
        ("query ($n: Int!) { echo(many: $n) }", {}),
        ("query ($n: Int!) { echo(many: $n) }", {"variables": {"n": "x"}}),
        ("{ fine }", {"operationName": "A"}),
    ):
        answer = await server.ask(query, **members)
        assert answer.keys() == {"errors"}
        assert error_of(answer)["extensions"] == {"code": "INVALID_INPUT", "retryable": False}


async def test_which_operation_runs(server: Server) -> None:
    both = "query A { a: fine } query B { b: fine }"
    assert await server.ask(both, operationName="B") == {"data": {"b": "yes"}}
    answer = await server.ask(both)
    assert error_of(answer)["message"] == "operationName: write one of the document's operations: A, B."


async def test_wrong_variables_say_what_to_write(server: Server) -> None:
    query = "query ($day: Date) { echo(day: $day) }"
    error = error_of(await server.ask(query, variables={"day": "31.01.2026"}))
    assert "Variable '$day' has invalid value" in error["message"]
    assert 'Date: write year-month-day, for example "2026-01-31".' in error["message"]
    assert error["locations"] == [{"line": 1, "column": 8}]


async def test_wrong_literals_say_what_to_write(server: Server) -> None:
    error = error_of(await server.ask('{ echo(day: "31.01.2026") }'))
    assert 'Date: write year-month-day, for example "2026-01-31".' in error["message"]
    assert error["locations"] == [{"line": 1, "column": 13}]


async def test_a_variable_that_is_missing_where_it_is_needed(server: Server) -> None:
    answer = await server.ask("query ($no: Boolean) { fine @skip(if: $no) }")
    assert error_of(answer)["extensions"]["code"] == "INVALID_INPUT"


async def test_a_very_large_number(server: Server) -> None:
    error = error_of(await server.ask("query ($n: Int) { echo(many: $n) }", variables={"n": 10**1000}))
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert len(error["message"]) < 3_000


async def test_deep_values_of_variables(server: Server) -> None:
    deep: Any = 1
    for _ in range(800):
        deep = [deep]
    query = "query ($n: Int) { echo(many: $n) }"
    assert (await server.ask(query, variables={"unused": deep}))["data"] == {"echo": "{}"}
    error = error_of(await server.ask(query, variables={"n": deep}))
    assert "Variable '$n' has invalid value" in error["message"]
    assert len(error["message"]) < 200


async def test_values_of_variables_arrive(server: Server) -> None:
    answer = await server.ask(
        "query ($n: Int) { echo(many: $n) }", variables={"n": 3, "unused": {"a": [None]}}
    )
    assert answer == {"data": {"echo": "{'many': 3}"}}


async def test_an_unforeseen_error_is_masked(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ fine boom }")
    assert answer["data"] == {"fine": "yes", "boom": None}
    error = error_of(answer)
    assert error["path"] == ["boom"]
    assert error["locations"] == [{"line": 1, "column": 8}]
    (line,) = lines
    assert error["message"] == f"Internal error {line['error_id']}."
    assert line["exception"]["type"] == "builtins.ZeroDivisionError"
    assert any("boom" in frame for frame in line["exception"]["frames"])
    assert SECRET not in json.dumps([answer, lines])


async def test_a_value_that_does_not_fit_its_type_is_not_the_callers_fault(
    server: Server, lines: list[dict[str, Any]]
) -> None:
    for name in ("number", "missing"):
        answer = await server.ask(f"{{ {name} }}")
        error = error_of(answer)
        assert error["extensions"]["code"] == "INTERNAL"
        assert error["path"] == [name]
        assert error["message"] == f"Internal error {lines[-1]['error_id']}."
        assert SECRET not in json.dumps([answer, lines])


async def test_nesting_that_the_stack_does_not_hold(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ fine endless }")
    assert answer["data"] == {"fine": "yes", "endless": None}
    error = error_of(answer)
    assert error["message"].startswith("The document is nested too deeply or too complex.")
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert [line["message"] for line in lines] == ["stack exhausted"]


async def test_a_system_that_fails(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ fine down }")
    assert answer["data"] == {"fine": "yes", "down": None}
    assert error_of(answer) == {
        "message": "The system 'billing' is not available now.",
        "extensions": {
            "code": "UPSTREAM_UNAVAILABLE", "retryable": True, "system": "billing", "retryAfterSeconds": 3,
        },
        "locations": [{"line": 1, "column": 8}],
        "path": ["down"],
    }  # fmt: skip
    (line,) = lines
    assert (line["code"], line["system"], line["detail"]) == ("UPSTREAM_UNAVAILABLE", "billing", "HTTP 503")


async def test_a_failure_of_the_whole_answer_is_located(server: Server) -> None:
    answer = await server.ask("{ fine strict }")
    assert answer["data"] is None
    assert error_of(answer)["path"] == ["strict"]


async def test_one_failure_of_many_rows_is_logged_once(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ rows }")
    assert answer["data"] == {"rows": [None, None, None]}
    assert [error["path"] for error in answer["errors"]] == [["rows", 0], ["rows", 1], ["rows", 2]]
    assert [error["extensions"]["system"] for error in answer["errors"]] == ["billing", "billing", "erp"]
    assert [(line["system"], line["detail"]) for line in lines] == [("billing", "page 2"), ("erp", "")]


async def test_one_crash_of_many_rows_has_one_id(server: Server, lines: list[dict[str, Any]]) -> None:
    answer = await server.ask("{ crashes }")
    assert answer["data"] == {"crashes": [None, None, "row"]}
    first, second = answer["errors"]
    assert first["message"] == second["message"]
    assert (first["path"], second["path"]) == (["crashes", 0], ["crashes", 1])
    assert len(lines) == 1


async def test_a_denial_is_no_warning(server: Server, lines: list[dict[str, Any]]) -> None:
    error = error_of(await server.ask("{ denied }"))
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert lines == []


async def test_a_blocked_record_is_one(server: Server, lines: list[dict[str, Any]]) -> None:
    error = error_of(await server.ask("{ foreign }"))
    assert error["message"] == "Not available."
    (line,) = lines
    assert (line["level"], line["code"], line["system"]) == ("WARNING", "TENANT_VIOLATION_BLOCKED", "billing")


async def test_text_that_cannot_be_written(server: Server, lines: list[dict[str, Any]]) -> None:
    response, answer = await server.send('{"query": "{ odd }"}')
    assert response.status == 500
    assert error_of(answer)["extensions"]["code"] == "INTERNAL"
    assert len(lines) == 1


async def test_requests_do_not_wait_for_each_other(server: Server) -> None:
    slow = asyncio.create_task(server.ask("{ hang }"))
    await server.started.wait()
    assert (await server.ask("{ fine }"))["data"] == {"fine": "yes"}
    server.released.set()
    assert await slow == {"data": {"hang": "late"}}


async def test_each_request_has_an_id_in_the_log(server: Server, lines: list[dict[str, Any]]) -> None:
    await server.ask("{ down }")
    await server.ask("{ down }")
    first, second = lines
    assert first["request_id"] != second["request_id"]
