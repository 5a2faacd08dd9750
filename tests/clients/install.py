"""Install vendors' own clients once, in an environment of their own: some disagree with the gateway's pins.

See `tests/support/cache.py` for the folder and its habits.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.cache import locked, python_environment


def install() -> Path:
    """Give the python that has the clients of `requirements.in`, building what is not in the cache yet."""
    with locked("clients"):
        return python_environment("clients", Path(__file__).with_name("requirements.txt"), "--require-hashes")


if __name__ == "__main__":
    install()
