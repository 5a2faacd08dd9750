"""What session fixtures of real systems share: when they leave tests out, and when they fail them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

import pytest

from tests.support.cache import InstallError

System = TypeVar("System")


class UnavailableError(Exception):
    """This platform lacks what the real system needs; the message says what to install."""


def started(running: Callable[[], AbstractContextManager[System]]) -> Iterator[System]:
    """Be the body of a session fixture: install and start, give the system, end it after the tests.

    A platform that lacks what is needed leaves the tests out; an installation that fails, fails them.
    """
    if os.environ.get("GATEWAY_SKIP_REAL") == "1":
        pytest.skip("GATEWAY_SKIP_REAL=1 leaves the real systems out")
    failure = missing = ""
    with ExitStack() as stack:
        try:
            system = stack.enter_context(running())
        except InstallError as error:
            failure = str(error)
        except UnavailableError as error:
            missing = str(error)
        if failure:  # here, so that the report is the message alone
            pytest.fail(failure, pytrace=False)
        if missing:
            pytest.skip(missing)
        yield system
