"""The DuckDB text that reads a scan of an Iceberg table: its data files, without deleted rows.

Files of one schema are read together, by DuckDB where they are Parquet and as Arrow streams where
they are ORC or Avro. Deleted rows are kept out by anti joins: with the positions that positional
delete files and deletion vectors name, and with the rows that equality delete files hold.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
from pyiceberg.manifest import DataFile, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import NestedField

from lakebed.dialect import conversions, lower, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import INSTANT, VARCHAR, Type, duck_name
from lakebed.engines.sql.duckdb.catalog import File
from lakebed.engines.sql.duckdb.iceberg import columns, deletes, planning, pruning, rows, tables
from lakebed.engines.sql.duckdb.iceberg.files import LakeFiles
from lakebed.engines.sql.duckdb.iceberg.types import to_trino
from lakebed.engines.sql.duckdb.readers import duck_types, typed
from lakebed.engines.sql.duckdb.readers.arrow import arrow
from lakebed.engines.sql.duckdb.readers.storage import HIDDEN_ROW_POSITION, literal

if TYPE_CHECKING:
    from lakebed.engines.sql.duckdb.scans import Scanner

Wanted = tuple[int, NestedField, Type]
"""A column that is read: its number in the scan, its field, Trino's type."""


@dataclass(frozen=True, slots=True)
class Form:
    """What files have in common: their format, their fields with ids, DuckDB's types of these."""

    format: FileFormat
    nodes: tuple[columns.Node, ...]
    kinds: tuple[str, ...]


_FORMS_MAX = 20_000
_forms: dict[tuple[str, int, int, str], Form] = {}
"""What the files seen by this worker have, by path, size, time of the last change, numbering."""


@dataclass
class Job:
    """A scan being written: the table, the query's part of it, what reading needs.

    `numbering` names a name mapping that numbers the fields of files, whatever they say themselves
    (tables of other formats); none for Iceberg's own rules.
    """

    scanner: Scanner
    files: LakeFiles
    metadata: TableMetadata
    schema: Schema
    scan: tree.Scan
    numbering: str = ""

    def register(self, made: Any) -> str:
        """Make Arrow data a relation of the database and return its name."""
        return self.scanner.register(made)


def source(scanner: Scanner, scan: tree.Scan) -> str:
    """Return the text that reads a scan's used columns as c0, c1, …"""
    files = scanner.catalog.iceberg_files()
    table = tables.load(scanner.catalog, files, scan.table.database, scan.table.name)
    version = scan.table.version
    schema = tables.schema_of(table, version)
    said = pruning.expression(scan, schema, scanner.catalog.evaluate)
    found = planning.plan(files, table.metadata, schema, tables.snapshot_of(table, version), said)
    job = Job(scanner, files, table.metadata, schema, scan)
    scanner.plans.append((scan.table, found))
    return text_of(job, found.tasks)


def text_of(job: Job, tasks: Sequence[planning.Task]) -> str:
    """Write what reads data files."""
    where = job.metadata.location
    job.files.find([one.file.file_path for one in tasks], where)
    kept = _with_accepted_paths(job, tasks)
    texts = [_group(job, form, group) for form, group in _by_form(job, kept).items()]
    if texts:
        return " UNION ALL ".join(texts)
    names = job.scan.table.all_columns + job.scan.table.hidden_columns
    nulls = (f"CAST(NULL AS {duck_name(names[at][1])}) AS c{at}" for at in sorted(job.scan.used))
    return f"SELECT {', '.join(nulls) or '1 AS c0'} WHERE false"


def _with_accepted_paths(job: Job, tasks: Sequence[planning.Task]) -> Sequence[planning.Task]:
    """Keep the files that the predicates over hidden columns accept."""
    from lakebed.engines.sql.duckdb import partitions

    scan = job.scan
    if not scan.file_prunes or _names_position(scan):
        return tasks
    hidden = [one for one in scan.table.hidden_columns if one != HIDDEN_ROW_POSITION]
    values = [tuple(_hidden(job, name, one.file) for name, _ in hidden) for one in tasks]
    given = partitions.Rows(len(scan.table.all_columns), [kind for _, kind in hidden], values)
    kept = partitions.kept(job.scanner.connection, scan.relation, scan.file_prunes, given)
    return [tasks[at] for at in kept]


