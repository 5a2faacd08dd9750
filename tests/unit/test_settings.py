import copy
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.errors import Code, ConfigurationError
from gateway.settings import Config, Secret, Settings, convert, load, parse

HIDDEN = "sk_live_8f2c"
ENVIRON = {"CURSOR_KEY": "k" * 32, "STRIPE_KEY": HIDDEN, "EMPTY": ""}
FOLDER = Path("/etc/portal")


def minimal() -> dict[str, Any]:
    return {
        "auth": {"issuer": "https://id.example", "audience": "portal"},
        "identity": {"file": "accounts.toml"},
        "cursors": {"keys": ["env:CURSOR_KEY"]},
        "bindings": {"invoices": "billing"},
        "connectors": {"billing": {"type": "stripe", "api_key": "env:STRIPE_KEY"}},
    }


def changed(place: str, value: object) -> dict[str, Any]:
    """Set what stands at a dotted place of the minimal configuration."""
    raw = copy.deepcopy(minimal())
    *tables, key = place.split("/")
    table = raw
    for name in tables:
        table = table.setdefault(name, {})
    table[key] = value
    return raw


def without(place: str) -> dict[str, Any]:
    raw = minimal()
    *tables, key = place.split("/")
    table = raw
    for name in tables:
        table = table[name]
    del table[key]
    return raw


def read(raw: dict[str, Any], folder: Path = FOLDER, environ: Mapping[str, str] = ENVIRON) -> Settings:
    return parse(raw, folder, environ)


def refused(raw: dict[str, Any], folder: Path = FOLDER) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        read(raw, folder)
    assert caught.value.code is Code.CONFIGURATION
    assert caught.value.message.startswith(f"{caught.value.key}: ")
    return caught.value


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(
        """
        [auth]
        issuer = "https://id.example"
        audience = "portal"
        [identity]
        file = "accounts.toml"
        [cursors]
        keys = ["env:CURSOR_KEY", "file:old.key"]
        [bindings]
        invoices = "billing"
        [connectors.billing]
        type = "stripe"
        api_key = "env:STRIPE_KEY"
        limits = {concurrency = 4}
        """
    )
    (tmp_path / "old.key").write_text("o" * 32 + "\n")
    settings = load(file, ENVIRON)
    assert [key.reveal() for key in settings.cursors.keys] == ["k" * 32, "o" * 32]
    assert settings.identity.file == str(tmp_path / "accounts.toml")
    assert settings.identity.sources == ("claims", "file")
    assert settings.auth.policy is None
    assert settings.bindings == {"invoices": "billing"}
    billing = settings.connectors["billing"]
    assert (billing["type"], billing["limits"]) == ("stripe", {"concurrency": 4})
    assert billing["api_key"].reveal() == HIDDEN
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)
    assert settings.telemetry.otlp_endpoint is None


@pytest.mark.parametrize(
    ("place", "value", "key", "says"),
    [
        ("serve", {}, "serve", "is not a setting"),
        ("server/hots", "x", "server.hots", "is not a setting"),
        ("server/max-body", 1, "server.max-body", "is not a setting"),
        ("auth/jwks", "x", "auth.jwks", "is not a setting"),
        ("identity/path", "x", "identity.path", "is not a setting"),
        ("cursors/key", "x", "cursors.key", "is not a setting"),
        ("telemetry/level", "x", "telemetry.level", "is not a setting"),
        ("server", 1, "server", "got `int`"),
        ("server/port", "8000", "server.port", "Expected `int`, got `str`"),
        ("server/port", 65_536, "server.port", "<= 65535"),
        ("server/port", -1, "server.port", ">= 0"),
        ("server/deadline_seconds", 0, "server.deadline_seconds", "> 0"),
        ("server/deadline_seconds", float("nan"), "server.deadline_seconds", "> 0"),
        ("server/deadline_seconds", float("inf"), "server.deadline_seconds", "<= 300"),
        ("server/deadline_seconds", True, "server.deadline_seconds", "got `bool`"),
        ("server/max_body_bytes", 0, "server.max_body_bytes", ">= 1"),
        ("server/workspace", "a:b", "server.workspace", "matching"),
        ("server/workspace", "a\n", "server.workspace", "matching"),
        ("server/host", "", "server.host", "length >= 1"),
        ("auth/issuer", "", "auth.issuer", "length >= 1"),
        ("auth/audience", ["portal"], "auth.audience", "got `array`"),
        ("identity/sources", [], "identity.sources", "length >= 1"),
        ("identity/sources", ["crm"], "identity.sources[0]", "Invalid enum value"),
        ("identity/sources", ["claims", 1], "identity.sources[1]", "got `int`"),
        ("telemetry/sample_ratio", 1.5, "telemetry.sample_ratio", "<= 1"),
        ("telemetry/log_level", "TRACE", "telemetry.log_level", "Invalid enum value"),
        ("cursors/keys", "env:CURSOR_KEY", "cursors.keys", "got `Secret`"),
        ("bindings/payments", 5, "bindings.payments", "got `int`"),
        ("bindings/payments", ["billing"], "bindings.payments", "got `array`"),
        ("bindings", ["billing"], "bindings", "got `array`"),
        ("connectors/erp", "tryton", "connectors.erp", "got `str`"),
        ("connectors", "none", "connectors", "got `str`"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_key(place: str, value: object, key: str, says: str) -> None:
    error = refused(changed(place, value))
    assert error.key == key
    assert says in error.message


@pytest.mark.parametrize(
    "place",
    ["auth", "auth/issuer", "auth/audience", "cursors", "cursors/keys", "bindings", "connectors"],
)
def test_what_is_missing_is_named(place: str) -> None:
    error = refused(without(place))
    assert error.key == place.replace("/", ".")
    assert "is required" in error.message


def test_an_accounts_file_is_missing_only_where_it_is_a_source() -> None:
    error = refused(without("identity"))
    assert error.key == "identity.file"
    assert 'sources = ["claims"]' in error.message
    assert read(changed("identity", {"sources": ["claims"]})).identity.file is None


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("cursors/keys", "cursors.keys[1]"),
        ("connectors/billing/api_key", "connectors.billing.api_key"),
        ("connectors/billing/deep", "connectors.billing.deep.er[0]"),
        ("auth/issuer", "auth.issuer"),
    ],
)
@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:ABSENT", "the environment variable ABSENT is not set"),
        ("env:EMPTY", "the environment variable EMPTY is not set"),
        ("env:", "is not set"),
        ("file:absent.key", "absent.key cannot be read: FileNotFoundError"),
        ("file:", "cannot be read: IsADirectoryError"),
        ("file:empty.key", "empty.key is empty"),
        ("file:binary.key", "binary.key cannot be read: UnicodeDecodeError"),
    ],
)
def test_a_secret_that_is_not_there_is_named(
    tmp_path: Path, place: str, key: str, reference: str, says: str
) -> None:
    (tmp_path / "empty.key").write_text("\r\n")
    (tmp_path / "binary.key").write_bytes(b"\xff\xfe")
    values: dict[str, object] = {
        "cursors/keys": ["env:CURSOR_KEY", reference],
        "connectors/billing/deep": {"er": [reference]},
    }
    error = refused(changed(place, values.get(place, reference)), tmp_path)
    assert error.key == key
    assert says in error.message


