"""Start a connector: copy the template, its stand-in and its contract test, with the names replaced.

    make connector NAME=acme_desk

The template stands in `_template` folders and calls its vendor Template. Nothing that exists is touched.
"""  # noqa: INP001  a script, not a package

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

FOLDERS = ("gateway/connectors", "sandbox", "tests/contract")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", re.ASCII)
_LONGEST = 40
# Folders of `gateway/connectors/` and `sandbox/` that are no vendor's, and words that Python has taken.
_TAKEN = frozenset({"ports", "testing", "template", "data", "test", "tests"})


class RefusedError(ValueError):
    """No connector can be started so; the message says what to write."""


def make(root: Path, name: str) -> list[Path]:
    """Copy the template to `name` below `root`; give the new folders. Raises RefusedError."""
    _check(root, name)
    made = []
    for folder in FOLDERS:
        source, target = root / folder / "_template", root / folder / name
        for file in sorted(source.rglob("*")):
            if file.suffix not in {".py", ".md"}:
                continue  # what Python compiled
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(_renamed(file.read_text("utf-8"), name), "utf-8")
        made.append(target)
    return made


def _check(root: Path, name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise RefusedError(
            "NAME: write the vendor's name in lower-case letters, digits and single underscores, starting"
            f" with a letter, at most {_LONGEST} characters: make connector NAME=acme_desk"
        )
    if name in _TAKEN or keyword.iskeyword(name):
        raise RefusedError(f"NAME: {name!r} is taken; write another, for example NAME={name}_system")
    for folder in FOLDERS:
        if not (root / folder / "_template").is_dir():
            raise RefusedError(f"{folder}/_template is not there; run this in the root of the repository")
        if (root / folder / name).exists() or (root / folder / f"{name}.py").exists():
            raise RefusedError(f"{folder}/{name} exists already; choose another NAME, or remove it first")


def _renamed(text: str, name: str) -> str:
    words = " ".join(part.capitalize() for part in name.split("_"))
    # Each of these forms stands for one thing only.
    forms = {
        "TEMPLATE": name.upper(),
        "Template": words,
        "_template": name,
        "template.example": f"{name.replace('_', '-')}.example",
    }
    return re.sub("|".join(map(re.escape, forms)), lambda found: forms[found[0]], text)


def main(arguments: list[str]) -> int:
    """Run as a command: one argument, the name."""
    try:
        made = make(Path.cwd(), arguments[0] if len(arguments) == 1 else "")
    except RefusedError as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    name = made[0].name
    lines = [f"Made {folder.relative_to(Path.cwd())}/" for folder in made]
    lines += [
        "",
        f"Try it:      .venv/bin/python -m pytest tests/contract/{name}",
        "Then:        change what is marked CHANGE; docs/add-a-connector.md says how",
        f'Import rule: add "gateway.connectors.{name}" beside the other vendors in pyproject.toml (twice)',
        "Last:        make format schema check",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
