"""`lakebed job preview`: what a node of a visual job gives, by Athena's API, without Spark.

Files of a source without a table get one for the time of the query. All is done with the client's
own permissions.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import sys
import uuid
from collections.abc import Generator, Mapping
from typing import Any

from lakebed.cli.aws import ApiError, AwsClient, UnreachableError
from lakebed.cli.settings import Resolved
from lakebed.cli.sql import show
from lakebed.cli.sql.athena import Athena, StatementError
from lakebed.core.errors import AwsError
from lakebed.core.limits import KIB
from lakebed.services.glue._visual_graph import Graph, Node, graph_of
from lakebed.services.glue._visual_preview import DELTA, FILES, find, preview_sql, sources_of
from lakebed.services.glue._visual_sources import QUOTES, SEPARATORS
from lakebed.services.glue._visual_sql import (
    PreviewError,
    Relation,
    output_columns,
    quoted,
    sql_type,
)

_HEADER_BYTES_MAX = 64 * KIB
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def job(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status: 0, 1 there is no preview, 2 no server."""
    try:
        client = AwsClient(resolved, options.endpoint_url or "")
        found = client.call("glue", "GetJob", {"JobName": options.name})["Job"]
        nodes = found.get("CodeGenConfigurationNodes")
        if not nodes:
            raise PreviewError(f"{options.name} is no visual job: it has no nodes")
        if options.node is None:
            _list(graph_of(nodes))
            return 0
        graph, node = find(nodes, options.node)
        account = f"{resolved.settings.account}-{resolved.settings.region}"
        session = Athena(
            client, options.database, options.workgroup, options.output, account
        )  # fmt: skip
        _show(session, graph, node, options)
    except (UnreachableError, OSError) as error:
        print(f"lakebed job: {error}", file=sys.stderr)
        return 2
    except (ApiError, StatementError, PreviewError) as error:
        print(f"lakebed job: {error}", file=sys.stderr)
        return 1
    except AwsError as error:
        print(f"lakebed job: {error.message}", file=sys.stderr)
        return 1
    return 0


def _list(graph: Graph) -> None:
    for node in graph.values():
        inputs = f"  <- {', '.join(node.inputs)}" if node.inputs else ""
        print(f"{node.id}  {node.kind}  {node.name}{inputs}")


def _show(session: Athena, graph: Graph, node: Node, options: argparse.Namespace) -> None:
    with contextlib.ExitStack() as stack:
        tables = {
            one.id: stack.enter_context(_table(session, one)) for one in sources_of(graph, node)
        }
        text = preview_sql(graph, node, tables, options.rows)
        if options.sql:
            print(text)
            return
        done = session.run(text)
        write = show.as_csv if options.csv else show.as_json if options.json else show.as_table
        write(done, session.rows(done), sys.stdout)


@contextlib.contextmanager
def _table(session: Athena, node: Node) -> Generator[Relation]:
    """Give what a source reads: a table of the catalog, or one made of its files for now."""
    if node.kind == DELTA:
        with _delta_table(session, node) as name:
            yield _of_catalog(session, session.database, name)
        return
    if node.kind not in FILES:
        yield _of_catalog(session, node.members["Database"], node.members["Table"])
        return
    columns = output_columns(node) or _columns_of_files(session.client, node)
    made: list[str] = []
    try:
        for path in node.members["Paths"]:
            name = _new_name()
            given = _table_input(node, name, columns, _folder(session.client, path))
            request = {"DatabaseName": session.database, "TableInput": given}
            session.client.call("glue", "CreateTable", request)
            made.append(name)
        listed = ", ".join(quoted(column) for column in columns)
        tables = [f"{quoted(session.database)}.{quoted(name)}" for name in made]
        text = " UNION ALL ".join(f"SELECT {listed} FROM {table}" for table in tables)
        # What CSV files have is text, whatever a person says of it.
        kinds = dict.fromkeys(columns, "varchar") if node.kind == "S3CsvSource" else columns
        yield Relation(text, kinds)
    finally:
        for name in made:
            _delete(session, name)


@contextlib.contextmanager
def _delta_table(session: Athena, node: Node) -> Generator[str]:
    """Give the name of a table over the folder of a Delta table, which says its columns itself."""
    name, place = _new_name(), node.members["Paths"][0].replace("'", "''")
    session.run(
        f"CREATE EXTERNAL TABLE `{session.database}`.{name} LOCATION '{place}' "
        "TBLPROPERTIES ('table_type' = 'DELTA')"
    )
    try:
        yield name
    finally:
        _delete(session, name)


