"""Every kind of value in the place of every kind of type, answered in every way: as graphql-core would."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.differential import compare
from tests.support.odd import WAYS, WRAPPERS, holders, named_types, schema
from tests.support.odd_values import AWAITABLES, ITERABLES, Make, plain_values

TYPES = tuple(named_types("attribute"))
FIELDS = {
    "Cat": "{ name needed __typename }",
    "Dog": "{ needed }",
    "Named": "{ __typename name ... on Dog { needed } }",
}
FIELDS["Pet"] = "{ __typename ... on Cat { needed } ... on Dog { it: needed } }"


async def each(how: str, type_: str, values: Sequence[Make]) -> None:
    """Try values alone, within objects that may be null, and within objects that may not."""
    below = FIELDS.get(type_, "")
    kinds = [f"value{at} {below}" for at in range(len(WRAPPERS))]
    alone = " ".join(f"w{at}: apart {{ {value} }}" for at, value in enumerate(kinds))
    await compare(schema(how, type_), f"{{ holders {{ {alone} }} }}", root=lambda: holders(values))
    together = " ".join(f"w{at}: self {{ must {{ must {{ {value} }} }} }}" for at, value in enumerate(kinds))
    await compare(schema(how, type_), f"{{ holders {{ {together} }} }}", root=lambda: holders(values))


@pytest.mark.prove
@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("how", WAYS)
async def test_values_in_every_way(how: str, type_: str) -> None:
    await each(how, type_, plain_values())


@pytest.mark.parametrize("type_", TYPES)
async def test_some_values_of_every_type(type_: str) -> None:
    await each("attribute", type_, plain_values()[::3])


@pytest.mark.parametrize("type_", ["Int", "InvoiceStatus", "Named"])
@pytest.mark.parametrize("how", WAYS)
async def test_some_values_in_every_way(how: str, type_: str) -> None:
    await each(how, type_, plain_values()[::5])


@pytest.mark.parametrize("type_", ["Int", "Odd", "Named"])
@pytest.mark.parametrize("how", ["attribute", "ask", "ask for all", "resolve later"])
async def test_what_can_be_iterated_only_once(how: str, type_: str) -> None:
    await each(how, type_, ITERABLES)


@pytest.mark.parametrize("type_", ["Int", "Odd", "Dog", "Named"])
@pytest.mark.parametrize("how", ["resolve", "resolve later"])
async def test_what_must_be_waited_for(how: str, type_: str) -> None:
    await each(how, type_, AWAITABLES)
