"""Request Tracker's own configuration, and its server on one database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.real.process import answers, free_port, process
from tests.real.rt.packages import SERVER
from tests.support.cache import InstallError, clean_environment

DATABASE = "rt5"

_ATTEMPTS = 3
_WORKERS = "2"


def environment(folder: Path, port: int = 80) -> dict[str, str]:
    """Write the configuration of one folder; give the variables with which RT's programs read that alone."""
    snippets = folder / "RT_SiteConfig.d"
    snippets.mkdir(exist_ok=True)
    site = folder / "RT_SiteConfig.pm"
    site.write_text(_configuration(folder, port))
    clean = {name: text for name, text in clean_environment().items() if not name.startswith(("RT_", "PERL"))}
    return clean | {"RT_SITE_CONFIG": str(site), "RT_SITE_CONFIG_DIR": str(snippets), "TZ": "UTC"}


def _configuration(folder: Path, port: int) -> str:
    # Mail goes into a file, and passwords are hashed as fast as can be: these protect nothing.
    return f"""
$RT::VarPath = '{folder}';
Set($rtname, 'portal.example');
Set($Organization, 'portal.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($CanonicalizeRedirectURLs, 0);
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder / DATABASE}');
Set($DatabaseAdmin, '');
Set($Timezone, 'UTC');
Set(@LexiconLanguages, qw(en));
Set($MailCommand, 'mbox');
Set($BcryptCost, 4);
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
$RT::MasonDataDir = '{folder / "mason"}';
$RT::MasonSessionDir = '{folder / "sessions"}';
1;
"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the database of this folder on a free port of 127.0.0.1; give the address."""
    for name in ("mason", "sessions"):
        (folder / name).mkdir(exist_ok=True)
    log = folder / "rt.log"
    for _ in range(_ATTEMPTS):  # another program may take the port before RT does
        port = free_port()
        command = [
            str(SERVER), "--server", "Starman", "--workers", _WORKERS, "--host", "127.0.0.1",
            "--port", str(port),
        ]  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        with process(command, log, environment(folder, port), folder=folder) as server:
            # Without credentials it refuses, and so says that it is there.
            if answers(f"{url}/REST/2.0/rt", server, statuses=range(200, 500)):
                yield url
                return
    words = log.read_text(errors="replace")[-2000:]
    raise InstallError(
        f"Request Tracker does not start ({_ATTEMPTS} attempts) as user {os.geteuid()}.\n{words}"
    )
