"""The store's XML, read without trusting it: into dicts of text, as mapping tables take them.

Source of the shapes: AWS, S3 API reference, ListObjectsV2, ListObjectVersions and "Error responses".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from gateway.errors import Code, UpstreamError
from gateway.outbound import Answer

Wire = dict[str, Any]

_DECLARATIONS: Final = ("<!DOCTYPE", "<!ENTITY")
_DEPTH: Final = 6
_DENIED: Final = frozenset(
    {
        "AccessDenied", "AuthorizationHeaderMalformed", "AuthorizationQueryParametersError", "ExpiredToken",
        "InvalidAccessKeyId", "InvalidToken", "RequestTimeTooSkewed", "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)  # fmt: skip


def classify(answer: Answer) -> Code | None:
    """Read the code of an error, whose status alone does not tell; an answer to HEAD has none."""
    if answer.status < 400 or not answer.body:  # noqa: PLR2004  errors, RFC 9110
        return None
    code = error_code(answer)
    if code in _DENIED:
        return Code.UPSTREAM_AUTH_FAILED
    return Code.UPSTREAM_RATE_LIMITED if code == "SlowDown" else None


def error_code(answer: Answer) -> str:
    """Give the code of an error document; empty when it is none."""
    try:
        root = _parsed(answer.body)
    except ValueError:
        return ""
    node = _node(root)
    code = node.get("Code") if _tag(root) == "Error" and isinstance(node, dict) else None
    return code if isinstance(code, str) else ""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list: elements by name, in order, and whether more follow."""

    rows: list[tuple[str, Wire]]
    more: bool

    def rows_of_key(self, key: str) -> list[Wire]:
        """Give the elements that have exactly this key, in order."""
        return [row for _, row in self.rows if row["Key"] == key]

    def named(self, *names: str) -> list[Wire]:
        """Give the elements with these names, in order."""
        return [row for name, row in self.rows if name in names]


def listing(answer: Answer, system: str, root: str, *, must_encode: bool = True, **keys: str) -> Page:
    """Read a list. `root` is its element; `keys` name its elements and what each must have.

    Keys come percent-encoded, since XML cannot hold all that a key can: with `must_encode`, a list that is
    not so breaks the contract, as does one that ends nowhere or has an element without its key.
    """
    try:
        document = _parsed(answer.body)
        head = {_tag(child): child.text for child in document if not len(child)}
        encoded = head.get("EncodingType") == "url"
        rows = [
            (name, _row(child, keys[name], encoded=encoded))
            for child in document
            if (name := _tag(child)) in keys
        ]
    except ValueError as error:
        detail = f"no {root}: {type(error).__name__}"
    else:
        sound = _tag(document) == root and (encoded or ("EncodingType" not in head and not must_encode))
        sound = sound and head.get("KeyCount", str(len(rows))) == str(len(rows))
        if sound and head.get("IsTruncated") in {"true", "false"}:
            return Page(rows, more=head["IsTruncated"] == "true")
        detail = f"no {root}"
    raise UpstreamError(Code.UPSTREAM_CONTRACT_BROKEN, system, detail=detail)


def _row(element: ET.Element, key: str, *, encoded: bool) -> Wire:
    node = _node(element)
    if not isinstance(node, dict) or not isinstance(node.get(key), str):
        raise ValueError(f"a row without {key}")  # noqa: TRY004  what is wrong is the content
    if encoded:
        node[key] = unquote_plus(node[key], errors="strict")
    return node


def _parsed(body: bytes) -> ET.Element:
    """Parse a document that declares nothing: entities are how XML is made to grow, or to read files."""
    # Decoded here, so that no declared encoding can hide a declaration; the parser then ignores it.
    text = body.decode("utf-8")
    if any(word in text for word in _DECLARATIONS):
        raise ValueError("a document type")
    try:
        return ET.fromstring(text)  # noqa: S314  see above
    except ET.ParseError as error:
        # Not chained: the original quotes its place in the content.
        message = type(error).__name__
    raise ValueError(message)


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _node(element: ET.Element, depth: int = 0) -> Any:
    """Give an element's text, or its children by name; a name that comes twice has a list."""
    if depth > _DEPTH:
        raise ValueError("too deep")
    if not len(element):
        return element.text or ""
    found: Wire = {}
    for child in element:
        name, value = _tag(child), _node(child, depth + 1)
        found[name] = [found[name], value] if name in found else value
    return found
