"""How Tryton refuses: its web framework's HTML pages, and JSON for what its users may read."""

from __future__ import annotations

import html
import json
from http import HTTPStatus

from starlette.responses import Response

_TEXTS = {
    HTTPStatus.UNAUTHORIZED: (
        "The server could not verify that you are authorized to access the URL requested. You either "
        "supplied the wrong credentials (e.g. a bad password), or your browser doesn't understand how to "
        "supply the credentials required."
    ),
    HTTPStatus.FORBIDDEN: (
        "You don't have the permission to access the requested resource. It is either read-protected or not "
        "readable by the server."
    ),
    HTTPStatus.NOT_FOUND: (
        "The requested URL was not found on the server. If you entered the URL manually please check your "
        "spelling and try again."
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: "The method is not allowed for the requested URL.",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "The server cannot provide the requested range.",
    HTTPStatus.TOO_MANY_REQUESTS: "This user has exceeded an allotted request count. Try again later.",
}


class Refused(Exception):  # noqa: N818  it is an answer, not a fault of this program
    """A request that Tryton answers with an HTML page, mostly 500: the text is its exception's."""

    def __init__(self, text: object = "", status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
        super().__init__(text)
        self.status = status
        self.text = _TEXTS.get(status, str(text))

    def response(self) -> Response:
        """Give the page."""
        phrase = self.status.phrase
        text = html.escape(self.text, quote=False).replace("'", "&#39;").replace('"', "&#34;")
        page = (
            f"<!doctype html>\n<html lang=en>\n<title>{self.status.value} {phrase}</title>\n"
            f"<h1>{phrase}</h1>\n<p>{text}</p>\n"
        )
        return Response(page, self.status, media_type="text/html")


class UserError(Exception):
    """What Tryton tells its users, as JSON with status 400."""

    def response(self) -> Response:
        """Give the answer."""
        body = {"status": 400, "message": str(self), "description": ""}
        return Response(json.dumps(body), HTTPStatus.BAD_REQUEST, media_type="application/json")


def unknown_field(name: str) -> Refused:
    """Make the refusal of a field that the model does not have (a KeyError in Tryton)."""
    return Refused(repr(name))