def _names_position(scan: tree.Scan) -> bool:
    from lakebed.dialect.grouping import references

    names = scan.table.all_columns + scan.table.hidden_columns
    if HIDDEN_ROW_POSITION not in names:
        return False
    place = names.index(HIDDEN_ROW_POSITION)
    return any(ref.index >= place for prune in scan.file_prunes for ref in references(prune) or ())


def _by_form(job: Job, tasks: Sequence[planning.Task]) -> dict[Form, list[planning.Task]]:
    paths = {one.file.file_path: job.files.find([one.file.file_path]) for one in tasks}
    located = {place: found[place] for place, found in paths.items()}
    forms = forms_of(job, {one.file.file_path: one.file.file_format for one in tasks}, located)
    groups: dict[tuple[Form, bool], list[planning.Task]] = defaultdict(list)
    for one in tasks:
        # Files without deleted rows are read without the joins that keep such rows out.
        groups[forms[one.file.file_path], one.has_deletes].append(one)
    out: dict[Form, list[planning.Task]] = {}
    for (form, has_deletes), group in groups.items():
        out[Form(form.format, form.nodes, (*form.kinds, "deletes" * has_deletes))] = group
    return out


def forms_of(job: Job, formats: dict[str, FileFormat], located: dict[str, File]) -> dict[str, Form]:
    """Return what files have, by their locations."""
    found: dict[str, Form] = {}
    parquet = [place for place, kind in formats.items() if kind == FileFormat.PARQUET]
    if parquet:
        found |= _parquet_forms(job, {place: located[place] for place in parquet})
    for place, kind in formats.items():
        if kind != FileFormat.PARQUET:
            found[place] = rows.form(job, kind, located[place])
    return found


def _state(path: str, numbering: str) -> tuple[str, int, int, str]:
    found = os.stat(path)
    return path, found.st_size, found.st_mtime_ns, numbering


def _parquet_forms(job: Job, located: dict[str, File]) -> dict[str, Form]:
    connection = job.scanner.connection
    states = {place: _state(file.path, job.numbering) for place, file in located.items()}
    listed = ", ".join(lower.quoted(file.path) for file in located.values())
    member = "concat_ws('|', name, type, num_children, converted_type, scale, precision, field_id)"
    try:
        # All footers are looked at: the query itself then reads data alone, as Athena counts.
        signed = connection.execute(
            f"SELECT file_name, hash(list({member} || '|')) FROM parquet_schema([{listed}]) "
            "GROUP BY file_name"
        ).fetchall()
        signatures = {str(row[0]): row[1] for row in signed}
        made: dict[int, Form] = {}
        for place, file in located.items():
            if states[place] not in _forms:
                signature = signatures[file.path]
                if signature not in made:
                    made[signature] = _look(job, file.path)
                if len(_forms) >= _FORMS_MAX:
                    _forms.clear()
                _forms[states[place]] = made[signature]
    except (duckdb.Error, OSError) as error:
        raise TrinoError("ICEBERG_CANNOT_OPEN_SPLIT", str(error).split("\n")[0]) from error
    return {place: _forms[states[place]] for place in located}


def _look(job: Job, path: str) -> Form:
    schema = arrow("pyarrow.parquet").read_schema(path)
    nodes = [columns.of_arrow(schema.field(at)) for at in range(len(schema))]
    described = job.scanner.connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet([{lower.quoted(path)}], hive_partitioning=false)"
    ).fetchall()
    numbered = columns.numbered(nodes, job.metadata, job.schema, bool(job.numbering))
    return Form(FileFormat.PARQUET, numbered, tuple(str(row[1]) for row in described))


@dataclass(frozen=True, slots=True)
class Opened:
    """Files of one form as a relation: its text, the columns that count files and rows.

    `texts` are what reads each field of the form.
    """

    text: str
    number: str
    position: str
    texts: tuple[str, ...]


def opened(
    job: Job, form: Form, files: Sequence[DataFile], wanted: Sequence[NestedField]
) -> Opened:
    """Write the relation that reads files of one form."""
    located = [job.files.find([one.file_path])[one.file_path] for one in files]
    if form.format != FileFormat.PARQUET:
        return rows.opened(job, form, located, wanted)
    job.scanner.paths += [one.path for one in located]
    listed = ", ".join(lower.quoted(one.path) for one in located)
    text = f"read_parquet([{listed}], hive_partitioning=false)"
    texts = tuple(f"lbx.{lower.identifier(one.name)}" for one in form.nodes)
    return Opened(text, "lbx.file_index", "lbx.file_row_number", texts)


