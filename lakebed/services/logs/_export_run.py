"""Runs an export task: a stream's events as lines of text, compressed, into a bucket.

A stream becomes `PREFIX/TASK/STREAM/000000.gz`, the slashes of its name made dashes, an event a
line with its time before it. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
The layout and the file that tries the permission, `PREFIX/aws-logs-write-test`, are as seen on AWS.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError
from lakebed.core.limits import EXPORT_FILE_BYTES, LOG_BLOCKS_SLICE, MIB
from lakebed.core.settings import Settings
from lakebed.services.logs._pages import beyond
from lakebed.services.logs._reading import Position, Search
from lakebed.services.logs.model import EXPORT_TASKS, LOG_STREAMS, ExportTask, LogStream, replace
from lakebed.store import Range, Scope

log = logging.getLogger("lakebed.logs")


class ExportJob(msgspec.Struct, frozen=True):
    """A task, the id of its group, and from when on the group keeps events."""

    task: ExportTask
    group_id: str
    start: int


async def run_export(caller: Caller, settings: Settings, job: ExportJob) -> None:
    """Export to the end and record it; whatever happens, the end is recorded."""
    task = job.task
    scratch = settings.state_dir / "queries" / task.id
    scratch.mkdir(parents=True, mode=0o700)
    status, message = "COMPLETED", "Completed successfully"
    try:
        await _put(caller, task, "aws-logs-write-test", _tried(scratch))
        reached = ""
        while streams := await caller.look(lambda ctx, at=reached: _streams(ctx, job, at)):
            for stream in streams:
                await _export(caller, job, stream, scratch)
            reached = streams[-1].name
    except asyncio.CancelledError:
        await _record(caller, task, "FAILED", "The server stopped.")
        raise
    except AwsError as error:
        status, message = "FAILED", f"{error.code}: {error.message}"
    except Exception as error:
        # A worker's loop: whatever the bug, the task must not stay RUNNING.
        log.exception("export task %s ended by an error of the server", task.id)
        status, message = "FAILED", str(error)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    await _record(caller, task, status, message)


def _tried(scratch: Path) -> Path:
    path = scratch / "write-test"
    path.write_bytes(b"Permission Check Successful")
    return path


def _streams(scope: Scope, job: ExportJob, reached: str) -> Sequence[LogStream]:
    prefix = job.task.stream_prefix
    span = Range(
        (job.group_id,),
        start=(prefix,) if not reached else None,
        after=(reached,) if reached else None,
        end=(beyond(prefix),),
        limit=LOG_BLOCKS_SLICE,
    )
    return list(LOG_STREAMS.scan(scope, span))


async def _export(caller: Caller, job: ExportJob, stream: LogStream, scratch: Path) -> None:
    position: Position | None = (job.start, 0)
    number = 0
    folder = stream.name.replace("/", "-")
    path = scratch / "lines.gz"
    while position is not None:
        at = position
        position, count = await caller.look(lambda ctx, at=at: _write(ctx, job, stream, at, path))
        if count:
            await _put(caller, job.task, f"{job.task.id}/{folder}/{number:06d}.gz", path)
            number += 1


def _write(
    scope: Context, job: ExportJob, stream: LogStream, start: Position, path: Path
) -> tuple[Position | None, int]:
    """Write the lines after a position; return where the next file begins, and how many it were."""
    search = Search(job.group_id, start, (job.task.end + 1, 0), stream.id)
    count = 0
    with gzip.open(path, "wb", compresslevel=6) as file:
        for events, edge in search.chunks(scope):
            for time, _, _, _, message in events:
                moment = datetime.fromtimestamp(time // 1000, UTC)
                line = f"{moment:%Y-%m-%dT%H:%M:%S}.{time % 1000:03d}Z {message}\n"
                file.write(line.encode("utf-8", "surrogatepass"))
            count += len(events)
            if search.scanned_bytes > EXPORT_FILE_BYTES and start < edge < search.end:
                return edge, count
    return None, count


async def _put(caller: Caller, task: ExportTask, name: str, path: Path) -> None:
    body = await asyncio.to_thread(_spooled, path)
    key = f"{task.prefix}/{name}"
    await caller.call("s3", "put_object", {"Bucket": task.bucket, "Key": key, "Body": body})


def _spooled(path: Path) -> Spooled:
    """Return a file in the form of a received body, digested. For a thread."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(MIB):
            digest.update(block)
    return Spooled(path, path.stat().st_size, {"md5": digest.hexdigest()})


async def _record(caller: Caller, task: ExportTask, status: str, message: str) -> None:
    def write(ctx: Context) -> None:
        known = EXPORT_TASKS.get(ctx, task.id)
        if known is not None and known.status == "RUNNING":
            now = int(ctx.clock.now() * 1000)
            EXPORT_TASKS.put(ctx, replace(known, status=status, message=message, completed=now))

    await caller.write(write)
