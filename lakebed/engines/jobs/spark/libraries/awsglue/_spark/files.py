"""An S3 or file source: which files it reads, and what they become.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-connect-s3-home.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import gluetypes as g
from .._bookmarks import BAND_FILES_MAX, BAND_SECONDS, Bookmarks, after, unread
from .._listing import Listed, exclusions, listed, without
from .._not_built import NotBuiltError
from .._options import flag, number
from . import columnar_files, csv_files, document_files, json_files
from .frame import SparkFrame
from .scans import Scan, file_path, modified

_GROUPED_FROM = 50_000
"""From so many files on they are read in groups unless groupFiles is none."""
_FEW_BYTES = 1 << 20
FORMATS = ("csv", "json", "parquet", "glueparquet", "orc", "avro", "xml", "ion", "grokLog")


@dataclass
class FileSource:
    """What a script asked a source of files for."""

    session: Any
    paths: Sequence[str]
    options: Mapping[str, Any]
    format: str
    format_options: Mapping[str, Any]
    transformation_ctx: str = ""
    columns: Sequence[tuple[str, g.DataType]] = ()
    """The columns of a table of the Data Catalog."""
    origins: Sequence[tuple[str, g.DataType, Any]] = ()
    due: list[Listed] = field(default_factory=list[Listed])
    """The files that were read."""

    def read(self) -> SparkFrame:
        """Return the records of the files that are due."""
        if self.format not in FORMATS:
            raise NotBuiltError(f"format {self.format} of an S3 source")
        files = self.due = self.files()
        if not files:
            return empty(self.session, self._empty_schema())
        frame = self._parsed(self._scan(files))
        return self._grouped(frame, files)

    def files(self) -> list[Listed]:
        """Return the files that are due, and note for the bookmark that they are read."""
        found = list(self._listed())
        bookmarks = Bookmarks.of(self.transformation_ctx)
        if bookmarks is not None:
            before = bookmarks.state(self.transformation_ctx)
            found = unread(found, before, bookmarks.limit(self.transformation_ctx))
            found = self._bounded(found)
            bookmarks.moved(self.transformation_ctx, after(found, before, *self._band()))
            return found
        return self._bounded(found)

    def _listed(self) -> Iterable[Listed]:
        patterns = exclusions(self.options.get("exclusions"))
        recurse = flag(self.options, "recurse")
        for path in self.paths:
            yield from without(listed(path, recurse=recurse), patterns, path)

    def _band(self) -> tuple[int, int]:
        """Return how long back, and how many, files are told apart by name."""
        seconds, most = number(self.options, "maxBand"), number(self.options, "maxFilesInBand")
        return (
            BAND_SECONDS if seconds is None else seconds,
            BAND_FILES_MAX if most is None else most,
        )

    def _bounded(self, files: list[Listed]) -> list[Listed]:
        """Return the oldest files up to a bound, so that the next run reads what is left."""
        most, bytes_most = number(self.options, "boundedFiles"), number(self.options, "boundedSize")
        if most is None and bytes_most is None:
            return files
        files = sorted(files, key=lambda one: (one.modified, one.path))
        if bytes_most is not None:
            total = 0
            for at, one in enumerate(files):
                total += one.size
                if total > bytes_most:
                    files = files[:at]
                    break
        return files if most is None else files[:most]

    def _scan(self, files: list[Listed]) -> Scan:
        given: dict[str, Any] = dict(self.options)
        origins = list(self.origins)
        if given.get("attachFilename"):
            origins.append((given["attachFilename"], g.StringType(), file_path()))
        if given.get("attachTimestamp"):
            origins.append((given["attachTimestamp"], g.TimestampType(), modified()))
        compression = str(given.get("compressionType") or given.get("compression") or "").lower()
        known = {name: given[name] for name in ("mergeSchema", "encoding") if name in given}
        names = [one.path for one in files]
        return Scan(self.session, names, self.format_options, compression, origins, known)

    def _parsed(self, scan: Scan) -> SparkFrame:
        if self.format == "csv":
            return csv_files.read(scan, self.columns)
        if self.format in ("parquet", "glueparquet", "orc", "avro"):
            format = "parquet" if self.format == "glueparquet" else self.format
            return columnar_files.read(scan, format, self.columns)
        if self.format == "json":
            frame = json_files.read(scan)
        else:
            frame = document_files.read(scan, self.format)
        return self._as_table(frame, scan) if self.columns else frame

    def _as_table(self, frame: SparkFrame, scan: Scan) -> SparkFrame:
        """Give records the columns of a table: those that it has not are left out."""
        fields = [g.Field(name, kind) for name, kind in self.columns]
        return frame.conform(g.StructType([*fields, *scan.origin_fields]))

    def _empty_schema(self) -> g.StructType:
        fields = [g.Field(name, kind) for name, kind in self.columns]
        return g.StructType([*fields, *(g.Field(name, kind) for name, kind, _ in self.origins)])

    def _grouped(self, frame: SparkFrame, files: list[Listed]) -> SparkFrame:
        """Read small files in groups, if the script or their number asks for it."""
        mode = self.options.get("groupFiles")
        if mode == "none" or (mode is None and len(files) <= _GROUPED_FROM):
            return frame
        if mode not in (None, "inPartition", "acrossPartition"):
            raise ValueError(f"groupFiles may not be {mode}")
        total = sum(one.size for one in files)
        size = number(self.options, "groupSize")
        if size is None:
            size = max(_FEW_BYTES, total // max(self.session.sparkContext.defaultParallelism, 1))
        return frame.coalesce(max(1, math.ceil(total / max(size, 1))))


def empty(session: Any, schema: g.StructType) -> SparkFrame:
    """Return a frame without records."""
    from .types import to_spark

    return SparkFrame.of(session.createDataFrame([], to_spark(schema)), schema)
