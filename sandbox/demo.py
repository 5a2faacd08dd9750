"""`gateway demo`: the gateway and its stand-in systems in one process, on loopback only."""

from __future__ import annotations

import asyncio
import datetime as dt
import http.client
import json
import shlex
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from gateway import app, settings, telemetry
from gateway.errors import ConfigurationError
from sandbox import control
from sandbox.data import build
from sandbox.faults import Mode
from sandbox.oidc import GRANT_TYPE
from sandbox.personas import PERSONAS
from sandbox.world import World

HOST = "127.0.0.1"
_TIMEOUT = 5.0
_QUERY = (
    '{"query":"{ viewer { user { displayName } currentAccount { id name '
    'balance { outstanding { amount currencyCode } } } } }"}'
)


async def run(port: int, *, accounts: int = 0, invoices: int = 0, views: Sequence[str] = ()) -> None:
    """Run until interrupted. The port is taken first, so that a taken one is known at once."""
    bound = app.bind(HOST, port)
    port = bound.getsockname()[1]  # the one the system chose, if 0 was asked for
    _say("Making the data set ...")
    data = build(dt.datetime.now(dt.UTC).date(), accounts=accounts, invoices=invoices)
    _say("Starting the stand-ins: Salesforce, Stripe, Tryton, Zendesk, S3, an OpenID issuer ...")
    with tempfile.TemporaryDirectory(prefix=control.prefix(port)) as folder:
        async with World(data, rate_limit=25) as world, control.published(world.systems, Path(folder)):
            raw = world.configuration(Path(folder))
            if views:
                raw["views"] = {"enabled": list(views)}
            gateway = app.Gateway(settings.parse(raw, Path(folder), world.environ()))
            telemetry.configure_logging("WARNING")
            await asyncio.sleep(0)  # nothing above waits: an interruption meanwhile ends it here
            await app.serve(gateway, bound, ready=lambda: _say(_welcome(port, world)))
    _say("Stopped.")


def token(persona: str, port: int) -> str:
    """Get an access token from the issuer that the demo on `port` believes (RFC 9728 says which)."""
    if persona not in PERSONAS:
        raise ConfigurationError("persona", f"write one of {', '.join(PERSONAS)}")
    try:
        resource = _fetch(f"http://{HOST}:{port}/.well-known/oauth-protected-resource")
        issuer = resource["authorization_servers"][0]
        form = urllib.parse.urlencode({"grant_type": GRANT_TYPE, "persona": persona})
        found: str = _fetch(f"{issuer}/token", form.encode())["access_token"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError, TypeError):
        raise control.not_running(port) from None
    return found


def fault(system: str | None, mode: str | None, port: int, *, delay: float | None = None) -> str:
    """Make a system of the demo on `port` behave by `mode`; tell how all behave then."""
    if system is not None and mode is None:
        raise ConfigurationError("mode", f"write one of {', '.join(Mode)} after {system}")
    order = None if system is None or mode is None else control.Order(system, mode, delay)
    modes = control.ask(port, order)
    width = max(map(len, modes))
    lines = [f"{name:<{width}}  {now}" for name, now in modes.items()]
    return "\n".join(lines if order else [*lines, "", f"Modes: {', '.join(Mode)}"])


def _fetch(url: str, form: bytes | None = None) -> dict[str, str]:
    if urllib.parse.urlsplit(url).hostname != HOST:
        raise ValueError("the demo speaks to this machine only")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy reaches this machine
    with direct.open(url, form, timeout=_TIMEOUT) as answer:
        found: dict[str, str] = json.load(answer)
    return found


def _welcome(port: int, world: World) -> str:
    command = shlex.quote(sys.argv[0])  # as it was called, so that what is printed works when pasted
    suffix = "" if port == 8000 else f" --port {port}"
    personas = "\n".join(
        f"  {p.key:<10} {p.display_name}: {_roles(p.memberships)}" for p in PERSONAS.values()
    )
    systems = "\n".join(f"  {name:<10} {system.url}" for name, system in world.systems.items())
    return f"""
The gateway is ready:  http://{HOST}:{port}/graphql

Its systems (stand-ins over HTTP):
{systems}

Personas:
{personas}

An access token:       {command} demo token owner-a{suffix}

Try it, in another terminal in this folder:

curl -s http://{HOST}:{port}/graphql \\
  -H "Authorization: Bearer $({command} demo token owner-a{suffix})" \\
  -H 'Content-Type: application/json' \\
  -d '{_QUERY}'

See what remains when one of its systems fails (`ok` mends it):

{command} demo fault billing down{suffix}

Stop it with Ctrl-C.
"""


def _roles(memberships: dict[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{'/'.join(roles)} in {account}" for account, roles in memberships.items())


def _say(text: str) -> None:
    print(text, flush=True)
