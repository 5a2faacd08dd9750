"""What an operation leaves behind: spans, metrics and logs of names and counts, and no customer's data."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gateway import telemetry
from gateway.telemetry.logs import JsonFormatter
from sandbox.data import DataSet
from sandbox.personas import PERSONAS
from sandbox.world import World
from tests.support.expected import Expected
from tests.support.marks import marks
from tests.support.portal import Portal, Raw, account_id
from tests.support.queries import BILLING, EVERYTHING, values_of

_LITERAL = "canary-literal-4711"
_MANY_FAULTS = f"""
query($account: ID!, $t: String, $x: ID!) {{
  account(id: $account) {{
    orders(filter: {{number: $t}}) {{ nodes {{ id }} }}
    products(filter: {{text: "{_LITERAL}"}}) {{ nodes {{ id }} }}
    a: invoices(after: "{_LITERAL}") {{ nodes {{ id }} }}
    b: invoices(after: $t) {{ nodes {{ id }} }}
    c: invoices(filter: {{number: "{_LITERAL}"}}) {{ nodes {{ id }} }}
  }}
  d: node(id: "{_LITERAL}") {{ id }} e: account(id: $x) {{ id }} f: nodes(ids: [$x]) {{ id }}
}}"""


class Recorded:
    """Spans and metrics in memory."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()

    def spans(self, kind: SpanKind) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.kind is kind]

    def points(self) -> Iterator[tuple[str, dict[str, object], float]]:
        """Metric name, attributes, and count or value."""
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        number = getattr(point, "count", None)
                        yield (
                            metric.name,
                            dict(point.attributes or {}),
                            point.value if number is None else number,
                        )

    def text(self) -> str:
        """Everything an operator could read."""
        spans = [span.to_json() for span in self.exporter.get_finished_spans()]
        return "\n".join([*spans, *map(str, self.points())])


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    made = Recorded()
    handle = telemetry.setup(span_exporter=made.exporter, metric_reader=made.reader, log_level=None)
    yield made
    handle.shutdown()


@pytest.fixture
async def watched(data: DataSet, tmp_path: Path, recorded: Recorded) -> AsyncIterator[Portal]:
    """A portal that is recorded and does not wait long."""

    def impatient(raw: Raw) -> None:
        raw["connectors"]["erp"]["timeout_seconds"] = 1.5

    async with Portal(World(data), tmp_path, configure=impatient) as running:
        await running.query("owner-a", "{ viewer { user { displayName } } }")  # the keys are read here
        recorded.exporter.clear()
        running.reset()
        yield running


async def test_one_operation_is_one_span_with_batches_and_vendor_calls_below(
    watched: Portal, recorded: Recorded
) -> None:
    answer = await watched.query("owner-a", BILLING, {"account": account_id("acme")})
    assert answer.errors == []

    (operation,) = recorded.spans(SpanKind.SERVER)
    assert operation.name == "query Billing"
    assert operation.attributes is not None
    assert dict(operation.attributes) | {"gateway.document.hash": ""} == {
        "graphql.operation.name": "Billing", "graphql.operation.type": "query",
        "gateway.document.hash": "", "gateway.outcome": "ok",
    }  # fmt: skip
    batches, calls = recorded.spans(SpanKind.INTERNAL), recorded.spans(SpanKind.CLIENT)
    assert Counter(span.name for span in batches) == {
        "batch AccountsPort.get_many": 1, "batch BalancesPort.get_many": 1,
        "batch InvoicesPort.list_invoices": 1, "batch OrdersPort.list_orders": 1,
    }  # fmt: skip
    assert Counter(span.name for span in calls) == {
        "GET /v1/invoices": 4,
        "GET /{database}/rest/model/party.party": 1,
        "GET /{database}/rest/model/sale.sale": 1,
    }
    assert len(calls) == watched.world.calls()
    assert len({span.context.trace_id for span in (operation, *batches, *calls)}) == 1
    assert {span.parent.span_id for span in batches} == {operation.context.span_id}
    assert {span.parent.span_id for span in calls} == {span.context.span_id for span in batches}
    metrics = {
        (name, a.get("gateway.connector"), a.get("gateway.port_method")): n
        for name, a, n in recorded.points()
    }
    assert metrics["gateway.operation.duration", None, None] == 1
    assert metrics["gateway.batch.size", "billing", "InvoicesPort.list_invoices"] == 1
    assert metrics["gateway.vendor.duration", "billing", None] == 4


