"""What every mutation has in common: whose account, what is required, and errors that a form can show.

A mutation takes one `input` and gives a payload: what was made, and `userErrors`. It acts in the account that
`input.accountId` names, and only for a caller who has the permissions that the field requires there: that
is checked before anything is done.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from typing import Annotated, Any, Protocol

from strawberry import ID
from strawberry.utils.str_converters import to_camel_case
from typing_extensions import Doc

from gateway.auth.directive import Requires, refusal
from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership
from gateway.connectors.ports.common import Value
from gateway.context import RequestContext
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.ids import decode_id
from gateway.resolvers.nodes import ACCOUNT

_FIELD = re.compile(r"([A-Za-z][A-Za-z_]*)(?:\[(\d+)\])?: ")
_RENAMED = {"uploads": "uploadIds"}


class UserErrorCode(Enum):
    """What a program can tell apart. OUTCOME_UNKNOWN: it may have been done; ask again with the same key."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    CONFLICT = "CONFLICT"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    RATE_LIMITED = "RATE_LIMITED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    UNSUPPORTED = "UNSUPPORTED"


class Problem(Value, frozen=True, kw_only=True):
    """Why a mutation did not do what it was asked for."""

    message: Annotated[str, Doc("What is wrong and what to write, for people.")]
    code: Annotated[UserErrorCode, Doc("What is wrong, for programs.")]
    path: Annotated[tuple[str, ...] | None, Doc("The part of the input that is wrong; null: none is.")]
    retryable: Annotated[bool, Doc("Whether the same input may do later.")]


class ValidationError(Problem, frozen=True, kw_only=True):
    """A value of the input cannot be taken."""


class NotFoundError(Problem, frozen=True, kw_only=True):
    """Something that the input names is not there, or not for the caller."""


class PermissionError_(Problem, frozen=True, kw_only=True):  # noqa: N801  Python has one of that name
    """The caller may not do that in this account."""

    requires: Annotated[tuple[Permission, ...], Doc("What the caller would need.")]


class ConflictError(Problem, frozen=True, kw_only=True):
    """Somebody else is changing the same thing, or the same write is under way."""


class IdempotencyError(Problem, frozen=True, kw_only=True):
    """The idempotency key came with another input before."""


class RateLimitedError(Problem, frozen=True, kw_only=True):
    """A system limits the rate of calls."""

    system: Annotated[str, Doc("The system.")]
    retry_after_seconds: Annotated[float | None, Doc("How long to wait; null when it does not say.")]


class SystemError_(Problem, frozen=True, kw_only=True):  # noqa: N801  Python has one of that name
    """A system did not do its part."""

    system: Annotated[str, Doc("The system.")]
    outcome_unknown: Annotated[
        bool,
        Doc("Whether it may have been done all the same. With the same key it is never done twice."),
    ]


class UnsupportedError(Problem, frozen=True, kw_only=True):
    """The system behind this cannot do that."""


class Payload:
    """What it came to: an attribute for each field of the payload type, and whose account it is."""

    def __init__(self, gives: Iterable[str], membership: Membership | None, *problems: Problem) -> None:
        """`gives`: the fields' names; each is None until it is made."""
        self.account = membership.account if membership else ""
        # Where nothing was made, there is nothing that a caller would need a permission to see.
        self.granted = membership.permissions if membership and not problems else None
        self.user_errors = problems
        vars(self).update(dict.fromkeys(gives))


class Input(Protocol):
    """What each input has."""

    @property
    def account_id(self) -> ID:
        """The account it is for."""
        ...


Action = Callable[[Membership, RequestContext, Any], Awaitable[dict[str, Any]]]
"""`await action(membership, context, input)` does it and gives what the payload has by its fields' names."""


async def perform(
    action: Action,
    requires: Requires,
    coordinate: str,
    gives: tuple[str, ...],
    _parent: object,
    context: RequestContext,
    *,
    input: Input,  # noqa: A002  the argument's name in the schema
) -> Payload:
    """Check, act, and tell expected failures as `userErrors`."""
    membership: Membership | None = None
    try:
        identity = decode_id(input.account_id, "accountId")
        membership = context.membership(identity.account) if identity.type == ACCOUNT else None
        if membership is None:
            return Payload(gives, None, not_found("account_id", "not one of your accounts"))
        if denied := refusal(membership, context, requires, coordinate):
            return Payload(gives, membership, _denied(denied, requires - membership.permissions))
        payload = Payload(gives, membership)
        vars(payload).update(await action(membership, context, input))
    except Refused as refused:
        return Payload(gives, membership, refused.problem)
    except (RequestError, UpstreamError) as error:
        return Payload(gives, membership, problem(error))
    return payload


class Refused(Exception):  # noqa: N818  a finding about the input, told as a user error
    """Ends an action with a problem of its own making."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.message)
        self.problem = found


def _denied(error: RequestError, missing: Requires) -> PermissionError_:
    return PermissionError_(
        message=error.message,
        code=UserErrorCode.PERMISSION_DENIED,
        path=None,
        retryable=False,
        requires=tuple(sorted(missing, key=lambda permission: permission.name)),
    )


def not_found(field: str, text: str) -> NotFoundError:
    """Say that what a field names is not there; the same for what is another's."""
    name = to_camel_case(field)
    return NotFoundError(
        message=f"{name}: {text}.", code=UserErrorCode.NOT_FOUND, path=("input", name), retryable=False
    )


_KINDS: dict[Code, tuple[type[Problem], UserErrorCode]] = {
    Code.CONFLICT: (ConflictError, UserErrorCode.CONFLICT),
    Code.IDEMPOTENCY_KEY_REUSED: (IdempotencyError, UserErrorCode.IDEMPOTENCY_KEY_REUSED),
    Code.UNSUPPORTED_CAPABILITY: (UnsupportedError, UserErrorCode.UNSUPPORTED),
}


def problem(error: GatewayError) -> Problem:
    """Tell an error as a form can show it; a message that begins with a field's name says where it is."""
    if isinstance(error, UpstreamError):
        return _of_system(error)
    kind, code = _KINDS.get(error.code, (ValidationError, UserErrorCode.INVALID))
    message, path = error.message, None
    if found := _FIELD.match(message):
        name = _RENAMED.get(found[1], to_camel_case(found[1]))
        if name == "author":  # the caller, who stands in no input
            return kind(message=message, code=code, path=None, retryable=error.retryable)
        path = ("input", name, found[2]) if found[2] else ("input", name)
        place = f"{name}[{found[2]}]" if found[2] else name
        message = f"{place}: {message[found.end() :]}"
    return kind(message=message, code=code, path=path, retryable=error.retryable)


def _of_system(error: UpstreamError) -> Problem:
    # What may have been done says so first, whatever ended it.
    if error.code is Code.UPSTREAM_RATE_LIMITED and not error.outcome_unknown:
        return RateLimitedError(
            message=error.message,
            code=UserErrorCode.RATE_LIMITED,
            path=None,
            retryable=True,
            system=error.system,
            retry_after_seconds=error.retry_after,
        )
    unknown = error.outcome_unknown
    advice = " It may have been done: ask again with the same idempotencyKey." if unknown else ""
    return SystemError_(
        message=error.message + advice,
        code=UserErrorCode.OUTCOME_UNKNOWN if unknown else UserErrorCode.UPSTREAM_FAILED,
        path=None,
        retryable=error.retryable or unknown,
        system=error.system,
        outcome_unknown=unknown,
    )
