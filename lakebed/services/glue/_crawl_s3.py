"""Crawls S3 targets: lists, looks into what changed, groups folders into tables.

A folder that has the files it had when it was last looked into is not looked into again: what was
found in it is remembered. So a crawl of a tree that did not change costs its listing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.limits import CRAWL_BATCH_FILES, CRAWL_NAMES_MAX
from lakebed.engines.crawl import UNKNOWN, Column, Finding, Sample, Storage
from lakebed.engines.crawl.avro_schemas import LITERAL, united
from lakebed.engines.crawl.types import widened_text
from lakebed.services.glue._crawl import Crawling, FoundPartition, FoundTable, plain_files
from lakebed.services.glue._crawl_folders import (
    Columns,
    Folder,
    Form,
    Grouped,
    Kind,
    Leaf,
    Policy,
    grouped,
)
from lakebed.services.glue._crawl_listing import Listed, Target, files, resolved, survey, target_of
from lakebed.services.glue._crawl_memory import (
    CRAWLED_FOLDERS,
    CRAWLED_SCHEMAS,
    CrawledFolder,
    CrawledKind,
    CrawledSchema,
)
from lakebed.services.glue._crawl_threshold import check_threshold
from lakebed.store import Range

_WRITTEN_AT_ONCE = 500
_LOOKED_AT_ONCE = 3
"""Calls of the engine under way: one each for two processes, one that waits."""


async def crawl(crawling: Crawling, targets: Sequence[Mapping[str, Any]]) -> None:
    """Crawl S3 targets and put what they hold into the catalog.

    CrawlError for more tables than TableThreshold; AwsError for what the role may not do.
    """
    policy = policy_of(crawling.configuration)
    found: list[tuple[Target, list[Grouped]]] = []
    for given in targets:
        target = await resolved(crawling.caller, target_of(given))
        found.append((target, await tables_of(crawling, target, policy)))
    check_threshold(crawling, sum(len(tables) for _, tables in found))
    for target, tables in found:
        for table in tables:
            await crawling.catalog.put_table(found_table(target, table), partitions(target, table))
    await crawling.catalog.finish([target.path for target, _ in found])


def policy_of(configuration: Mapping[str, Any]) -> Policy:
    """Return how the crawler's Configuration wants folders grouped."""
    grouping: Mapping[str, Any] = configuration.get("Grouping") or {}
    combines = grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas"
    return Policy(combines, int(grouping.get("TableLevelConfiguration") or 0))


async def tables_of(crawling: Crawling, target: Target, policy: Policy) -> list[Grouped]:
    """Look into what changed below a target and return the tables that its folders are."""
    listed = await survey(crawling.caller, target)
    crawling.log.info(
        f"Listed {sum(one.files for one in listed.values())} objects in {len(listed)} folders of "
        f"s3://{target.bucket}/{target.prefix}"
    )
    memory = _Memory(crawling, target)
    folders = await memory.recall(listed)
    stale = [path for path in listed if path not in folders]
    if stale:
        crawling.log.info(f"Looking into the files of {len(stale)} folders")
    async for folder in _looked_into(
        crawling, target, memory, [(one, listed[one]) for one in stale]
    ):
        folders[folder.path] = folder
    await memory.forget(listed)
    if target.single:
        return [_of_file(target, one) for one in folders.values() if one.kinds]
    return await asyncio.to_thread(grouped, target.prefix, list(folders.values()), policy)


def _of_file(target: Target, folder: Folder) -> Grouped:
    kind = folder.kinds[0]
    share = (kind.files, kind.size_bytes, kind.records)
    leaf = Leaf(target.prefix, kind.form, kind.columns, *share, is_file=True)
    return Grouped(leaf.path, kind.columns, (), (leaf,))


# -- what is remembered -------------------------------------------------------------------------


