"""Typed configuration: one TOML file; secrets by reference.

A secret is written `"env:NAME"` (an environment variable) or `"file:PATH"` (a file's text, without
the line end), never as itself. An unknown key, a wrong type or a missing secret is a start error
that names the key. `[connectors.*]` stays raw here: each vendor's `config.py` types its own part.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import msgspec
from msgspec import Meta

from gateway.errors import ConfigurationError

T = TypeVar("T")
Text = Annotated[str, Meta(min_length=1)]


class Secret:
    """A value that must not be seen: it has no text form."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value, at the place that sends or uses it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be copied or pickled")


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all settings: a key that is not declared is refused."""


class Server(Config, frozen=True, kw_only=True):
    """`[server]`: where to listen, and what one request may use.

    `public_url` is how clients call the gateway, for links to files; else the address of the request.
    `deadline_seconds` bounds its time, `max_vendor_calls` its calls to business systems, `max_rows` the rows
    of all lists in its answer.
    """

    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8000
    public_url: Annotated[str, Meta(pattern=r"^https?://[^\s?#]*[^\s?#/]\Z")] | None = None
    workspace: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+\Z")] = "default"
    deadline_seconds: Annotated[float, Meta(gt=0, le=300)] = 10.0
    max_body_bytes: Annotated[int, Meta(gt=0)] = 1_000_000
    max_vendor_calls: Annotated[int, Meta(gt=0)] = 250
    max_rows: Annotated[int, Meta(gt=0)] = 10_000


class Auth(Config, frozen=True, kw_only=True):
    """`[auth]`: whose access tokens are believed, and the role policy (default: the shipped one)."""

    issuer: Text
    audience: Text
    memberships_claim: Text = "memberships"
    policy: str | None = None


class Identity(Config, frozen=True, kw_only=True):
    """`[identity]`: the maps from account key to native ids, in the order they are asked."""

    sources: Annotated[tuple[Literal["claims", "file", "directory"], ...], Meta(min_length=1)] = (
        "claims",
        "file",
    )
    file: str | None = None


class Cursors(Config, frozen=True, kw_only=True):
    """`[cursors]`: keys of 32 bytes or more. The first signs; the others still verify."""

    keys: tuple[Secret, ...]


class TelemetrySettings(Config, frozen=True, kw_only=True):
    """`[telemetry]`: OTLP over HTTP when an endpoint is given; logs are JSON lines on stderr."""

    otlp_endpoint: str | None = None
    sample_ratio: Annotated[float, Meta(ge=0, le=1)] = 1.0
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class OutboundSettings(Config, frozen=True, kw_only=True):
    """`[outbound]`: `lean = false` sends every call through aiohttp's `ClientSession` (docs/adr/0010)."""

    lean: bool = True


class Views(Config, frozen=True, kw_only=True):
    """`[views]`: the views that add fields to `Account`; none when left out."""

    enabled: tuple[Text, ...] = ()


class Settings(Config, frozen=True, kw_only=True):
    """The whole file. `bindings` maps a port to the connector that serves it."""

    server: Server = Server()
    auth: Auth
    identity: Identity = Identity()
    cursors: Cursors
    telemetry: TelemetrySettings = TelemetrySettings()
    outbound: OutboundSettings = OutboundSettings()
    views: Views = Views()
    bindings: dict[str, str]
    connectors: dict[str, dict[str, Any]]


def load(file: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read a configuration file. Paths in it are relative to the file's folder."""
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(file), f"cannot be read: {type(error).__name__}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(str(file), f"is not TOML: {error}") from None
    return parse(raw, file.parent, environ)


def parse(raw: dict[str, Any], folder: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Type a configuration that is already a dict."""
    resolved = _resolve(raw, "", folder, environ)
    # First by itself what has names of the operator's choice: a type error of the whole would not say which.
    for table, type_ in (("bindings", str), ("connectors", dict[str, Any])):
        entries = resolved.get(table)
        for name, value in entries.items() if isinstance(entries, dict) else ():
            convert(value, type_, f"{table}.{name}")
    settings = convert(resolved, Settings)
    if settings.identity.file is None and "file" in settings.identity.sources:
        raise ConfigurationError(
            "identity.file", 'write the path of the accounts file, or sources = ["claims"]'
        )
    return msgspec.structs.replace(
        settings,
        identity=msgspec.structs.replace(settings.identity, file=_path(settings.identity.file, folder)),
        auth=msgspec.structs.replace(settings.auth, policy=_path(settings.auth.policy, folder)),
    )


def convert(raw: object, type_: type[T], prefix: str = "") -> T:
    """Type one part of the configuration; ConfigurationError names the key below `prefix`."""
    try:
        return msgspec.convert(raw, type_, dec_hook=_secret)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        key = ".".join(filter(None, [prefix, place.rstrip("`").removeprefix(".")]))
        field = re.search(r"(?:unknown|required) field `([^`]+)`", text)
        if field:
            key = ".".join(filter(None, [key, field[1]]))
            text = "is required" if "required" in text else "is not a setting; check the spelling"
        raise ConfigurationError(key or "configuration", text) from None


def _secret(type_: type, value: object) -> object:
    if type_ is Secret and isinstance(value, Secret):
        return value
    raise ValueError('a secret is written "env:NAME" or "file:PATH"')


def _resolve(value: Any, key: str, folder: Path, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {k: _resolve(v, f"{key}.{k}".lstrip("."), folder, environ) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolve(v, f"{key}[{i}]", folder, environ) for i, v in enumerate(value)]
    if isinstance(value, str) and value.startswith("env:"):
        secret = environ.get(value.removeprefix("env:"), "")
        if not secret:
            raise ConfigurationError(key, f"the environment variable {value.removeprefix('env:')} is not set")
        return Secret(secret)
    if isinstance(value, str) and value.startswith("file:"):
        path = folder / value.removeprefix("file:")
        try:
            secret = path.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(key, f"the file {path} cannot be read: {type(error).__name__}") from None
        if not secret:
            raise ConfigurationError(key, f"the file {path} is empty")
        return Secret(secret)
    return value


def _path(value: str | None, folder: Path) -> str | None:
    return None if value is None else str(folder / value)
