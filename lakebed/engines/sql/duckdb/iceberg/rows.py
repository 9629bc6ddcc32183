"""ORC and Avro data files as Arrow streams with the number of the file and of the row in it."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyiceberg.manifest import FileFormat
from pyiceberg.types import NestedField

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.catalog import File
from lakebed.engines.sql.duckdb.iceberg import columns
from lakebed.engines.sql.duckdb.readers.arrow import Batch, arrow
from lakebed.engines.sql.duckdb.readers.stream import Meter, Rows

if TYPE_CHECKING:
    from lakebed.engines.sql.duckdb.iceberg.reading import Form, Job, Opened

_ROWS = 50_000


def form(job: Job, kind: FileFormat, file: File) -> Form:
    """Return what an ORC or Avro file has."""
    from lakebed.engines.sql.duckdb.iceberg.reading import Form

    if kind == FileFormat.ORC:
        schema = _orc(file).schema
        nodes = [columns.of_arrow(schema.field(at)) for at in range(len(schema))]
    elif kind == FileFormat.AVRO:
        nodes, schema = _avro_schema(file)
    else:
        raise TrinoError("ICEBERG_BAD_DATA", f"A data file in {kind}: {file.key}")
    numbered = columns.numbered(nodes, job.metadata, job.schema)
    return Form(kind, numbered, _duck_kinds(job, schema))


def _duck_kinds(job: Job, schema: Any) -> tuple[str, ...]:
    pa = arrow()
    named = pa.schema([schema.field(at).with_name(f"t{at}") for at in range(len(schema))])
    relation = job.register(Rows(named, lambda: iter(())))
    described = job.scanner.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return tuple(str(row[1]) for row in described)


def opened(job: Job, form: Form, files: Sequence[File], wanted: Sequence[NestedField]) -> Opened:
    """Return the relation that streams files of one form."""
    from lakebed.engines.sql.duckdb.iceberg.reading import Opened

    ids = {one.field_id for one in wanted}
    places = [at for at, node in enumerate(form.nodes) if node.id in ids]
    stream = _Stream(form.format, files, places, [one.name for one in form.nodes])
    relation = job.register(stream.rows(job.scanner.meter))
    texts = tuple(f"lbx.t{at}" for at in range(len(form.nodes)))
    return Opened(relation, "lbx.lbf", "lbx.lbp", texts)


@dataclass(frozen=True, slots=True)
class _Stream:
    format: FileFormat
    files: Sequence[File]
    places: Sequence[int]
    names: Sequence[str]

    def rows(self, meter: Meter) -> Rows:
        """Return the stream of the files' rows."""
        pa = arrow()
        schema = _orc(self.files[0]).schema if self.format == FileFormat.ORC else None
        if schema is None:
            _, schema = _avro_schema(self.files[0])
        fields = [schema.field(at).with_name(f"t{at}") for at in self.places]
        made = pa.schema([*fields, pa.field("lbf", pa.int64()), pa.field("lbp", pa.int64())])

        def make() -> Iterator[Batch]:
            for number, file in enumerate(self.files):
                share = len(self.places) / max(1, len(self.names))
                meter.read_bytes += int(file.size * share)
                start = 0
                for count, arrays in self._parts(file, schema):
                    first = pa.array(range(start, start + count), pa.int64())
                    same = pa.array([number] * count, pa.int64())
                    start += count
                    yield pa.record_batch([*arrays, same, first], schema=made)

        return Rows(made, make)

    def _parts(self, file: File, schema: Any) -> Iterator[tuple[int, list[Any]]]:
        names = [self.names[at] for at in self.places]
        if self.format == FileFormat.AVRO:
            pa = arrow()
            for records in avro_records(file):
                yield (
                    len(records),
                    [
                        pa.array([one[name] for one in records], schema.field(at).type)
                        for name, at in zip(names, self.places, strict=True)
                    ],
                )
            return
        orc = _orc(file)
        if not names:
            yield orc.nrows, []
            return
        for stripe in range(orc.nstripes):
            batch = orc.read_stripe(stripe, columns=names)
            yield batch.num_rows, [batch.column(name) for name in names]


def _orc(file: File) -> Any:
    pa = arrow()
    try:
        return arrow("pyarrow.orc").ORCFile(file.path)
    except (pa.ArrowInvalid, OSError) as error:
        message = f"Error opening Iceberg split {file.key}: {error}"
        raise TrinoError("ICEBERG_CANNOT_OPEN_SPLIT", message) from error


def avro_records(file: File) -> Iterator[list[Mapping[str, Any]]]:
    """Read an Avro file some rows at a time."""
    import fastavro

    from lakebed.engines.sql.duckdb.readers.avro import codecs

    codecs()
    with open(file.path, "rb") as stream:
        held: list[Mapping[str, Any]] = []
        for record in fastavro.reader(stream):
            held.append(record)  # type: ignore[arg-type] - a record of a record schema is a mapping
            if len(held) == _ROWS:
                yield held
                held = []
        if held:
            yield held


def avro_table(file: File, names: Sequence[str]) -> Any:
    """Read columns of an Avro file."""
    pa = arrow()
    parts = [one for records in avro_records(file) for one in records]
    return pa.table({name: [one[name] for one in parts] for name in names})


def _avro_schema(file: File) -> tuple[list[columns.Node], Any]:
    """Return an Avro file's fields, and the Arrow schema of their values."""
    import fastavro

    from lakebed.engines.sql.duckdb.iceberg.avro_types import arrow_field, node

    pa = arrow()
    with open(file.path, "rb") as stream:
        schema: Any = fastavro.reader(stream).writer_schema
    return (
        [node(one) for one in schema["fields"]],
        pa.schema([arrow_field(one["name"], one["type"]) for one in schema["fields"]]),
    )
