import subprocess
import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from gateway.connectors import registry
from gateway.connectors.ports import PORTS
from gateway.connectors.ports.billing import InvoicesPort, PaymentsPort
from gateway.connectors.ports.common import Kind
from gateway.connectors.ports.orders import OrdersPort, ProductsPort
from gateway.connectors.registry import Registry, build
from gateway.errors import ConfigurationError
from gateway.outbound import Outbound
from gateway.settings import Config, Secret, Settings, parse
from tests.support.ports import INVOICE, Connector, Port

VENDOR = "tests_vendor_of_a_registry"


def settings(connectors: dict[str, Any], bindings: dict[str, Any] | None = None) -> Settings:
    raw = {
        "auth": {"issuer": "https://id.example", "audience": "portal"},
        "identity": {"sources": ["claims"]},
        "cursors": {"keys": ["env:KEY"]},
        "bindings": bindings or {},
        "connectors": connectors,
    }
    return parse(raw, Path("/"), {"KEY": "k" * 32})


class VendorConfig(Config, frozen=True, kw_only=True):
    api_key: Secret
    concurrency: int = 2


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor package that another distribution offers by an entry point."""
    package, config, connector = (
        types.ModuleType(f"{VENDOR}{part}") for part in ("", ".config", ".connector")
    )
    package.__path__ = []
    config.Config = VendorConfig  # type: ignore[attr-defined]  # modules made here

    def connect(name: str, typed: VendorConfig, outbound: Outbound) -> Connector:
        assert isinstance(outbound, Outbound)
        made = Connector(name, {InvoicesPort: Port(name, INVOICE, [])})
        made.config = typed  # type: ignore[attr-defined]  # for the test to look at
        return made

    connector.connect = connect  # type: ignore[attr-defined]  # likewise
    for module in (package, config, connector):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    points = [EntryPoint("acmecorp", VENDOR, "gateway.connectors")]
    monkeypatch.setattr(
        registry, "entry_points", lambda group: points if group == "gateway.connectors" else []
    )


def refused(given: Settings) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        build(given, Outbound())
    return caught.value


@pytest.mark.usefixtures("vendor")
def test_a_vendor_comes_by_entry_point_under_its_configured_name() -> None:
    key = Secret("k")
    raw = {"type": "acmecorp", "api_key": key}
    given = settings({"old": raw, "new": dict(raw)}, {"invoices": "new"})
    made = build(given, Outbound())
    assert list(made.connectors) == ["old", "new"]
    assert made.connectors["new"].config == VendorConfig(api_key=key)  # type: ignore[attr-defined]  # see above
    bound = made.binding(InvoicesPort.get_many)
    assert bound is not None
    name, method = bound
    assert (name, method.__self__.name) == ("new", "new")
    assert given.connectors["new"]["type"] == "acmecorp"  # settings are not used up


def test_the_issuers_name_is_not_a_connectors() -> None:
    error = refused(settings({"identity": {"type": "stripe"}}))
    assert (error.key, "choose another" in error.message) == ("connectors.identity", True)


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize(
    ("raw", "key", "says"),
    [
        ({}, "connectors.billing.type", "write one of acmecorp, rt, s3, salesforce, stripe, tryton, zendesk"),
        ({"type": "strype"}, "connectors.billing.type", "write one of"),
        ({"type": 5}, "connectors.billing.type", "write one of"),
        ({"type": ["stripe"]}, "connectors.billing.type", "write one of"),
        ({"type": Secret("stripe")}, "connectors.billing.type", "write one of"),
        ({"type": "acmecorp"}, "connectors.billing.api_key", "is required"),
        ({"type": "acmecorp", "api_key": "sk_live"}, "connectors.billing.api_key", "env:NAME"),
        ({"type": "acmecorp", "api_key": Secret("k"), "url": 1}, "connectors.billing.url", "not a setting"),
        (
            {"type": "acmecorp", "api_key": Secret("k"), "concurrency": "9"},
            "connectors.billing.concurrency",
            "`int`",
        ),
    ],
)
def test_a_connector_that_is_set_up_wrongly_is_named(raw: dict[str, Any], key: str, says: str) -> None:
    error = refused(settings({"billing": raw}))
    assert error.key == key
    assert says in error.message
    assert "sk_live" not in error.message


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize(
    ("bindings", "key", "says"),
    [
        ({"invoice": "billing"}, "bindings.invoice", "the ports are directory, accounts"),
        ({"invoices": "stripe"}, "bindings.invoices", "there is no [connectors.stripe]"),
        ({"payments": "billing"}, "bindings.payments", "'billing' does not serve it; it serves invoices"),
    ],
)
def test_a_binding_that_cannot_be_is_named(bindings: dict[str, str], key: str, says: str) -> None:
    error = refused(settings({"billing": {"type": "acmecorp", "api_key": Secret("k")}}, bindings))
    assert error.key == key
    assert says in error.message


def test_a_vendor_that_is_not_configured_is_not_imported() -> None:
    # In a process of its own: here, other tests have imported them.
    asked = "import sys, gateway.app; print([m for m in sys.modules if m.startswith('gateway.connectors.')])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)  # noqa: S603  our own words
    assert "gateway.connectors.registry" in done.stdout
    assert "stripe" not in done.stdout
    assert "tryton" not in done.stdout


def test_every_method_of_every_port_has_one_port_and_a_kind() -> None:
    empty = Registry({}, {})
    methods = [
        (port, method) for port in PORTS.values() for name, method in vars(port).items()
        if callable(method) and not name.startswith("_")
    ]  # fmt: skip
    assert len(methods) > len(PORTS)
    for port, method in methods:
        assert empty.port_of(method) is port
        assert empty.kind_of(method) is port.kind
        assert empty.binding(method) is None
    assert empty.kind_of(InvoicesPort.get_many) is Kind.ACCOUNT
    assert empty.kind_of(ProductsPort.get_many) is Kind.SHARED


def test_ports_with_methods_of_one_name_are_kept_apart() -> None:
    invoices, orders = Port("billing", INVOICE, []), Port("erp", INVOICE, [])
    made = Registry(
        {
            "billing": Connector("billing", {InvoicesPort: invoices}),
            "erp": Connector("erp", {OrdersPort: orders}),
        },
        {"invoices": "billing", "orders": "erp"},
    )
    assert made.binding(InvoicesPort.get_many) == ("billing", invoices.get_many)
    assert made.binding(OrdersPort.get_many) == ("erp", orders.get_many)
    assert made.binding(PaymentsPort.get_many) is None


def test_what_is_no_port_method_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Registry({}, {}).binding(Port.get_many)
