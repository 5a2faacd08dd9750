"""The python that has the vendors' own clients: `from tests.clients.fixture import client_python`.

    found = await ask(client_python, SCRIPT, stand_in.url)

A script prints one JSON document. It may change scheme and host of what the client calls, nothing else.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.install import install
from tests.support.cache import InstallError, clean_environment

_PATIENCE = 60.0  # seconds


@pytest.fixture(scope="session")
def client_python() -> Path:
    """Install the clients if need be."""
    failure = ""
    try:
        return install()
    except InstallError as error:
        failure = str(error)
    # Here, so that the report is the message alone.
    return pytest.fail(failure, pytrace=False)


async def ask(python: Path, script: str, *arguments: str) -> Any:
    """Run a script in that python, while this process serves its calls; give the JSON that it printed."""
    process = await asyncio.create_subprocess_exec(
        str(python),
        "-c",
        script,
        *arguments,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()[-2000:]
    return json.loads(out)
