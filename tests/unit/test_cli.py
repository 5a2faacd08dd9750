"""The `gateway` command: what it says, and its exit codes."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway import __version__, cli, telemetry
from gateway.cli import main
from gateway.errors import Code, UpstreamError
from sandbox import demo
from sandbox.data import DataSet
from sandbox.world import World
from tests.support.command import write_config
from tests.support.portal import two_systems

Raw = dict[str, Any]
Change = Callable[[Raw], object]


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Take back what a command does to the process's logging."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)


@dataclass
class Command:
    """Runs commands in a thread, beside the systems that they call."""

    world: World
    folder: Path
    capsys: pytest.CaptureFixture[str]

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, arguments)
        said = self.capsys.readouterr()
        return code, said.out, said.err

    async def check(self, change: Change | None = None) -> tuple[int, str, str]:
        raw = two_systems(self.world, self.folder)
        if change:
            change(raw)
        return await self.run("check", "--config", str(write_config(raw, self.folder)))


@pytest.fixture
async def command(
    data: DataSet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Command]:
    async with World(data) as world:
        for name, value in world.environ().items():
            monkeypatch.setenv(name, value)
        yield Command(world, tmp_path, capsys)


def said_of(out: str, system: str) -> str:
    (line,) = [line for line in out.splitlines() if line.split()[0] == system]
    return line.removeprefix(system).strip()


# check


async def test_check_when_all_is_well(command: Command) -> None:
    code, out, err = await command.check()
    assert (code, err) == (0, "")
    assert out == "billing   ok\nerp       ok\nidentity  ok\n"


@pytest.mark.parametrize("system", ["billing", "erp"])
async def test_check_with_a_wrong_key(command: Command, monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setenv({"billing": "DEMO_STRIPE", "erp": "DEMO_TRYTON"}[system], "not-the-key")
    code, out, err = await command.check()
    assert (code, err) == (1, "")
    told = said_of(out, system)
    assert told.startswith("UPSTREAM_AUTH_FAILED (HTTP 401): check the key it was given")
    assert told.endswith(f"see [connectors.{system}]")
    assert "not-the-key" not in out
    assert said_of(out, "identity") == "ok"


@pytest.mark.parametrize(
    ("system", "mode", "told"),
    [
        ("billing", "down", r"UPSTREAM_UNAVAILABLE \(\w+\): check its address, that it runs"),
        ("erp", "broken", r"UPSTREAM_UNAVAILABLE \(HTTP 500\): check its address, that it runs"),
        ("billing", "throttled", r"UPSTREAM_RATE_LIMITED \(HTTP 429\): it limits calls: try again later"),
        ("erp", "garbage", r"UPSTREAM_CONTRACT_BROKEN \(no JSON: \w+\): another system answers there"),
        ("identity", "down", "UPSTREAM_UNAVAILABLE: check its address, that it runs"),
        ("identity", "garbage", "UPSTREAM_CONTRACT_BROKEN: another system answers there"),
    ],
)
async def test_check_with_a_system_that_fails(command: Command, system: str, mode: str, told: str) -> None:
    await command.world.systems[system].fault(mode)
    code, out, _ = await command.check()
    assert code == 1
    assert re.match(told, said_of(out, system))
    assert said_of(out, system).endswith(
        "see [auth] issuer" if system == "identity" else f"see [connectors.{system}]"
    )
    assert [said_of(out, other) for other in ("billing", "erp", "identity") if other != system] == ["ok"] * 2


async def test_check_tells_all_failures_at_once(command: Command) -> None:
    for system in command.world.systems.values():
        await system.fault("down")
    code, out, _ = await command.check()
    assert code == 1
    assert len(out.splitlines()) == 3
    assert "ok" not in out.split()


def test_there_is_advice_for_every_failure_of_a_system() -> None:
    for code in Code:
        if code.value.startswith("UPSTREAM_"):
            assert cli._problem("billing", UpstreamError(code, "billing")).startswith(f"{code.value}: ")


def set_key(table: str, key: str, value: object) -> Change:
    def change(raw: Raw) -> None:
        place = raw
        for name in table.split("."):
            place = place.setdefault(name, {})
        place[key] = value

    return change


def drop(table: str, key: str) -> Change:
    def change(raw: Raw) -> None:
        place = raw
        for name in table.split("."):
            place = place[name]
        del place[key]

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            set_key("connectors.billing", "type", "strype"),
            "connectors.billing.type: write one of rt, s3, salesforce, stripe, tryton, zendesk",
        ),
        (
            drop("connectors.billing", "type"),
            "connectors.billing.type: write one of rt, s3, salesforce, stripe, tryton, zendesk",
        ),
        (drop("connectors.billing", "api_key"), "connectors.billing.api_key: is required"),
        (
            set_key("connectors.billing", "api_key", "env:NO_SUCH_NAME"),
            "connectors.billing.api_key: the environment variable NO_SUCH_NAME is not set",
        ),
        (set_key("connectors.billing", "api_key", "plain-text"), "connectors.billing.api_key: "),
        (set_key("connectors.billing", "api_kee", "x"), "connectors.billing.api_kee: is not a setting"),
        (
            set_key("connectors.billing", "base_url", "billing"),
            "connectors.billing.base_url: write an http(s) URL",
        ),
        (set_key("connectors.erp", "company", "one"), "connectors.erp.company: "),
        (set_key("server", "prot", 8000), "server.prot: is not a setting"),
        (set_key("server", "port", 70000), "server.port: "),
        (set_key("bindings", "invoises", "billing"), "bindings.invoises: is not a port"),
        (set_key("bindings", "invoices", "bills"), "bindings.invoices: there is no [connectors.bills]"),
        (set_key("bindings", "orders", "billing"), "bindings.orders: 'billing' does not serve it"),
        (set_key("identity", "file", "nowhere.toml"), "identity.file: cannot read"),
        (set_key("auth", "policy", "nowhere.toml"), "policy: the file cannot be read"),
        (set_key("auth", "issuer", "http://issuer.example"), "auth.issuer: write the issuer's https URL"),
        (drop("auth", "audience"), "auth.audience: is required"),
        (set_key("cursors", "keys", ["env:SHORT"]), "cursors.keys: write at least one key, each of 32 bytes"),
        (set_key("cursors", "keys", []), "cursors.keys: write at least one key"),
    ],
)
@pytest.mark.parametrize("name", ["check", "serve"])
async def test_a_configuration_that_is_wrong(
    command: Command, monkeypatch: pytest.MonkeyPatch, name: str, change: Change, told: str
) -> None:
    monkeypatch.setenv("SHORT", "too-short")
    raw = two_systems(command.world, command.folder)
    change(raw)
    config = write_config(raw, command.folder)
    code, out, err = await command.run(name, "--config", str(config))
    assert (code, out) == (1, "")
    assert err.startswith(f"gateway: {told}")
    assert err.count("\n") == 1
    assert "plain-text" not in err
    assert "too-short" not in err


@pytest.mark.parametrize("name", ["check", "serve"])
def test_a_configuration_that_is_not_there(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--config", str(tmp_path / "gateway.toml")]) == 1
    assert "gateway.toml: cannot be read: FileNotFoundError" in capsys.readouterr().err
    (tmp_path / "gateway.toml").write_text("[server\n")
    assert main([name, "--config", str(tmp_path / "gateway.toml")]) == 1
    assert "gateway.toml: is not TOML" in capsys.readouterr().err
    assert main([name, "--config", str(tmp_path)]) == 1


# serve


async def test_serve_on_a_port_that_is_taken(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    shut: list[object] = []

    def shutdown(recording: object) -> None:
        shut.append(recording)

    monkeypatch.setattr(telemetry.Telemetry, "shutdown", shutdown)
    config = write_config(two_systems(command.world, command.folder), command.folder)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, err = await command.run("serve", "--config", str(config), "--port", str(port))
    assert code == 1
    assert (
        err
        == f"gateway: port: {port} is taken by another program. Choose another, such as --port {port + 1}.\n"
    )
    assert len(shut) == 1


@pytest.mark.parametrize(("host", "port"), [("203.0.113.1", 0), ("127.0.0.1", 70_000), ("no host", 0)])
async def test_serve_where_nobody_can(command: Command, host: str, port: int) -> None:
    config = write_config(two_systems(command.world, command.folder), command.folder)
    code, _, err = await command.run("serve", "--config", str(config), "--host", host, "--port", str(port))
    assert code == 1
    assert err.startswith(f"gateway: host and port: {host}:{port} cannot be used on this machine. Write")


async def test_serve_takes_host_and_port_from_the_command_first(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[str, int]] = []

    async def serve(_gateway: object, bound: socket.socket) -> None:
        taken.append(bound.getsockname())
        bound.close()

    monkeypatch.setattr(cli.app, "serve", serve)
    raw = two_systems(command.world, command.folder)
    with socket.create_server(("127.0.0.1", 0)) as other:
        raw["server"] = {"host": "127.0.0.1", "port": other.getsockname()[1]}
        config = write_config(raw, command.folder)
        # 0 is a port as well: the system chooses.
        assert (await command.run("serve", "--config", str(config), "--port", "0"))[0] == 0
        assert (await command.run("serve", "--config", str(config)))[0] == 1
    code, _, _ = await command.run("serve", "--config", str(config), "--host", "::1")
    assert code == 0
    assert [address[0] for address in taken] == ["127.0.0.1", "::1"]
    assert taken[1][1] == raw["server"]["port"]


# schema, usage


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    committed = Path(__file__).parents[2] / "schema.graphql"
    assert capsys.readouterr().out == committed.read_text("utf-8")


def test_a_port_variable_of_something_else_disturbs_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "tcp://10.0.0.1:80")
    assert main(["schema"]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    "arguments",
    [[], ["sevre"], ["serve"], ["check"], ["serve", "--config", "x", "--port", "http"], ["demo", "token"]],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: gateway")


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in (
        (["--version"], __version__),
        (["--help"], "serve"),
        (["demo", "--help"], "--accounts"),
    ):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        assert told in capsys.readouterr().out


def test_an_interruption_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "build", interrupted)
    assert main(["schema"]) == 130


# demo


@pytest.mark.parametrize("arguments", [["demo"], ["demo", "token", "owner-a"]])
@pytest.mark.parametrize("text", ["http", "-1", "", "٣", "80.0"])
def test_a_port_variable_that_is_no_port(
    arguments: list[str], text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", text)
    assert main(arguments) == 1
    assert capsys.readouterr().err == f"gateway: PORT: write a port number, such as 8000; it is {text!r}\n"


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_is_none(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--port", port]) == 1
    assert "cannot be used" in capsys.readouterr().err


def test_a_persona_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "token", "nobody"]) == 1
    err = capsys.readouterr().err
    assert err.startswith(
        "gateway: persona: write one of owner-a, billing-a, viewer-a, owner-b, multi, staff"
    )


@pytest.mark.parametrize(
    "answer", [None, b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n\r\n[]", b"HTTP/1.1 500 No\r\n\r\n"]
)
async def test_a_token_where_no_demo_runs(
    answer: bytes | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reply(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer or b"")
        writer.close()
        await writer.wait_closed()

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # never asked: the demo is on this machine
    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if answer is None:
        server.close()
        await server.wait_closed()
    assert await asyncio.to_thread(main, ["demo", "token", "owner-a", "--port", str(port)]) == 1
    server.close()
    told = f"gateway: demo: no demo answers on port {port}. Start it with `make demo`, or name its port:"
    assert capsys.readouterr().err.startswith(told)


async def test_a_token_is_asked_of_this_machine_only() -> None:
    with pytest.raises(ValueError, match="this machine only"):
        demo._fetch("http://issuer.example/token")


@pytest.mark.parametrize(
    ("arguments", "environment", "port"),
    [
        (["demo", "token", "staff"], None, 8000),
        (["demo", "token", "staff"], "9001", 9001),
        (["demo", "token", "staff", "--port", "9002"], "9001", 9002),
        (["demo", "--port", "9003", "token", "staff"], "9001", 9003),
    ],
)
def test_which_port_a_token_is_for(
    arguments: list[str],
    environment: str | None,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if environment:
        monkeypatch.setenv("PORT", environment)
    monkeypatch.setattr(demo, "token", lambda persona, asked: f"{persona} {asked}")
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"staff {port}\n"


def test_connectors_say_where_fields_come_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connectors"]) == 0
    page = capsys.readouterr().out
    assert page == Path("docs/fields.md").read_text("utf-8")
    assert "| issued_on | `created` |" in page
    assert "| *owner* | `customer` |" in page
