"""The statements that Trino runs, in a worker: their text goes out, rows come back as a result."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from typing import Any

from lakebed.dialect import parse as dialect
from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import Type, parse_type
from lakebed.engines.sql.duckdb import explaining, results
from lakebed.engines.sql.duckdb.catalog import folder, split_location
from lakebed.engines.sql.duckdb.ddl.lookup import qualified
from lakebed.engines.sql.duckdb.run import Run
from lakebed.engines.sql.duckdb.writing import options as how
from lakebed.engines.sql.duckdb.writing import statements as writing
from lakebed.engines.sql.duckdb.writing.publish import outcome
from lakebed.engines.sql.trino.client import Answer, Client
from lakebed.engines.sql.trino.values import writer

CATALOG = "awsdatacatalog"
_AS = re.compile(r"(?is)\bAS\s*(?=\(|select\b|with\b|values\b|table\b)")
_QUERY = re.compile(r"(?is)\s*(\(|select\b|with\b|values\b|table\b)")
_WITH_DATA = re.compile(r"(?is)\bwith\s+(no\s+)?data\s*$")


def parse(text: str, parameters: Sequence[str]) -> st.Statement:
    """Read a statement as the embedded engine does; a query that it cannot read is Trino's."""
    try:
        return dialect.parse(text, parameters)
    except TrinoError:
        if _QUERY.match(text) is None:
            raise
        return dialect.parse("SELECT 1")


def select(run: Run, statement: st.Select) -> dict[str, Any]:
    """Run a query into a result file."""
    del statement
    client = _client(run)
    path = run.scratch / "result.csv"
    answer, count = None, 0
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writers: list[Callable[[Any], str]] = []
        for answer, page in client.run(_executed(run)):
            run.remote(answer.id)
            if answer.columns and not writers:
                kinds = [_type(spelled) for _, spelled in answer.columns]
                writers = list(map(writer, kinds))
                rows.writerow([name for name, _ in answer.columns])
            for row in page:
                file.write(_line(row, writers))
            count += len(page)
    assert answer is not None
    return {
        "columns": [results.column(name, _type(spelled)) for name, spelled in answer.columns],
        "result": str(path),
        "result_suffix": "csv",
        "result_bytes": path.stat().st_size,
        "row_count": count,
        "data_scanned_bytes": _scanned(run, answer),
    }


def explain(run: Run, statement: st.Explain) -> dict[str, Any]:
    """Show Trino's plan of a query; of what Athena's own statements write, the embedded one."""
    if not isinstance(statement.statement, st.Select):
        return explaining.explain(run, statement)
    title = "Valid" if statement.type == "VALIDATE" else "Query Plan"
    lines: list[list[str]] = [[title]]
    for _, page in _client(run).run(_executed(run)):
        lines += [[line] for row in page for line in _plan_text(row[0]).splitlines()]
    return results.lines(run.scratch, lines, [title])


def _plan_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def insert(run: Run, statement: st.Insert) -> dict[str, Any]:
    """Let Trino add a query's rows to a table."""
    database, name = qualified(run, statement.name)
    shape = run.catalog.shape(database, name)
    if shape is None:
        full = f"{CATALOG}.{database}.{name}"
        raise TrinoError("TABLE_NOT_FOUND", f"Table '{full}' does not exist", 1, 1)
    return _written(run, _executed(run), str(shape["StorageDescriptor"].get("Location") or ""))


