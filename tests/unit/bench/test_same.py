from __future__ import annotations

from typing import Any

import pytest

from bench.same import difference, leaves

_ROWS = [{"number": "1", "isOverdue": False}, {"number": "2"}]


def _answer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"account": {"id": "a", "invoices": {"nodes": rows}}}


_ANSWER = _answer(_ROWS)


def test_equal_answers_do_not_differ() -> None:
    same = {"account": {"invoices": _ANSWER["account"]["invoices"], "id": "a"}}  # in another order
    assert difference(_ANSWER, same) is None


@pytest.mark.parametrize(
    ("other", "place"),
    [
        ({"account": None}, "data.account: None"),
        ({"account": {"id": "a"}}, "data.account: other fields, ['invoices']"),
        (_answer(_ROWS[:1]), "data.account.invoices.nodes: 1 rows, not 2"),
        (
            _answer([{"number": "1", "isOverdue": 0}, {"number": "2"}]),
            "data.account.invoices.nodes[0].isOverdue: 0, not False",
        ),
    ],
)
def test_the_first_difference_is_named(other: dict[str, Any], place: str) -> None:
    found = difference(_ANSWER, other)
    assert found is not None
    assert found.startswith(place)


def test_values_are_counted_and_empty_lists_have_none() -> None:
    assert leaves(_ANSWER) == 4
    assert leaves({"a": [], "b": {}, "c": None}) == 1
