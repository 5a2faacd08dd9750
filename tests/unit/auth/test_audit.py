import hashlib
import hmac
import json
import logging

import pytest

from gateway.auth.audit import Audit, AuditEvent

KEY = b"k" * 32
EVENT = AuditEvent(
    "TENANT_VIOLATION_BLOCKED", "blocked", subject="usr_owner_a", account="acme", operation="Invoices",
    coordinate="Account.invoices", system="stripe", model="Invoice",
)  # fmt: skip


def written(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    assert all(record.name == "gateway.audit" for record in caplog.records)
    return [json.loads(record.getMessage()) for record in caplog.records]


def test_one_line_holds_the_event_and_only_a_keyed_hash_of_the_subject(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Audit(KEY, clock=lambda: 0.0).record(EVENT)
    assert written(caplog) == [
        {
            "at": "1970-01-01T00:00:00.000+00:00",
            "event": "TENANT_VIOLATION_BLOCKED",
            "outcome": "blocked",
            "subject": hmac.new(KEY, b"usr_owner_a", hashlib.sha256).hexdigest(),
            "account": "acme",
            "operation": "Invoices",
            "coordinate": "Account.invoices",
            "system": "stripe",
            "model": "Invoice",
        }
    ]
    assert "usr_owner_a" not in caplog.text
    assert "usr_owner_a" not in repr(EVENT)


def test_absent_fields_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    Audit(KEY, clock=lambda: 1.5).record(AuditEvent("ACCESS_DENIED", "denied"))
    assert written(caplog) == [
        {"at": "1970-01-01T00:00:01.500+00:00", "event": "ACCESS_DENIED", "outcome": "denied"}
    ]


def test_a_value_cannot_break_the_line(caplog: pytest.LogCaptureFixture) -> None:
    hostile = 'a\n{"event":"FORGED"}\u2028%s'
    Audit(KEY).record(AuditEvent("ACCESS_DENIED", "denied", operation=hostile))
    message = caplog.records[0].getMessage()
    assert message.isascii()
    assert message.isprintable()
    assert json.loads(message)["operation"] == hostile


def test_default_log_levels_keep_it(caplog: pytest.LogCaptureFixture) -> None:
    Audit(KEY).record(EVENT)
    assert caplog.records[0].levelno == logging.WARNING


def test_without_a_key_each_process_has_its_own() -> None:
    one, other = Audit(), Audit()
    assert one.subject("a") == one.subject("a") != one.subject("b")
    assert one.subject("a") != other.subject("a")
