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
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PATIENCE = 90.0  # seconds; an idle machine needs a few
_PAUSE = 0.05


@contextmanager
def process(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    *,
    folder: Path | None = None,
    grace: float = 10.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with its words in `log`; it and the processes it started end with the block.

    `grace`: seconds that it has to end by itself before it is killed; with 0 it is killed at once.
    """
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
        _end(server, grace)


def _end(server: subprocess.Popen[bytes], grace: float) -> None:
    if grace:
        server.terminate()
        try:
            server.wait(grace)
        except subprocess.TimeoutExpired:
            server.kill()
    else:
        server.kill()
    server.wait()
    try:
        os.killpg(server.pid, signal.SIGKILL)  # what it left behind
    except ProcessLookupError:
        return


def answers(url: str, server: subprocess.Popen[bytes], *, statuses: range = range(200, 600)) -> bool:
    """Wait until `url` answers with one of the statuses; False when the server ended instead."""
    until = time.monotonic() + _PATIENCE
    while server.poll() is None:
        if _status(url) in statuses:
            return True
        if time.monotonic() > until:
            raise TimeoutError(f"No answer after {_PATIENCE:.0f} seconds.")
        time.sleep(_PAUSE)  # until it listens
    return False


def _status(url: str) -> int | None:
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as response:  # noqa: S310  http on this machine
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None


def free_port() -> int:
    """Give a port of 127.0.0.1 that is free at this moment; another program may take it before its use."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Give so many different ports, as `free_port` does."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