def _new_name() -> str:
    return f"lakebed_preview_{uuid.uuid4().hex[:12]}"


def _delete(session: Athena, name: str) -> None:
    session.client.call("glue", "DeleteTable", {"DatabaseName": session.database, "Name": name})


def _of_catalog(session: Athena, database: str, name: str) -> Relation:
    request = {"DatabaseName": database, "Name": name}
    table = session.client.call("glue", "GetTable", request)["Table"]
    given = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    columns = {one["Name"].lower(): sql_type(one.get("Type", "string")) for one in given}
    return Relation(f"SELECT * FROM {quoted(database)}.{quoted(name)}", columns)


def _folder(client: AwsClient, path: str) -> str:
    """Return a folder of files; tables are of folders, not of files."""
    folder = path if path.endswith("/") else f"{path}/"
    if not client.objects(folder):
        raise PreviewError(f"there is nothing below {folder}: a preview reads folders of files")
    return folder


def _columns_of_files(client: AwsClient, node: Node) -> dict[str, str]:
    """Return the columns in the header of the first CSV file."""
    if node.kind != "S3CsvSource" or not node.members.get("WithHeader"):
        raise PreviewError(
            f"the columns of node {node.id} are not known: its OutputSchemas would say them"
        )
    folder = _folder(client, node.members["Paths"][0])
    bucket = folder.removeprefix("s3://").partition("/")[0]
    key = next(key for key, size in client.objects(folder) if size)
    text = client.beginning(f"s3://{bucket}/{key}", _HEADER_BYTES_MAX).decode("utf-8", "replace")
    quote = QUOTES[node.members["QuoteChar"]]
    delimiter = SEPARATORS[node.members["Separator"]]
    if quote == -1:
        names = text.splitlines()[0].split(delimiter)
    else:
        names = next(csv.reader(io.StringIO(text), delimiter=delimiter, quotechar=quote))
    return dict.fromkeys(names, "varchar")


def _table_input(
    node: Node, name: str, columns: Mapping[str, str], location: str
) -> dict[str, Any]:
    formats: dict[str, tuple[str, str, str]] = {
        "S3CsvSource": (_TEXT_INPUT, _TEXT_OUTPUT, "org.apache.hadoop.hive.serde2.OpenCSVSerde"),
        "S3JsonSource": (_TEXT_INPUT, _TEXT_OUTPUT, "org.openx.data.jsonserde.JsonSerDe"),
        "S3ParquetSource": (
            f"{_PARQUET}.MapredParquetInputFormat",
            f"{_PARQUET}.MapredParquetOutputFormat",
            f"{_PARQUET}.serde.ParquetHiveSerDe",
        ),
    }
    reader, writer, serde = formats[node.kind]
    properties, parameters = _csv_properties(node) if node.kind == "S3CsvSource" else ({}, {})
    if node.kind == "S3CsvSource" and "field.delim" in properties:
        serde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **parameters},
        "StorageDescriptor": {
            "Columns": [{"Name": one, "Type": _hive(node, columns[one])} for one in columns],
            "Location": location,
            "InputFormat": reader,
            "OutputFormat": writer,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": properties},
        },
    }


def _csv_properties(node: Node) -> tuple[dict[str, str], dict[str, str]]:
    """Return how the lines of CSV files are read, and whether the first one is a header."""
    members = node.members
    quote, separator = QUOTES[members["QuoteChar"]], SEPARATORS[members["Separator"]]
    has_header = members.get("WithHeader") or members.get("SkipFirst")
    parameters = {"skip.header.line.count": "1"} if has_header else {}
    if quote == -1:
        return {"field.delim": separator}, parameters
    found = {"separatorChar": separator, "quoteChar": quote}
    return {**found, "escapeChar": members.get("Escaper") or "\\"}, parameters


def _hive(node: Node, kind: str) -> str:
    if node.kind == "S3CsvSource":
        return "string"
    names = {"varchar": "string", "integer": "int", "real": "float", "timestamp(3)": "timestamp",
             "varbinary": "binary"}  # fmt: skip
    if not kind:
        raise PreviewError(f"node {node.id} has a column of a type that a preview does not read")
    return names.get(kind, kind)
