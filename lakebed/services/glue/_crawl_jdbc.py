"""Crawls relational databases through connections of the Data Catalog.

Include paths are `database/schema/table`, `database/table` for products without schemas; `%`
stands for any schema or table. Exclude patterns are globs over the rest of the path.
https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lakebed.core.limits import JDBC_CONNECT_SECONDS
from lakebed.engines.crawl import Column, Storage
from lakebed.engines.jdbc import DatabaseTable, JdbcError
from lakebed.engines.jdbc.listing import list_tables
from lakebed.services.glue._crawl import CrawlError, Crawling, FoundTable
from lakebed.services.glue._crawl_globs import excludes
from lakebed.services.glue._crawl_threshold import check_threshold
from lakebed.services.glue._jdbc_connections import (
    NOT_REACHED,
    certificate_of,
    endpoint_of,
    login_of,
    secret_of,
    text_of,
    with_secret,
)

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
    found: list[FoundTable] = []
    for target in targets:
        name = str(target["ConnectionName"])
        answer = await crawling.caller.call("glue", "get_connection", {"Name": name})
        wanted: Sequence[str] = target.get("EnableAdditionalMetadata") or ()
        product, tables = await _asked(crawling, answer["Connection"], target)
        found += (_of_target(_found(one, product, name, wanted), target) for one in tables)
    check_threshold(crawling, len(found))
    for table in found:
        await crawling.catalog.put_table(table)
        crawling.log.info(f"Found table {table.location}")
    await crawling.catalog.finish([_path(target) for target in targets])


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


async def _asked(
    crawling: Crawling, connection: Mapping[str, Any], target: Mapping[str, Any]
) -> tuple[str, list[DatabaseTable]]:
    """Ask the database of a connection for the tables of an include path; name its product, too."""
    kind = connection.get("ConnectionType")
    if kind != "JDBC":
        raise CrawlError(f"The connection {connection['Name']} is of the type {kind}, not JDBC.")
    authority, request = "", certificate_of(connection)
    try:
        where = endpoint_of("StartCrawler", connection)
        include = include_of(str(target["Path"]), where.product)
        if request is not None:
            answer = await crawling.caller.call("s3", "get_object", request)
            authority = await asyncio.to_thread(text_of, answer.get("Body"))
        secret = secret_of(connection)
        if secret is not None:
            value = await crawling.caller.call("secretsmanager", "get_secret_value", secret)
            connection = with_secret(connection, value)
        login = login_of(connection, authority, JDBC_CONNECT_SECONDS)
        where = msgspec.structs.replace(where, database=include.database)
        tables = await list_tables(where, login, include.schema, include.table)
    except JdbcError as error:
        raise CrawlError(NOT_REACHED.format(error)) from error
    patterns: Sequence[str] = target.get("Exclusions") or ()
    kept = [one for one in tables if not excludes(patterns, include.rest(one))]
    return where.product, kept


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
