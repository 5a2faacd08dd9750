"""An endpoint behind real HTTP, and the log that it writes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from gateway.connectors.sources import Sources
from gateway.endpoint import Endpoint, refused
from gateway.schema import base
from gateway.schema.base import object_type
from gateway.schema.build import build
from gateway.telemetry.logs import JsonFormatter
from sandbox.serve import StandIn
from tests.support.endpoint import MAX_BODY, Door, Server, fields


@pytest.fixture(scope="session")
def schema() -> GraphQLSchema:
    kept = dict(base.TYPES)
    try:
        made = object_type(requires=[])(type("EndpointRoot", (), {"__doc__": "Everything.", **fields()}))
        return build(made, None)[0]
    finally:
        base.TYPES.clear()
        base.TYPES.update(kept)


@pytest.fixture
async def server(schema: GraphQLSchema) -> AsyncIterator[Server]:
    door, started, released = Door(), asyncio.Event(), asyncio.Event()

    class Context:
        def __init__(self, *_arguments: object) -> None:
            self.started, self.released = started, released
            self.sources = Sources()

        def denied(self, coordinate: str, account: str) -> None:
            """Nothing here has an account."""

        def forget(self) -> None:
            """Nothing was read."""

    endpoint = Endpoint(
        schema=schema,
        verifier=door,
        context=Context,  # type: ignore[arg-type]  the fields here ask no more of it
        deadline_seconds=0.5,
        max_body_bytes=MAX_BODY,
        max_vendor_calls=250,
    )
    routes = [Route("/graphql", endpoint.respond, methods=["POST"])]
    app = Starlette(routes=routes, exception_handlers={HTTPException: refused})
    async with StandIn("gateway", app) as stand_in, aiohttp.ClientSession() as session:
        yield Server(stand_in.url, session, door, stand_in, started, released)
        released.set()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """What operators read: the log as it is written."""
    found: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(json.loads(JsonFormatter().format(record)))

    handler = Keep()
    logger = logging.getLogger("gateway.endpoint")
    caplog.set_level(logging.INFO, "gateway.endpoint")
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)
