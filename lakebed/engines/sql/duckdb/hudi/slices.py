"""The file slices of a partition: of each file group the newest base file and its log files.

https://hudi.apache.org/tech-specs/#file-layout-hierarchy
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lakebed.engines.sql.duckdb.catalog import File
from lakebed.engines.sql.duckdb.hudi.timeline import Timeline

_BASE = re.compile(r"(.+)_[^_]+_(\d+)\.(\w+)")
_CHANGES = ".cdc"
"""The end of the names of log files that hold changes for their readers, and no rows."""
_LOG = re.compile(r"\.(.+)_(\d+)\.log\.(\d+)(?:_[^_/]+)?")


@dataclass
class Group:
    """A file group of a partition: its committed base files by instant, its log files."""

    bases: dict[str, File] = field(default_factory=dict[str, File])
    logs: list[tuple[str, int, File]] = field(default_factory=list[tuple[str, int, File]])

    @property
    def base(self) -> File | None:
        """The newest base file."""
        return self.bases[max(self.bases)] if self.bases else None

    @property
    def newest_logs(self) -> list[File]:
        """The log files that belong to the newest base file, or come after it, in their order.

        What was logged behind a compaction that is not done bears the compaction's instant.
        """
        first = max(self.bases, default="")
        return [file for instant, _, file in sorted(self.logs) if instant >= first]

    @property
    def files(self) -> list[File]:
        """All files, as they lie there."""
        return [*self.bases.values(), *(file for _, _, file in self.logs)]


def groups_of(timeline: Timeline, relative: str, files: Sequence[File]) -> dict[str, Group]:
    """Return the file groups of a partition by id, of its files.

    `relative` is the partition's path below the table. Base files of instants that are not
    complete are left out; of log files those blocks are, when they are read.
    """
    out: dict[str, Group] = {}
    for one in files:
        name = one.key.rpartition("/")[2]
        if name.endswith(_CHANGES):
            continue
        if log := _LOG.fullmatch(name):
            placed = (log.group(2), int(log.group(3)), one)
            out.setdefault(log.group(1), Group()).logs.append(placed)
            continue
        base = _BASE.fullmatch(name) if name[:1] not in (".", "_") else None
        if base is not None and timeline.is_committed(base.group(2)):
            out.setdefault(base.group(1), Group()).bases[base.group(2)] = one
    return {name: one for name, one in out.items() if timeline.has_word(relative, name)}
