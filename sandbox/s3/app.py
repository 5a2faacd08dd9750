"""The web application: whose signature is good, and what is asked of which key."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from email.header import Header
from email.utils import format_datetime
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.data import DataSet
from sandbox.s3 import errors, listing
from sandbox.s3.bucket import Bucket, Version
from sandbox.s3.errors import S3Error
from sandbox.s3.signature import Asked, Owner, verify
from sandbox.serve import StandIn

Clock = Callable[[], float]

_OVERRIDES = {
    "response-content-type": "content-type",
    "response-content-disposition": "content-disposition",
    "response-content-encoding": "content-encoding",
    "response-content-language": "content-language",
    "response-cache-control": "cache-control",
    "response-expires": "expires",
}


def create_app(
    data: DataSet,
    *,
    access_key_id: str,
    secret_access_key: str,
    bucket: str = "documents",
    region: str = "us-east-1",
    now: Clock | None = None,
) -> ASGIApp:
    """Serve the data set's files as S3 would, with path-style addresses. `now` gives unix seconds."""
    owner = Owner(access_key_id, secret_access_key, region)
    held = Bucket(bucket, data.files)
    clock = now or time.time

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["raw_path"].decode("ascii")
        asked = Asked(
            request.method,
            path,
            scope["query_string"].decode("ascii"),
            dict(request.headers),
            await request.body(),
        )
        try:
            verify(asked, owner, dt.datetime.fromtimestamp(clock(), dt.UTC))
            pairs = parse_qsl(asked.raw_query, keep_blank_values=True)
            query = dict(pairs)
            if len(query) < len(pairs):
                raise errors.invalid("query", "A parameter stands twice")
            response = _answer(held, request.method, unquote(path), query)
        except S3Error as error:
            response = errors.refuse(error, path)
        await response(scope, receive, send)

    return app


def stand_in(
    data: DataSet,
    *,
    access_key_id: str,
    secret_access_key: str,
    bucket: str = "documents",
    region: str = "us-east-1",
    port: int = 0,
    now: Clock | None = None,
) -> StandIn:
    """Make a stand-in whose faults speak as S3 does."""
    app = create_app(
        data,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        bucket=bucket,
        region=region,
        now=now,
    )
    return StandIn("s3", app, port=port, throttled=errors.slow_down, broken=errors.crash)


def _answer(held: Bucket, method: str, path: str, query: Mapping[str, str]) -> Response:
    name, _, key = path.removeprefix("/").partition("/")
    if method not in {"GET", "HEAD"}:
        raise S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
    if name != held.name:
        raise S3Error("NoSuchBucket", "The specified bucket does not exist", 404)
    if key:
        return _object(held, key, query)
    if method == "HEAD":
        return Response(headers=errors.standard_headers())
    found = listing.versions(held, query) if "versions" in query else listing.objects(held, query)
    return errors.document(found)


def _object(held: Bucket, key: str, query: Mapping[str, str]) -> Response:
    known = {"versionId", "x-id", *_OVERRIDES}
    unknown = sorted(name for name in query if name not in known and not name.startswith("X-Amz-"))
    if unknown:
        raise errors.not_implemented(f"the parameter {unknown[0]}")
    version_id = query.get("versionId")
    found = held.latest(key) if version_id is None else held.version(key, version_id)
    if found is None and version_id is not None:
        raise S3Error("NoSuchVersion", "The specified version does not exist.", 404)
    if found is None:
        raise errors.no_such_key()
    if found.content is None:
        marks = {"x-amz-delete-marker": "true", "x-amz-version-id": found.id}
        if version_id is not None:
            raise S3Error("MethodNotAllowed", "The specified method is not allowed.", 405, marks)
        raise errors.no_such_key(marks)
    headers = _headers(found, found.content)
    headers |= {_OVERRIDES[name]: value for name, value in query.items() if name in _OVERRIDES}
    return Response(found.content, headers=errors.standard_headers() | headers)


def _headers(found: Version, content: bytes) -> dict[str, str]:
    noted = {f"x-amz-meta-{name.lower()}": _ascii(value) for name, value in found.notes.items()}
    return noted | {
        "content-type": found.content_type,
        "content-length": str(len(content)),
        "etag": found.etag,
        "last-modified": format_datetime(found.stored, usegmt=True),
        "x-amz-version-id": found.id,
        "accept-ranges": "bytes",
    }


def _ascii(value: str) -> str:
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=10_000).encode()
