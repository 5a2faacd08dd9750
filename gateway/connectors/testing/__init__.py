"""The contract suite that every connector passes, against its stand-in and against the real system.

A vendor's test declares its subject and inherits the tests (pytest with `asyncio_mode = "auto"`):

    from gateway.connectors.testing import Case, ConnectorContract, ListCase, Subject

    class TestContract(ConnectorContract):
        ports = (InvoicesPort,)  # all that the connector serves

        @pytest.fixture
        def subject(self, system: StandIn) -> Subject:
            return Subject(
                url=system.url,
                connect=lambda name, url, outbound: connect(name, config(url, "key"), outbound),
                denied=lambda name, url, outbound: connect(name, config(url, "wrong"), outbound),
                secrets=("key",),
                a=("cus_1", "cus_2"),  # account A's native ids in this system
                b=("cus_3",),
                empty=("cus_4",),
                cases={
                    InvoicesPort: Case(
                        known=("in_1", "in_2"),  # A's: the more, the better
                        foreign=("in_9",),  # B's
                        missing=lambda n: f"in_none{n}",
                        lists={"list_invoices": ListCase(arguments=(InvoiceFilter(), InvoiceSort()), rows=2)},
                    )
                },
            )

Between connector and system the suite puts a proxy of its own, which counts calls and spoils answers. So a
real system is tried with the same faults as a stand-in, and neither has to offer any.

This package needs pytest; nothing of the gateway imports it.
"""

import pytest

_HERE = "gateway.connectors.testing"
pytest.register_assert_rewrite(
    *(
        f"{_HERE}.{name}"
        for name in ("answers", "bench", "checks", "contract", "desk", "get_many", "lists", "writes")
    )
)

from gateway.connectors.testing.contract import ConnectorContract  # noqa: E402  rewriting comes first
from gateway.connectors.testing.desk import Writing  # noqa: E402  likewise
from gateway.connectors.testing.subject import (  # noqa: E402  likewise
    KEY_A,
    KEY_B,
    NAME,
    Case,
    ListCase,
    Subject,
    everything,
)
from gateway.connectors.testing.wire import Call, Wire  # noqa: E402  likewise
from gateway.connectors.testing.writes import TicketWritesContract  # noqa: E402  likewise

__all__ = [
    "KEY_A",
    "KEY_B",
    "NAME",
    "Call",
    "Case",
    "ConnectorContract",
    "ListCase",
    "Subject",
    "TicketWritesContract",
    "Wire",
    "Writing",
    "everything",
]
