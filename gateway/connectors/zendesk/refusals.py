"""What Zendesk refuses of a draft, in our words: its own may quote anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.connectors.zendesk.api import REFUSED, Api
from gateway.errors import Code, RequestError, UpstreamError
from gateway.outbound import Answer

# Zendesk's name for what it refused -> the draft's attribute, and what to write.
_REFUSALS: Final[Mapping[str, str]] = {
    "status": "body: this ticket is closed and takes no more comments. Make a new ticket.",
    "subject": "subject: the helpdesk does not take it. Write one of at most 150 characters.",
    "base": "body: the helpdesk does not take it. Write a text of at most 65,000 characters.",
    "body": "body: the helpdesk does not take it. Write a text of at most 65,000 characters.",
    "comment": "body: the helpdesk does not take it. Write a text of at most 65,000 characters.",
    "description": "body: the helpdesk does not take it. Write a text of at most 65,000 characters.",
    "priority": "priority: the helpdesk does not know it. Leave it out.",
    "type": "type: the helpdesk does not know it. Leave it out.",
    "ticket_type": "type: the helpdesk does not know it. Leave it out.",
    "uploads": "uploads: a file is not there any more. Hand it in again.",
    "requester": "author: the helpdesk does not let this person write. Ask the business.",
    "author": "author: the helpdesk does not let this person write. Ask the business.",
    "submitter": "author: the helpdesk does not let this person write. Ask the business.",
    "organization": "author: the helpdesk does not let this person write. Ask the business.",
}


def refusal(api: Api, answer: Answer) -> RequestError | UpstreamError:
    """Make the error for a write that was refused: it names the draft's attribute, where there is one."""
    body = api.body(answer)
    if body.get("error") == "IdempotentRequestError":
        return RequestError(
            Code.IDEMPOTENCY_KEY_REUSED,
            "idempotencyKey: it came with another input before. Write a new key for each new object.",
        )
    details = body.get("details")
    for name in details if isinstance(details, dict) and answer.status == REFUSED else ():
        if name in _REFUSALS:
            return RequestError(Code.INVALID_INPUT, _REFUSALS[name])
    return api.broken(f"HTTP {answer.status}")


def closed() -> RequestError:
    """Refuse a comment to a closed ticket."""
    return RequestError(Code.INVALID_INPUT, _REFUSALS["status"])


def check_text(attribute: str, value: str) -> None:
    """Refuse an empty text: an update without words is passed over by Zendesk without one."""
    if not value.strip():
        raise RequestError(Code.INVALID_INPUT, f"{attribute}: it is empty. Write a text.")


def word(words: Mapping[Any, str], value: Any, attribute: str) -> str:
    """Give Zendesk's word for a value."""
    if value not in words:
        raise RequestError(Code.INVALID_INPUT, _REFUSALS[attribute])
    return words[value]
