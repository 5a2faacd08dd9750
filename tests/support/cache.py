"""What tests install: a cache folder whose entries are made once and then used as they are.

The cache is `GATEWAY_TEST_CACHE` (default `~/.cache/portal-gateway`). Its entries are named by a hash
of what made them, so a changed recipe makes a new entry and an unchanged one is used as it is. A file
lock lets one process build while others wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class InstallError(Exception):
    """The system cannot be installed; the message says which step failed and how."""


def cache() -> Path:
    """Give the cache folder, made if need be."""
    folder = Path(os.environ.get("GATEWAY_TEST_CACHE", "~/.cache/portal-gateway")).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def hash_of(*parts: str) -> str:
    """Give a short name for what an entry is made of."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until this process alone holds the lock file."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file closes, also when the process dies
        yield


def once(folder: Path, make: Callable[[], object]) -> None:
    """Make `folder` unless it is complete; a half-made one is thrown away."""
    ready = folder / ".ready"
    if ready.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make()
    ready.touch()


def python_of(environment: Path) -> Path:
    """Give the Python of a virtual environment."""
    return environment / "bin" / "python"


def install_packages(system: str, environment: Path, requirements: Path, *options: str) -> None:
    """Make a virtual environment with the requirements; `options` are pip's, such as `--require-hashes`."""
    run(f"{system}: creating the environment", [sys.executable, "-m", "venv", str(environment)])
    pip = [str(python_of(environment)), "-m", "pip", "install", "--quiet", *options]
    run(f"{system}: installing from the package registry", [*pip, "-r", str(requirements)])


def clean_environment() -> dict[str, str]:
    """Give this process's environment without what would reach into another program's Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TRYTON"))}


def run(
    step: str,
    command: Sequence[str],
    variables: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
) -> str:
    """Run one step to its end and give what it printed; InstallError with the step's name and its last words.

    `variables` are added to a clean environment; `folder` is where it runs.
    """
    result = subprocess.run(  # noqa: S603  an argument list, no shell
        command,
        env=clean_environment() | dict(variables or {}),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        tail = "\n".join((result.stderr.strip() or result.stdout.strip()).splitlines()[-15:])
        raise InstallError(f"{step} failed (exit status {result.returncode}).\n{tail}")
    return result.stdout
