"""Files read by Spark as they are: columns, lines or bytes, each beside where it comes from."""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import gluetypes as g
from .._not_built import NotBuiltError
from . import columns as c
from .modules import functions, types

_KNOWN_ENDINGS = (".gz", ".bz2", ".deflate", ".lz4", ".snappy", ".zst")
FOLDER = "\0folder"
"""The column that says in which folder a row's file is; no field has such a name."""


@dataclass(frozen=True)
class Scan:
    """What is read: files, how, and the columns that say where a row comes from."""

    session: Any
    files: Sequence[str]
    options: Mapping[str, Any]
    compression: str = ""
    origins: Sequence[tuple[str, g.DataType, Any]] = ()
    """Names, types and columns over a file's metadata."""
    reader_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Options that go to Spark's reader as they are."""

    @property
    def origin_fields(self) -> list[g.Field]:
        """The fields of the origins."""
        return [g.Field(name, kind) for name, kind, _ in self.origins]

    def load(self, format: str, **options: Any) -> Any:
        """Return the rows of the files, the origins last."""
        reader = self.session.read.format(format).option("globPaths", "false")
        for name, value in {**self.reader_options, **options}.items():
            if value is not None:
                reader = reader.option(name, value)
        loaded = reader.load(list(self.files))
        return loaded.select("*", *[value.alias(name) for name, _, value in self.origins])

    def texts(self, *, whole: bool) -> Any:
        """Return a column `value` of lines, or of whole files."""
        if self._unmarked():
            return self._unpacked(whole)
        return self.load("text", wholetext=str(whole).lower())

    def contents(self) -> Any:
        """Return an RDD of the bytes of each file, unpacked, with its origins."""
        loaded = self.load("binaryFile")
        names = [name for name, _, _ in self.origins]
        columns = ["path", "content", *[f"`{name}`" for name in names]]
        given = self.compression

        def content(row: Any) -> tuple[bytes, tuple[Any, ...]]:
            return unpacked(row[0], bytes(row[1]), given), tuple(row[2:])

        return loaded.select(*columns).rdd.map(content)

    def _unmarked(self) -> bool:
        """Say whether files are compressed and their names do not show it."""
        return bool(self.compression) and not all(
            one.endswith(_KNOWN_ENDINGS) for one in self.files
        )

    def _unpacked(self, whole: bool) -> Any:
        def rows(parts: Iterable[Any]) -> Iterable[Any]:
            for content, origins in parts:
                text = content.decode("utf-8")
                for line in [text] if whole else text.splitlines():
                    yield (line, *origins)

        fields = [types.StructField("value", types.StringType())]
        made = self.contents().mapPartitions(rows)
        empty = self.load("text").schema
        return self.session.createDataFrame(
            made, types.StructType([*fields, *empty.fields[1:]]), verifySchema=False
        )


def unpacked(path: str, content: bytes, compression: str) -> bytes:
    """Return what is in a file, whose name or the script says how it is compressed."""
    if path.endswith(".gz") or compression.startswith("gz") or content[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return file.read()
    if path.endswith(".bz2") or compression.startswith("bz"):
        return bz2.decompress(content)
    if compression and compression not in ("none", "uncompressed"):
        raise NotBuiltError(f"compressionType {compression}")
    return content


def file_path() -> Any:
    """Return the column of the path of a row's file, as it is written in scripts."""
    path = functions.expr(
        "java_method('java.net.URLDecoder', 'decode',"
        " replace(_metadata.file_path, '+', '%2B'), 'UTF-8')"
    )
    return functions.regexp_replace(path, "^file:/+", "file:///")


def folder() -> Any:
    """Return the column of the folder of a row's file."""
    return functions.regexp_replace(file_path(), "/[^/]*$", "")


def modified() -> Any:
    """Return the column of the time when a row's file was last changed."""
    return functions.col("_metadata.file_modification_time")


def with_origins(scan: Scan, schema: g.StructType) -> g.StructType:
    """Return a schema with the origins' fields behind its own."""
    return g.StructType([*schema.fields, *scan.origin_fields])


def own(df: Any, scan: Scan) -> list[c.Column]:
    """Return the columns of a loaded data frame that are not origins."""
    from .types import struct_from_spark

    names = {name for name, _, _ in scan.origins}
    schema = struct_from_spark(df.schema)
    return c.top(g.StructType([one for one in schema.fields if one.name not in names]))
