"""S3's errors and documents, in its own words and shapes."""

from __future__ import annotations

import secrets
from xml.etree import ElementTree as ET

from starlette.responses import Response

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'


class S3Error(Exception):
    """What S3 answers to a request that it refuses."""

    def __init__(
        self, code: str, message: str, status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}


def invalid(name: str, message: str = "Invalid Argument") -> S3Error:
    """Refuse the value of a parameter."""
    return S3Error("InvalidArgument", f"{message}: {name}")


def not_implemented(name: str) -> S3Error:
    """Refuse a parameter that is not served here."""
    return S3Error("NotImplemented", f"The stand-in does not serve {name}.", 501)


def denied(message: str = "Access Denied") -> S3Error:
    """Let nobody in."""
    return S3Error("AccessDenied", message, 403)


def no_such_key(headers: dict[str, str] | None = None) -> S3Error:
    """Have no such object."""
    return S3Error("NoSuchKey", "The specified key does not exist.", 404, headers)


def standard_headers() -> dict[str, str]:
    """Make the headers that every answer has."""
    return {
        "x-amz-request-id": secrets.token_hex(8).upper(),
        "x-amz-id-2": secrets.token_urlsafe(24),
        "Server": "AmazonS3",
    }


def document(root: ET.Element, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with XML."""
    body = _HEAD + ET.tostring(root, encoding="utf-8")
    return Response(body, status, standard_headers() | (headers or {}), media_type="application/xml")


def refuse(error: S3Error, resource: str = "/") -> Response:
    """Answer with an error document, without a namespace as S3 does."""
    root = ET.Element("Error")
    named = standard_headers() | error.headers
    for name, text in (
        ("Code", error.code),
        ("Message", error.message),
        ("Resource", resource),
        ("RequestId", named["x-amz-request-id"]),
        ("HostId", named["x-amz-id-2"]),
    ):
        ET.SubElement(root, name).text = text
    return document(root, error.status, named)


def slow_down() -> Response:
    """More requests than S3 takes."""
    return refuse(S3Error("SlowDown", "Please reduce your request rate.", 503))


def crash() -> Response:
    """S3 itself failed."""
    return refuse(S3Error("InternalError", "We encountered an internal error. Please try again.", 500))
