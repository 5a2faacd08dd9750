"""Zendesk's objects, made of the state's rows. Moments are ISO 8601 in whole seconds, ids are integers."""

from __future__ import annotations

import datetime as dt
import html
from typing import Any
from urllib.parse import quote

from sandbox.zendesk.state import API_USER, Audit, Comment, File, Membership, Organization, Ticket, User

Wire = dict[str, Any]


def moment(value: dt.datetime | None) -> str | None:
    """Write a moment."""
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


def when(seconds: float) -> dt.datetime:
    """Give the moment of unix seconds."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def unix(value: dt.datetime) -> int:
    """Give unix seconds."""
    return int(value.timestamp())


def ticket(row: Ticket, base: str) -> Wire:
    """Make a ticket. Its description is its first message, whether public or not."""
    comments = row.comments
    return {
        "url": f"{base}/api/v2/tickets/{row.id}.json",
        "id": row.id,
        "external_id": row.external_id,
        "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": moment(row.created),
        "updated_at": moment(row.updated),
        "generated_timestamp": unix(row.updated),
        "type": row.type,
        "subject": row.subject,
        "raw_subject": row.subject,
        "description": comments[0].body if comments else "",
        "priority": row.priority,
        "status": row.status,
        "recipient": None,
        "requester_id": row.requester,
        "submitter_id": row.submitter,
        "assignee_id": row.assignee,
        "organization_id": row.org,
        "group_id": 8000,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": any(comment.public for comment in comments),
        "due_at": None,
        "tags": row.tags,
        "custom_fields": [],
        "custom_status_id": None,
        "satisfaction_rating": None,
        "sharing_agreement_ids": [],
        "fields": [],
        "followup_ids": [],
        "ticket_form_id": None,
        "brand_id": 8001,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }


def dates(row: Ticket) -> Wire:
    """Make what the sideload `dates` adds to a ticket."""
    public = [comment.created for comment in row.comments]
    return {
        "assignee_updated_at": None,
        "requester_updated_at": moment(row.created),
        "status_updated_at": moment(row.solved or row.created),
        "initially_assigned_at": moment(row.created) if row.assignee else None,
        "assigned_at": moment(row.created) if row.assignee else None,
        "solved_at": moment(row.solved),
        "latest_comment_added_at": moment(public[-1]) if public else None,
    }


def metric_set(row: Ticket, base: str) -> Wire:
    """Make what the sideload `metric_sets` adds to a ticket."""
    return {
        "url": f"{base}/api/v2/ticket_metrics/{row.id}.json",
        "id": row.id,
        "ticket_id": row.id,
        "created_at": moment(row.created),
        "updated_at": moment(row.updated),
        "reopens": 0,
        "replies": sum(comment.public for comment in row.comments[1:]),
        "initially_assigned_at": moment(row.created) if row.assignee else None,
        "assigned_at": moment(row.created) if row.assignee else None,
        "solved_at": moment(row.solved),
        "latest_comment_added_at": moment(row.comments[-1].created) if row.comments else None,
    }


def comment(row: Comment, custom: Wire, base: str) -> Wire:
    """Make a comment. It does not tell its ticket."""
    return {
        "id": row.id,
        "type": "Comment",
        "author_id": row.author,
        "body": row.body,
        "html_body": _html(row.body),
        "plain_body": row.body,
        "public": row.public,
        "attachments": [attachment(one, base) for one in row.files],
        "audit_id": row.audit,
        "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": moment(row.created),
        "metadata": {"system": _SYSTEM, "custom": custom},
    }


def audit(row: Audit, ticket_id: int, base: str) -> Wire:
    """Make an audit: what one update changed, and what its writer noted."""
    events: list[Wire] = [
        {"id": change, "type": "Change", "field_name": name, "value": value, "previous_value": before}
        for change, name, value, before in row.changes
    ]
    if row.comment:
        said = comment(row.comment, {}, base)
        kept = {"id", "type", "author_id", "body", "html_body", "plain_body", "public", "attachments"}
        events.insert(0, {name: said[name] for name in said if name in kept} | {"audit_id": row.id})
    return {
        "id": row.id,
        "ticket_id": ticket_id,
        "created_at": moment(row.created),
        "author_id": row.author,
        "metadata": {"system": _SYSTEM, "custom": row.custom},
        "events": events,
        "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}},
    }


def attachment(row: File, base: str) -> Wire:
    """Make an attachment. Whoever has its `content_url` needs nothing else to read it."""
    url = f"{base}/attachments/token/{row.secret}/?name={quote(row.file_name)}"
    return {
        "url": f"{base}/api/v2/attachments/{row.id}.json",
        "id": row.id,
        "file_name": row.file_name,
        "content_url": url,
        "mapped_content_url": url,
        "content_type": row.content_type,
        "size": len(row.content),
        "width": None,
        "height": None,
        "inline": False,
        "deleted": False,
        "malware_access_override": False,
        "malware_scan_result": "malware_not_found",
        "thumbnails": [],
    }


def user(row: User, base: str) -> Wire:
    """Make a user."""
    return {
        "id": row.id,
        "url": f"{base}/api/v2/users/{row.id}.json",
        "name": row.name,
        "email": row.email,
        "created_at": moment(row.created),
        "updated_at": moment(row.created),
        "time_zone": "Berlin",
        "iana_time_zone": "Europe/Berlin",
        "phone": None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": row.orgs[0] if row.orgs else None,
        "role": row.role,
        "verified": row.email is not None,
        "external_id": row.external_id,
        "tags": [],
        "alias": "",
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": None,
        "two_factor_auth_enabled": None,
        "signature": None,
        "details": "",
        "notes": "",
        "role_type": 4 if row.id == API_USER else None,
        "custom_role_id": None,
        "moderator": row.role != "end-user",
        "ticket_restriction": None if row.role != "end-user" else "requested",
        "only_private_comments": False,
        "restricted_agent": row.role == "end-user",
        "suspended": False,
        "default_group_id": None if row.role == "end-user" else 8000,
        "report_csv": False,
        "user_fields": {},
    }


def organization(row: Organization, base: str) -> Wire:
    """Make an organization."""
    return {
        "url": f"{base}/api/v2/organizations/{row.id}.json",
        "id": row.id,
        "name": row.name,
        "shared_tickets": False,
        "shared_comments": False,
        "external_id": row.external_id,
        "created_at": moment(row.created),
        "updated_at": moment(row.created),
        "domain_names": [f"{row.external_id}.example"],
        "details": "",
        "notes": "",
        "group_id": None,
        "tags": [],
        "organization_fields": {},
    }


def membership(row: Membership, base: str, *, default: bool) -> Wire:
    """Make an organization membership."""
    return {
        "url": f"{base}/api/v2/organization_memberships/{row.id}.json",
        "id": row.id,
        "user_id": row.user,
        "organization_id": row.org,
        "default": default,
        "view_tickets": True,
    }


def _html(body: str) -> str:
    lines = "<br>".join(html.escape(line) for line in body.split("\n"))
    return f'<div class="zd-comment" dir="auto"><p dir="auto">{lines}</p></div>'


_SYSTEM = {"client": "", "ip_address": "192.0.2.1", "location": "", "latitude": 0.0, "longitude": 0.0}
