"""Crawls relational databases through connections of the Data Catalog.

Include paths are `database/schema/table`, `database/table` for products without schemas; `%`
stands for any schema or table. Exclude patterns are globs over the rest of the path.
https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lakebed.core.bodies import FileSlice
from lakebed.core.errors import NotBuiltError
from lakebed.core.limits import CERTIFICATE_BYTES_MAX
from lakebed.engines import jdbc
from lakebed.engines.crawl import Column, Storage
from lakebed.engines.jdbc import DatabaseTable, Endpoint, JdbcError, Login
from lakebed.engines.jdbc.listing import list_tables
from lakebed.services.glue._crawl import CrawlError, Crawling, FoundTable
from lakebed.services.glue._crawl_globs import excludes

_FAILED = (
    "Check that your connection definition references your JDBC database with correct URL syntax, "
    "username, and password. {}"
)
_UNBUILT = ("SECRET_ID", "ENCRYPTED_PASSWORD", "JDBC_DRIVER_JAR_URI", "CUSTOM_JDBC_CERT_STRING")
"""Properties of a connection that change how it is made, and are not built."""
_HAS_SCHEMAS = frozenset({"postgresql"})
_CLASSIFICATIONS = {"mariadb": "mysql"}
"""AWS's classifiers are by the driver, which MariaDB shares with MySQL."""
_RAW_TYPE = "rawType"
"""The parameter of a column that says its type in the database: AWS documents no name of it."""


class Include(msgspec.Struct, frozen=True):
    """An include path, read."""

    database: str
    schema: str
    table: str

    def rest(self, table: DatabaseTable) -> str:
        """Return a table's path as exclude patterns see it: below what the path names outright."""
        parts = [table.schema] if self.schema and "%" in self.schema else []
        return "/".join([*parts, table.name])


async def crawl(crawling: Crawling, targets: Sequence[Mapping[str, Any]]) -> None:
    """Find the tables of the targets and hand them to the catalog."""
    for target in targets:
        name = str(target["ConnectionName"])
        found = await crawling.caller.call("glue", "get_connection", {"Name": name})
        connection: Mapping[str, Any] = found["Connection"]
        where = _endpoint(connection)
        include = include_of(str(target["Path"]), where.product)
        where = msgspec.structs.replace(where, database=include.database)
        login = await _login(crawling, connection)
        try:
            tables = await list_tables(where, login, include.schema, include.table)
        except JdbcError as error:
            raise CrawlError(_FAILED.format(error)) from error
        patterns: Sequence[str] = target.get("Exclusions") or ()
        wanted: Sequence[str] = target.get("EnableAdditionalMetadata") or ()
        for table in tables:
            if not excludes(patterns, include.rest(table)):
                made = _found(table, where.product, name, wanted)
                await crawling.catalog.put_table(_of_target(made, target))
                crawling.log.info(f"Found table {table.path}")
        await crawling.catalog.finish([_path(target)])


def include_of(path: str, product: str) -> Include:
    """Read an include path."""
    parts = path.strip("/").split("/")
    most = 3 if product in _HAS_SCHEMAS else 2
    if not 2 <= len(parts) <= most or not all(parts) or "%" in parts[0]:
        shown = "database/schema/table" if product in _HAS_SCHEMAS else "database/table"
        raise CrawlError(f"The include path {path} is not of the form {shown}.")
    if product not in _HAS_SCHEMAS:
        return Include(parts[0], "", parts[1])
    if len(parts) < most and parts[1] != "%":
        raise CrawlError(f"The include path {path} is not of the form database/schema/table.")
    return Include(parts[0], parts[1], parts[-1])


def _endpoint(connection: Mapping[str, Any]) -> Endpoint:
    """Return where a connection leads: its URL, or its host, port and engine."""
    given: Mapping[str, str] = connection.get("ConnectionProperties") or {}
    kind = connection.get("ConnectionType")
    if kind != "JDBC":
        raise CrawlError(f"The connection {connection['Name']} is of the type {kind}, not JDBC.")
    for member in _UNBUILT:
        if given.get(member):
            raise NotBuiltError("glue", "StartCrawler", f"ConnectionProperties.{member}")
    url = given.get("JDBC_CONNECTION_URL")
    if not url:
        host, port = given.get("HOST", ""), given.get("PORT", "")
        url = f"jdbc:{given.get('JDBC_ENGINE', '').lower()}://{host}{f':{port}' if port else ''}/"
    try:
        return jdbc.endpoint(url)
    except jdbc.UnbuiltProductError as error:
        raise NotBuiltError("glue", "StartCrawler", f"JDBC connections to {error}") from error
    except JdbcError as error:
        raise CrawlError(_FAILED.format(error)) from error


async def _login(crawling: Crawling, connection: Mapping[str, Any]) -> Login:
    given: Mapping[str, str] = connection.get("ConnectionProperties") or {}
    enforces = given.get("JDBC_ENFORCE_SSL", "false").lower() == "true"
    authority, place = "", given.get("CUSTOM_JDBC_CERT", "")
    if enforces and place:
        bucket, _, key = place.partition("://")[2].partition("/")
        answer = await crawling.caller.call("s3", "get_object", {"Bucket": bucket, "Key": key})
        authority = await asyncio.to_thread(_text, answer.get("Body"))
    return Login(given.get("USERNAME", ""), given.get("PASSWORD", ""), enforces, authority)


def _text(body: Any) -> str:
    """Return the text of a certificate. For a thread."""
    if not isinstance(body, FileSlice):
        return bytes(body or b"").decode("ascii", "replace")
    try:
        length = min(body.length, CERTIFICATE_BYTES_MAX)
        return os.pread(body.descriptor, length, body.start).decode("ascii", "replace")
    finally:
        os.close(body.descriptor)


def _found(
    table: DatabaseTable, product: str, connection: str, wanted: Sequence[str]
) -> FoundTable:
    """Return a table as crawlers of AWS write it, as far as they are remembered to."""
    has_comments, has_types = "COMMENTS" in wanted, "RAWTYPES" in wanted
    columns = tuple(
        Column(
            one.name.lower(),
            one.type,
            one.comment if has_comments else "",
            ((_RAW_TYPE, one.native),) if has_types else (),
        )
        for one in table.columns
    )
    parameters = {
        "classification": _CLASSIFICATIONS.get(product, product),
        "compressionType": "none",
        "connectionName": connection,
        "typeOfData": "view" if table.is_view else "table",
    }
    parts = table.path.split("/")
    described = {"Description": table.comment} if has_comments and table.comment else {}
    return FoundTable(
        "_".join(parts), ".".join(parts), columns, Storage(), parameters, "", extra=described
    )


def _path(target: Mapping[str, Any]) -> str:
    """Return what a target is remembered by: two connections may have the same path."""
    return f"{target['ConnectionName']}:{target['Path']}"


def _of_target(found: FoundTable, target: Mapping[str, Any]) -> FoundTable:
    return msgspec.structs.replace(found, target=_path(target))
