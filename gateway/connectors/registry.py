"""Which connector serves a port: by configured name, from built-in vendors and entry points.

Every package of this folder is a vendor's, but for ports and tests. One is imported only when a
`[connectors.NAME]` names its `type`. It has `config.py` with `Config`, and `connector.py` with
`connect(name, config, outbound) -> Connector`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from gateway.connectors.ports import PORTS
from gateway.connectors.ports.common import Kind
from gateway.connectors.ports.directory import DirectoryPort
from gateway.connectors.ports.support import TicketsPort, TicketWritesPort
from gateway.errors import ConfigurationError
from gateway.outbound import Outbound
from gateway.settings import Settings, convert

_HERE = "gateway.connectors"
_NO_VENDORS = frozenset({"mapping", "ports", "testing"})
_ENTRY_POINTS = "gateway.connectors"


class Connector(Protocol):
    """One configured business system."""

    name: str
    ports: Mapping[type, object]
    """The implementation of each port the system serves."""

    async def ping(self) -> None:
        """Make one cheap authenticated call; UpstreamError when the system does not answer as it must."""
        ...


class Registry:
    """All configured connectors and the port bindings."""

    def __init__(self, connectors: Mapping[str, Connector], bindings: Mapping[str, str]) -> None:
        self.connectors = connectors
        self._bound: dict[type, Connector] = {}
        for port_name, connector_name in bindings.items():
            port = PORTS.get(port_name)
            key = f"bindings.{port_name}"
            if port is None:
                raise ConfigurationError(key, f"is not a port; the ports are {', '.join(PORTS)}")
            connector = connectors.get(connector_name)
            if connector is None:
                raise ConfigurationError(key, f"there is no [connectors.{connector_name}]")
            if port not in connector.ports:
                served = ", ".join(name for name, p in PORTS.items() if p in connector.ports)
                raise ConfigurationError(key, f"{connector_name!r} does not serve it; it serves {served}")
            self._bound[port] = connector
        reads, writes = self._bound.get(TicketsPort), self._bound.get(TicketWritesPort)
        if writes is not None and reads is not writes:
            raise ConfigurationError("bindings.ticket_writes", "bind it to the connector that serves tickets")
        self._port_of = {
            method: port
            for port in PORTS.values()
            for name, method in vars(port).items()
            if callable(method) and not name.startswith("_")
        }

    def directory(self) -> tuple[str, DirectoryPort] | None:
        """Give the configured name and the implementation of the directory; None when nothing is bound."""
        connector = self._bound.get(DirectoryPort)
        if connector is None:
            return None
        return connector.name, cast("DirectoryPort", connector.ports[DirectoryPort])

    def port_of(self, method: Any) -> type[Any]:
        """Give the port that declares `method`."""
        return self._port_of[method]

    def kind_of(self, method: Any) -> Kind:
        """Give the kind of the port that declares `method`."""
        kind: Kind = self._port_of[method].kind
        return kind

    def binding(self, method: Any) -> tuple[str, Any] | None:
        """Give connector name and bound implementation of a port method; None when nothing is bound."""
        connector = self._bound.get(self._port_of[method])
        if connector is None:
            return None
        return connector.name, getattr(connector.ports[self._port_of[method]], method.__name__)


def packages() -> dict[str, str]:
    """Give every known vendor: `type` in the configuration -> its package."""
    here = importlib.import_module(_HERE).__path__
    built_in = {
        found.name: f"{_HERE}.{found.name}"
        for found in pkgutil.iter_modules(here)
        if found.ispkg and found.name not in _NO_VENDORS and not found.name.startswith("_")
    }
    return built_in | {entry.name: entry.value for entry in entry_points(group=_ENTRY_POINTS)}


def build(settings: Settings, outbound: Outbound) -> Registry:
    """Connect every configured system; ConfigurationError names what is wrong where."""
    known = packages()
    connectors: dict[str, Connector] = {}
    for name, raw in settings.connectors.items():
        key = f"connectors.{name}"
        if name == "identity":
            raise ConfigurationError(key, "that name is the issuer's; choose another")
        options = dict(raw)
        vendor = options.pop("type", None)
        if not isinstance(vendor, str) or vendor not in known:
            raise ConfigurationError(f"{key}.type", f"write one of {', '.join(sorted(known))}")
        package = known[vendor]
        config = convert(options, importlib.import_module(f"{package}.config").Config, key)
        connect = importlib.import_module(f"{package}.connector").connect
        connectors[name] = connect(name, config, outbound)
    return Registry(connectors, settings.bindings)
