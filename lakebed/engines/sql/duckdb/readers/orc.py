"""ORC: org.apache.hadoop.hive.ql.io.orc.OrcSerde, a stripe at a time.

Columns are found by order, as Athena does by default, or by name when the SerDe says
`orc.column.index.access` = false (or `orc.force.positional.evolution` names nothing else). Files
written by Hive without names (`_col0`) are read by order always.
https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.readers import parquet
from lakebed.engines.sql.duckdb.readers.arrow import Batch, Schema, arrow
from lakebed.engines.sql.duckdb.readers.lines import numbers
from lakebed.engines.sql.duckdb.readers.storage import Scan, Storage, Stored
from lakebed.engines.sql.duckdb.readers.stream import Meter, Rows

SERDE = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
_ROWS = 100_000
BY_ORDER = "orc.column.index.access"


def by_order(storage: Storage) -> bool:
    """Tell whether the files' columns are found by order."""
    return storage.flag(BY_ORDER, True)


def read(scan: Scan) -> list[str]:
    """Write the texts that read ORC files, those of one schema together."""
    groups: dict[str, list[Stored]] = {}
    schemas: dict[str, Schema] = {}
    for stored in scan.files:
        schema = _open(stored).schema
        schemas.setdefault(str(schema), schema)
        groups.setdefault(str(schema), []).append(stored)
    return [_one_schema(scan, files, schemas[key]) for key, files in groups.items()]


def _open(stored: Stored) -> Any:
    pa = arrow()
    orc = arrow("pyarrow.orc")

    try:
        return orc.ORCFile(stored.file.path)
    except (pa.ArrowInvalid, OSError) as error:
        message = f"Error opening Hive split s3://{stored.bucket}/{stored.file.key}: {error}"
        raise TrinoError("HIVE_CANNOT_OPEN_SPLIT", message) from error


def _one_schema(scan: Scan, files: Sequence[Stored], schema: Schema) -> str:
    names: list[str] = schema.names
    positional = by_order(scan.storage) or all(name.startswith("_col") for name in names)
    places = {name.lower(): at for at, name in reversed(list(enumerate(names)))}
    wanted = [one.position if positional else places.get(one.name, -1) for one in scan.columns]
    columns = sorted({at for at in wanted if 0 <= at < len(names)})
    relation = scan.register(_rows(files, schema, columns, scan.meter))
    described = scan.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    kinds = {str(row[0]): str(row[1]) for row in described}
    have = [
        parquet.Have(name, f"t{at}", kinds.get(f"t{at}", '"NULL"')) for at, name in enumerate(names)
    ]
    path = f"s3://{files[0].bucket}/{files[0].file.key}"
    values = parquet.typed_values(scan, have, parquet.Form("ORC", path, positional))
    return scan.select(values, relation, files, "lbf")


def _rows(files: Sequence[Stored], schema: Schema, columns: Sequence[int], meter: Meter) -> Rows:
    pa = arrow()

    names = [schema.names[at] for at in columns]
    fields = [schema.field(at).with_name(f"t{at}") for at in columns]
    made = pa.schema([*fields, pa.field("lbf", pa.int32())])

    def make() -> Iterator[Batch]:
        for number, stored in enumerate(files):
            file = _open(stored)
            share = len(columns) / max(1, len(schema.names))
            meter.read_bytes += int(stored.file.size * share)
            if not names:
                # A stripe without columns tells no number of rows.
                for at in range(0, file.nrows, _ROWS):
                    count = numbers(number, min(_ROWS, file.nrows - at))
                    yield pa.record_batch([count], schema=made)
                continue
            for stripe in range(file.nstripes):
                batch = file.read_stripe(stripe, columns=names)
                found = [batch.column(name) for name in names]
                count = numbers(number, batch.num_rows)
                yield pa.record_batch([*found, count], schema=made)

    return Rows(made, make)
