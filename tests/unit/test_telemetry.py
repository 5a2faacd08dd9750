"""What operators see, and what they must not."""

import asyncio
import contextvars
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics.export import Histogram, InMemoryMetricReader, NumberDataPoint, Sum
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from gateway import telemetry
from gateway.errors import Code, UpstreamError
from gateway.telemetry import logs

SECRET = "s3cret"


class Seen:
    """Everything recorded in memory."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def metrics(self) -> dict[str, list[tuple[dict[str, Any], float]]]:
        """Give per metric its attributes and sums."""
        data = self.reader.get_metrics_data()
        found: dict[str, list[tuple[dict[str, Any], float]]] = {}
        for resource in data.resource_metrics if data else ():
            for metric in resource.scope_metrics[0].metrics:
                assert isinstance(metric.data, Histogram | Sum)
                for point in metric.data.data_points:
                    value = point.value if isinstance(point, NumberDataPoint) else point.count
                    found.setdefault(metric.name, []).append((dict(point.attributes or {}), value))
        return found


@pytest.fixture
def seen() -> Iterator[Seen]:
    made = Seen()
    handle = telemetry.setup(span_exporter=made.exporter, metric_reader=made.reader, log_level=None)
    yield made
    handle.shutdown()


def test_spans_nest_and_carry_only_names(seen: Seen) -> None:
    with (
        telemetry.operation("Home", "sha256:1", "query"),
        telemetry.batch("Billing.get_many", "stripe", 7),
        telemetry.vendor_call("stripe", "GET", "/v1/invoices/{id}") as call,
    ):
        call.status, call.attempts = 200, 2
    spans = seen.spans()
    assert list(spans) == ["GET /v1/invoices/{id}", "batch Billing.get_many", "query Home"]
    call_span, batch_span, operation_span = spans.values()
    assert call_span.parent
    assert batch_span.parent
    assert operation_span.parent is None
    assert call_span.parent.span_id == batch_span.context.span_id
    assert batch_span.parent.span_id == operation_span.context.span_id
    assert dict(operation_span.attributes or {}) == {
        "graphql.operation.name": "Home",
        "graphql.operation.type": "query",
        "gateway.document.hash": "sha256:1",
        "gateway.outcome": "ok",
    }
    assert dict(batch_span.attributes or {}) == {
        "gateway.port_method": "Billing.get_many",
        "gateway.connector": "stripe",
        "gateway.outcome": "ok",
    }


def test_metrics(seen: Seen) -> None:
    with telemetry.operation(None, "sha256:1", "query") as operation:
        operation.outcome = "partial"
    with telemetry.batch("Billing.get_many", "stripe", 7):
        pass
    with telemetry.vendor_call("stripe", "GET", "") as call:
        call.status, call.outcome = 503, Code.UPSTREAM_UNAVAILABLE.value
    telemetry.boundary_violation("stripe")
    operation_attributes = {
        "graphql.operation.name": "anonymous",
        "graphql.operation.type": "query",
        "gateway.outcome": "partial",
    }
    vendor_attributes = {
        "gateway.connector": "stripe",
        "http.request.method": "GET",
        "http.response.status_code": 503,
        "gateway.outcome": "UPSTREAM_UNAVAILABLE",
    }
    assert seen.metrics() == {
        "gateway.operation.duration": [(operation_attributes, 1)],
        "gateway.batch.size": [
            ({"gateway.port_method": "Billing.get_many", "gateway.connector": "stripe"}, 1)
        ],
        "gateway.vendor.duration": [(vendor_attributes, 1)],
        "gateway.vendor.errors": [
            ({"gateway.connector": "stripe", "gateway.code": "UPSTREAM_UNAVAILABLE"}, 1)
        ],
        "gateway.boundary.violations": [({"gateway.connector": "stripe"}, 1)],
    }


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (UpstreamError(Code.UPSTREAM_TIMEOUT, "stripe", detail=SECRET), "UPSTREAM_TIMEOUT"),
        (asyncio.CancelledError(SECRET), "cancelled"),
        (ValueError(SECRET), "error"),
    ],
)
def test_errors_become_one_word(seen: Seen, error: BaseException, outcome: str) -> None:
    with pytest.raises(type(error)), telemetry.vendor_call("stripe", "GET", "/a"):
        raise error
    span = seen.spans()["GET /a"]
    assert dict(span.attributes or {})["gateway.outcome"] == outcome
    assert span.status.status_code is StatusCode.ERROR
    assert span.events == ()
    assert SECRET not in span.to_json()
    assert len(seen.metrics().get("gateway.vendor.errors", [])) == (outcome != "cancelled")


def test_operation_names_cannot_flood_the_metrics(seen: Seen) -> None:
    for n in range(400):
        with telemetry.operation(f"Op{n}" + "x" * 100, "sha256:1", "query"):
            pass
    names = {
        attributes["graphql.operation.name"] for attributes, _ in seen.metrics()["gateway.operation.duration"]
    }
    assert len(names) == 257
    assert "other" in names
    assert max(map(len, names)) == 64


def test_unsampled_operations_are_still_measured() -> None:
    seen = Seen()
    handle = telemetry.setup(
        span_exporter=seen.exporter, metric_reader=seen.reader, sample_ratio=0.0, log_level=None
    )
    with telemetry.operation("Home", "sha256:1", "query"):
        parent = trace.get_current_span()
        with telemetry.batch("Billing.get_many", "stripe", 7), telemetry.vendor_call("stripe", "GET", "/a"):
            assert trace.get_current_span() is parent  # no span is made to be thrown away
    assert trace.get_current_span() is not parent
    assert seen.spans() == {}
    assert set(seen.metrics()) == {
        "gateway.operation.duration",
        "gateway.batch.size",
        "gateway.vendor.duration",
    }
    handle.shutdown()


def test_without_a_destination_nothing_is_recorded() -> None:
    handle = telemetry.setup(log_level=None)
    with telemetry.operation("Home", "sha256:1", "query") as recording:
        assert type(recording) is telemetry.Recording
    assert recording.outcome == "ok"
    handle.shutdown()


def test_after_shutdown_nothing_is_recorded() -> None:
    seen = Seen()
    telemetry.setup(span_exporter=seen.exporter, log_level=None).shutdown()
    with telemetry.operation("Home", "sha256:1", "query"):
        pass
    telemetry.boundary_violation("stripe")
    assert seen.spans() == {}


def test_shutting_down_an_old_handle_leaves_the_new_one(seen: Seen) -> None:
    old = telemetry.setup(span_exporter=InMemorySpanExporter(), log_level=None)
    new = Seen()
    handle = telemetry.setup(span_exporter=new.exporter, log_level=None)
    old.shutdown()
    with telemetry.operation("Home", "sha256:1", "query"):
        pass
    assert "query Home" in new.spans()
    handle.shutdown()


def test_export_over_otlp_http() -> None:
    class Collector(BaseHTTPRequestHandler):
        got: ClassVar[dict[str, bytes]] = {}

        def do_POST(self) -> None:
            self.got[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        handle = telemetry.setup(
            otlp_endpoint=f"http://127.0.0.1:{server.server_port}/", service_name="gw", log_level=None
        )
        with telemetry.operation("Home", "sha256:1", "query"):
            pass
        handle.shutdown()
        server.shutdown()
        thread.join()
    assert b"query Home" in Collector.got["/v1/traces"]
    assert b"gateway.operation.duration" in Collector.got["/v1/metrics"]
    assert all(b"service.name\x12\x04\n\x02gw" in body for body in Collector.got.values())


# Logs


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Configure logging for real, onto a list of lines, and put back what was there."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stream)
    telemetry.configure_logging("INFO")

    class Lines(list[str]):
        def __iter__(self) -> Iterator[str]:
            return iter(stream.getvalue().splitlines())

    yield Lines()
    root.handlers[:] = handlers
    root.setLevel(level)


def records(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_a_line_is_json_with_known_extras_only(lines: list[str]) -> None:
    log = logging.getLogger("gateway.test")
    log.debug("below the level")
    log.info(
        "called\n%s",
        "stripe",
        extra={
            "system": "stripe",
            "status": 503,
            "retry_after": None,
            "token": SECRET,
            "detail": {"a": SECRET},
        },
    )
    (record,) = records(lines)
    assert record.pop("time").endswith("Z")
    assert record == {
        "level": "INFO",
        "logger": "gateway.test",
        "message": "called\nstripe",
        "system": "stripe",
        "status": 503,
        "retry_after": None,
        "detail": "dict",
    }


def test_a_line_names_request_and_trace(lines: list[str], seen: Seen) -> None:
    def run() -> None:
        telemetry.request_id.set("r-1")
        with telemetry.operation("Home", "sha256:1", "query"):
            logging.getLogger("gateway.test").info("inside")

    contextvars.copy_context().run(run)
    logging.getLogger("gateway.test").info("outside")
    inside, outside = records(lines)
    span = seen.spans()["query Home"]
    assert inside["request_id"] == "r-1"
    assert int(inside["trace_id"], 16) == span.context.trace_id
    assert int(inside["span_id"], 16) == span.context.span_id
    assert not {"request_id", "trace_id", "span_id"} & set(outside)


def test_exceptions_are_told_without_their_texts(lines: list[str]) -> None:
    def deep(token: str) -> None:
        try:
            {}[token]
        except KeyError as error:
            raise UpstreamError(Code.UPSTREAM_TIMEOUT, "stripe", detail="HTTP 504") from error

    try:
        deep(SECRET)
    except UpstreamError:
        logging.getLogger("gateway.test").exception("it failed")
    (line,) = lines
    assert SECRET not in line
    told = json.loads(line)["exception"]
    assert (told["type"], told["code"]) == ("gateway.errors.UpstreamError", "UPSTREAM_TIMEOUT")
    assert (told["system"], told["detail"]) == ("stripe", "HTTP 504")
    assert told["frames"][-1].startswith(f"{__name__}:")
    assert told["frames"][-1].endswith("deep")
    assert told["cause"]["type"] == "builtins.KeyError"


def test_a_suppressed_context_is_not_told_and_chains_end(lines: list[str]) -> None:
    error: BaseException = ValueError(SECRET)
    error.__cause__ = error  # a loop
    logging.getLogger("gateway.test").error("a", exc_info=error)
    hidden = ValueError()
    hidden.__context__, hidden.__suppress_context__ = KeyError(SECRET), True
    logging.getLogger("gateway.test").error("b", exc_info=hidden)
    first, second = records(lines)
    assert first["exception"]["type"] == "builtins.ValueError"
    assert "cause" not in second["exception"]


def test_other_libraries_texts_are_blotted_out(lines: list[str]) -> None:
    logging.getLogger("aiohttp.client").warning(
        "bad answer from %s: %d %r", f"http://x/?{SECRET}", 502, SECRET
    )
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s", SECRET)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: {SECRET}")  # noqa: G004  as asyncio does
    logging.getLogger("other").error("%(a)s %(b)d", {"a": SECRET, "b": 3})
    assert SECRET not in "".join(lines)
    assert [record["message"] for record in records(lines)] == [
        "bad answer from ***: 502 '***'",
        "Task exception was never retrieved",
        "Task exception was never retrieved",
        "*** 3",
    ]


def test_uvicorn_goes_through_it(lines: list[str]) -> None:
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        assert logging.getLogger(name).handlers == []
    line = '%s - "%s %s HTTP/%s" %d'
    logging.getLogger("uvicorn.access").info(
        line, "192.0.2.1:5", "GET", f"/graphql?token={SECRET}", "1.1", 200
    )
    logging.getLogger("uvicorn.access").info("something else %s", SECRET)
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    access, other, started = records(lines)
    assert (access["message"], access["method"], access["path"], access["status"]) == (
        "request",
        "GET",
        "/graphql",
        200,
    )
    assert other["message"] == "request"
    assert started["message"] == "Started server process [7]"
    assert SECRET not in "".join(lines)
    assert "192.0.2.1" not in "".join(lines)


def test_a_malformed_log_call_still_makes_a_line() -> None:
    def message(name: str, template: str, *args: object) -> str:
        record = logging.LogRecord(name, logging.INFO, "", 0, template, args, None)
        record.detail, record.size = "x" * 10_000, float("nan")
        line = json.loads(logs.JsonFormatter().format(record))
        assert len(line["detail"]) == logs._MAX_TEXT
        assert line["size"] is None
        return line["message"]

    assert message("gateway.test", "%d items", "many") == "%d items"
    assert message("gateway.test", "%s and %s", "one") == "%s and %s"
    assert message("other", "%d", SECRET) == "%d"
    assert message("gateway.test", "half a pair: \ud800") == "half a pair: \ud800"
