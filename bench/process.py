"""Processes: started on one core, measured as a tree, ended by their own ids."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 10.0


def free_port() -> int:
    """Give a port of loopback that nobody has now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def start(
    command: Sequence[str],
    *,
    core: int | None,
    log: Path,
    variables: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program on a core (None: on any); what it prints goes into the log."""
    pin = [] if core is None else ["taskset", "--cpu-list", str(core)]
    with log.open("wb") as file:
        return subprocess.Popen(
            [*pin, *command],
            env=os.environ | dict(variables or {}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program; by force when it takes too long."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tree(pid: int) -> list[int]:
    """Give a process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """Give the user and system time that a process and all below it have used."""
    ticks = 0
    for one in tree(pid):
        stat = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / _TICK


def resident(pid: int) -> float:
    """Give the memory that a process and all below it hold, in MB (of 10^6 bytes)."""
    return sum(_resident(one) for one in tree(pid)) * 1024 / 1e6


def _resident(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0
