"""AWS Signature Version 4 for S3: signed headers, and addresses that are signed themselves.

Paths and queries are signed as they are sent: percent-encoded once, all but RFC 3986's unreserved characters
and the slashes of a path. Source: AWS, S3 API reference, "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from yarl import URL

from gateway.outbound import Request

ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs, for which region."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    session_token: str | None = field(default=None, repr=False)


def encoded(query: Query) -> str:
    """Write a query as it is sent: every reserved character percent-encoded, a space too."""
    return urlencode(query, quote_via=quote, safe="")


def canonical_request(
    method: str, path: str, query: Query, headers: Mapping[str, str], payload_hash: str
) -> str:
    """Write what is hashed. `path` is percent-encoded, `query` is not; `headers` have names in lower case."""
    names = sorted(headers)
    return "\n".join(
        [
            method,
            path or "/",
            "&".join(sorted(encoded([pair]) for pair in query)),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names),
            "",
            ";".join(names),
            payload_hash,
        ]
    )


def signature(keys: Keys, moment: str, canonical: str) -> str:
    """Sign a canonical request; `moment` is like 20130524T000000Z."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join([ALGORITHM, moment, _scope(keys, moment), digest])
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in (*_scope(keys, moment).split("/"), to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def sign(
    keys: Keys, method: str, url: URL, headers: Mapping[str, str], payload_hash: str, now: dt.datetime
) -> dict[str, str]:
    """Give the headers to add to a request so that it, and these `headers` of it, are signed."""
    moment = _moment(now)
    added = {"x-amz-content-sha256": payload_hash, "x-amz-date": moment}
    if keys.session_token is not None:
        added["x-amz-security-token"] = keys.session_token
    signed = {name.lower(): value for name, value in headers.items()} | added | {"host": host(url)}
    query = parse_qsl(url.raw_query_string, keep_blank_values=True)
    canonical = canonical_request(method, url.raw_path, query, signed, payload_hash)
    credential = f"{keys.access_key_id}/{_scope(keys, moment)}"
    added["Authorization"] = (
        f"{ALGORITHM} Credential={credential},SignedHeaders={';'.join(sorted(signed))},"
        f"Signature={signature(keys, moment, canonical)}"
    )
    return added


def presign(keys: Keys, url: URL, query: Query, seconds: int, now: dt.datetime) -> str:
    """Give an address that anybody may send a GET to for so many seconds. `url` has no query."""
    moment = _moment(now)
    query = [
        *query,
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{keys.access_key_id}/{_scope(keys, moment)}"),
        ("X-Amz-Date", moment),
        ("X-Amz-Expires", str(seconds)),
        *([("X-Amz-Security-Token", keys.session_token)] if keys.session_token is not None else []),
        ("X-Amz-SignedHeaders", "host"),
    ]
    canonical = canonical_request("GET", url.raw_path, query, {"host": host(url)}, UNSIGNED)
    return f"{url}?{encoded([*query, ('X-Amz-Signature', signature(keys, moment, canonical))])}"


def host(url: URL) -> str:
    """Give the Host header of a request: the port only where it is not the scheme's own."""
    name = url.raw_host or ""
    name = f"[{name}]" if ":" in name else name
    return name if url.is_default_port() or url.port is None else f"{name}:{url.port}"


class Signer:
    """Credentials that sign each call. `clock` gives aware UTC."""

    def __init__(self, keys: Keys, clock: Callable[[], dt.datetime]) -> None:
        self._keys = keys
        self._clock = clock

    async def headers(self, request: Request) -> Mapping[str, str]:
        """Sign address, host and payload, and the request's own x-amz- headers."""
        body = request.body
        digest = (
            hashlib.sha256(body or b"").hexdigest() if body is None or isinstance(body, bytes) else UNSIGNED
        )
        own = {name: value for name, value in request.headers.items() if name.lower().startswith("x-amz-")}
        return sign(self._keys, request.method, request.url, own, digest, self._clock())

    def refused(self, _headers: Mapping[str, str]) -> bool:
        """Have no other keys."""
        return False


def _moment(now: dt.datetime) -> str:
    return now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _scope(keys: Keys, moment: str) -> str:
    return f"{moment[:8]}/{keys.region}/s3/aws4_request"
