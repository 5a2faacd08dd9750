"""Every error the gateway raises on purpose.

    GatewayError(code, public message, retryable)
    ├ RequestError        the caller can mend it: credentials, rights, arguments
    ├ UpstreamError       a business system did not answer as it must; names the system
    ├ BoundaryViolation   a record of another account came back; the client sees null
    └ ConfigurationError  at start only, naming the key and what to write

"Not found" is `None`, never an exception. Messages are public: they never hold upstream text,
tokens, personal data or URLs.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The stable codes a client sees in `errors[].extensions.code`."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_CURSOR = "INVALID_CURSOR"
    CONFLICT = "CONFLICT"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    UNSUPPORTED_CAPABILITY = "UNSUPPORTED_CAPABILITY"
    OPERATION_REFUSED = "OPERATION_REFUSED"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    RATE_LIMITED = "RATE_LIMITED"
    UPSTREAM_UNAVAILABLE = "UPSTREAM_UNAVAILABLE"
    UPSTREAM_TIMEOUT = "UPSTREAM_TIMEOUT"
    UPSTREAM_RATE_LIMITED = "UPSTREAM_RATE_LIMITED"
    UPSTREAM_AUTH_FAILED = "UPSTREAM_AUTH_FAILED"
    UPSTREAM_CONTRACT_BROKEN = "UPSTREAM_CONTRACT_BROKEN"
    TENANT_VIOLATION_BLOCKED = "TENANT_VIOLATION_BLOCKED"
    CONFIGURATION = "CONFIGURATION"
    INTERNAL = "INTERNAL"


class GatewayError(Exception):
    """Base of all: `code` for programs, `message` for people, `retryable` for both."""

    def __init__(self, code: Code, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable

    def extensions(self) -> dict[str, object]:
        """What the client reads beside the message."""
        return {"code": self.code.value, "retryable": self.retryable}


class RequestError(GatewayError):
    """The request is at fault; `code` says how."""


_UPSTREAM: dict[Code, tuple[str, bool]] = {
    Code.UPSTREAM_UNAVAILABLE: ("is not available now", True),
    Code.UPSTREAM_TIMEOUT: ("did not answer in time", True),
    Code.UPSTREAM_RATE_LIMITED: ("limits the rate of calls", True),
    Code.UPSTREAM_AUTH_FAILED: ("refused the gateway's credentials", False),
    Code.UPSTREAM_CONTRACT_BROKEN: ("gave an answer that breaks its contract", False),
}


class UpstreamError(GatewayError):
    """A business system failed.

    `system` is the configured connector name. `retry_after` is in seconds and only set when the
    system said so. `detail` is for operators (log and span): it names paths and types, never values.
    `outcome_unknown`: a write was on its way, so the system may have done what was asked.
    """

    def __init__(
        self,
        code: Code,
        system: str,
        *,
        retry_after: float | None = None,
        detail: str = "",
        outcome_unknown: bool = False,
    ) -> None:
        text, retryable = _UPSTREAM[code]
        super().__init__(code, f"The system {system!r} {text}.", retryable=retryable)
        self.system = system
        self.retry_after = retry_after
        self.detail = detail
        self.outcome_unknown = outcome_unknown

    def extensions(self) -> dict[str, object]:
        """Code, retryable, system and, where known, the seconds to wait."""
        extra: dict[str, object] = {"system": self.system}
        if self.retry_after is not None:
            extra["retryAfterSeconds"] = self.retry_after
        return super().extensions() | extra


class BoundaryViolation(GatewayError):  # noqa: N818  the design's name: it is an alarm, not a fault of the caller
    """A record that another account owns reached the gateway. Operators are told, clients are not."""

    def __init__(self, system: str, model: str) -> None:
        super().__init__(Code.TENANT_VIOLATION_BLOCKED, "Not available.")
        self.system = system
        self.model = model


class ConfigurationError(GatewayError):
    """The gateway cannot start: `key` is the setting, the message says what to write."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(Code.CONFIGURATION, f"{key}: {message}")
        self.key = key
