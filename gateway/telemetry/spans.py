"""Spans and metrics: one per operation, batch and vendor call, never per field.

`setup()` installs the one handle that records; before it, or after `shutdown()`, recording is a no-op. Names
follow OpenTelemetry's semantic conventions where these have one. Attributes are few and of low cardinality:
never ids, query strings, arguments, upstream text or personal data.

| metric | unit | attributes |
|---|---|---|
| `gateway.operation.duration` histogram | s | operation name, kind, outcome |
| `gateway.batch.size` histogram | {record} | port method, connector |
| `gateway.vendor.duration` histogram | s | connector, method, route, status, outcome |
| `gateway.vendor.errors` counter | {error} | connector, code |
| `gateway.boundary.violations` counter | {violation} | connector |
"""

from __future__ import annotations

import asyncio
import time
from contextvars import Token
from types import TracebackType
from typing import Final, Self

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter, Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

from gateway import __version__
from gateway.errors import GatewayError
from gateway.telemetry.logs import configure_logging

Attributes = dict[str, str | int]

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_RECORDS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
_MAX_NAME: Final = 64  # characters of a client's operation name that are kept
_MAX_NAMES: Final = 256  # distinct operation names in metrics; later ones count as "other"


class Recording:
    """What one operation, batch or vendor call tells of itself while it runs.

    `status` is the HTTP status, `outcome` a word from a closed list ("ok" and error codes; derived from the
    exception when not set), `attempts` how often the vendor was asked. By itself it records nothing.
    """

    __slots__ = ("attempts", "outcome", "status")

    def __init__(self) -> None:
        self.status: int | None = None
        self.outcome: str | None = None
        self.attempts = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        if self.outcome is None:
            self.outcome = _outcome(error)


class _SpanRecording(Recording):
    """A recording that becomes a span and the current parent; the subclasses add metrics.

    Below a parent that is not sampled no span would be kept: none is made, and the parent stays current.
    """

    __slots__ = ("_attributes", "_kind", "_name", "_span", "_started", "_telemetry", "_token")

    def __init__(self, telemetry: Telemetry, name: str, kind: SpanKind, attributes: Attributes) -> None:
        super().__init__()
        self._telemetry, self._name, self._kind, self._attributes = telemetry, name, kind, attributes
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        context = otel_context.get_current()
        parent = trace.get_current_span(context).get_span_context()
        if parent.is_valid and not parent.trace_flags.sampled:
            return self
        self._span = self._telemetry.tracer.start_span(
            self._name, context, kind=self._kind, attributes=self._attributes
        )
        self._token = otel_context.attach(trace.set_span_in_context(self._span, context))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace_back)
        outcome = self.outcome or "ok"
        if self._token is not None:
            otel_context.detach(self._token)
            self._end_span(outcome)
        self._measure(outcome, time.perf_counter() - self._started)

    def _end_span(self, outcome: str) -> None:
        if self._span.is_recording():
            self._span.set_attribute("gateway.outcome", outcome)
            if self.status is not None:
                self._span.set_attribute("http.response.status_code", self.status)
            if self._kind is SpanKind.CLIENT:
                self._span.set_attribute("gateway.attempts", self.attempts)
            if outcome != "ok":
                self._span.set_status(StatusCode.ERROR)  # no description: messages may hold upstream text
        self._span.end()

    def _measure(self, outcome: str, seconds: float, /) -> None:
        """Update the metrics of this sort of recording."""


class _Operation(_SpanRecording):
    __slots__ = ()

    def _measure(self, outcome: str, seconds: float, /) -> None:
        name = self._telemetry.bounded(str(self._attributes["graphql.operation.name"]))
        kind = self._attributes["graphql.operation.type"]
        attributes = {
            "graphql.operation.name": name,
            "graphql.operation.type": kind,
            "gateway.outcome": outcome,
        }
        self._telemetry.operation_duration.record(seconds, attributes)


class _Batch(_SpanRecording):
    __slots__ = ("size",)
    size: int

    def _measure(self, _outcome: str, _seconds: float, /) -> None:
        self._telemetry.batch_size.record(self.size, self._attributes)


class _VendorCall(_SpanRecording):
    __slots__ = ()

    def _measure(self, outcome: str, seconds: float, /) -> None:
        attributes = self._attributes | {"gateway.outcome": outcome}
        if self.status is not None:
            attributes["http.response.status_code"] = self.status
        self._telemetry.vendor_duration.record(seconds, attributes)
        if outcome not in {"ok", "cancelled"}:
            counted = {"gateway.connector": self._attributes["gateway.connector"], "gateway.code": outcome}
            self._telemetry.vendor_errors.add(1, counted)