@pytest.mark.parametrize("literal", [HIDDEN, "", 5, None, ["env:CURSOR_KEY"], {"a": 1}])
def test_a_literal_secret_is_refused_and_not_repeated(literal: object) -> None:
    error = refused(changed("cursors/keys", [literal]))
    assert error.key == "cursors.keys[0]"
    assert 'a secret is written "env:NAME" or "file:PATH"' in error.message
    assert HIDDEN not in error.message
    assert error.__cause__ is None


def test_a_secret_file_loses_its_line_end_only(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"  two words \r\n")
    settings = read(changed("cursors/keys", ["file:key"]), tmp_path)
    assert settings.cursors.keys[0].reveal() == "  two words "


def test_secrets_have_no_text_form() -> None:
    settings = read(minimal())
    for shown in (repr(settings), str(settings), f"{settings}", f"{settings!r:>9}", "%s" % (settings,)):  # noqa: UP031  one of the forms
        assert "Secret(...)" in shown
        assert HIDDEN not in shown
        assert "k" * 32 not in shown
    secret = Secret(HIDDEN)
    assert f"{secret} {secret!s} {secret!r}" == "Secret(...) Secret(...) Secret(...)"
    assert not hasattr(secret, "__dict__")


def test_secrets_are_not_written_anywhere_by_accident() -> None:
    settings = read(minimal())
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not to be copied or pickled") as caught:
            pickle.dumps(settings, protocol)
        assert HIDDEN not in str(caught.value)
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not to be copied"):
            copied(Secret(HIDDEN))
    for encode in (msgspec.json.encode, msgspec.msgpack.encode, msgspec.to_builtins):
        with pytest.raises(TypeError, match="Secret"):
            encode(settings)


def test_the_lean_path_can_be_left() -> None:
    assert parse(minimal(), FOLDER, ENVIRON).outbound.lean
    assert not parse(changed("outbound/lean", value=False), FOLDER, ENVIRON).outbound.lean


def test_paths_are_relative_to_the_file() -> None:
    raw = changed("auth/policy", "roles/policy.toml")
    settings = read(raw, Path("/srv/portal"))
    assert settings.auth.policy == "/srv/portal/roles/policy.toml"
    assert settings.identity.file == "/srv/portal/accounts.toml"
    assert read(changed("identity/file", "/var/accounts.toml")).identity.file == "/var/accounts.toml"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[server", "is not TOML"),
        (b"a = 1\na = 2", "is not TOML"),
        (b"\xff\xfe", "cannot be read: UnicodeDecodeError"),
        (None, "cannot be read: FileNotFoundError"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "gateway.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load(file, ENVIRON)
    assert caught.value.key == str(file)
    assert says in caught.value.message


class Limits(Config, frozen=True, kw_only=True):
    concurrency: int


class Vendor(Config, frozen=True, kw_only=True):
    api_key: Secret
    limits: Limits = Limits(concurrency=1)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({}, "connectors.billing.api_key"),
        ({"api_key": HIDDEN}, "connectors.billing.api_key"),
        ({"api_key": Secret("x"), "api-version": 1}, "connectors.billing.api-version"),
        ({"api_key": Secret("x"), "limits": {"concurrency": "2"}}, "connectors.billing.limits.concurrency"),
        ({"api_key": Secret("x"), "limits": {}}, "connectors.billing.limits.concurrency"),
        ([], "connectors.billing"),
    ],
)
def test_a_part_that_a_vendor_types_is_named_from_the_top(raw: object, key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        convert(raw, Vendor, "connectors.billing")
    assert caught.value.key == key
    assert HIDDEN not in caught.value.message


def test_the_whole_has_a_name_too() -> None:
    with pytest.raises(ConfigurationError, match="configuration: Expected `object`"):
        convert([], Vendor)
