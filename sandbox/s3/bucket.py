"""What is in the bucket: objects with all their versions, in S3's order."""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.data.files import File


@dataclass(frozen=True)
class Version:
    """One state of an object; without content it is the mark of its deletion."""

    key: str
    id: str
    stored: dt.datetime
    content: bytes | None
    content_type: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """The entity tag, in its quotes."""
        return f'"{hashlib.md5(self.content or b"", usedforsecurity=False).hexdigest()}"'


class Bucket:
    """All objects. `by_key` has the versions of each, newest first."""

    def __init__(self, name: str, files: Iterable[File]) -> None:
        self.name = name
        self.by_key = {
            file.key: _versions(file) for file in sorted(files, key=lambda file: file.key.encode())
        }
        self._keys = list(self.by_key)

    def after(self, place: str, prefix: str) -> list[str]:
        """Give the keys after a place that begin with the prefix."""
        keys = self._keys[bisect_right(self._keys, place) :]
        return [key for key in keys if key.startswith(prefix)]

    def latest(self, key: str) -> Version | None:
        """Give what the key holds now, which may be the mark of a deletion."""
        found = self.by_key.get(key)
        return found[0] if found else None

    def version(self, key: str, version_id: str) -> Version | None:
        """Find one state of an object."""
        return next((one for one in self.by_key.get(key, ()) if one.id == version_id), None)


def _versions(file: File) -> list[Version]:
    states = [
        Version(file.key, one.id, one.stored, one.content, file.content_type, file.notes)
        for one in file.versions
    ]
    if file.deleted:
        gone = file.latest.stored + dt.timedelta(days=1)
        states.append(Version(file.key, f"d{file.latest.id[1:]}", gone, None))
    return states[::-1]
