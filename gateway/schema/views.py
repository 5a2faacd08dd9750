"""Views: fields that a deployment adds to `Account`, and to no other type.

A root field would need its own guard of tenants; what hangs off an account has it already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField

from gateway.errors import ConfigurationError
from gateway.schema.accounts import Account

_TURN = RLock()


class View:
    """The fields of one view: `View(tax_season=field(...))`."""

    def __init__(self, **fields: Any) -> None:
        for name, declared in fields.items():
            if not isinstance(declared, StrawberryField):
                raise TypeError(f"{name}: declare it with field or connection")
        self.fields = fields


@contextmanager
def extended(views: Mapping[str, View]) -> Iterator[None]:
    """Let `Account` have the fields of these views meanwhile; ConfigurationError for a name that is taken.

    Strawberry keeps fields in the type. A build in another thread waits for its turn.
    """
    with _TURN:
        definition = Account.__strawberry_definition__  # type: ignore[attr-defined]  # Strawberry sets it
        before: list[StrawberryField] = definition.fields
        taken = {known.python_name: "Account" for known in before}
        added: list[StrawberryField] = []
        for name, view in views.items():
            for field in view.fields:
                if field in taken:
                    raise ConfigurationError(
                        "views.enabled", f"{name!r} adds {field}, which {taken[field]} has already"
                    )
                taken[field] = f"the view {name!r}"
            added += _processed(view)
        definition.fields = [*before, *added]
        try:
            yield
        finally:
            definition.fields = before


def _processed(view: View) -> list[StrawberryField]:
    """Give the fields as Strawberry has them once it has seen them in a class."""
    body = {"__annotations__": dict.fromkeys(view.fields, Any), **view.fields}
    holder: Any = strawberry.type(type("AccountExtension", (), body))
    fields: list[StrawberryField] = holder.__strawberry_definition__.fields
    return fields
