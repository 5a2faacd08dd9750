"""A running Tryton with the seeded database, for tests: `from tests.real.tryton.fixture import tryton`."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.real.tryton.install import (
    DATABASE,
    Installation,
    InstallError,
    clean_environment,
    configuration,
    install,
)

_ATTEMPTS = 3
_PATIENCE = 90.0  # seconds; it takes 4 on an idle machine


@dataclass(frozen=True)
class RealTryton:
    """Where it listens, and what is in it.

    `ids` maps the sandbox data set's ids (as text) to native ids: accounts, products, orders,
    order_lines, shipments, invoices (of an order), and has company, warehouse, archived_party,
    archived_product, taxed_invoice, the `states` that orders reached, `billed` (the data set's
    ids of orders whose invoice is posted), and `keys` of other users: outsider (no company), powerless (no
    rights), cancelled.
    """

    url: str
    key: str
    database: str
    ids: dict[str, Any]


@pytest.fixture(scope="session")
def tryton() -> Iterator[RealTryton]:
    """Install Tryton if need be, start it on a copy of the seeded database, end it after the tests."""
    if os.environ.get("GATEWAY_SKIP_REAL") == "1":
        pytest.skip("GATEWAY_SKIP_REAL=1 leaves the real systems out")
    failure = ""
    with ExitStack() as stack:
        try:
            system = stack.enter_context(running(install()))
        except InstallError as error:
            failure = str(error)
        if failure:  # here, so that the report is the message alone
            pytest.fail(failure, pytrace=False)
        yield system


@contextmanager
def running(installation: Installation) -> Iterator[RealTryton]:
    """Run Tryton in a folder of its own on a free port of this machine."""
    with tempfile.TemporaryDirectory(prefix="gateway-tryton-") as name:
        folder = Path(name)
        shutil.copy(installation.database, folder)
        for _ in range(_ATTEMPTS):  # another program may take the port before Tryton does
            port = _free_port()
            (folder / "trytond.conf").write_text(configuration(folder, listen=f"127.0.0.1:{port}"))
            system = RealTryton(
                f"http://127.0.0.1:{port}", installation.ids["keys"]["gateway"], DATABASE, installation.ids
            )
            command = [*installation.script("trytond"), "-c", str(folder / "trytond.conf"), "-d", DATABASE]
            with (folder / "trytond.log").open("wb") as log, _process(command, log) as process:
                if _wait(system, process):
                    yield system
                    return
        text = (folder / "trytond.log").read_text(errors="replace")[-2000:]
        raise InstallError(f"Tryton does not start ({_ATTEMPTS} attempts).\n{text}")


@contextmanager
def _process(command: list[str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=clean_environment(), stdout=log, stderr=log)  # noqa: S603  our own server
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(system: RealTryton, process: subprocess.Popen[bytes]) -> bool:
    """Wait until it answers; False when it ended instead."""
    request = urllib.request.Request(  # noqa: S310  http on this machine
        f"{system.url}/{system.database}/rest/model/party.party?s=0",
        headers={"Authorization": f"Bearer {system.key}"},
    )
    until = time.monotonic() + _PATIENCE
    while process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310  http on this machine
                return True
        except urllib.error.HTTPError as error:
            error.close()
            raise InstallError(f"Tryton answers {error.code} to its own key.") from error
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)  # until it listens
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
