"""The real ERP, for the tests here that ask for it."""

from tests.real.tryton.fixture import tryton

__all__ = ["tryton"]  # the fixture
