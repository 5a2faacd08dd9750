"""`@authorize`: declared here, visible in `schema.graphql`, mandatory on every object type.

What a type requires holds by whatever edge an object is reached; a field may only add to it. The
check compares sets: what is required with what the caller was granted in the account of the parent
or, where the parent belongs to no account (`Query`, `Viewer`), of each object that came out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import strawberry
from strawberry.schema_directive import Location

from gateway.auth.permissions import Permission
from gateway.errors import Code, RequestError

strawberry.enum(Permission, description="What a caller can be allowed to do in an account.")

Resolver = Callable[..., Awaitable[Any]]
"""`await resolver(parent, context, **arguments)`: how every field is answered."""

Requires = frozenset[Permission]


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    name="authorize",
    description="The permissions a caller needs in the account: those of the type and of the field.",
)
class Authorize:
    """`requires`: all of these; an empty list asks for a verified caller only."""

    requires: list[Permission] = strawberry.directive_field(name="requires")


class Denials(Protocol):
    """Who is told that an access was denied: the request context."""

    def denied(self, coordinate: str, account: str) -> None:
        """Record the denial."""
        ...


def refusal(value: Any, context: Denials, needed: Requires, coordinate: str) -> RequestError | None:
    """Compare what is needed with what was granted where `value` belongs; the error, or None.

    None also for a value that belongs to no account: that is for the caller to judge.
    """
    granted = getattr(value, "granted", None)
    if granted is None or needed <= granted:
        return None
    context.denied(coordinate, value.scope.key if hasattr(value, "scope") else value.account)
    names = ", ".join(sorted(permission.name for permission in needed - granted))
    return RequestError(Code.FORBIDDEN, f"{coordinate} needs the permission {names} in this account.")


def guard(
    resolve: Resolver,
    coordinate: str,
    requires: Requires,
    requires_of: Callable[[Any], Requires] | None = None,
) -> Resolver:
    """Wrap a resolver so that it runs only for a caller who has all that is required.

    `requires_of` gives what an object of an abstract type requires by its own type.
    """
    if not requires and requires_of is None:
        return resolve

    def judged(value: Any, context: Denials, *, anchored: bool) -> Any:
        if value is None or isinstance(value, Exception):
            return value
        needed = requires | requires_of(value) if requires_of else requires
        if needed and not anchored and not hasattr(value, "granted"):
            raise TypeError(f"{coordinate}: neither the parent nor the value belongs to an account")
        return refusal(value, context, needed, coordinate) or value

    async def guarded(parent: Any, context: Any, **arguments: Any) -> Any:
        # Before any call, where the parent belongs to an account; after it, for what came out.
        error = refusal(parent, context, requires, coordinate)
        if error:
            raise error
        anchored = hasattr(parent, "granted")
        value = await resolve(parent, context, **arguments)
        if isinstance(value, list | tuple):
            return [judged(item, context, anchored=anchored) for item in value]
        return judged(value, context, anchored=anchored)

    return guarded
