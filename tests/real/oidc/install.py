"""Install the OpenID provider once, in the cache folder. It needs Node and npm; its packages have hashes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.real.session import UnavailableError
from tests.support.cache import InstallError, cache, hash_of, locked, once, run

HERE = Path(__file__).parent
PROGRAM = "provider.mjs"
FILES = ("package.json", "package-lock.json", PROGRAM)

_OLDEST = 20  # the major version of Node that `package.json` asks for


def install() -> list[str]:
    """Give the command that runs the provider (its settings file is to follow), installing it if need be."""
    node, npm = _programs()
    folder = cache()
    home = folder / f"oidc-{hash_of(*((HERE / name).read_text() for name in FILES))}"
    with locked(folder / "oidc.lock"):
        once(home, lambda: _install(npm, home))
    return [node, str(home / PROGRAM)]


def _programs() -> tuple[str, str]:
    wanted = f"Install Node {_OLDEST} or newer with npm to run these tests"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise UnavailableError(f"{wanted}: there is none.")
    try:
        version = run("Asking Node for its version", [node, "--version"]).strip()
    except InstallError as error:
        raise UnavailableError(f"{wanted}: the one that is here does not run.") from error
    major = re.match(r"v(\d+)", version)
    if major is None or int(major[1]) < _OLDEST:
        raise UnavailableError(f"{wanted}: here is {version}.")
    return node, npm


def _install(npm: str, home: Path) -> None:
    for name in FILES:
        shutil.copy(HERE / name, home)
    # Its packages run nothing while they are installed.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run("OpenID provider: installing from the package registry", command, folder=home)


if __name__ == "__main__":
    install()
