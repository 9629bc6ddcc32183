"""Deleted rows: positions from delete files and deletion vectors, values from equality deletes.

https://iceberg.apache.org/spec/#delete-formats
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyiceberg.manifest import DataFile, FileFormat, ManifestEntry
from pyiceberg.schema import Schema
from pyiceberg.table.deletion_vector import deletion_vectors_from_puffin_file
from pyiceberg.table.puffin import PuffinFile
from pyiceberg.types import LongType, NestedField, StringType

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.iceberg.planning import Task
from lakebed.engines.sql.duckdb.readers.arrow import arrow

if TYPE_CHECKING:
    from lakebed.engines.sql.duckdb.iceberg.reading import Job, Opened

_PATH = NestedField(2147483546, "file_path", StringType(), required=True)
_POSITION = NestedField(2147483545, "pos", LongType(), required=True)


def conditions(
    job: Job, made: Opened, tasks: Sequence[Task], values: Mapping[int, str | None]
) -> list[str]:
    """Write what keeps the deleted rows of files out."""
    out: list[str] = []
    positions = positions_of(job, tasks)
    if positions.num_rows:
        relation = job.register(positions)
        out.append(
            f"NOT EXISTS (SELECT 1 FROM {relation} AS lbd WHERE lbd.f = {made.number} "
            f"AND lbd.p = {made.position})"
        )
    by_fields: dict[tuple[int, ...], list[tuple[int, ManifestEntry]]] = defaultdict(list)
    for number, task in enumerate(tasks):
        for entry in task.equalities:
            key = tuple(sorted(entry.data_file.equality_ids or ()))
            by_fields[key].append((number, entry))
    for ids, pairs in by_fields.items():
        out += _equal_rows(job, made, ids, pairs, values)
    return out


def positions_of(job: Job, tasks: Sequence[Task]) -> Any:
    """Return the deleted positions as an Arrow table: the number of the file, the row in it."""
    pa = arrow()
    compute = arrow("pyarrow.compute")
    numbers = {task.file.file_path: at for at, task in enumerate(tasks)}
    needed: dict[str, DataFile] = {}
    for task in tasks:
        needed |= {one.file_path: one for one in task.positions}
    allowed = {task.file.file_path: {one.file_path for one in task.positions} for task in tasks}
    job.files.find(list(needed), job.metadata.location)
    found: list[Any] = []
    names = pa.array(list(numbers), pa.string())
    for place, file in needed.items():
        table = _positions_in(job, file)
        at = compute.index_in(table.column("file_path").cast(pa.string()), value_set=names)
        here = pa.table({"f": at.cast(pa.int64()), "p": table.column("pos").cast(pa.int64())})
        here = here.filter(compute.is_valid(here.column("f")))
        if not all(place in files for files in allowed.values()):
            right = [numbers[one] for one, files in allowed.items() if place in files]
            here = here.filter(compute.is_in(here.column("f"), pa.array(right, pa.int64())))
        found.append(here)
    for at, task in enumerate(tasks):
        if task.deleted is not None:
            rows = task.deleted()
            found.append(pa.table({"f": pa.array([at] * len(rows), pa.int64()), "p": rows}))
    empty = pa.schema([("f", pa.int64()), ("p", pa.int64())]).empty_table()
    return pa.concat_tables([empty, *found])


def _positions_in(job: Job, file: DataFile) -> Any:
    """Read a positional delete file, or the deletion vectors of a Puffin file."""
    pa = arrow()
    stored = job.files.find([file.file_path])[file.file_path]
    job.scanner.meter.read_bytes += stored.size
    if file.file_format == FileFormat.PUFFIN:
        vectors: Any = deletion_vectors_from_puffin_file(PuffinFile(Path(stored.path).read_bytes()))
        tables = [
            pa.table({"file_path": [one.referenced_data_file] * len(rows), "pos": rows})
            for one in vectors
            for rows in [one.to_vector()]
        ]
        return pa.concat_tables(tables)
    if file.file_format == FileFormat.PARQUET:
        return arrow("pyarrow.parquet").read_table(stored.path, columns=["file_path", "pos"])
    if file.file_format == FileFormat.ORC:
        return arrow("pyarrow.orc").ORCFile(stored.path).read(columns=["file_path", "pos"])
    if file.file_format == FileFormat.AVRO:
        from lakebed.engines.sql.duckdb.iceberg import rows

        return rows.avro_table(stored, ("file_path", "pos"))
    raise TrinoError("ICEBERG_BAD_DATA", f"A delete file in {file.file_format}: {file.file_path}")


def equality_fields(job: Job, tasks: Sequence[Task]) -> list[NestedField]:
    """Return the fields that equality deletes compare."""
    ids = {
        number
        for task in tasks
        for entry in task.equalities
        for number in entry.data_file.equality_ids or ()
    }
    return [_field(job, number) for number in sorted(ids)]


def _field(job: Job, number: int) -> NestedField:
    """Return a field by its id; one that was dropped since is found in an older schema."""
    schemas: list[Schema] = [job.schema, *reversed(job.metadata.schemas)]
    for schema in schemas:
        found = next((one for one in schema.fields if one.field_id == number), None)
        if found is not None:
            return found
    message = f"An equality delete over the nested field {number} is not built in lakebed yet"
    raise TrinoError("NOT_SUPPORTED", message)


def _equal_rows(
    job: Job,
    made: Opened,
    ids: Sequence[int],
    pairs: Sequence[tuple[int, ManifestEntry]],
    values: Mapping[int, str | None],
) -> list[str]:
    """Write the anti join with the rows of equality delete files over the same fields."""
    from lakebed.engines.sql.duckdb.iceberg import reading

    pa = arrow()
    files = {entry.data_file.file_path: entry.data_file for _, entry in pairs}
    located = job.files.find(list(files), job.metadata.location)
    forms = reading.forms_of(job, {k: v.file_format for k, v in files.items()}, located)
    out: list[str] = []
    fields = [_field(job, number) for number in ids]
    for form in dict.fromkeys(forms.values()):
        mine = [one for place, one in files.items() if forms[place] == form]
        opened = reading.opened(job, form, mine, fields)
        places = {one.file_path: at for at, one in enumerate(mine)}
        applies = [(f, places.get(entry.data_file.file_path)) for f, entry in pairs]
        known = [(f, d) for f, d in applies if d is not None]
        table = pa.table({"f": [f for f, _ in known], "d": [d for _, d in known]})
        relation = job.register(table)
        written: list[str] = []
        tests: list[str] = []
        for at, field in enumerate(fields):
            text = reading.value_of(form, opened, field, mine[0].file_path)
            written.append(f"{text or 'NULL'} AS k{at}")
            tests.append(f"lbq.k{at} IS NOT DISTINCT FROM {values[field.field_id]}")
        inner = (
            f"SELECT {', '.join(written)}, lbp.f AS f FROM {opened.text} AS lbx "
            f"JOIN {relation} AS lbp ON lbp.d = {opened.number}"
        )
        out.append(
            f"NOT EXISTS (SELECT 1 FROM ({inner}) AS lbq WHERE lbq.f = {made.number} "
            f"AND {' AND '.join(tests)})"
        )
    return out