class Telemetry:
    """Tracer and instruments of one process. `setup()` makes it, `shutdown()` flushes and ends it."""

    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        self._tracers, self._meters = tracers, meters
        self._names: set[str] = set()
        self.tracer = tracers.get_tracer("gateway", __version__)
        meter = meters.get_meter("gateway", __version__)

        def histogram(name: str, unit: str, buckets: tuple[float, ...]) -> Histogram:
            return meter.create_histogram(name, unit, explicit_bucket_boundaries_advisory=buckets)

        self.operation_duration: Histogram = histogram("gateway.operation.duration", "s", _SECONDS)
        self.batch_size: Histogram = histogram("gateway.batch.size", "{record}", _RECORDS)
        self.vendor_duration: Histogram = histogram("gateway.vendor.duration", "s", _SECONDS)
        self.vendor_errors: Counter = meter.create_counter("gateway.vendor.errors", "{error}")
        self.violations: Counter = meter.create_counter("gateway.boundary.violations", "{violation}")

    def bounded(self, name: str) -> str:
        """Give the name while there are few: clients choose operation names, and each makes a time series."""
        if name not in self._names:
            if len(self._names) >= _MAX_NAMES:
                return "other"
            self._names.add(name)
        return name

    def shutdown(self) -> None:
        """Export what is left and stop recording. Blocks for up to 20 seconds: call it off the event loop."""
        global _installed  # noqa: PLW0603  the one handle that setup() documents
        if _installed is self:
            _installed = None
        self._tracers.shutdown()
        self._meters.shutdown(timeout_millis=10_000)


_installed: Telemetry | None = None


def setup(
    *,
    service_name: str = "portal-gateway",
    otlp_endpoint: str | None = None,
    sample_ratio: float = 1.0,
    log_level: str | None = "INFO",
    span_exporter: SpanExporter | None = None,
    metric_reader: MetricReader | None = None,
) -> Telemetry:
    """Install what records, in place of what did before.

    `otlp_endpoint` is the collector's base URL (`http://collector:4318`); without one and without an exporter
    of the caller's, nothing is recorded. `sample_ratio` (0..1) is the share of new traces kept; a sampled
    parent is followed. `log_level=None` leaves logging as it is.
    """
    global _installed  # noqa: PLW0603  the one handle that this function documents
    if log_level is not None:
        configure_logging(log_level)
    resource = Resource.create({"service.name": service_name, "service.version": __version__})
    tracers = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
        resource=resource,
        shutdown_on_exit=False,
        span_limits=SpanLimits(max_span_attribute_length=256),
    )
    readers = [metric_reader] if metric_reader is not None else []
    if span_exporter is not None:
        tracers.add_span_processor(SimpleSpanProcessor(span_exporter))
    if otlp_endpoint is not None:
        base = otlp_endpoint.rstrip("/")
        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{base}/v1/traces", timeout=5)))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(f"{base}/v1/metrics", timeout=5)))
    telemetry = Telemetry(tracers, MeterProvider(readers, resource, shutdown_on_exit=False))
    recording = otlp_endpoint is not None or span_exporter is not None or metric_reader is not None
    _installed = telemetry if recording else None
    return telemetry


def operation(name: str | None, document_hash: str, kind: str) -> Recording:
    """Record one GraphQL operation; `kind` is query, mutation or subscription."""
    if _installed is None:
        return Recording()
    shown = (name or "anonymous")[:_MAX_NAME]
    attributes: Attributes = {
        "graphql.operation.name": shown,
        "graphql.operation.type": kind,
        "gateway.document.hash": document_hash,
    }
    return _Operation(_installed, f"{kind} {shown}", SpanKind.SERVER, attributes)


def batch(port_method: str, connector: str, size: int) -> Recording:
    """Record one loader batch of `size` keys, answered by one port method of one connector."""
    if _installed is None:
        return Recording()
    attributes: Attributes = {"gateway.port_method": port_method, "gateway.connector": connector}
    recording = _Batch(_installed, f"batch {port_method}", SpanKind.INTERNAL, attributes)
    recording.size = size
    return recording


def vendor_call(connector: str, method: str, route: str) -> Recording:
    """Record one HTTP exchange with a vendor, retries included. `route` is the path's template, or empty."""
    if _installed is None:
        return Recording()
    attributes: Attributes = {"gateway.connector": connector, "http.request.method": method}
    if route:
        attributes["url.template"] = route
    return _VendorCall(_installed, f"{method} {route}".rstrip(), SpanKind.CLIENT, attributes)


def boundary_violation(connector: str) -> None:
    """Count a record of another account that a system returned."""
    if _installed is not None:
        _installed.violations.add(1, {"gateway.connector": connector})


def _outcome(error: BaseException | None) -> str:
    """One word for how it ended; error texts stay out."""
    match error:
        case None:
            return "ok"
        case GatewayError():
            return error.code.value
        case asyncio.CancelledError():
            return "cancelled"
        case _:
            return "error"