class _Memory:
    """What the crawler found in the folders of a target, and when to look again."""

    def __init__(self, crawling: Crawling, target: Target) -> None:
        self._caller: Caller = crawling.caller
        recrawl: Mapping[str, str] = crawling.definition.get("RecrawlPolicy") or {}
        self._only_new = recrawl.get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY"
        self._key = (crawling.definition["Name"], target.path)
        stamp = (*crawling.classifiers, target.sample_size, target.exclusions)
        self._stamp = hashlib.md5(repr(stamp).encode(), usedforsecurity=False).hexdigest()
        self._schemas: dict[str, tuple[Form, Columns]] = {}
        self._known: dict[str, str] = {}

    def digest(self, listed: Listed) -> str:
        """Return what a folder is known by: its files, and how they are looked into."""
        return listed.digest.hexdigest() + self._stamp

    async def recall(self, listed: Mapping[str, Listed]) -> dict[str, Folder]:
        """Return the folders that are as they were; all that are known, if only new ones count.

        https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html
        """
        rows, schemas = await self._caller.look(self._rows)
        self._schemas = {one.id: (one.form, one.columns) for one in schemas}
        self._known = {row.path: row.digest for row in rows}
        found: dict[str, Folder] = {}
        for row in rows:
            now = listed.get(row.path)
            if now is None:
                continue
            same = row.digest == self.digest(now) and row.has_subfolders == now.has_subfolders
            if same or self._only_new:
                found[row.path] = Folder(row.path, tuple(self._kind(one) for one in row.kinds))
        return found

    def _rows(self, ctx: Context) -> tuple[list[CrawledFolder], list[CrawledSchema]]:
        span = Range(self._key)
        return list(CRAWLED_FOLDERS.scan(ctx, span)), list(CRAWLED_SCHEMAS.scan(ctx, span))

    def _kind(self, row: CrawledKind) -> Kind:
        form, columns = self._schemas[row.schema]
        return Kind(form, columns, row.files, row.size_bytes, row.records, row.names)

    async def keep(self, folders: Sequence[tuple[Folder, Listed]]) -> None:
        """Remember folders that were looked into."""
        schemas: list[CrawledSchema] = []
        rows: list[CrawledFolder] = []
        for folder, listed in folders:
            kinds: list[CrawledKind] = []
            for kind in folder.kinds:
                schema = _digest(kind.form, kind.columns)
                if schema not in self._schemas:
                    self._schemas[schema] = (kind.form, kind.columns)
                    schemas.append(CrawledSchema(*self._key, schema, kind.form, kind.columns))
                share = (kind.files, kind.size_bytes, kind.records)
                kinds.append(CrawledKind(schema, *share, kind.names))
            digest, many = self.digest(listed), listed.has_subfolders
            rows.append(CrawledFolder(*self._key, folder.path, digest, tuple(kinds), many))

        def put(ctx: Context) -> None:
            for schema in schemas:
                CRAWLED_SCHEMAS.put(ctx, schema)
            for row in rows:
                CRAWLED_FOLDERS.put(ctx, row)

        await self._caller.write(put)

    async def forget(self, listed: Mapping[str, Listed]) -> None:
        """Forget the folders that are gone."""
        gone = [path for path in self._known if path not in listed]
        for at in range(0, len(gone), _WRITTEN_AT_ONCE):
            part = gone[at : at + _WRITTEN_AT_ONCE]

            def delete(ctx: Context, part: Sequence[str] = part) -> None:
                for path in part:
                    CRAWLED_FOLDERS.delete(ctx, *self._key, path)

            await self._caller.write(delete)


def _digest(form: Form, columns: Columns) -> str:
    text = msgspec.json.encode((form, columns), order="deterministic")
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


# -- looking into files -------------------------------------------------------------------------


async def _looked_into(
    crawling: Crawling, target: Target, memory: _Memory, stale: Sequence[tuple[str, Listed]]
) -> AsyncIterator[Folder]:
    """Look into the files of folders, a few calls of the engine at a time; remember each folder."""
    waiting: list[tuple[Folder, Listed]] = []
    pending: list[tuple[str, Listed, asyncio.Task[list[Finding]]]] = []
    try:
        for path, listed in stale:
            task = asyncio.ensure_future(_findings(crawling, target, path))
            pending.append((path, listed, task))
            if len(pending) >= _LOOKED_AT_ONCE:
                waiting.append(await _first(crawling, pending))
                yield waiting[-1][0]
            if len(waiting) >= _WRITTEN_AT_ONCE:
                await memory.keep(waiting)
                waiting = []
        while pending:
            waiting.append(await _first(crawling, pending))
            yield waiting[-1][0]
        if waiting:
            await memory.keep(waiting)
    finally:
        for _, _, task in pending:
            task.cancel()


async def _first(
    crawling: Crawling, pending: list[tuple[str, Listed, asyncio.Task[list[Finding]]]]
) -> tuple[Folder, Listed]:
    path, listed, task = pending.pop(0)
    findings = await task
    for finding in findings:
        if finding.message:
            crawling.log.warn(f"{finding.key}: {finding.message}")
    return Folder(path, tuple(_kinds(path, listed, findings))), listed


async def _findings(crawling: Crawling, target: Target, path: str) -> list[Finding]:
    """Look into the files of one folder, or into a sample of them."""
    listed = await files(crawling.caller, target, path)
    wanted = listed[: target.sample_size] if target.sample_size else listed
    found: list[Finding] = []
    for at in range(0, len(wanted), CRAWL_BATCH_FILES):
        part = wanted[at : at + CRAWL_BATCH_FILES]
        asked = [{"Bucket": target.bucket, "Key": key} for key, _ in part]
        await crawling.caller.check("s3", "get_object", asked)
        async with plain_files(crawling) as opened:
            paths = await opened.paths(target.bucket, [key for key, _ in part])
            samples = [
                Sample(key, path, size) for (key, size), path in zip(part, paths, strict=True)
            ]
            found += await crawling.engines.crawl.classify(samples, crawling.classifiers)
    return found