def create_table_as(run: Run, statement: st.CreateTableAs) -> dict[str, Any]:
    """Let Trino write a query's rows as a new table, Athena's properties in Trino's terms."""
    given = statement.properties
    if str(given.get("table_type", "HIVE")).upper() != "HIVE":
        return writing.create_table_as(run, statement)
    options = how.of_properties(given, writing.TABLE_PROPERTIES)
    database, name = qualified(run, statement.name)
    place = given.get("external_location")
    location = folder(str(place) if place else f"{folder(run.output_location)}tables/{run.id}/")
    writing.require_empty(run, location, f"table '{database}.{name}'")
    properties = {"format": f"'{options.format}'", "external_location": f"'{location}'"}
    if options.partitioned:
        properties["partitioned_by"] = _array(options.partitioned)
    if options.buckets is not None:
        properties["bucketed_by"] = _array(options.buckets.columns)
        properties["bucket_count"] = str(options.buckets.count)
    if options.format == "TEXTFILE":
        properties["textfile_field_separator"] = _quoted(options.delimiter)
    listed = ", ".join(f"{key} = {value}" for key, value in properties.items())
    exists = "IF NOT EXISTS " if statement.if_not_exists else ""
    comment = f" COMMENT {_quoted(statement.comment)}" if statement.comment else ""
    body = _WITH_DATA.sub("", run.text[_query_start(run.text) :].rstrip().removesuffix(";"))
    text = (
        f'CREATE TABLE {exists}{CATALOG}."{database}"."{name}"{comment} WITH ({listed}) AS {body}'
        + ("" if statement.with_data else " WITH NO DATA")
    )
    codec = {"DEFLATE": "GZIP", "ZLIB": "ZSTD", "BZIP2": "GZIP"}.get(
        options.compression, options.compression
    )
    return _written(run, _with_parameters(text, run), location, {"compression_codec": codec})


def unload(run: Run, statement: st.Unload) -> dict[str, Any]:
    """Refuse: Trino has no UNLOAD."""
    del run, statement
    raise not_supported("UNLOAD with the Trino engine", 1, 1)


STATEMENTS: dict[type, Callable[[Run, Any], dict[str, Any]]] = {
    st.Select: select,
    st.Explain: explain,
    st.CreateTableAs: create_table_as,
    st.Insert: insert,
    st.Unload: unload,
}


def _client(run: Run, properties: dict[str, str] | None = None) -> Client:
    session = {"X-Trino-Catalog": CATALOG, "X-Trino-Schema": run.database}
    if properties:
        named = (f"{CATALOG}.{key}={value}" for key, value in properties.items())
        session["X-Trino-Session"] = ",".join(named)
    return Client(run.remote_url, session)


def _written(
    run: Run, text: str, location: str, properties: dict[str, str] | None = None
) -> dict[str, Any]:
    """Run a statement that writes; its manifest is what is new under the table's location."""
    before = {file.key for file in run.catalog.server.files(location)} if location else set[str]()
    answer = Answer("")
    for answer, _ in _client(run, properties).run(text):
        run.remote(answer.id)
    bucket = split_location(location)[0] if location else ""
    after = run.catalog.server.files(location) if location else []
    made = [f"s3://{bucket}/{file.key}" for file in after if file.key not in before]
    return outcome(run, made, answer.update_count, _scanned(run, answer))


def _scanned(run: Run, answer: Answer) -> int:
    """Return the bytes read of files; the query ends here if they are more than it may."""
    scanned = int(answer.stats.get("physicalInputBytes") or 0)
    run.check_scanned(scanned)
    return scanned


def _executed(run: Run) -> str:
    return _with_parameters(run.text.rstrip().removesuffix(";"), run)


def _with_parameters(text: str, run: Run) -> str:
    if not run.parameters:
        return text
    return f"EXECUTE IMMEDIATE {_quoted(text)} USING {', '.join(run.parameters)}"


def _line(row: list[Any], writers: list[Callable[[Any], str]]) -> str:
    """Write a row: every value in quotes, nothing for NULL."""
    values = (
        "" if value is None else '"' + write(value).replace('"', '""') + '"'
        for value, write in zip(row, writers, strict=True)
    )
    return ",".join(values) + "\n"


def _type(spelled: str) -> Type:
    return parse_type(spelled)


def _query_start(text: str) -> int:
    """Return where the query of a CREATE TABLE AS begins."""
    blank = re.sub(
        r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/",
        lambda match: " " * len(match.group(0)),
        text,
        flags=re.S,
    )
    found = _AS.search(blank)
    if found is None:
        raise TrinoError("SYNTAX_ERROR", "mismatched input. Expecting: 'AS'", 1, 1)
    return found.end()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _array(names: tuple[str, ...]) -> str:
    return "ARRAY[" + ", ".join(map(_quoted, names)) + "]"
