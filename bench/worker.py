"""One gateway process on a port that several may listen on, or on settings that are no file of an operator's.

    python -m bench.worker SETTINGS PORT

`SETTINGS`: a TOML file, or JSON of the same. The kernel spreads connections over the processes.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import uvloop

from gateway import app, settings, telemetry


def main(file: Path, port: int) -> None:
    """Serve until a signal."""
    if file.suffix == ".json":
        configured = settings.parse(json.loads(file.read_text("utf-8")), file.parent)
    else:
        configured = settings.load(file)
    told = configured.telemetry
    recording = telemetry.setup(
        otlp_endpoint=told.otlp_endpoint, sample_ratio=told.sample_ratio, log_level=told.log_level
    )
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    bound.listen(2048)
    try:
        uvloop.run(app.serve(app.Gateway(configured), bound))
    finally:
        recording.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
