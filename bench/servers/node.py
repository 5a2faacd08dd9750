"""The Node servers: installed once from their lock files into the cache, started from there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.upstream import MissingError
from tests.support.cache import cache, hash_of, locked, once, run

_SOURCES = Path(__file__).parents[1] / "node"
_SHARED = ("records.mjs", "token.mjs", "values.mjs")
_OLDEST = 20


@dataclass(frozen=True, slots=True)
class NodeServer:
    """How to start one: `command` in `folder`, with `variables` beside those of every server.

    `shapes`: what it can answer.
    """

    name: str
    folder: Path
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    shapes: tuple[str, ...] = ("one", "home", "list")


def node_servers() -> list[NodeServer]:
    """Give all of them, installed; MissingError without a Node that can run them."""
    node = _node()
    peers = _installed("peers", _SOURCES)
    _copy(_SOURCES, peers)
    hive = _installed("hive", _SOURCES / "hive")
    _copy(_SOURCES / "hive", hive)
    for name in _SHARED:
        shutil.copy2(_SOURCES / name, hive)
    compose = [node, "node_modules/.bin/mesh-compose", "-o", "supergraph.graphql"]
    run("hive: composing its schema", compose, {"NODE_ENV": "production"}, folder=hive)
    return [
        NodeServer("apollo", peers, (node, "apollo.mjs")),
        NodeServer("mercurius", peers, (node, "mercurius.mjs"), {"MAP": "eager"}),
        NodeServer("mercurius-lazy", peers, (node, "mercurius.mjs"), {"MAP": "lazy"}),
        NodeServer("hive", hive, (node, "node_modules/.bin/hive-gateway", "supergraph"), shapes=("one",)),
    ]


def _node() -> str:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        raise MissingError(f"Node {_OLDEST} or newer with npm is needed: https://nodejs.org/en/download")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < _OLDEST:
        raise MissingError(
            f"Node {_OLDEST} or newer is needed, not {version}: https://nodejs.org/en/download"
        )
    return node


def _installed(name: str, sources: Path) -> Path:
    """Give the folder with the packages of a lock file."""
    lists = [sources / "package.json", sources / "package-lock.json"]
    folder = cache() / f"bench-{name}-{hash_of(*(file.read_text('utf-8') for file in lists))}"

    def install() -> None:
        for file in lists:
            shutil.copy2(file, folder)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        run(f"{name}: installing from the package registry", command, folder=folder)

    with locked(folder.with_suffix(".lock")):
        once(folder, install)
    return folder


def _copy(sources: Path, folder: Path) -> None:
    for file in sources.iterdir():
        if file.suffix in {".mjs", ".graphql"} or file.name == "openapi.json":
            shutil.copy2(file, folder)
