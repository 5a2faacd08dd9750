"""The `gateway` command as installed: a script that runs it, its configuration, its processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PATIENCE = 20.0  # seconds within which a process says or does what is waited for


def script(folder: Path) -> Path:
    """Write what an installation writes; its folder's name has a space."""
    path = folder / "a folder" / "gateway"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from gateway.cli import main\nsys.exit(main())\n"
    )
    path.chmod(0o755)
    return path


def write_config(raw: Mapping[str, Any], folder: Path) -> Path:
    """Write a configuration of tables, and `connectors` of named tables, as TOML."""
    tables = {name: values for name, values in raw.items() if name != "connectors"}
    tables |= {f"connectors.{name}": values for name, values in raw["connectors"].items()}
    lines: list[str] = []
    for name, values in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items()), ""]
    path = folder / "gateway.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def _toml(value: Any) -> str:
    """Write a value; a JSON string, number, boolean or list of them is a TOML one."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


class Process:
    """A running command. `out` and `err` hold what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.out = ""
        self.err = ""
        self._told = asyncio.Condition()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read(process.stdout, "out")),
            asyncio.create_task(self._read(process.stderr, "err")),
        ]

    async def _read(self, stream: asyncio.StreamReader, name: str) -> None:
        while line := await stream.readline():
            async with self._told:
                setattr(self, name, getattr(self, name) + line.decode())
                self._told.notify_all()

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait until standard output matches."""

        def found() -> re.Match[str] | None:
            return re.search(pattern, self.out, re.MULTILINE)

        async with asyncio.timeout(_PATIENCE), self._told:
            await self._told.wait_for(found)
        match = found()
        assert match is not None
        return match

    def signal(self, number: signal.Signals) -> None:
        """Signal the process and all that it started, as a terminal does."""
        os.killpg(self.process.pid, number)

    async def ends(self) -> int:
        """Wait for the end and all that was said; give the exit code."""
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*self._readers)
            return await self.process.wait()


@asynccontextmanager
async def started(*command: str | Path, env: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """Run a command in a process group of its own; it is killed if it still runs at the end."""
    environ = {name: value for name, value in os.environ.items() if name != "PORT"}
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environ | dict(env or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    running = Process(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await running.ends()


def group_is_gone(group: int) -> bool:
    """Whether nothing of a process group runs any more."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
