"""The audit trail: one JSON line per event on the logger `gateway.audit`, without personal data."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

_LOG = logging.getLogger("gateway.audit")
_MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What happened, such as `TENANT_VIOLATION_BLOCKED` or `ACCESS_DENIED`.

    `subject` is the principal's subject; it is kept out of `repr` and leaves only as a keyed hash.
    `coordinate` is a schema coordinate (`Account.invoices`), `outcome` a word such as `denied`.
    """

    event: str
    outcome: str
    subject: str | None = field(default=None, repr=False)
    account: str | None = None
    coordinate: str | None = None
    system: str | None = None
    model: str | None = None
    operation: str | None = None


class Audit:
    """Writes events. One `key` (>= 32 random bytes) across processes makes their subjects comparable."""

    def __init__(self, key: bytes | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key or secrets.token_bytes(32)
        self._clock = clock

    def subject(self, subject: str) -> str:
        """HMAC-SHA256 of a subject in hex: equal for equal subjects, useless without the key."""
        return hmac.new(self._key, subject.encode(), hashlib.sha256).hexdigest()

    def record(self, event: AuditEvent) -> None:
        """Write one line; absent fields are left out. A warning, so that default log levels keep it."""
        fields = {name: value for name, value in asdict(event).items() if value is not None}
        if event.operation is not None:
            fields["operation"] = event.operation[:_MAX_NAME]  # the caller's own text
        if event.subject is not None:
            fields["subject"] = self.subject(event.subject)
        at = dt.datetime.fromtimestamp(self._clock(), dt.UTC).isoformat(timespec="milliseconds")
        # ASCII JSON: no value can break the line.
        _LOG.warning("%s", json.dumps({"at": at} | fields, separators=(",", ":")))
