"""Install vendors' own clients once, in an environment of their own: some disagree with the gateway's pins.

See `tests/support/cache.py` for the folder and its habits.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.cache import cache, hash_of, install_packages, locked, once, python_of

HERE = Path(__file__).parent


def install() -> Path:
    """Give the python that has the clients of `requirements.in`, building what is not in the cache yet."""
    folder = cache()
    requirements = HERE / "requirements.txt"
    environment = folder / f"clients-env-{hash_of(sys.version, requirements.read_text())}"
    with locked(folder / "clients.lock"):
        once(environment, lambda: install_packages("Clients", environment, requirements, "--require-hashes"))
    return python_of(environment)


if __name__ == "__main__":
    install()
