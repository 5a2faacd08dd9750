"""The connector for S3 against the stand-in: the contract suite, and what is S3's own."""

from __future__ import annotations

import pytest

from gateway.connectors.ports.documents import DocumentsPort, FoldersPort
from gateway.connectors.testing import ConnectorContract, Subject
from sandbox.data import DataSet
from sandbox.serve import StandIn
from tests.contract.s3.conftest import KEY_ID, SECRET, connected
from tests.contract.s3.subject import subject_of


class TestContract(ConnectorContract):
    ports = (DocumentsPort, FoldersPort)

    @pytest.fixture
    def subject(self, system: StandIn, data: DataSet) -> Subject:
        return subject_of(
            data,
            system.url,
            connected,
            lambda name, url, outbound: connected(name, url, outbound, "wrong/secret"),
            (SECRET, "wrong/secret", KEY_ID),
        )
