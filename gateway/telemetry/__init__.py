"""What operators see: spans and metrics per operation, batch and vendor call, and structured logs."""

from gateway.telemetry.logs import configure_logging, request_id
from gateway.telemetry.spans import (
    Recording,
    Telemetry,
    batch,
    boundary_violation,
    operation,
    setup,
    vendor_call,
)

__all__ = [
    "Recording",
    "Telemetry",
    "batch",
    "boundary_violation",
    "configure_logging",
    "operation",
    "request_id",
    "setup",
    "vendor_call",
]