async def test_failures_are_counted_by_code(watched: Portal, recorded: Recorded) -> None:
    await watched.world.erp.fault("broken")
    await watched.query("owner-a", BILLING, {"account": account_id("acme")})

    (operation,) = recorded.spans(SpanKind.SERVER)
    assert operation.attributes is not None
    assert operation.attributes["gateway.outcome"] == "errors"
    failed = [span for span in recorded.spans(SpanKind.CLIENT) if span.status.status_code is StatusCode.ERROR]
    assert {span.attributes["gateway.connector"] for span in failed if span.attributes} == {"erp"}
    assert {span.attributes["http.response.status_code"] for span in failed if span.attributes} == {500}
    assert all(span.status.description is None for span in failed)
    errors = [(a, n) for name, a, n in recorded.points() if name == "gateway.vendor.errors"]
    assert errors == [({"gateway.connector": "erp", "gateway.code": "UPSTREAM_UNAVAILABLE"}, len(failed))]


async def test_a_blocked_record_is_counted(watched: Portal, recorded: Recorded, expected: Expected) -> None:
    stolen = expected.id("Order", "erp", "bright", expected.order_rows("acme")[0].id)
    await watched.query("owner-b", "query($i: ID!) { node(id: $i) { id } }", {"i": stolen})
    counted = [(a, n) for name, a, n in recorded.points() if name == "gateway.boundary.violations"]
    assert counted == [({"gateway.connector": "erp"}, 1)]


async def test_nothing_of_a_customer_is_recorded_or_logged(
    watched: Portal, data: DataSet, recorded: Recorded, expected: Expected, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    messages, canaries = await _provoke(watched, expected)
    canaries |= marks(data, without="nobody")
    for key, persona in PERSONAS.items():
        canaries |= {persona.subject, persona.display_name, persona.email, watched.token(key)}
    canaries |= set(watched.world.environ().values())
    assert len(canaries) > 800

    assert recorded.exporter.get_finished_spans()
    own = [record for record in caplog.records if record.name.startswith("gateway")]
    assert {record.name for record in own} >= {
        "gateway.audit",
        "gateway.endpoint",
        "gateway.outbound.breaker",
    }
    formatter = JsonFormatter()
    texts = {
        "spans and metrics": recorded.text(),
        "messages of the gateway's loggers": "\n".join(f"{r.getMessage()} {r.exc_text or ''}" for r in own),
        "log lines": "\n".join(formatter.format(record) for record in caplog.records),
        "errors told to clients": "\n".join(messages),
    }
    leaks = [(place, canary) for place, text in texts.items() for canary in canaries if canary in text]
    assert leaks == []


async def _provoke(portal: Portal, expected: Expected) -> tuple[list[str], set[str]]:
    """Ask in every way that ends well or badly; give error messages, and what was sent and received."""
    own = {"account": account_id("acme")}
    healthy = await portal.query("owner-a", EVERYTHING, own)
    canaries = set(
        values_of(healthy.data, "id", "cursor", "startCursor", "endCursor", "receiptUrl", "hostedUrl")
    )
    variable = "canary-variable-4712"
    canaries |= {_LITERAL, variable}
    foreign = expected.id("Invoice", "billing", "bright", expected.invoice_rows("acme")[0].id)
    asked = [
        ("owner-a", _MANY_FAULTS, own | {"t": variable, "x": variable}),
        ("viewer-a", EVERYTHING, own),
        ("owner-b", EVERYTHING, own),
        ("owner-b", "query($i: ID!) { node(id: $i) { id } }", {"i": foreign}),
    ]
    answers = [await portal.query(*each) for each in asked]
    for mode in ("slow", "garbage", "truncated", "throttled", "broken", "down"):
        for system in ("erp", "billing"):
            await portal.world.systems[system].fault(mode, delay=30)
        if mode == "slow":
            await portal.world.billing.fault("ok")
        answers.append(await portal.query("owner-a", EVERYTHING, own))
    for system in ("erp", "billing"):
        await portal.world.systems[system].fault("ok")
    portal.taps["billing"].ask = lambda _path, query: [pair for pair in query if pair[0] != "customer"]
    answers.append(await portal.query("owner-a", EVERYTHING, own))
    url = f"{portal.server.url}/graphql"
    for header in (f"Bearer {portal.token('owner-a')[:-4]}AAAA", f"Basic {_LITERAL}", f"Bearer {variable}"):
        async with portal.session.post(url, json={}, headers={"Authorization": header}) as response:
            canaries.add(header.partition(" ")[2])
            assert response.status == 401
    # What is wrong with a document or a variable is told to its author, and to nobody else.
    typed = "query($n: Int) { viewer { memberships(first: $n) { totalCount } } }"
    wrong = [(f"{{ {_LITERAL} }}", {}), (f'{{ node(id: "{_LITERAL}"', {}), (typed, {"n": variable})]
    for text, variables in wrong:
        assert (await portal.query("owner-a", text, variables)).codes
    await portal.world.erp.fault("broken")  # until its circuit opens
    answers += [await portal.query("owner-a", EVERYTHING, own) for _ in range(5)]
    messages = [str(error["message"]) for answer in answers for error in answer.errors]
    assert len(messages) > 50
    return messages, canaries
