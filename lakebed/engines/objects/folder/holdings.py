"""What a lake's folder holds, for those who look after it: its paths, the tables of its index."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lakebed.engines.objects import StoredObject
from lakebed.engines.objects.folder.files import MARKER, is_copy, is_same
from lakebed.engines.objects.folder.journal import VERSIONS, JournalRow
from lakebed.engines.objects.folder.places import Places
from lakebed.store import Table

LOST_AND_FOUND = "lost+found"


@dataclass(frozen=True, slots=True)
class Holdings:
    """The files and the rows of one lake."""

    places: Places
    state: Path
    objects: Table[StoredObject]
    versions: Table[StoredObject]
    journal: Table[JournalRow]

    def is_same(self, known: StoredObject, file: os.stat_result) -> bool:
        """Say whether a file is the one a row was made of, in this lake."""
        return is_same(known, file, was_copied=is_copy(self.state / MARKER))

    @property
    def data_dir(self) -> Path:
        """The folder that `lake` and `state` are in."""
        return self.state.parent

    @property
    def versions_dir(self) -> Path:
        """Where the bytes of noncurrent versions are: `BUCKET/ARCHIVE`."""
        return self.state / VERSIONS

    @property
    def odd_dir(self) -> Path:
        """Where the bytes of escaped keys are: `BUCKET/NAME`."""
        return self.state / "odd"

    @property
    def parts_dir(self) -> Path:
        """Where the parts of multipart uploads are: `UPLOAD/NAME`."""
        return self.state / "parts"

    @property
    def spools_dir(self) -> Path:
        """Where bodies are received: `N/NAME`."""
        return self.state / "tmp"

    @property
    def pinned_dir(self) -> Path:
        """Where files are that only a backup still needs, by their inodes."""
        return self.state / "pinned"

    def path_of(self, known: StoredObject) -> str:
        """Return where the file of a current or noncurrent version is."""
        if known.archive:
            return f"{self.versions_dir}/{known.bucket}/{known.archive}"
        plain = None if known.is_odd else self.places.plain(known.bucket, known.key)
        return plain or self.places.escaped(known.bucket, known.key)

    def below(self, known: StoredObject) -> str:
        """Return where the file of a version is below any data folder that is built like this."""
        return self.relative(self.path_of(known))

    def relative(self, path: str) -> str:
        """Return a path below the data folder; `lake` itself may be a link to elsewhere."""
        lake = self.places.lake
        if path == lake or path.startswith(lake + "/"):
            return f"lake{path[len(lake) :]}"
        return f"state{path[len(str(self.state)) :]}"
