"""What session fixtures of real systems share: one start for all, when tests are left out, when they fail."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import pytest

from tests.support.cache import InstallError

System = TypeVar("System")

_STARTED = pytest.StashKey[dict[object, Any]]()


class UnavailableError(Exception):
    """This platform lacks what the real system needs; the message says what to install."""


def started(config: pytest.Config, running: Callable[[], AbstractContextManager[System]]) -> System:
    """Give the system, installed and started if it is not yet; it ends with the session.

    A fixture that several modules import is several fixtures to pytest, so what runs is kept here. A platform
    that lacks what is needed leaves the tests out; an installation that fails, fails them.
    """
    if os.environ.get("GATEWAY_SKIP_REAL") == "1":
        pytest.skip("GATEWAY_SKIP_REAL=1 leaves the real systems out")
    known = config.stash.setdefault(_STARTED, {})
    if running not in known:
        known[running] = _start(config, running)
    found: System | InstallError | UnavailableError = known[running]
    if isinstance(found, InstallError):
        pytest.fail(str(found), pytrace=False)
    if isinstance(found, UnavailableError):
        pytest.skip(str(found))
    return found


def _start(
    config: pytest.Config, running: Callable[[], AbstractContextManager[System]]
) -> System | InstallError | UnavailableError:
    stack = ExitStack()
    try:
        system = stack.enter_context(running())
    except (InstallError, UnavailableError) as error:
        return error
    config.add_cleanup(stack.close)
    return system
