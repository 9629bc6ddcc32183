"""Tables of databases, read and written over JDBC.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-connect-jdbc-home.html
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .._bookmarks import Bookmarks, State
from .._catalog import jdbc_connection
from .._not_built import NotBuiltError
from .._options import flag, number
from .frame import SparkFrame
from .modules import functions

DRIVERS = {
    "postgresql": "org.postgresql.Driver",
    "mysql": "org.mariadb.jdbc.Driver",
    "mariadb": "org.mariadb.jdbc.Driver",
}
_QUOTES = {"postgresql": '"', "mysql": "`", "mariadb": "`"}
_PARTITIONS = 7
"""How many queries run side by side when hashpartitions does not say."""
_OURS = frozenset(
    {
        "url", "dbtable", "user", "password", "hashfield", "hashexpression", "hashpartitions",
        "sampleQuery", "enablePartitioningForSampleQuery", "sampleSize", "jobBookmarkKeys",
        "jobBookmarkKeysSortOrder", "connectionName", "useConnectionProperties",
        "customJdbcDriverS3Path", "customJdbcDriverClassName", "bulkSize", "database",
        "redshiftTmpDir", "query", "classification", "typeOfData", "CrawlerSchemaSerializerVersion",
        "CrawlerSchemaDeserializerVersion", "UPDATED_BY_CRAWLER", "compressionType",
    }
)  # fmt: skip


@dataclass
class JdbcSource:
    """What a script asked of a database."""

    session: Any
    kind: str
    options: Mapping[str, Any]
    transformation_ctx: str = ""

    def read(self) -> SparkFrame:
        """Return the rows that are due."""
        connection = connected(self.session, self.kind, self.options)
        keys = self._keys(connection)
        bookmarks = Bookmarks.of(self.transformation_ctx) if keys else None
        bounds = ""
        if bookmarks is not None:
            before = bookmarks.state(self.transformation_ctx)
            until = bookmarks.limit(self.transformation_ctx)
            state = self._newest(connection, keys, before) if until is None else until
            bounds = self._bounds(keys, before, state)
            bookmarks.moved(self.transformation_ctx, state)
        table = self._table(connection, bounds)
        reader = self._reader(connection)
        parts = self._parts()
        if not parts:
            return SparkFrame.of(reader.option("dbtable", table).load())
        # Conditions are parts of a table that Spark reads side by side.
        properties = {"user": connection["user"], "password": connection["password"]}
        properties |= {"driver": connection["driver"]} | self._passed_on()
        df = self.session.read.jdbc(
            connection["url"], table, predicates=parts, properties=properties
        )
        return SparkFrame.of(df)

    def _reader(self, connection: Mapping[str, str]) -> Any:
        reader = self.session.read.format("jdbc")
        for name, value in {**connection, **self._passed_on()}.items():
            reader = reader.option(name, value)
        return reader

    def _passed_on(self) -> dict[str, str]:
        return {n: str(v) for n, v in self.options.items() if n not in _OURS and v is not None}

    def _table(self, connection: Mapping[str, str], bounds: str) -> str:
        """Return what stands behind FROM: a table, or a query in its place."""
        del connection
        query = self.options.get("sampleQuery") or self.options.get("query")
        table = self.options.get("dbtable")
        if query:
            return f"({self._query(str(query), bounds)}) lakebed_source"
        if not table:
            raise ValueError("dbtable is required")
        return f"(SELECT * FROM {table} WHERE {bounds}) lakebed_source" if bounds else str(table)

    def _query(self, query: str, bounds: str) -> str:
        query = query.strip().rstrip(";")
        if flag(self.options, "enablePartitioningForSampleQuery"):
            if query.rpartition(" ")[2].lower() not in ("where", "and"):
                raise ValueError(
                    "with enablePartitioningForSampleQuery the sampleQuery must end with "
                    '"where" or "and"'
                )
            return f"{query} {bounds or '1=1'}"
        return f"SELECT * FROM ({query}) lakebed_query WHERE {bounds}" if bounds else query

    def _parts(self) -> list[str]:
        """Return conditions that split the rows, for queries that run side by side."""
        field, expression = self.options.get("hashfield"), self.options.get("hashexpression")
        query = bool(self.options.get("sampleQuery") or self.options.get("query"))
        if query and not flag(self.options, "enablePartitioningForSampleQuery"):
            return []
        if not field and not expression:
            return []
        count = number(self.options, "hashpartitions") or _PARTITIONS
        hashed = f"({expression})" if expression else self._hash(str(field))
        modulo = f"abs(mod({hashed}, {count}))"
        return [
            f"{modulo} = {at}" + (f" OR {hashed} IS NULL" if at == 0 else "") for at in range(count)
        ]

    def _hash(self, field: str) -> str:
        name = self._quoted(field)
        if self.kind == "postgresql":
            return f"hashtext(CAST({name} AS text))"
        return f"crc32(CAST({name} AS char))"

    def _quoted(self, name: str) -> str:
        quote = _QUOTES[self.kind]
        return quote + name.replace(quote, quote * 2) + quote

    # Bookmarks

    def _keys(self, connection: Mapping[str, str]) -> list[str]:
        given: Any = self.options.get("jobBookmarkKeys")
        if isinstance(given, str):
            given = [one.strip() for one in given.strip("[]").replace('"', "").split(",")]
        if given or Bookmarks.of(self.transformation_ctx) is None:
            return list(given or ())
        return self._primary_key(connection)

    def _primary_key(self, connection: Mapping[str, str]) -> list[str]:
        """Return the columns of the primary key, which bookmarks go by unless told otherwise."""
        table = str(self.options.get("dbtable") or "")
        if not table:
            return []
        schema, _, name = table.rpartition(".")
        text = (
            "(SELECT k.column_name AS name, k.ordinal_position AS at "
            "FROM information_schema.table_constraints t "
            "JOIN information_schema.key_column_usage k ON k.constraint_name = t.constraint_name "
            "AND k.table_schema = t.table_schema AND k.table_name = t.table_name "
            f"WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_name = {_literal(name)}"
            + (f" AND t.table_schema = {_literal(schema)}" if schema else "")
            + ") lakebed_key"
        )
        rows = self._reader(connection).option("dbtable", text).load().collect()
        return [row[0] for row in sorted(rows, key=lambda row: row[1])]

    def _newest(self, connection: Mapping[str, str], keys: Sequence[str], before: State) -> State:
        """Return the state after everything that is there now was read."""
        order = str(self.options.get("jobBookmarkKeysSortOrder") or "asc").lower()
        if order not in ("asc", "desc"):
            raise ValueError(f"jobBookmarkKeysSortOrder may not be {order}")
        base = self._table(connection, self._bounds(keys, before, None))
        df = self._reader(connection).option("dbtable", base).load()
        columns = [functions.col(f"`{key}`") for key in keys]
        last = functions.max if order == "asc" else functions.min
        row = df.select(last(functions.struct(*columns)).alias("last")).first()
        if row["last"] is None:
            return dict(before)
        values = [_kept(value) for value in row["last"]]
        return {"kind": "jdbc", "keys": list(keys), "order": order, "values": values}

    def _bounds(self, keys: Sequence[str], before: State, until: State | None) -> str:
        """Return the condition that rows are behind one state and not behind another."""
        found: list[str] = []
        if before:
            found.append(self._behind(keys, before))
        if until:
            found.append(f"NOT ({self._behind(keys, until)})")
        elif until is not None:
            found.append("1=0" if before == until and not before else "1=1")
        return " AND ".join(found)

    def _behind(self, keys: Sequence[str], state: State) -> str:
        """Return the condition that keys, one after another, are behind those of a state."""
        sign = ">" if state["order"] == "asc" else "<"
        columns = [self._quoted(key) for key in keys]
        values = [_literal(_restored(value)) for value in state["values"]]
        found: list[str] = []
        for at in range(len(keys)):
            same = [f"{columns[i]} = {values[i]}" for i in range(at)]
            found.append(" AND ".join([*same, f"{columns[at]} {sign} {values[at]}"]))
        return " OR ".join(f"({one})" for one in found)


def connected(session: Any, kind: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Return url, user, password and driver of a database; raise where its driver is missing."""
    if kind not in DRIVERS:
        raise NotBuiltError(f"connection_type {kind}")
    given = dict(options)
    if given.get("connectionName"):
        found = jdbc_connection(str(given["connectionName"]))
        given = {"url": found["fullUrl"], "user": found["user"], "password": found["password"]} | {
            name: value for name, value in given.items() if value
        }
    if not given.get("url"):
        raise ValueError("url is required for a JDBC connection")
    url = str(given["url"])
    driver = str(given.get("customJdbcDriverClassName") or DRIVERS[kind])
    if "mariadb" in driver:
        # Spark writes MySQL's SQL only for such an address, and newer drivers have to be told.
        url = url.replace("jdbc:mariadb:", "jdbc:mysql:", 1)
        url += f"{'&' if '?' in url else '?'}permitMysqlScheme=true"
    _check_driver(session, driver)
    user, password = str(given.get("user", "")), str(given.get("password", ""))
    return {"url": url, "user": user, "password": password, "driver": driver}


