"""Dated results: one JSON file per run, with everything that was measured and on what."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.compare import Sample
from bench.fleet import ROOT
from bench.gates import Gate

FOLDER = Path(__file__).parent / "results"


class Result(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One run.

    `curves`: name -> points, each with what it was measured at; `inprocess`: what -> microseconds;
    `load_before`: how many other programs wanted the machine's cores, averaged over the minute before.
    """

    at: dt.datetime
    commit: str
    machine: dict[str, str]
    load_before: float
    settings: dict[str, Any]
    leaves: dict[str, int] = msgspec.field(default_factory=dict)
    samples: list[Sample] = msgspec.field(default_factory=list)
    inprocess: dict[str, float] = msgspec.field(default_factory=dict)
    curves: dict[str, list[dict[str, float]]] = msgspec.field(default_factory=dict)
    gates: list[Gate] = msgspec.field(default_factory=list)


def begin(settings: dict[str, Any]) -> Result:
    """Start a result: when, of which commit, on what machine."""
    machine = {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "node": _said("node", "--version"),
        "nginx": _said("nginx", "-v"),
        "load": "wrk" if shutil.which("wrk") else "Python",
    }
    return Result(
        at=dt.datetime.now(dt.UTC).replace(microsecond=0),
        commit=_commit(),
        machine=machine,
        load_before=os.getloadavg()[0],
        settings=settings,
    )


def write(result: Result) -> Path:
    """Write a result under its date; gives the file."""
    folder = FOLDER / f"{result.at:%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.at:%H%M}-{result.commit}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return file


def newest() -> Path:
    """Give the file of the last run."""
    return max(FOLDER.glob("*/*.json"))


def read(file: Path) -> Result:
    """Read a result."""
    return msgspec.json.decode(file.read_bytes(), type=Result)


def missed(gates: Sequence[Gate]) -> int:
    """Count the gates that are not held."""
    return sum(not gate.held for gate in gates)


def _commit() -> str:
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    if name.returncode:
        return "unversioned"
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "gateway"], check=False).returncode
    return name.stdout.strip() + ("-changed" if changed else "")


def _cpu() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    return found[1] if found else platform.machine()


def _said(program: str, option: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        return "none"
    done = subprocess.run([found, option], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()
