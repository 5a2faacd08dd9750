"""What a bench runs on: keys, a token, and the configuration of the gateway as an operator writes it."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.data import ACCOUNT, NATIVES, PARTY

AUDIENCE = "https://gateway.bench.example"
_LIFETIME = 12 * 3600  # seconds
_SLOTS = 64  # concurrent calls to one system; the other servers have as many connections

_GATEWAY = """
[server]
max_rows = {rows}

[auth]
issuer = "{issuer}"
audience = "{audience}"

[identity]
sources = ["file"]
file = "accounts.toml"

[cursors]
keys = ["env:BENCH_CURSORS"]

[telemetry]
otlp_endpoint = "{issuer}"
sample_ratio = 0.05
log_level = "WARNING"

[bindings]
accounts = "crm"
contacts = "crm"
orders = "erp"
invoices = "billing"
subscriptions = "billing"
tickets = "helpdesk"

[connectors.crm]
type = "salesforce"
base_url = "{upstream}"
login_url = "{upstream}"
client_id = "bench"
username = "integration@vendor.example"
private_key = "file:crm.pem"
multi_currency = true
concurrency = {slots}

[connectors.erp]
type = "tryton"
base_url = "{upstream}"
database = "bench"
key = "env:BENCH_KEY"
company = 1
concurrency = {slots}

[connectors.billing]
type = "stripe"
base_url = "{upstream}"
api_key = "env:BENCH_KEY"
concurrency = {slots}

[connectors.helpdesk]
type = "zendesk"
base_url = "{upstream}"
client_id = "bench"
client_secret = "env:BENCH_KEY"
concurrency = {slots}
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """Where everything is. `upstream`: scheme -> the base URL of all stub systems."""

    folder: Path
    upstream: dict[str, str]
    issuer: str
    token: str

    @property
    def certificate(self) -> Path:
        """What TLS clients have to trust."""
        return self.folder / "server.pem"

    @property
    def headers(self) -> dict[str, str]:
        """What a caller sends."""
        return {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}

    def variables(self, upstream: str) -> dict[str, str]:
        """Give the environment of a server that calls the systems at `upstream`."""
        return {
            "UPSTREAM": upstream,
            "ISSUER": self.issuer,
            "AUDIENCE": AUDIENCE,
            "ACCOUNTS": msgspec.json.encode({ACCOUNT: NATIVES | {"erp": PARTY}}).decode(),
            "SSL_CERT_FILE": str(self.certificate),
            "NODE_EXTRA_CA_CERTS": str(self.certificate),
            "NODE_ENV": "production",
            "BENCH_CURSORS": "c" * 32,
            "BENCH_KEY": "rk_bench",
        }

    def gateway(self, name: str, upstream: str, rows: int = 10_000) -> Path:
        """Write a configuration of the gateway; gives the file. `rows`: of all lists in an answer."""
        file = self.folder / f"{name}.toml"
        text = _GATEWAY.format(
            upstream=upstream, issuer=self.issuer, audience=AUDIENCE, slots=_SLOTS, rows=rows
        )
        file.write_text(text, "utf-8")
        return file


def write_setup(folder: Path, http: int, https: int, lengths: Iterable[int]) -> Setup:
    """Write keys, certificate, discovery and accounts; the issuer is the stub on `http`.

    `lengths`: of the long lists; each has an account of its own.
    """
    issuer = f"http://127.0.0.1:{http}"
    signer = RSAKey.generate_key(2048, {"kid": "bench", "use": "sig", "alg": "RS256"}, private=True)
    crm = folder / "crm.pem"
    crm.write_bytes(RSAKey.generate_key(2048, private=True).as_pem(private=True))
    www = folder / "www"
    (www / ".well-known").mkdir(parents=True)
    discovery = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks.json"}
    (www / ".well-known" / "openid-configuration").write_bytes(msgspec.json.encode(discovery))
    (www / "jwks.json").write_bytes(msgspec.json.encode({"keys": [signer.as_dict(private=False)]}))
    long = [f"items{length}" for length in lengths]
    accounts = {ACCOUNT: NATIVES} | {key: {"billing": f"cus_{key}"} for key in long}
    (folder / "accounts.toml").write_text("\n".join(map(_entry, accounts, accounts.values())), "utf-8")
    _certify(folder)
    return Setup(
        folder,
        {"http": issuer, "https": f"https://127.0.0.1:{https}"},
        issuer,
        _token(signer, issuer, accounts),
    )


def _entry(key: str, natives: dict[str, str]) -> str:
    listed = ", ".join(f'{system} = ["{native}"]' for system, native in natives.items())
    return f'[accounts.{key}]\ntype = "CUSTOMER"\nnatives = {{ {listed} }}\n'


def _token(signer: RSAKey, issuer: str, accounts: Iterable[str]) -> str:
    now = int(time.time())
    claims = {
        "iss": issuer, "aud": AUDIENCE, "sub": "user-1", "client_id": "portal", "jti": secrets.token_hex(8),
        "iat": now, "exp": now + _LIFETIME, "name": "Ada Example", "email": "ada@mueller.example",
        "memberships": [{"account": key, "roles": ["owner"]} for key in accounts],
    }  # fmt: skip
    return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": "bench"}, claims, signer)


def _certify(folder: Path) -> None:
    """Make a certificate for loopback that signs itself."""
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    made = ["-keyout", str(folder / "server.key"), "-out", str(folder / "server.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "3", "-subj", "/CN=localhost", "-addext", names, *made],
        check=True, capture_output=True, env=os.environ,
    )  # fmt: skip
