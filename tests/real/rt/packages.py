"""Request Tracker's packages, which Debian and its like have: found, or installed where one may."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.real.session import UnavailableError
from tests.support.cache import InstallError, run

PACKAGES = ("request-tracker5", "rt5-db-sqlite", "starman")
SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = Path("/usr/sbin/rt-setup-database-5")

_PRESEED = "request-tracker5 request-tracker5/dbconfig-install boolean false\n"
_POLICY = Path("/usr/sbin/policy-rc.d")
_COMMAND = "apt-get install --no-install-recommends " + " ".join(PACKAGES)


def provide() -> str:
    """Give the version that is installed, installing it if this process may; to be called under a lock."""
    version = _version()
    if version is None:
        _install()
        version = _version()
    if version is None:
        raise InstallError("Request Tracker: the packages are not there after their installation.")
    return version


def _version() -> str | None:
    query = shutil.which("dpkg-query")
    if query is None or not (SERVER.exists() and SETUP.exists()):
        return None
    try:
        found = run("", [query, "-W", "-f=${db:Status-Abbrev} ${Version}\n", *PACKAGES]).split("\n")
    except InstallError:
        return None  # one is not known at all
    rows = [row.split() for row in found if row]
    return rows[0][1] if all(status == "ii" for status, _ in rows) else None


def _install() -> None:
    apt = shutil.which("apt-get")
    if apt is None:
        raise UnavailableError("Request Tracker 5 is in Debian's packages, and this is no Debian.")
    if os.geteuid() != 0:
        raise UnavailableError(f"Install Request Tracker 5 to run these tests: sudo {_COMMAND}")
    quiet = [apt, "-qq", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    variables = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run("Request Tracker: reading the lists of packages", [*quiet, "update"], variables)
    try:
        run("", [*quiet, "--simulate", "install", *PACKAGES], variables)
    except InstallError as error:
        raise UnavailableError(f"Request Tracker 5 is not to be had here: {_COMMAND} fails.") from error
    with _no_services():
        preseed = ["/bin/sh", "-c", 'printf "%s" "$0" | debconf-set-selections', _PRESEED]
        run("Request Tracker: answering the packages' questions", preseed, variables)
        install = [*quiet, "install", "--no-install-recommends", *PACKAGES]
        run("Request Tracker: installing the packages", install, variables)


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep packages from starting services (a mail server comes along); Debian's own way to say so."""
    if _POLICY.exists():  # the machine has a policy of its own
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
