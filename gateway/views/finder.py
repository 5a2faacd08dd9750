"""Which views there are: what installed distributions announce under `gateway.views`, this one included."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.metadata import entry_points

from gateway.errors import ConfigurationError
from gateway.schema.views import View

KEY = "views.enabled"
_ENTRY_POINTS = "gateway.views"


def packages() -> dict[str, str]:
    """Give every view that an installed distribution announces: name in the configuration -> package."""
    found: dict[str, str] = {}
    for entry in entry_points(group=_ENTRY_POINTS):
        if found.setdefault(entry.name, entry.value) != entry.value:
            # Which of both a customer sees must not depend on what is installed beside.
            raise ConfigurationError(
                KEY, f"{entry.name!r} is {found[entry.name]} and {entry.value}: rename one"
            )
    return found


def load(enabled: Sequence[str]) -> dict[str, View]:
    """Import the views that are enabled, and no other; ConfigurationError names what is wrong."""
    if not enabled:
        return {}
    known = packages()
    return {name: _load(name, known) for name in enabled}


def _load(name: str, known: dict[str, str]) -> View:
    if name not in known:
        raise ConfigurationError(KEY, f"there is no view {name!r}; there are {', '.join(sorted(known))}")
    try:
        view = getattr(importlib.import_module(known[name]), "VIEW", None)
    except ImportError as error:
        raise ConfigurationError(KEY, f"{name!r} cannot be imported: {error}") from error
    except TypeError as error:  # a declaration that the schema refuses
        raise ConfigurationError(KEY, f"{name!r}: {error}") from error
    if not isinstance(view, View):
        raise ConfigurationError(KEY, f"{name!r}: {known[name]} has no `VIEW = View(...)`")
    return view
