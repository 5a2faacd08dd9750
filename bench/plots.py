"""Draws a result; runs in an environment of its own, which has matplotlib.

python plots.py RESULT.json FOLDER
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

_SHAPES = {"one": "one record", "home": "home page", "list": "list of 200"}
_COLOURS = ["#0b6e4f", "#8a8d91", "#c2452d", "#d9902f", "#34568b", "#7a9cc6", "#9b5094"]
_WIDE = (8.0, 4.0)


def main(result: Path, folder: Path) -> None:
    """Draw everything that was measured."""
    found = json.loads(result.read_text("utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    if found["samples"]:
        _servers(found["samples"], folder / "servers.png")
    curves = found["curves"]
    if "items" in curves:
        _items(curves["items"], folder / "items.png")
    if "callers" in curves:
        _callers(curves["callers"], folder / "callers.png")
    if "memory" in curves:
        _memory(curves["memory"], folder / "memory.png")


def _servers(samples: Sequence[dict[str, Any]], file: Path) -> None:
    """CPU per request: shapes side by side, servers as bars, on a scale that shows the cheapest ones too."""
    schemes = sorted({one["scheme"] for one in samples})
    names = list(dict.fromkeys(one["server"] for one in samples))
    figure, axes = plt.subplots(1, len(_SHAPES), figsize=(11.0, 4.2), layout="constrained")
    height = 0.8 / len(schemes)
    for axis, (shape, title) in zip(axes, _SHAPES.items(), strict=True):
        shown = [name for name in names if _cpu(samples, schemes[0], shape, name) is not None]
        for row, name in enumerate(shown):
            for place, scheme in enumerate(schemes):
                value = _cpu(samples, scheme, shape, name) or 0.0
                at = row + place * height
                colour = _COLOURS[names.index(name) % len(_COLOURS)]
                axis.barh(at, value, height * 0.92, color=colour, alpha=1.0 if place == 0 else 0.55)
                axis.text(value, at, f" {value:.2f}", va="center", fontsize=7)
        axis.set_yticks([row + 0.4 - height / 2 for row in range(len(shown))], shown, fontsize=8)
        axis.invert_yaxis()
        axis.margins(x=0.18)
        axis.set_title(title, fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(axis="x", labelsize=7)
    figure.supxlabel(
        f"milliseconds of CPU per request (systems over {', paler: '.join(schemes)})", fontsize=9
    )
    _save(figure, file)


def _cpu(samples: Sequence[dict[str, Any]], scheme: str, shape: str, server: str) -> float | None:
    wanted = (scheme, shape, server)
    found = [one["cpu_ms"] for one in samples if (one["scheme"], one["shape"], one["server"]) == wanted]
    return statistics.median(found) if found else None


def _items(points: Sequence[dict[str, float]], file: Path) -> None:
    figure, axis = _plain("items in one record's list", "milliseconds of CPU per request")
    axis.loglog([one["items"] for one in points], [one["cpu_ms"] for one in points], "o-", color=_COLOURS[0])
    _save(figure, file)


def _callers(points: Sequence[dict[str, float]], file: Path) -> None:
    figure, axis = _plain("callers at a time", "milliseconds until a home page is answered")
    counts = [one["callers"] for one in points]
    for name, colour in (("p50", _COLOURS[0]), ("p99", _COLOURS[2])):
        axis.loglog(counts, [one[name] for one in points], "o-", color=colour, label=name)
    other = axis.twinx()
    other.plot(counts, [one["rate"] for one in points], "s--", color=_COLOURS[1], label="rate")
    other.set_ylabel("home pages a second (dashed)", fontsize=9)
    other.set_ylim(bottom=0)
    axis.legend(loc="upper left", fontsize=8, frameon=False)
    _save(figure, file)


def _memory(points: Sequence[dict[str, float]], file: Path) -> None:
    figure, axis = _plain("requests", "memory held, MB")
    numbers = [one["requests"] for one in points]
    axis.plot(numbers, [one["resident_mb"] for one in points], "o-", color=_COLOURS[0])
    axis.set_ylim(bottom=0)
    _save(figure, file)


def _plain(across: str, up: str) -> tuple[Any, Any]:
    figure, axis = plt.subplots(figsize=_WIDE, layout="constrained")
    axis.set_xlabel(across, fontsize=9)
    axis.set_ylabel(up, fontsize=9)
    axis.spines["top"].set_visible(False)
    axis.grid(visible=True, which="major", alpha=0.3)
    return figure, axis


def _save(figure: Any, file: Path) -> None:
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
