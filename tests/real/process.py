"""A real system's process on this machine: started for a test session, ended by its own id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 90.0  # seconds; an idle machine needs a few
_PAUSE = 0.05


@contextmanager
def process(
    command: Sequence[str], log: Path, environment: Mapping[str, str], *, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with its words in `log`; it and the processes it started end with the block."""
    with log.open("wb") as words:
        server = subprocess.Popen(  # noqa: S603  our own server
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,  # so that its workers can be ended with it
        )
    try:
        yield server
    finally:
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    try:
        os.killpg(server.pid, signal.SIGKILL)  # what it left behind
    except ProcessLookupError:
        return


def answers(url: str, server: subprocess.Popen[bytes], *, headers: Mapping[str, str] | None = None) -> bool:
    """Wait until `url` answers, whatever it says; False when the server ended instead."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310  http on this machine
    until = time.monotonic() + _PATIENCE
    while server.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310  http on this machine
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE)  # until it listens
    return False


def free_port() -> int:
    """Give a port of 127.0.0.1 that is free at this moment; another program may take it before its use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
