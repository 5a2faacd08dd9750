"""Signature Version 4, verified: in the Authorization header and in presigned addresses.

Written from AWS's description and apart from the gateway's own signer, so that neither repeats the other's
mistakes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus

from sandbox.s3.errors import S3Error, denied

_SKEW = dt.timedelta(minutes=15)
_LONGEST = 604_800  # seconds: seven days
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<credential>[^,\s]+), *SignedHeaders=(?P<signed>[^,\s]+),"
    r" *Signature=(?P<signature>[0-9a-f]{64})"
)
_PRESIGNED = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")


@dataclass(frozen=True)
class Asked:
    """A request as it came: path and query undecoded, header names in lower case."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Proof:
    """What a request says of its own signature."""

    credential: str
    signed: list[str]
    payload: str
    moment: str
    signature: str


@dataclass(frozen=True)
class Owner:
    """Whose keys are good, and where."""

    access_key_id: str
    secret_access_key: str
    region: str


def verify(asked: Asked, owner: Owner, now: dt.datetime) -> None:
    """Let a signed request pass, or raise S3Error."""
    query = [_pair(part) for part in asked.raw_query.split("&") if part]
    presigned = {name.removeprefix("X-Amz-"): value for name, value in query if name.startswith("X-Amz-")}
    if "Signature" in presigned:
        _verify_address(asked, query, presigned, owner, now)
    else:
        _verify_header(asked, query, owner, now)


def _verify_header(asked: Asked, query: list[tuple[str, str]], owner: Owner, now: dt.datetime) -> None:
    given = asked.headers.get("authorization")
    if given is None:
        raise denied()
    found = _AUTHORIZATION.fullmatch(given)
    payload, moment = asked.headers.get("x-amz-content-sha256", ""), asked.headers.get("x-amz-date", "")
    if found is None or not payload:
        raise S3Error("AuthorizationHeaderMalformed", "The authorization header is malformed.")
    if payload != "UNSIGNED-PAYLOAD" and payload != hashlib.sha256(asked.body).hexdigest():
        raise S3Error(
            "XAmzContentSHA256Mismatch", "The provided SHA256 hash does not match what was computed."
        )
    if abs(_time(moment) - now) > _SKEW:
        raise S3Error(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            403,
        )
    signed = found["signed"].split(";")
    unsigned = {name for name in asked.headers if name.startswith("x-amz-")} - set(signed)
    if "host" not in signed or unsigned:
        raise denied("There were headers present in the request which were not signed")
    proof = _Proof(found["credential"], signed, payload, moment, found["signature"])
    _compare(asked, query, proof, owner)


def _verify_address(
    asked: Asked, query: list[tuple[str, str]], given: dict[str, str], owner: Owner, now: dt.datetime
) -> None:
    names = [name for name, _ in query]
    expires = given.get("Expires", "")
    if not all(name in given for name in _PRESIGNED) or len(set(names)) < len(names):
        raise S3Error(
            "AuthorizationQueryParametersError", "Query-string authentication requires all parameters."
        )
    if given["Algorithm"] != "AWS4-HMAC-SHA256" or not re.fullmatch(r"\d{1,6}", expires, re.ASCII):
        raise S3Error("AuthorizationQueryParametersError", "X-Amz-Algorithm or X-Amz-Expires is wrong.")
    if not 0 < int(expires) <= _LONGEST:
        raise S3Error(
            "AuthorizationQueryParametersError", "X-Amz-Expires must be less than a week (in seconds)"
        )
    kept = [(name, value) for name, value in query if name != "X-Amz-Signature"]
    signed = given["SignedHeaders"].split(";")
    if "host" not in signed:
        raise denied("There were headers present in the request which were not signed")
    proof = _Proof(given["Credential"], signed, "UNSIGNED-PAYLOAD", given["Date"], given["Signature"])
    _compare(asked, kept, proof, owner)
    start = _time(given["Date"])
    if start - now > _SKEW:
        raise denied("Request is not yet valid")
    if now >= start + dt.timedelta(seconds=int(expires)):
        raise denied("Request has expired")


def _compare(asked: Asked, query: list[tuple[str, str]], proof: _Proof, owner: Owner) -> None:
    key_id, _, scope = proof.credential.partition("/")
    if key_id != owner.access_key_id:
        raise S3Error(
            "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403
        )
    if scope != f"{proof.moment[:8]}/{owner.region}/s3/aws4_request":
        raise S3Error(
            "AuthorizationHeaderMalformed", f"The credential scope is wrong; expecting {owner.region!r}."
        )
    path = quote(unquote(asked.raw_path), safe="/-_.~")
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    lines = [asked.method, path, "&".join(f"{name}={value}" for name, value in pairs)]
    lines += [f"{name}:{re.sub(' +', ' ', asked.headers.get(name, '').strip())}" for name in proof.signed]
    canonical = "\n".join([*lines, "", ";".join(proof.signed), proof.payload])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = ("AWS4" + owner.secret_access_key).encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\n{proof.moment}\n{scope}\n{digest}"
    wanted = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, proof.signature):
        message = "The request signature we calculated does not match the signature you provided."
        raise S3Error("SignatureDoesNotMatch", message, 403)


def _time(text: str) -> dt.datetime:
    try:
        return dt.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        raise denied("AWS authentication requires a valid Date or x-amz-date header") from None


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return unquote_plus(name), unquote_plus(value)
