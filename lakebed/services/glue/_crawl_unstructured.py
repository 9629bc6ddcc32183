"""Crawls images, audio, video and documents into one table a target. lakebed's own, not AWS's.

A crawler does so, and nothing else of its S3 targets, if its Configuration says
`{"Version": 1.0, "Lakebed": {"UnstructuredFiles": true}}`. The rows are one Parquet file at
`TARGET/_lakebed_files/files.parquet`, which the next crawl replaces: the role needs s3:PutObject.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError
from lakebed.core.limits import CRAWL_UNSTRUCTURED_FILES_MAX, MIB
from lakebed.engines.child import ChildError
from lakebed.engines.crawl import Storage
from lakebed.engines.crawl.media import (
    BATCH_FILES,
    COLUMNS,
    MediaFacts,
    MediaFile,
    Seen,
    TableWork,
    extension_of,
    kind_of,
    look,
    seen,
    write_table,
)
from lakebed.services.glue._crawl import CrawlError, Crawling, FoundTable, check_plain
from lakebed.services.glue._crawl_globs import excludes
from lakebed.services.glue._crawl_table_folders import Place, place_of

FOLDER = "_lakebed_files/"
"""Below a target; a name that begins so is hidden from other crawlers and from Athena."""
_FILE = "files.parquet"
_LOOKED_AT_ONCE = 2
_STORAGE = Storage(
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    {"serialization.format": "1"},
)


def is_asked(configuration: Mapping[str, Any]) -> bool:
    """Tell whether a crawler's Configuration wants its S3 targets crawled so."""
    own: Mapping[str, Any] = configuration.get("Lakebed") or {}
    return own.get("UnstructuredFiles") is True


async def crawl(crawling: Crawling, targets: Sequence[Mapping[str, Any]]) -> None:
    """Make a table of each S3 target that has such files."""
    for target in targets:
        place = place_of(str(target["Path"]))
        scratch: Path = crawling.settings.state_dir / "queries" / f"crawl-{crawling.crawl_id}"
        await asyncio.to_thread(scratch.mkdir, parents=True, exist_ok=True, mode=0o700)
        try:
            await _crawl(crawling, target, place, scratch)
        except ChildError as error:
            raise CrawlError(f"The files at {place.location} cannot be read: {error}") from error
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        await crawling.catalog.finish([str(target["Path"])])


async def _crawl(
    crawling: Crawling, target: Mapping[str, Any], place: Place, scratch: Path
) -> None:
    files = [one async for one in _files(crawling, target, place)]
    if not files:
        crawling.log.warn(f"No images, audio, video or documents found at {place.location}")
        return
    previous = await _previous(crawling, place)
    rows = await seen(previous) if previous else []
    fresh, kept = await asyncio.to_thread(_split, files, rows)
    facts = await _looked_into(crawling, fresh)
    for one in facts:
        if one.message:
            crawling.log.warn(f"Unable to read {one.path}: {one.message}")
    path = scratch / _FILE
    await write_table(TableWork(path, tuple(facts), previous, kept))
    body = await asyncio.to_thread(_spooled, path)
    key = f"{place.prefix}{FOLDER}{_FILE}"
    await crawling.caller.call(
        "s3", "put_object", {"Bucket": place.bucket, "Key": key, "Body": body}
    )
    crawling.log.info(f"Looked into {len(fresh)} of {len(files)} files at {place.location}")
    await crawling.catalog.put_table(_found(target, place, files))


def _split(
    files: Sequence[MediaFile], rows: Sequence[Seen]
) -> tuple[list[MediaFile], tuple[str, ...]]:
    """Return the files to look into, and the locations of those that are as they were."""
    known = {(one.path, one.size_bytes, one.etag) for one in rows}
    fresh = [one for one in files if (one.location, one.size, one.etag) not in known]
    again = {one.location for one in fresh}
    return fresh, tuple(one.location for one in files if one.location not in again)


