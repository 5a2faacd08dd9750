"""`@authorize`: declared here, visible in `schema.graphql`, mandatory on every object type.

What a type requires holds by whatever edge an object is reached; a field may only add to it. The
check compares sets: what is required with what the caller was granted in the account of the parent
or, where the parent belongs to no account (`Query`, `Viewer`), of each object that came out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import strawberry
from strawberry.schema_directive import Location

from gateway.auth.permissions import Permission
from gateway.errors import Code, RequestError

strawberry.enum(Permission, description="What a caller can be allowed to do in an account.")

Resolver: TypeAlias = Callable[..., Any]
"""`resolver(parent, context, **arguments)`, awaited where it is async: how a field is answered."""
ResolverOfMany: TypeAlias = Callable[..., Awaitable[Sequence[Any]]]
"""`await resolver(parents, context, **arguments)`: one value for each parent, an error in a value's place."""

Requires = frozenset[Permission]
_LISTS = (list, tuple)  # `list | tuple` would be made anew at each look


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


@dataclass(frozen=True, slots=True)
class Guard:
    """What a field requires of its caller, compared before the field is answered and after.

    `requires_of` gives what an object of an abstract type requires by its own type.
    """

    coordinate: str
    requires: Requires
    requires_of: Callable[[Any], Requires] | None = None

    def one(self, resolve: Resolver) -> Resolver:
        """Wrap a resolver, async or not, so that it runs only for a caller who has all that is required."""
        if not self.requires and self.requires_of is None:
            return resolve

        def guarded(parent: Any, context: Any, **arguments: Any) -> Any:
            # Before any call, where the parent belongs to an account; after it, for what came out.
            if error := refusal(parent, context, self.requires, self.coordinate):
                raise error
            value = resolve(parent, context, **arguments)
            if hasattr(value, "__await__"):
                return judged(value, parent, context)
            return self._judged(value, parent, context)

        async def judged(value: Awaitable[Any], parent: Any, context: Any) -> Any:
            return self._judged(await value, parent, context)

        return guarded

    def many(self, resolve_all: ResolverOfMany) -> ResolverOfMany:
        """Wrap a resolver for many parents: those who lack a permission are not asked for."""

        async def guarded(parents: Sequence[Any], context: Any, **arguments: Any) -> Sequence[Any]:
            refused = [refusal(parent, context, self.requires, self.coordinate) for parent in parents]
            wanted = [parent for parent, error in zip(parents, refused, strict=True) if error is None]
            try:
                found = await resolve_all(wanted, context, **arguments) if wanted else ()
            except Exception as error:  # noqa: BLE001  told in the places of those who were asked for
                found = [error for _ in wanted]
            judged = iter([each(value, parent, context) for value, parent in zip(found, wanted, strict=True)])
            return [error or next(judged) for error in refused]

        def each(value: Any, parent: Any, context: Any) -> Any:
            try:
                return self._judged(value, parent, context)
            except TypeError as error:  # one that cannot be judged is not the others' fault
                return error

        return guarded

    def _judged(self, value: Any, parent: Any, context: Denials) -> Any:
        anchored = hasattr(parent, "granted")
        if isinstance(value, _LISTS):
            return [self._judge(item, context, anchored=anchored) for item in value]
        return self._judge(value, context, anchored=anchored)

    def _judge(self, value: Any, context: Denials, *, anchored: bool) -> Any:
        if value is None or isinstance(value, Exception):
            return value
        needed = self.requires | self.requires_of(value) if self.requires_of else self.requires
        if needed and not anchored and not hasattr(value, "granted"):
            raise TypeError(f"{self.coordinate}: neither the parent nor the value belongs to an account")
        return refusal(value, context, needed, self.coordinate) or value
