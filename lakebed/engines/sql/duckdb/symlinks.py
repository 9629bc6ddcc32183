"""Tables over manifests: files of text at the table's location name the files that hold its rows.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-athena-query.html
https://docs.delta.io/latest/presto-integration.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.engines.sql.duckdb.catalog import File, Server, Shape, member, split_location

INPUT_FORMAT = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"


def is_symlinks(shape: Shape) -> bool:
    """Tell whether a table's files are manifests."""
    return member(shape, "StorageDescriptor").get("InputFormat") == INPUT_FORMAT


def files_of(server: Server, locations: Sequence[str]) -> list[list[File]]:
    """Return the files that the manifests at each location name; a missing one fails the query."""
    return [
        _named(server, location, manifests)
        for location, manifests in zip(locations, server.files_of(locations), strict=True)
    ]


def _named(server: Server, location: str, manifests: Sequence[File]) -> list[File]:
    wanted = [
        line.strip()
        for one in manifests
        for line in Path(one.path).read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    bucket = split_location(location)[0]
    out: list[File] = []
    for path, found in zip(wanted, server.exactly(wanted) if wanted else (), strict=True):
        if split_location(path)[0] != bucket:
            raise not_supported(f"A manifest in {bucket} that names files of another bucket")
        if found is None:
            # The sentence is Hadoop's, as Trino hands it on.
            message = f"Error opening Hive split {path}: File does not exist"
            raise TrinoError("HIVE_CANNOT_OPEN_SPLIT", message)
        out.append(found)
    return out
