"""All HTTP that leaves the process, except what the OpenTelemetry exporter sends.

    Outbound      one pool of connections per process; makes clients
    VendorClient  one system: deadline, concurrency, retry, breaker, status -> error
    deadline()    the one time limit of a request, shared by every call made inside it
    decode()      an answer's JSON, with exact decimals

Redirects are not followed, cookies not kept, and nothing of what a system sent reaches an error's text.
"""

from gateway.outbound.answer import Answer, Streamed, decode
from gateway.outbound.client import VendorClient
from gateway.outbound.deadline import deadline, remaining
from gateway.outbound.request import Credentials, Request, segment
from gateway.outbound.session import Outbound

__all__ = [
    "Answer",
    "Credentials",
    "Outbound",
    "Request",
    "Streamed",
    "VendorClient",
    "deadline",
    "decode",
    "remaining",
    "segment",
]
