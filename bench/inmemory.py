"""The gateway's engine on answers that were kept: no HTTP, no waiting, the same work.

`Kept` stands where `Outbound` does. It calls the stub systems once, and then gives the same answers again.
`replayed` does so one storey higher: whatever a field was answered with, it is answered with again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from graphql import GraphQLSchema
from graphql.execution.values import VariableValues, get_variable_values

from bench.config import Setup
from bench.data import ACCOUNT
from bench.queries import Query
from gateway import settings
from gateway.auth.audit import Audit
from gateway.auth.policy import load_policy
from gateway.auth.principal import Membership, Principal, PrincipalKind
from gateway.connectors import registry
from gateway.connectors.identity import StaticFileMap
from gateway.context import RequestContext, Services
from gateway.ids import Cursors
from gateway.operations.documents import Document, Documents
from gateway.operations.plan import ObjectPlan, Plan
from gateway.outbound import Answer, Outbound

_ROWS = 1_000_000


class _Client:
    """A client that remembers: one answer for each verb and path."""

    def __init__(self, client: Any) -> None:
        self.name = client.name
        self._client = client
        self._kept: dict[tuple[Any, ...], Answer] = {}

    async def get(self, path: str, **options: Any) -> Answer:
        """Read, or give what was read."""
        return await self._ask(self._client.get, path, (), options)

    async def post(self, path: str, body: bytes, **options: Any) -> Answer:
        """Ask, or give what was answered."""
        return await self._ask(self._client.post, path, (body,), options)

    async def _ask(self, call: Any, path: str, body: tuple[bytes, ...], options: Mapping[str, Any]) -> Answer:
        key = (path, *body, *options.get("query", ()))
        if key not in self._kept:
            self._kept[key] = await call(path, *body, **options)
        return self._kept[key]


class Kept(Outbound):
    """Makes clients that remember."""

    def client(self, name: str, base_url: str, **options: Any) -> Any:
        """Make one."""
        return _Client(super().client(name, base_url, **options))


class Engine:
    """What runs operations, on kept answers. `async with` closes what it opened."""

    def __init__(self, setup: Setup, schema: GraphQLSchema) -> None:
        file = setup.gateway("engine", setup.upstream["http"])
        configured = settings.load(file, setup.variables(""))
        self.schema = schema
        self.outbound = Kept()
        self.registry = registry.build(configured, self.outbound)
        self.documents = Documents(schema)
        permissions = load_policy().permissions(["owner"])
        self.member = Membership(ACCOUNT, ("owner",), permissions)
        self._principal = Principal(
            "user-1", setup.issuer, PrincipalKind.USER, 2**40, memberships={ACCOUNT: self.member}
        )
        assert configured.identity.file is not None  # noqa: S101  the configuration is this bench's own
        self._services = Services(
            registry=self.registry,
            identity=StaticFileMap.load(Path(configured.identity.file)),
            cursors=Cursors([b"c" * 32]),
            audit=Audit(),
            max_rows=_ROWS,
        )

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close connections."""
        await self.outbound.close()

    def document(self, query: Query) -> Document:
        """Prepare a query's document."""
        return self.documents.get(query.text)

    def context(self, document: Document) -> RequestContext:
        """Make what one request runs with."""
        fields = document.operation(None).analysis.fields
        return RequestContext(self._services, principal=self._principal, fields=fields)


def variables(engine: Engine, document: Document, query: Query) -> VariableValues:
    """Give a query's variables as plans take them."""
    definitions = document.operation(None).node.variable_definitions or ()
    found = get_variable_values(engine.schema, definitions, query.request["variables"])
    assert isinstance(found, VariableValues)  # noqa: S101  likewise
    return found


class Replay:
    """Answers of all asked fields. `of`: by response key, then by the parent's place in memory.

    `records`: by the parent's place, what is read by fields that share a source. The parents are held, so
    that each keeps its place.
    """

    def __init__(self) -> None:
        self.of: dict[str, dict[int, Any]] = {}
        self.records: dict[int, Any] = {}
        self.parents: list[Any] = []
        self._sources: dict[Any, Any] = {}

    def source(self, given: Any) -> Any:
        """Make a source remember its records."""
        if given not in self._sources:
            self._sources[given] = _remembering_records(given, self)
        return self._sources[given]


def replayed(plan: Plan) -> Replay:
    """Make the asked fields of a plan remember; give what they will have been answered with.

    They are awaited once, and answer at once from then on.
    """
    replay = Replay()
    _replay(plan.root, replay, set())
    return replay


def _replay(plan: ObjectPlan, replay: Replay, seen: set[int]) -> None:
    for field in plan.fields:
        if id(field) in seen or field.definition is None or field.meta is None:
            continue
        seen.add(id(field))
        if not field.plain:
            meta = field.meta
            if meta.source is not None:  # one for several fields, which are asked together
                field.meta = replace(meta, source=replay.source(meta.source))
            elif meta.ask is not None:
                field.meta = replace(meta, ask=_remembering(meta.ask, field.key, replay))
            else:
                field.meta = replace(meta, ask_all=_remembering_all(meta.ask_all, replay))
        for below in field.objects.values():
            _replay(below, replay, seen)


def _remembering(ask: Any, key: str, replay: Replay) -> Any:
    kept = replay.of.setdefault(key, {})

    def answer(parent: Any, context: Any, **arguments: Any) -> Any:
        if id(parent) in kept:
            return kept[id(parent)]
        return remember(parent, ask(parent, context, **arguments))

    def remember(parent: Any, value: Any) -> Any:
        if hasattr(value, "__await__"):
            return waited(parent, value)
        replay.parents.append(parent)
        kept[id(parent)] = value
        return value

    async def waited(parent: Any, value: Any) -> Any:
        return remember(parent, await value)

    return answer


def _remembering_records(source: Any, replay: Replay) -> Any:
    async def answer(parents: Sequence[Any], context: Any) -> Sequence[Any]:
        if any(id(parent) not in replay.records for parent in parents):
            replay.parents += parents
            records = await source(parents, context)
            replay.records |= zip(map(id, parents), records, strict=True)
        return [replay.records[id(parent)] for parent in parents]

    return answer


def _remembering_all(ask_all: Any, replay: Replay) -> Any:
    kept: dict[tuple[int, ...], Sequence[Any]] = {}

    async def answer(parents: Sequence[Any], context: Any, **arguments: Any) -> Sequence[Any]:
        key = tuple(map(id, parents))
        if key not in kept:
            replay.parents += parents
            kept[key] = await ask_all(parents, context, **arguments)
        return kept[key]

    return answer
