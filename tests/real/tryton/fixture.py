"""A running Tryton with the seeded database, for tests: `from tests.real.tryton.fixture import tryton`."""

from __future__ import annotations

import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.real.process import answers, free_port, process
from tests.real.session import started
from tests.real.tryton.install import DATABASE, configuration, install
from tests.support.cache import InstallError, clean_environment

_ATTEMPTS = 3


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
def tryton(pytestconfig: pytest.Config) -> RealTryton:
    """Install Tryton if need be, start it on a copy of the seeded database, end it after the tests."""
    return started(pytestconfig, running)


@contextmanager
def running() -> Iterator[RealTryton]:
    """Run Tryton in a folder of its own on a free port of this machine."""
    installation = install()
    with tempfile.TemporaryDirectory(prefix="gateway-tryton-") as name:
        folder = Path(name)
        shutil.copy(installation.database, folder)
        for _ in range(_ATTEMPTS):  # another program may take the port before Tryton does
            port = free_port()
            (folder / "trytond.conf").write_text(configuration(folder, listen=f"127.0.0.1:{port}"))
            system = RealTryton(
                f"http://127.0.0.1:{port}", installation.ids["keys"]["gateway"], DATABASE, installation.ids
            )
            command = [*installation.script("trytond"), "-c", str(folder / "trytond.conf"), "-d", DATABASE]
            with process(command, folder / "trytond.log", clean_environment()) as server:
                if answers(system.url, server):
                    _check(system)
                    yield system
                    return
        text = (folder / "trytond.log").read_text(errors="replace")[-2000:]
        raise InstallError(f"Tryton does not start ({_ATTEMPTS} attempts).\n{text}")


def _check(system: RealTryton) -> None:
    """See that its own key opens it."""
    request = urllib.request.Request(  # noqa: S310  http on this machine
        f"{system.url}/{system.database}/rest/model/party.party?s=0",
        headers={"Authorization": f"Bearer {system.key}"},
    )
    try:
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310  http on this machine
    except urllib.error.HTTPError as error:
        error.close()
        raise InstallError(f"Tryton answers {error.code} to its own key.") from error
