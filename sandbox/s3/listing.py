"""ListObjectsV2 and ListObjectVersions."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Mapping
from itertools import islice
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET

from sandbox.s3.bucket import Bucket, Version
from sandbox.s3.errors import NAMESPACE, invalid, not_implemented

Query = Mapping[str, str]
_LONGEST = 1000
_OBJECTS = frozenset(
    {"list-type", "prefix", "delimiter", "start-after", "max-keys", "encoding-type", "continuation-token"}
)
_VERSIONS = frozenset({"versions", "prefix", "key-marker", "version-id-marker", "max-keys", "encoding-type"})


def objects(bucket: Bucket, query: Query) -> ET.Element:
    """List what is there now, by key; what has the delimiter after the prefix is rolled up."""
    _check(query, _OBJECTS)
    if query.get("list-type") != "2":
        raise not_implemented("the first version of ListObjects")
    after = query.get("start-after", "")
    if "continuation-token" in query:
        after = _place(query["continuation-token"])
    prefix, delimiter, limit, write = (
        query.get("prefix", ""),
        query.get("delimiter", ""),
        _limit(query),
        _writer(query),
    )
    rows, last, more = _rows(bucket, prefix, delimiter, after, limit)
    root = ET.Element("ListBucketResult", xmlns=NAMESPACE)
    _put(root, Name=bucket.name, Prefix=write(prefix))
    _put(root, KeyCount=str(len(rows)), MaxKeys=str(limit))
    if delimiter:
        _put(root, Delimiter=write(delimiter))
    if "start-after" in query:
        _put(root, StartAfter=write(query["start-after"]))
    if "encoding-type" in query:
        _put(root, EncodingType="url")
    _put(root, IsTruncated="true" if more else "false")
    if more:
        _put(root, NextContinuationToken=base64.urlsafe_b64encode(last.encode()).decode())
    for version in (row for row in rows if isinstance(row, Version)):
        element = ET.SubElement(root, "Contents")
        _put(element, Key=write(version.key), **_facts(version), StorageClass="STANDARD")
    for rolled in (row for row in rows if isinstance(row, str)):
        _put(ET.SubElement(root, "CommonPrefixes"), Prefix=write(rolled))
    return root


def _rows(
    bucket: Bucket, prefix: str, delimiter: str, after: str, limit: int
) -> tuple[list[Version | str], str, bool]:
    """Give objects and rolled up prefixes in order, the last key that went into them, and if more follow."""
    rows: list[Version | str] = []
    last = after
    for key in bucket.after(after, prefix):
        version = bucket.latest(key)
        if version is None or version.content is None:
            continue
        head, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        row: Version | str = prefix + head + cut if cut else version
        if not (rows and rows[-1] == row):  # else it is rolled up with the one before
            if len(rows) == limit:
                return rows, last, True
            rows.append(row)
        last = key
    return rows, last, False


def versions(bucket: Bucket, query: Query) -> ET.Element:
    """List every state, by key and newest first, with the marks of deletions among them."""
    _check(query, _VERSIONS)
    prefix, key_marker, id_marker = (query.get(n, "") for n in ("prefix", "key-marker", "version-id-marker"))
    limit, write = _limit(query), _writer(query)
    if id_marker and not key_marker:
        raise invalid("version-id-marker", "A version-id marker cannot be specified without a key marker.")
    states: list[Version] = []
    if id_marker:
        marked = bucket.version(key_marker, id_marker)
        if marked is None:
            raise invalid("version-id-marker", "Invalid version id specified")
        of_key = bucket.by_key[key_marker]
        states += of_key[of_key.index(marked) + 1 :] if key_marker.startswith(prefix) else []
    states += [one for key in bucket.after(key_marker, prefix) for one in bucket.by_key[key]]
    shown = list(islice(states, limit))
    root = ET.Element("ListVersionsResult", xmlns=NAMESPACE)
    _put(root, Name=bucket.name, Prefix=write(prefix), KeyMarker=write(key_marker))
    _put(root, VersionIdMarker=id_marker, MaxKeys=str(limit))
    if "encoding-type" in query:
        _put(root, EncodingType="url")
    _put(root, IsTruncated="true" if len(states) > limit else "false")
    if len(states) > limit and shown:
        _put(root, NextKeyMarker=write(shown[-1].key), NextVersionIdMarker=shown[-1].id)
    for state in shown:
        latest = "true" if bucket.latest(state.key) is state else "false"
        if state.content is None:
            element = ET.SubElement(root, "DeleteMarker")
            _put(element, Key=write(state.key), VersionId=state.id, IsLatest=latest)
            _put(element, LastModified=_iso(state.stored))
        else:
            element = ET.SubElement(root, "Version")
            _put(element, Key=write(state.key), VersionId=state.id, IsLatest=latest)
            _put(element, **_facts(state), StorageClass="STANDARD")
    return root


def _facts(state: Version) -> dict[str, str]:
    size = len(state.content or b"")
    return {"LastModified": _iso(state.stored), "ETag": state.etag, "Size": str(size)}


def _iso(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _put(element: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(element, name).text = text


def _check(query: Query, known: frozenset[str]) -> None:
    unknown = sorted(name for name in query if name not in known and not name.startswith("X-Amz-"))
    if unknown:
        raise not_implemented(f"the parameter {unknown[0]}")


def _limit(query: Query) -> int:
    text = query.get("max-keys", str(_LONGEST))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid("max-keys", "Provided max-keys not an integer or within integer range")
    return min(int(text), _LONGEST)


def _writer(query: Query) -> Callable[[str], str]:
    kind = query.get("encoding-type")
    if kind not in {None, "url"}:
        raise invalid("encoding-type", "Invalid Encoding Method specified in Request")
    return str if kind is None else lambda text: quote_plus(text, safe="/*")


def _place(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise invalid("continuation-token", "The continuation token provided is incorrect") from None
