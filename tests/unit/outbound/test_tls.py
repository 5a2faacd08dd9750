"""TLS: certificates are checked, connections are kept and watched like plain ones."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.errors import Code
from gateway.outbound import Outbound
from tests.unit.outbound.misbehaving import Vendor, failure, http


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a self-signed certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "cert.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(pem) + private)
    return file


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[Vendor]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    made = Vendor()
    await made.start(context)
    yield made
    await made.stop()


@pytest.mark.parametrize("lean", [True, False])
async def test_a_trusted_connection_is_kept(secure: Vendor, certificate: Path, *, lean: bool) -> None:
    outbound = Outbound(ssl_context=ssl.create_default_context(cafile=certificate), lean=lean)
    client = outbound.client("billing", secure.base)
    for _ in range(3):
        assert (await client.get("/")).body == b"{}"
    assert len(secure.writers) == 1  # session tickets do not look like unsolicited answers
    secure.writers[0].write(http(200, b"evil"))
    assert (await client.get("/")).body == b"{}"
    assert len(secure.writers) == 2
    await outbound.close()


async def test_an_unknown_certificate_is_refused(secure: Vendor, outbound: Outbound) -> None:
    error = await failure(outbound.client("billing", secure.base).get("/"))
    assert (error.code, error.detail) == (Code.UPSTREAM_UNAVAILABLE, "ClientConnectorCertificateError")
    assert secure.requests == []


async def test_a_plain_server_is_no_tls_server(outbound: Outbound) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(400))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(outbound.client("billing", f"https://127.0.0.1:{port}").get("/"))
    assert (error.code, error.detail) == (Code.UPSTREAM_UNAVAILABLE, "ClientConnectorSSLError")
