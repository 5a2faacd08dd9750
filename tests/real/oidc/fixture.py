"""A running OpenID provider that knows the personas: `from tests.real.oidc.fixture import openid_provider`.

Tests that use it say `pytest.mark.xdist_group("oidc")`, so that one process starts it for all.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from sandbox.oidc import AUDIENCE, CLIENT_ID
from sandbox.personas import PERSONAS
from tests.real.oidc.install import install
from tests.real.oidc.sign_in import sign_in
from tests.real.process import answers, free_port, process
from tests.real.session import started
from tests.support.cache import InstallError, clean_environment

RESOURCE = "urn:portal-gateway"
"""The resource indicator (RFC 8707) of the gateway; its tokens have the audience `AUDIENCE`."""
REDIRECT_URI = "http://127.0.0.1/signed-in"

_ATTEMPTS = 3


class OpenIDProvider:
    """`issuer` is its address; `token(persona)` signs in and gives an access token.

    Tokens carry what `sandbox.oidc.Issuer.mint` writes: sub, client_id, name, email and memberships.
    """

    def __init__(self, command: list[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._running = ExitStack()
        self._port = 0
        self.keys: list[RSAKey | ECKey] = [RSAKey.generate_key(2048, auto_kid=True)]

    @property
    def issuer(self) -> str:
        """The issuer identifier, as in `iss`."""
        return f"http://127.0.0.1:{self._port}"

    def tokens(self, persona: str, *, resource: str = RESOURCE) -> dict[str, Any]:
        """Sign in and give the token endpoint's whole answer; a resource of its own is its audience."""
        with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=30) as answer:  # noqa: S310  http on this machine
            discovery = json.load(answer)
        return sign_in(
            discovery,
            subject=PERSONAS[persona].subject,
            client_id=CLIENT_ID,
            redirect_uri=REDIRECT_URI,
            resource=resource,
        )

    def token(self, persona: str) -> str:
        """Sign in and give an access token for the gateway."""
        return str(self.tokens(persona)["access_token"])

    def restart(self, *keys: RSAKey | ECKey) -> None:
        """End it and start it at the same address; with `keys`, it has these from now on, the first signs."""
        self._running.close()
        self.keys = list(keys) or self.keys
        self._start(self._port)

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one stays published."""
        self.restart(RSAKey.generate_key(2048, auto_kid=True), *self.keys)

    def start(self) -> None:
        """Start it on a free port of this machine."""
        for _ in range(_ATTEMPTS - 1):  # another program may take the port before the provider does
            try:
                return self._start(free_port())
            except InstallError:
                self._running.close()
        return self._start(free_port())

    def stop(self) -> None:
        """End it."""
        self._running.close()

    def _start(self, port: int) -> None:
        self._port = port
        settings = self._folder / "settings.json"
        settings.write_text(json.dumps(self._settings()))
        log = self._folder / "provider.log"
        command = [*self._command, str(settings)]
        server = self._running.enter_context(process(command, log, clean_environment()))
        if not answers(f"{self.issuer}/.well-known/openid-configuration", server, statuses=range(200, 300)):
            words = log.read_text(errors="replace")[-2000:]
            raise InstallError(f"The OpenID provider does not start.\n{words}")

    def _settings(self) -> dict[str, Any]:
        algorithms = {"RSA": "RS256", "EC": "ES256"}
        return {
            "port": self._port,
            "audience": AUDIENCE,
            "resource": RESOURCE,
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "jwks": {
                "keys": [
                    key.as_dict(private=True, use="sig", alg=algorithms[key.key_type]) for key in self.keys
                ]
            },
            "accounts": {
                who.subject: {"name": who.display_name, "email": who.email, "memberships": who.claim()}
                for who in PERSONAS.values()
            },
        }


@pytest.fixture(scope="session")
def openid_provider(pytestconfig: pytest.Config) -> OpenIDProvider:
    """Install the provider if need be, start it, end it after the tests."""
    return started(pytestconfig, running)


@contextmanager
def running() -> Iterator[OpenIDProvider]:
    """Run the provider."""
    command = install()
    with tempfile.TemporaryDirectory(prefix="gateway-oidc-") as name:
        provider = OpenIDProvider(command, Path(name))
        try:
            provider.start()
            yield provider
        finally:
            provider.stop()