def write(frame: SparkFrame, kind: str, options: Mapping[str, Any]) -> None:
    """Add the rows to a table, which is made if it is not there."""
    connection = connected(frame.df.sparkSession, kind, options)
    if not options.get("dbtable"):
        raise ValueError("dbtable is required")
    writer = frame.df.write.format("jdbc").mode("append").option("dbtable", options["dbtable"])
    for name, value in connection.items():
        writer = writer.option(name, value)
    if options.get("bulkSize"):
        writer = writer.option("batchsize", options["bulkSize"])
    writer.save()


def _check_driver(session: Any, name: str) -> None:
    loader = session._jvm.java.lang.Thread.currentThread().getContextClassLoader()
    try:
        session._jvm.java.lang.Class.forName(name, False, loader)
    except Exception as problem:
        if "ClassNotFoundException" not in str(problem):
            raise
        hint = "Spark was started without its jar: give it with --extra-jars"
        raise NotBuiltError(f"JDBC without the driver {name}", hint) from problem


def _kept(value: Any) -> Any:
    """Return a key's value as JSON keeps it."""
    if isinstance(value, (datetime.datetime, datetime.date)):
        return {"time": value.isoformat(sep=" ")} if isinstance(value, datetime.datetime) else {
            "date": value.isoformat()
        }  # fmt: skip
    if isinstance(value, decimal.Decimal):
        return {"decimal": str(value)}
    return value


def _restored(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind, text = next(iter(cast("dict[str, str]", value).items()))
    return decimal.Decimal(text) if kind == "decimal" else text


def _literal(value: Any) -> str:
    if isinstance(value, (int, float, decimal.Decimal)) and not isinstance(value, bool):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
