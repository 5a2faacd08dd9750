"""Roles are data: a TOML file says which permissions each role grants."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.auth.permissions import Permission
from gateway.errors import ConfigurationError

DEFAULT = Path(__file__).with_name("policy.toml")
_WORDS = {permission.value: permission for permission in Permission}


@dataclass(frozen=True, slots=True)
class Policy:
    """What each role grants. Permissions of several roles add up."""

    roles: Mapping[str, frozenset[Permission]]

    def permissions(self, roles: Iterable[str]) -> frozenset[Permission]:
        """Union over `roles`; a role that the policy does not know grants nothing."""
        return frozenset().union(*(self.roles.get(role, frozenset()) for role in roles))


def load_policy(path: Path | None = None) -> Policy:
    """Read the roles of `path`, or the shipped ones. A file replaces the shipped roles as a whole.

    Raises `ConfigurationError` that names the key and what may be written there.
    """
    try:
        document = tomllib.loads((path or DEFAULT).read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError("policy", f"the file cannot be read: {error.strerror}") from error
    except ValueError as error:
        # TOML and UTF-8 faults both say where they stand.
        raise ConfigurationError("policy", f"write a TOML file: {error}") from error
    for key in document.keys() - {"roles"}:
        raise ConfigurationError(f"policy.{key}", "unknown key; allowed: roles")
    roles = document.get("roles")
    if not isinstance(roles, dict):
        raise ConfigurationError("policy.roles", 'write a table of roles, such as viewer = ["account:read"]')
    return Policy({role: _permissions(f"policy.roles.{role}", words) for role, words in roles.items()})


def _permissions(key: str, words: object) -> frozenset[Permission]:
    allowed = ", ".join(_WORDS)
    if not isinstance(words, list):
        raise ConfigurationError(key, f"write a list of permissions; allowed: {allowed}")
    for word in words:
        if not isinstance(word, str) or word not in _WORDS:
            raise ConfigurationError(key, f"unknown permission {word!r}; allowed: {allowed}")
    return frozenset(_WORDS[word] for word in words)
