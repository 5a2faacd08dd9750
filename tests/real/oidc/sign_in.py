"""Sign in as a browser would, without one: authorization code with PKCE (RFC 7636), cookies and redirects."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from http.client import HTTPMessage
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import IO, Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

_STEPS = 10
_PATIENCE = 30.0  # seconds


class SignInError(Exception):
    """The provider did not sign anybody in; the message is its error code or what was missing."""


class _Browser:
    """Keeps cookies and shows where a redirect leads instead of following it."""

    def __init__(self) -> None:
        cookies = CookieJar(DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainLiberal))
        handlers = [urllib.request.HTTPCookieProcessor(cookies), _NoRedirect()]
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)

    def go(self, url: str) -> str | None:
        """Give the next address, None where there is none."""
        try:
            with self._opener.open(url, timeout=_PATIENCE):
                return None
        except urllib.error.HTTPError as error:
            with error:
                location = error.headers.get("location")
                return urljoin(url, location) if location else None

    def post(self, url: str, form: dict[str, str]) -> dict[str, Any]:
        """Give the JSON object of an answer, also of a refusal."""
        try:
            with self._opener.open(url, urlencode(form).encode(), timeout=_PATIENCE) as response:
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                answer = json.load(error)
        return answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Follow none."""


def sign_in(
    discovery: dict[str, Any], *, subject: str, client_id: str, redirect_uri: str, resource: str
) -> dict[str, Any]:
    """Give the token endpoint's answer: access_token, id_token, expires_in ..."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    state = secrets.token_urlsafe(12)
    query = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid portal",
        "resource": resource,
        "login_hint": subject,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    browser = _Browser()
    returned = _follow(browser, f"{discovery['authorization_endpoint']}?{urlencode(query)}", redirect_uri)
    if returned.get("state") != state or returned.get("iss", discovery["issuer"]) != discovery["issuer"]:
        raise SignInError("the answer is to another request")
    answer = browser.post(
        discovery["token_endpoint"],
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "code": _member(returned, "code"),
            "code_verifier": verifier,
        },
    )
    _member(answer, "access_token")
    return answer


def _follow(browser: _Browser, url: str | None, end: str) -> dict[str, str]:
    """Go where it leads, up to the client's own address; give that one's query."""
    for _ in range(_STEPS):
        if url is None:
            break
        if url.startswith(f"{end}?"):
            return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        url = browser.go(url)
    raise SignInError("the provider does not lead back to the client")


def _member(answer: dict[str, Any], name: str) -> str:
    if name not in answer:
        raise SignInError(str(answer.get("error")))
    return str(answer[name])
