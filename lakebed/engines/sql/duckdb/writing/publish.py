"""Written files into the lake and the catalog: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.catalog import Shape, folder, member, members
from lakebed.engines.sql.duckdb.ddl.partitions import partition_path
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.writing.output import File

_AT_ONCE = 100


class Publication:
    """What a statement puts into the lake; `undo` takes all of it back."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.server = run.catalog.server
        self.objects: list[str] = []
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> Publication:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for step in reversed(self._undo):
                step()

    def put(self, file: File, location: str) -> None:
        """Put a file at a folder's location."""
        place = folder(location) + file.name
        self.server.put(place, str(file.path))
        self.objects.append(place)
        self._undo.append(lambda: self.server.delete(place))

    def create_table(self, database: str, table: Shape) -> None:
        """Create a table."""
        self.server.ask("create_table", {"DatabaseName": database, "TableInput": table})
        request = {"DatabaseName": database, "Name": table["Name"]}
        self._undo.append(lambda: self.server.ask("delete_table", request))

    def add_partitions(
        self, table: Shape, storage: Shape, partitions: dict[tuple[str, ...], str]
    ) -> None:
        """Add partitions at their locations; `storage` is what they have besides."""
        base = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
        inputs = [
            {"Values": list(values), "StorageDescriptor": {**storage, "Location": location}}
            for values, location in partitions.items()
        ]
        for at in range(0, len(inputs), _AT_ONCE):
            some = inputs[at : at + _AT_ONCE]
            answer = self.server.ask("batch_create_partition", {**base, "PartitionInputList": some})
            failed = [tuple(one["PartitionValues"]) for one in members(answer, "Errors")]
            for one in some:
                if tuple(one["Values"]) not in failed:
                    request = {**base, "PartitionValues": one["Values"]}
                    self._undo.append(lambda r=request: self.server.ask("delete_partition", r))
            for error in members(answer, "Errors"):
                detail = member(error, "ErrorDetail")
                # Somebody else may have added it in between: then it is there.
                if detail.get("ErrorCode") != "AlreadyExistsException":
                    raise TrinoError("HIVE_METASTORE_ERROR", str(detail.get("ErrorMessage")))


def place_of(location: str, keys: Sequence[str], values: Sequence[str]) -> str:
    """Return the folder of a partition below a table's location."""
    path = partition_path(list(keys), list(values))
    return f"{folder(location)}{path}/" if path else folder(location)


def outcome(run: Run, put: Sequence[str], count: int, scanned: int) -> dict[str, Any]:
    """Return the outcome of a statement that wrote, with the manifest of its files."""
    manifest = run.scratch / "manifest.csv" if put else None  # Athena's is not there either
    if manifest is not None:
        manifest.write_text("".join(f"{one}\n" for one in put), "utf-8")
    return {
        "row_count": 0,
        "update_count": count,
        "data_scanned_bytes": scanned,
        "manifest": str(manifest) if manifest else None,
        "output_objects": list(put),
    }
