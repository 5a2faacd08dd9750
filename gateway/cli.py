"""The `gateway` command: serve, check, schema, demo."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvloop

from gateway import __version__, app, settings, telemetry
from gateway.connectors import fields, registry
from gateway.errors import Code, ConfigurationError, UpstreamError
from gateway.schema.build import build
from gateway.views import finder

_ADVICE = {
    Code.UPSTREAM_UNAVAILABLE: "check its address, that it runs, and that this machine reaches it",
    Code.UPSTREAM_TIMEOUT: "check its address and the network between, or raise timeout_seconds",
    Code.UPSTREAM_RATE_LIMITED: "it limits calls: try again later, or lower the rate of others with its key",
    Code.UPSTREAM_AUTH_FAILED: "check the key it was given, and the permissions that its README.md lists",
    Code.UPSTREAM_CONTRACT_BROKEN: "another system answers there, or a version its README.md does not name",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it went well, 1 when configuration or systems are wrong, 2 for wrong usage."""
    try:
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except ConfigurationError as error:
        print(f"gateway: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gateway", description="A GraphQL gateway for customer portals.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve GraphQL on your own systems")
    serve.add_argument("--config", type=Path, required=True, help="the configuration file (TOML)")
    serve.add_argument("--host", help="address to listen on, instead of server.host")
    serve.add_argument("--port", type=int, help="port to listen on, instead of server.port")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help="verify a configuration and reach every system in it")
    check.add_argument("--config", type=Path, required=True, help="the configuration file (TOML)")
    check.set_defaults(run=_check)

    schema = commands.add_parser("schema", help="print the schema (SDL)")
    schema.add_argument(
        "--view", action="append", default=[], metavar="VIEW", help="with what it adds; repeatable"
    )
    schema.set_defaults(run=_schema)

    connectors = commands.add_parser("connectors", help="print where each field comes from (Markdown)")
    connectors.set_defaults(run=_connectors)

    demo = commands.add_parser("demo", help="run the gateway on stand-in systems, on this machine only")
    demo.add_argument("--port", type=int, help="default: PORT from the environment, or 8000")
    demo.add_argument(
        "--accounts", type=int, default=0, help="how many plain accounts to add to the named ones"
    )
    demo.add_argument("--invoices", type=int, default=0, help="how many invoices each added account has")
    demo.add_argument(
        "--view", action="append", default=[], metavar="VIEW", help="a view to enable; repeatable"
    )
    demo.set_defaults(run=_demo)
    parts = demo.add_subparsers(metavar="PART")
    token = parts.add_parser("token", help="print an access token for a persona")
    token.add_argument("persona", metavar="PERSONA")
    # Suppressed, or the default of this one would replace what `demo --port` said.
    token.add_argument("--port", type=int, default=argparse.SUPPRESS, help="the demo's port")
    token.set_defaults(run=_token)
    fault = parts.add_parser(
        "fault", help="make a system of the running demo fail; alone: list systems and modes"
    )
    fault.add_argument("system", metavar="SYSTEM", nargs="?")
    fault.add_argument("mode", metavar="MODE", nargs="?", help="ok mends it")
    fault.add_argument("--port", type=int, default=argparse.SUPPRESS, help="the demo's port")
    fault.add_argument("--delay", type=_seconds, metavar="SECONDS", help="for slow: how late answers come")
    fault.set_defaults(run=_fault)
    return parser


def _serve(options: argparse.Namespace) -> int:
    configured = settings.load(options.config)
    host = configured.server.host if options.host is None else options.host
    port = configured.server.port if options.port is None else options.port
    recording = telemetry.setup(
        otlp_endpoint=configured.telemetry.otlp_endpoint,
        sample_ratio=configured.telemetry.sample_ratio,
        log_level=configured.telemetry.log_level,
    )
    try:
        gateway = app.Gateway(configured)
        _loop(app.serve(gateway, app.bind(host, port)))
    finally:
        recording.shutdown()
    return 0


def _check(options: argparse.Namespace) -> int:
    configured = settings.load(options.config)
    telemetry.configure_logging("ERROR")
    found = _loop(_probe(configured))
    width = max(map(len, found))
    for name, error in found.items():
        print(f"{name:<{width}}  {'ok' if error is None else _problem(name, error)}")
    return 1 if any(found.values()) else 0


async def _probe(configured: settings.Settings) -> dict[str, UpstreamError | None]:
    gateway = app.Gateway(configured)
    try:
        return await gateway.probe()
    finally:
        await gateway.close()


def _problem(name: str, error: UpstreamError) -> str:
    section = "[auth] issuer" if name == "identity" else f"[connectors.{name}]"
    detail = f" ({error.detail})" if error.detail else ""
    return f"{error.code}{detail}: {_ADVICE[error.code]}; see {section}"


def _schema(options: argparse.Namespace) -> int:
    print(build(views=finder.load(options.view))[1], end="")
    return 0


def _connectors(_options: argparse.Namespace) -> int:
    print(fields.page(registry.packages()), end="")
    return 0


def _demo(options: argparse.Namespace) -> int:
    from sandbox import demo  # noqa: PLC0415  the one command that knows the sandbox

    size = {"accounts": options.accounts, "invoices": options.invoices}
    _loop(demo.run(_port(options), views=options.view, **size))
    return 0


def _token(options: argparse.Namespace) -> int:
    from sandbox import demo  # noqa: PLC0415  likewise

    print(demo.token(options.persona, _port(options)))
    return 0


def _fault(options: argparse.Namespace) -> int:
    from sandbox import demo  # noqa: PLC0415  likewise

    print(demo.fault(options.system, options.mode, _port(options), delay=options.delay))
    return 0


def _seconds(text: str) -> float:
    seconds = float(text)
    if not math.isfinite(seconds):
        raise ValueError(text)
    return seconds


def _port(options: argparse.Namespace) -> int:
    if options.port is not None:
        return int(options.port)
    text = os.environ.get("PORT", "8000")
    if not text.isascii() or not text.isdigit():
        raise ConfigurationError("PORT", f"write a port number, such as 8000; it is {text!r}")
    return int(text)


def _loop(work: Coroutine[Any, Any, Any]) -> Any:
    return uvloop.run(work)
