"""The stub systems: files that nginx serves on loopback, over http and over TLS 1.3.

nginx costs a tenth of what the servers under test do, so it is no part of what limits them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.config import Setup, write_setup
from bench.data import ORGANIZATION, files
from bench.process import free_port, start, stop

LOAD_CORE = 1
"""The core of stub systems and load; the server under test has the other one."""

LENGTHS = (10, 100, 1_000, 10_000)
_GRANT = '{"access_token":"stub","token_type":"bearer","expires_in":86400,"issued_at":"1790000000000"}'
_CONFIGURATION = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type application/json; etag off; server_tokens off;
  keepalive_requests 1000000000; keepalive_timeout 600s; sendfile off; tcp_nodelay on;
  open_file_cache max=100; open_file_cache_valid 3600s; output_buffers 2 512k;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{http} backlog=4096;
    listen 127.0.0.1:{https} ssl backlog=4096;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    ssl_protocols TLSv1.3; ssl_buffer_size 16k;
    root {folder}/www;
    error_page 405 =200 $uri;
    location = /v1/invoices {{ try_files /stripe/invoices-$arg_limit-$arg_status.json =404; }}
    location = /v1/subscriptions {{ try_files /stripe/subscriptions-$arg_customer.json =404; }}
    location = /api/v2/organizations/{organization}/tickets {{ try_files /zendesk/tickets-25.json =404; }}
    location = /services/data/v66.0/composite/sobjects/Account {{
      error_page 405 =200 /salesforce/account.json; try_files /salesforce/account.json =404;
    }}
    location = /services/data/v66.0/query {{ try_files /salesforce/contacts.json =404; }}
    location = /bench/rest/model/sale.sale {{ try_files /tryton/sales.json =404; }}
    location = /services/oauth2/token {{ return 200 '{token}'; }}
    location = /oauth/tokens {{ return 200 '{token}'; }}
    location = /calls {{ stub_status; }}
    location = /v1/traces {{ return 200 '{{}}'; }}
    location = /v1/metrics {{ return 200 '{{}}'; }}
  }}
}}
"""


class MissingError(Exception):
    """Something that a bench needs is not on this machine; the text says what to install."""


@contextlib.contextmanager
def systems() -> Iterator[Setup]:
    """Run the stub systems in a folder of their own."""
    nginx = _nginx() or _installed()
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx reads as another user when it is started by root
        http, https = free_port(), free_port()
        setup = write_setup(folder, http, https, LENGTHS)
        _write(folder / "www")
        text = _CONFIGURATION.format(
            folder=folder, http=http, https=https, organization=ORGANIZATION, token=_GRANT
        )
        (folder / "nginx.conf").write_text(text, "utf-8")
        command = [
            nginx,
            "-p",
            str(folder),
            "-e",
            str(folder / "nginx.err"),
            "-c",
            str(folder / "nginx.conf"),
        ]
        process = start(command, core=LOAD_CORE, log=folder / "nginx.log")
        try:
            _wait(setup.issuer, folder)
            yield setup
        finally:
            stop(process)


def _nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _installed() -> str:
    """Install nginx and wrk where that can be done; MissingError says how it is done elsewhere."""
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "nginx-light", "wrk"]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # it starts no service
        for command in (["apt-get", "update"], install):
            subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=True)
    found = _nginx()
    if found is None:
        raise MissingError(f"nginx is needed, and wrk measures best: {' '.join(install)}")
    return found


def calls(setup: Setup) -> int:
    """Count the requests that the stub systems have had, this one included."""
    with urllib.request.urlopen(f"{setup.issuer}/calls", timeout=5) as answer:
        found = answer.read().split()
    return int(found[9])  # "server accepts handled requests", then the three numbers


def _write(www: Path) -> None:
    for name, make in files(dt.datetime.now(dt.UTC).date(), LENGTHS).items():
        file = www / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(msgspec.json.encode(make()))


def _wait(issuer: str, folder: Path) -> None:
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"{issuer}/jwks.json", timeout=1):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.05)
    said = (folder / "nginx.log").read_text() + (folder / "nginx.err").read_text()
    raise MissingError(f"nginx does not start:\n{said}")


if __name__ == "__main__":  # to look at what it answers
    with systems() as running:
        print(running.upstream, running.folder, file=sys.stderr)
        print(running.token)
        time.sleep(3600)