def _kinds(path: str, listed: Listed, findings: Sequence[Finding]) -> Iterator[Kind]:
    """Put files of one form and with the same columns together; a sample stands for the rest."""
    alike: dict[object, list[Finding]] = {}
    for finding in findings:
        if not finding.message:
            alike.setdefault((_form(finding).key, finding.columns), []).append(finding)
    understood = sum(map(len, alike.values()))
    if not understood:
        return
    share = listed.files / len(findings)
    named = len(alike) > 1 or listed.has_subfolders
    for same in alike.values():
        records = sum(finding.records for finding in same)
        count = max(1, round(len(same) * share))
        size = round(listed.size_bytes * len(same) / len(findings))
        names = [one.key[len(path) :] for one in same[:CRAWL_NAMES_MAX]] if named else []
        form = _form(same[0])
        yield Kind(form, same[0].columns, count, size, round(records * share), tuple(names))


def _form(finding: Finding) -> Form:
    if finding.classification == UNKNOWN:
        return Form(UNKNOWN)
    return Form(finding.classification, finding.compression, finding.storage, finding.parameters)


# -- tables -------------------------------------------------------------------------------------


def found_table(target: Target, table: Grouped) -> FoundTable:
    """Return a table in the terms of the catalog, with the parameters AWS's crawler writes."""
    form = table.form
    if form.classification == UNKNOWN:
        parameters = {"classification": UNKNOWN, "compressionType": form.compression}
    else:
        parameters = {
            "classification": form.classification,
            "compressionType": form.compression,
            "typeOfData": "file",
            **form.parameters,
        }
    if target.exclusions:
        parameters["exclusions"] = msgspec.json.encode(target.patterns).decode()
    name = table.path.rstrip("/").rpartition("/")[2] or target.bucket
    return FoundTable(
        name=name,
        location=f"s3://{target.bucket}/{table.path}",
        columns=table.columns,
        storage=_storage(table),
        parameters={**parameters, **_statistics(table.leaves)},
        target=target.path,
        partition_keys=tuple(Column(key, "string") for key in table.keys),
    )


def _storage(table: Grouped) -> Storage:
    """Return how a table is read; Avro by one schema that has the columns of all its files."""
    storage = table.form.storage
    if LITERAL not in storage.serde_parameters:
        return storage
    own = [leaf.form.storage.serde_parameters[LITERAL] for leaf in table.leaves]
    serde = {**storage.serde_parameters, LITERAL: united(own, table.columns)}
    return msgspec.structs.replace(storage, serde_parameters=serde)


def _statistics(leaves: Iterable[Leaf]) -> dict[str, str]:
    count = size = records = 0
    for leaf in leaves:
        count, size, records = count + leaf.files, size + leaf.size_bytes, records + leaf.records
    return {
        "objectCount": str(count),
        "recordCount": str(records),
        "averageRecordSize": str(size // records if records else 0),
        "sizeKey": str(size),
    }


async def partitions(target: Target, table: Grouped) -> AsyncIterator[Sequence[FoundPartition]]:
    """Return the partitions of a table, some at a time; a table without keys has none."""
    if not table.keys:
        return
    types = {column.name: column.type for column in table.columns}
    for at in range(0, len(table.leaves), _WRITTEN_AT_ONCE):
        part = table.leaves[at : at + _WRITTEN_AT_ONCE]
        yield [_partition(target, table, leaf, types) for leaf in part]
        await asyncio.sleep(0)


def _partition(
    target: Target, table: Grouped, leaf: Leaf, types: Mapping[str, str]
) -> FoundPartition:
    folders = leaf.path[len(table.path) :].rstrip("/").split("/")
    form = leaf.form
    parameters = {
        "classification": form.classification,
        "compressionType": form.compression,
        "typeOfData": "file",
        **form.parameters,
        **_statistics([leaf]),
    }
    # A partition's columns have the table's types: Athena reads a partition by its own columns,
    # and refuses what does not fit the table's.
    own = tuple(
        Column(column.name, widened_text(column.type, types[column.name]), column.comment)
        for column in leaf.columns
    )
    columns = () if own == table.columns else own
    return FoundPartition(
        values=tuple(_value(folder) for folder in folders),
        location=f"s3://{target.bucket}/{leaf.path}",
        columns=columns,
        storage=form.storage if columns else None,
        parameters=parameters,
    )


def _value(folder: str) -> str:
    """Return the value that a folder stands for: of `key=value` the value, its escapes undone."""
    _, equals, value = folder.partition("=")
    return unquote(value) if equals else folder