def value_of(form: Form, made: Opened, field: NestedField, path: str) -> str | None:
    """Write the value of a table's field in files of a form, None where they do not have it."""
    at = next((at for at, one in enumerate(form.nodes) if one.id == field.field_id), None)
    if at is None or form.kinds[at] == '"NULL"':
        return None
    stored = duck_types.parse(form.kinds[at])
    text, held = columns.aligned(made.texts[at], form.nodes[at], stored, field.field_type)
    place = typed.Place(field.name, form.format.name, path)
    return typed.value(text, held, to_trino(field.field_type), place)


def _group(job: Job, form: Form, tasks: Sequence[planning.Task]) -> str:
    scan = job.scan
    data = [one.file for one in tasks]
    count = len(scan.table.all_columns)
    used = [(at, job.schema.fields[at]) for at in sorted(scan.used) if at < count]
    keys = deletes.equality_fields(job, tasks)
    read = {field.field_id: field for _, field in used} | {one.field_id: one for one in keys}
    made = opened(job, form, data, list(read.values()))
    path = data[0].file_path
    values = {number: value_of(form, made, field, path) for number, field in read.items()}
    for number, field in read.items():
        if values[number] is None:
            values[number] = _absent(job, made, field, data)
    out = [f"{values[field.field_id]} AS c{at}" for at, field in used]
    out += [
        f"{_hidden_text(job, scan.table.hidden_columns[at - count], made, data)} AS c{at}"
        for at in sorted(scan.used)
        if at >= count
    ]
    where = deletes.conditions(job, made, tasks, values)
    select = f"SELECT {', '.join(out) or '1 AS c0'} FROM {made.text} AS lbx"
    return f"{select} WHERE {' AND '.join(where)}" if where else select


def _absent(job: Job, made: Opened, field: NestedField, files: Sequence[DataFile]) -> str:
    """Write the value of a field that the files do not have.

    One that is partitioned by itself has its partition's value (files of a migrated Hive table),
    else it is NULL, or what the column was added with.
    """
    kind = to_trino(field.field_type)
    texts: list[str] = []
    for file in files:
        spec = job.metadata.specs()[file.spec_id]
        at = next(
            (
                at
                for at, one in enumerate(spec.fields)
                if one.source_id == field.field_id and str(one.transform) == "identity"
            ),
            None,
        )
        value = file.partition[at] if at is not None else None
        texts.append(_constant(value, field, kind))
    return by_file(texts, made.number)


def _constant(value: Any, field: NestedField, kind: Type) -> str:
    if value is None:
        value = field.initial_default
    if value is None:
        return f"CAST(NULL AS {duck_name(kind)})"
    from pyiceberg.transforms import IdentityTransform

    if kind.name in ("varchar", "char"):
        return lower.quoted(str(value))
    if kind.name not in ("boolean", "integer", "bigint", "real", "double", "decimal", "date",
                         "timestamp", INSTANT):  # fmt: skip
        message = f"A partition value of type {kind} that is not in its files"
        raise TrinoError("NOT_SUPPORTED", f"{message} is not built in lakebed yet")
    text = IdentityTransform().to_human_string(field.field_type, value)
    if kind.name in ("timestamp", INSTANT):
        text = text.replace("T", " ").replace("+00:00", " UTC")
        return conversions.convert(lower.quoted(text), VARCHAR, kind)
    return literal(text, kind)


def _hidden(job: Job, name: str, file: DataFile) -> str:
    if name == "$path":
        return file.file_path
    found = job.files.find([file.file_path])[file.file_path]
    if name == "$file_size":
        return str(found.size)
    changed = datetime.fromtimestamp(os.stat(found.path).st_mtime, UTC)
    return changed.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _hidden_text(
    job: Job, column: tuple[str, Type], made: Opened, files: Sequence[DataFile]
) -> str:
    name, kind = column
    if column == HIDDEN_ROW_POSITION:
        return f"CAST({made.position} AS BIGINT)"
    return by_file([literal(_hidden(job, name, one), kind) for one in files], made.number)


def by_file(texts: Sequence[str], number: str) -> str:
    """Write a value that depends on the file: the text itself when all have the same."""
    if len(set(texts)) == 1:
        return texts[0]
    return f"list_extract([{', '.join(texts)}], CAST({number} AS BIGINT) + 1)"
