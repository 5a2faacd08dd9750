"""The data set behind all stand-ins: what it says must be possible on its day."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.data import ANCHOR, build

PLANS = {"due", "planned_on", "period"}
"""What may lie ahead: it is to happen."""


def moments(value: Any, name: str = "") -> Iterator[tuple[str, dt.datetime]]:
    """Give each day and moment of some rows, with the attribute it stands in."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from moments(getattr(value, field.name), field.name)
    elif isinstance(value, dict):
        yield from moments(list(value.values()), name)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from moments(one, name)
    elif isinstance(value, dt.datetime):
        yield name, value
    elif isinstance(value, dt.date):
        yield name, dt.datetime.combine(value, dt.time(), dt.UTC)


@pytest.mark.parametrize("day", [ANCHOR, dt.date(2024, 2, 29), dt.date(2027, 1, 1)])
def test_nothing_that_has_happened_lies_ahead(day: dt.date) -> None:
    found = list(moments(build(day, accounts=2, invoices=40)))
    assert {"created", "updated", "solved", "paid_at", "placed_on", "effective_on", "stored"} <= {
        name for name, _ in found
    }
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    assert [(name, at) for name, at in found if name not in PLANS and at > midnight] == []


def test_goods_leave_after_they_were_ordered() -> None:
    shipped = [
        (order.placed_on, shipment.effective_on)
        for order in build().orders
        for shipment in order.shipments
        if shipment.effective_on is not None
    ]
    assert len(shipped) > 20
    assert all(placed <= left for placed, left in shipped)
