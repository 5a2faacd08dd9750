"""Files on their way in (uploads) and out (attachments and where their contents are)."""

from __future__ import annotations

import secrets
from urllib.parse import quote, urlsplit

from sandbox.zendesk import shapes
from sandbox.zendesk.asked import Asked, Endpoint, Reply
from sandbox.zendesk.errors import ApiError, invalid, missing, not_found
from sandbox.zendesk.state import File, State, Upload

UPLOAD_SECONDS = 3600
"""Seconds within which an upload must be attached."""
LARGEST = 50 * 2**20
"""Bytes of one file."""


class Files:
    """The addresses of files. `content_host` is the name under which the contents are; None: no other."""

    def __init__(self, state: State, content_host: str | None) -> None:
        self._state = state
        self._content_host = content_host

    def endpoints(self) -> list[Endpoint]:
        """List the addresses. The two that give contents ask for no token: whoever knows them may read."""
        return [
            Endpoint("POST", "/api/v2/uploads", self._upload),
            Endpoint("DELETE", "/api/v2/uploads/{token}", self._withdraw),
            Endpoint("GET", "/api/v2/attachments/{id}", self._attachment),
            Endpoint("GET", "/attachments/token/{secret}/", self._redirect, open=True),
            Endpoint("GET", "/attachment/content/{secret}", self._content, open=True),
        ]

    def take(self, tokens: list[str]) -> tuple[File, ...]:
        """Use uploads up for a comment. Raises ApiError, and uses none, when one is not good."""
        now = self._state.clock()
        found = [self._state.uploads.get(token) for token in tokens]
        if any(one is None or now >= one.until for one in found) or len(set(tokens)) != len(tokens):
            raise invalid("uploads", "Uploads: token is invalid or expired", "InvalidValue")
        return tuple(file for token in tokens for file in self._state.uploads.pop(token).files)

    def _upload(self, asked: Asked) -> Reply:
        name = asked.params.get("filename", "")
        if not name:
            raise missing("filename")
        if len(asked.body) > LARGEST:
            raise ApiError(413, {"error": "AttachmentTooLarge", "description": "Attachment is too large"})
        kind = asked.headers.get("content-type", "application/binary")
        token = asked.params.get("token", "")
        upload = self._state.uploads.get(token)
        if token and upload is None:
            raise not_found()
        if upload is None:
            until = self._state.clock() + UPLOAD_SECONDS
            upload = Upload(secrets.token_urlsafe(18), [], until)
            self._state.uploads[upload.token] = upload
        file = self._state.file(name, kind, asked.body)
        upload.files.append(file)
        return Reply(
            {
                "upload": {
                    "token": upload.token,
                    "expires_at": shapes.moment(shapes.when(upload.until)),
                    "attachment": shapes.attachment(file, asked.base),
                    "attachments": [shapes.attachment(one, asked.base) for one in upload.files],
                }
            },
            201,
        )

    def _withdraw(self, asked: Asked) -> Reply:
        if self._state.uploads.pop(asked.parts["token"], None) is None:
            raise not_found()
        return Reply(b"", 204)

    def _attachment(self, asked: Asked) -> Reply:
        file = self._state.files.get(asked.id())
        if file is None:
            raise not_found()
        return Reply({"attachment": shapes.attachment(file, asked.base)})

    def _known(self, asked: Asked) -> File:
        for file in self._state.files.values():
            if secrets.compare_digest(file.secret.encode(), asked.parts["secret"].encode()):
                return file
        raise not_found()

    def _redirect(self, asked: Asked) -> Reply:
        file = self._known(asked)
        base = urlsplit(asked.base)
        if self._content_host is not None:
            base = base._replace(netloc=base.netloc.replace(base.hostname or "", self._content_host, 1))
        return Reply(b"", 302, {"Location": f"{base.geturl()}/attachment/content/{file.secret}"})

    def _content(self, asked: Asked) -> Reply:
        file = self._known(asked)
        if "authorization" in asked.headers:
            # The content host's address is signed, and such a request has a second proof of who asks.
            raise ApiError(
                400, {"error": "InvalidArgument", "description": "Only one auth mechanism allowed"}
            )
        shown = f"attachment; filename*=UTF-8''{quote(file.file_name)}"
        return Reply(file.content, 200, {"Content-Type": file.content_type, "Content-Disposition": shown})