def _found(target: Mapping[str, Any], place: Place, files: Sequence[MediaFile]) -> FoundTable:
    parameters = {
        "classification": "parquet",
        "compressionType": "none",
        "typeOfData": "file",
        "lakebed.content": "unstructured-files",
        "objectCount": str(len(files)),
        "recordCount": str(len(files)),
        "sizeKey": str(sum(one.size for one in files)),
    }
    location = f"{place.location}/{FOLDER}"
    path = str(target["Path"])
    return FoundTable(f"{place.name}_files", location, COLUMNS, _STORAGE, parameters, path)


async def _files(
    crawling: Crawling, target: Mapping[str, Any], place: Place
) -> AsyncIterator[MediaFile]:
    """Find the files of known extensions that are not hidden and not excluded."""
    patterns: Sequence[str] = target.get("Exclusions") or ()
    local, count = crawling.engines.objects.local_path, 0
    request: dict[str, Any] = {"Bucket": place.bucket, "Prefix": place.prefix}
    while True:
        page = await crawling.caller.call("s3", "list_objects_v2", request)
        for one in page.get("Contents", ()):
            key, relative = one["Key"], place.below(one["Key"])
            if kind_of(extension_of(key)) is None or _is_hidden(relative):
                continue
            if excludes(patterns, relative):
                continue
            count += 1
            if count > CRAWL_UNSTRUCTURED_FILES_MAX:
                most = CRAWL_UNSTRUCTURED_FILES_MAX
                raise CrawlError(f"{place.location} has more than {most} files for one table.")
            asked = {"Bucket": place.bucket, "Key": key}
            await crawling.caller.check("s3", "get_object", [asked])
            await check_plain(crawling, place.bucket, [key])
            yield MediaFile(
                f"s3://{place.bucket}/{key}", local(place.bucket, key), one["Size"],
                _seconds(one["LastModified"]), str(one["ETag"]).strip('"'),
            )  # fmt: skip
        if not page.get("IsTruncated"):
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


def _is_hidden(relative: str) -> bool:
    return any(part[:1] in ("_", ".") for part in relative.split("/"))


def _seconds(moment: Any) -> float:
    return moment.timestamp() if hasattr(moment, "timestamp") else float(moment)


async def _previous(crawling: Crawling, place: Place) -> Path | None:
    """Return the file that the crawl before has written, if there was one."""
    request = {"Bucket": place.bucket, "Key": f"{place.prefix}{FOLDER}{_FILE}"}
    try:
        await crawling.caller.call("s3", "head_object", request)
    except AwsError as error:
        if error.status != 404:
            raise
        return None
    await check_plain(crawling, place.bucket, [request["Key"]])
    return crawling.engines.objects.local_path(request["Bucket"], request["Key"])


async def _looked_into(crawling: Crawling, files: Sequence[MediaFile]) -> list[MediaFacts]:
    """Look into files, some batches at once; the answers are in the order of the files.

    Each is asked for as the crawler's role, which must be allowed to read it.
    """
    turns = asyncio.Semaphore(_LOOKED_AT_ONCE)

    async def batch(some: Sequence[MediaFile]) -> list[MediaFacts]:
        async with turns:
            return await look([one for one in some if await _is_there(crawling, one)])

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(batch(files[begin : begin + BATCH_FILES]))
                for begin in range(0, len(files), BATCH_FILES)
            ]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [facts for task in tasks for facts in task.result()]


async def _is_there(crawling: Crawling, file: MediaFile) -> bool:
    """Tell whether a file is there still; AwsError if the role may not read it."""
    bucket, _, key = file.location.partition("://")[2].partition("/")
    try:
        await crawling.caller.call("s3", "head_object", {"Bucket": bucket, "Key": key})
    except AwsError as error:
        if error.status != 404:
            raise
        crawling.log.warn(f"{file.location} vanished during the crawl")
        return False
    return True


def _spooled(path: Path) -> Spooled:
    """Return a file in the form of a received body, digested. For a thread."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(MIB):
            digest.update(block)
    return Spooled(path, path.stat().st_size, {"md5": digest.hexdigest()})
