"""Documents, as an object store holds them: keys, contents and what is noted about them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

HIDDEN_FILE = "Board minutes (confidential draft)"
"""Stands in the names of files that were deleted: it must be in no answer."""

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August")


@dataclass(frozen=True)
class FileVersion:
    """One state of a file."""

    id: str
    content: bytes
    stored: dt.datetime


@dataclass(frozen=True)
class File:
    """A file under `acct/{account}/{type code}/...`. `versions`: oldest first."""

    key: str
    account: str
    type_code: str
    content_type: str
    versions: tuple[FileVersion, ...]
    notes: dict[str, str] = field(default_factory=dict)
    deleted: bool = False

    @property
    def latest(self) -> FileVersion:
        """What it holds now."""
        return self.versions[-1]

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def path(self) -> str:
        """The key below the account's own folder."""
        return self.key.split("/", 2)[2]


def root(key: str) -> str:
    """Give the prefix of an account's files: the slash keeps `acct/group-north/` out of `acct/group/`."""
    return f"acct/{key}/"


def files(key: str, months: int, anchor: dt.date) -> list[File]:
    """Give an account's files: statements of so many months, two tax years, contracts, and one deleted."""
    rng = random.Random(f"{key}:files")
    year = anchor.year - 1
    wanted: list[tuple[str, str, dict[str, str]]] = []
    for n in range(months):
        at = year - n // 8
        wanted.append(("statement", f"{at}/{n % 8 + 1:02} {_MONTHS[n % 8]}.pdf", {}))
    if months:
        for at in (year, year - 1):
            wanted += [
                ("tax-return", f"{at}/Federal 1040.pdf",
                 {"jurisdiction": "US", "status": "final", "efile-status": "accepted"}),
                ("tax-return", f"{at}/State CA 540.pdf",
                 {"jurisdiction": "US-CA", "status": "final" if at < year else "draft",
                  "efile-status": "accepted" if at < year else "not-filed"}),
                ("tax-organizer", f"{at}/Organizer.pdf", {}),
                ("w2", f"{at}/W-2.pdf", {}),
            ]  # fmt: skip
        wanted += [
            ("bank-statement", f"{year - 1}/Bank statement.csv", {}),
            ("contract", "Frame agreement & terms.pdf", {"signed": "yes"}),
            ("contract", "Annexes/Annex Ä (prices).xlsx", {}),
            ("manual", "Pump manual.pdf", {}),
            ("letter", "notes.txt", {}),
        ]  # fmt: skip
    found = [
        _file(key, code, rest, notes, rng, n, anchor=anchor) for n, (code, rest, notes) in enumerate(wanted)
    ]
    if months:
        found.append(_file(key, "letter", f"{HIDDEN_FILE}.txt", {}, rng, 3, anchor=anchor, deleted=True))
    return found


def _file(
    key: str, code: str, rest: str, notes: dict[str, str], rng: random.Random, n: int, *, anchor: dt.date,
    deleted: bool = False,
) -> File:  # fmt: skip
    stored = dt.datetime.combine(anchor - dt.timedelta(days=400 - 5 * n), dt.time(11, 30), dt.UTC)
    count = 3 if n % 10 == 3 else 1
    versions = tuple(
        FileVersion(
            f"v{n:03}{m}{rng.randbytes(8).hex()}",
            f"{rest}, version {m + 1}\n".encode() + rng.randbytes(50 + 7 * n),
            stored + dt.timedelta(days=m),
        )
        for m in range(count)
    )
    kinds = {"pdf": "application/pdf", "csv": "text/csv", "txt": "text/plain",
             "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # fmt: skip
    kind = kinds[rest.rpartition(".")[2]]
    return File(f"{root(key)}{code}/{rest}", key, code, kind, versions, notes, deleted)
