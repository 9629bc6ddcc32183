"""`lakebed status`: whether a server answers, what the lake holds, what grows, what is damaged."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from lakebed.cli.care import Place
from lakebed.cli.owner import OwnerError, ask, reading
from lakebed.cli.settings import Resolved
from lakebed.cli.tls import client_context, url_of
from lakebed.core.decision_files import FOLDER
from lakebed.core.limits import (
    AUDIT_FILE_BYTES_MAX,
    AUDIT_FILES_MAX,
    COMPLETED_UPLOAD_SECONDS,
    CRAWL_HISTORY_DAYS,
    CRAWL_HISTORY_MAX,
    DECISIONS_FILE_BYTES_MAX,
    DECISIONS_FILES_MAX,
    GIB,
    LOG_STORED_BYTES_MAX,
    MIB,
    QUERY_HISTORY_DAYS,
    SCRUB_DAYS,
    TABLE_VERSIONS_MAX,
)
from lakebed.core.settings import Settings
from lakebed.engines.objects.folder.holdings import LOST_AND_FOUND
from lakebed.engines.objects.upkeep import Transactions, Usage
from lakebed.store import Range, StoreError

COLUMNS = (
    ("objects", "objects"), ("bytes", "bytes"), ("noncurrent", "noncurrent"),
    ("noncurrent_bytes", "bytes"), ("delete_markers", "markers"), ("uploads", "uploads"),
    ("upload_bytes", "bytes"),
)  # fmt: skip
"""Of a bucket: the names of its figures, and their headings."""


def status(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status."""
    settings = resolved.settings
    report: dict[str, Any] = _server(settings)
    try:
        report |= _lake(settings)
    except OwnerError as error:
        report["error"] = str(error)
    except (StoreError, OSError) as error:
        print(f"lakebed status: {error}; `lakebed fsck` says more", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        for line in _lines(report):
            print(line)
    return 0 if report["version"] else 1


def _server(settings: Settings) -> dict[str, Any]:
    """Return what the server says of itself; an empty version if none answers."""
    url = url_of(settings, settings.port)
    report: dict[str, Any] = {"url": url, "status": "no server", "version": ""}
    try:
        with urllib.request.urlopen(
            f"{url}/_lakebed/health", timeout=3, context=client_context(settings)
        ) as answer:
            health = json.load(answer)
        report |= {"status": health["status"], "version": health["version"]}
    except (urllib.error.URLError, OSError, ValueError):
        return report
    try:
        report |= ask(settings, "status", seconds=3)
    except OwnerError as error:
        # Another folder's server may answer at this port.
        report["server_error"] = str(error)
    return report


def _lake(settings: Settings) -> dict[str, Any]:
    from lakebed.cli.claims import claims
    from lakebed.cli.engines import open_objects
    from lakebed.services.s3.model import BUCKETS, PARTS, UPLOADS

    if not (settings.state_dir / "store.sqlite").exists():
        raise OwnerError(f"there is no lake in {settings.data_dir} yet")
    objects = open_objects(settings)
    with reading(settings) as place:

        @contextmanager
        def transactions() -> Generator[Place]:
            yield place

        used = objects.upkeep.usage(transactions)
        buckets = {
            bucket.name: {**asdict(used.get(bucket.name, Usage())), "uploads": 0, "upload_bytes": 0}
            for bucket in BUCKETS.scan(place)
        }
        for upload in UPLOADS.scan(place):
            if upload.bucket in buckets:
                parts = PARTS.scan(place, Range(prefix=(upload.upload_id,)))
                buckets[upload.bucket]["uploads"] += 1
                buckets[upload.bucket]["upload_bytes"] += sum(part.size for part in parts)
        scrubbing = objects.upkeep.scrub(claims())
        return {
            "data_dir": str(settings.data_dir),
            "free_bytes": shutil.disk_usage(settings.data_dir).free,
            "free_bytes_min": settings.disk_free_bytes_min,
            "buckets": dict(sorted(buckets.items())),
            "grows": list(_growing(settings, transactions)),
            "scrub": {"is_on": settings.scrub == "on", **asdict(scrubbing.state(place))},
            "damaged": [asdict(damage) for damage in scrubbing.damages(place)],
        }


def _growing(settings: Settings, transactions: Transactions) -> Iterator[dict[str, str]]:
    """Yield what grows, how much of it there is, and how long it is kept."""
    from lakebed.core.metric_limits import METRICS_MAX
    from lakebed.services.athena.model import QUERIES
    from lakebed.services.cloudwatch.model import METRICS
    from lakebed.services.glue._crawlers import CRAWLS
    from lakebed.services.glue.model import TABLE_VERSIONS
    from lakebed.services.logs.model import GROUP_SIZES, LOG_GROUPS
    from lakebed.services.s3.multipart_completion import COMPLETED

    with transactions() as scope:
        counts = [
            scope.store.count(table.layout, ())
            for table in (QUERIES, TABLE_VERSIONS, COMPLETED, CRAWLS)
        ]
        groups = scope.store.count(LOG_GROUPS.layout, ())
        metrics = scope.store.count(METRICS.layout, ())
        logged = sum(size.stored_bytes for size in GROUP_SIZES.scan(scope))
    hours = COMPLETED_UPLOAD_SECONDS / 3600
    yield _grows("query history", f"{counts[0]} queries", f"{QUERY_HISTORY_DAYS} days")
    crawls_kept = f"{CRAWL_HISTORY_DAYS} days, at most {CRAWL_HISTORY_MAX:,} a crawler"
    yield _grows("crawl history", f"{counts[3]} crawls", crawls_kept)
    yield _grows("versions of tables", str(counts[1]), f"at most {TABLE_VERSIONS_MAX:,} a table")
    yield _grows(
        "log events",
        f"{logged / MIB:.1f} MiB in {groups} groups",
        f"by each group's retention, at most {LOG_STORED_BYTES_MAX // GIB} GiB",
    )
    yield _grows("metrics", str(metrics), f"15 months, at most {METRICS_MAX:,}")
    yield _grows("answers of completed uploads", str(counts[2]), f"{hours:g} hours")
    limit = f"at most {AUDIT_FILES_MAX} files of {AUDIT_FILE_BYTES_MAX // MIB} MiB"
    yield _grows("audit", _measured(settings.state_dir / "audit"), limit)
    limit = f"at most {DECISIONS_FILES_MAX} files of {DECISIONS_FILE_BYTES_MAX // MIB} MiB"
    yield _grows("refusals", _measured(settings.state_dir / FOLDER), limit)
    yield _grows(
        LOST_AND_FOUND, _measured(settings.state_dir / LOST_AND_FOUND), "until you remove it"
    )
    for aside in sorted(settings.data_dir.glob("before-restore-*")):
        yield _grows(aside.name, "a lake that was restored over", "until you remove it")


def _grows(what: str, now: str, kept: str) -> dict[str, str]:
    return {"what": what, "now": now, "kept": kept}


def _measured(folder: Path) -> str:
    sizes = [path.lstat().st_size for path in folder.rglob("*") if path.is_file()]
    return f"{len(sizes)} files, {sum(sizes) / MIB:.1f} MiB"


def _lines(report: dict[str, Any]) -> Iterator[str]:
    if report["version"]:
        yield f"{report['url']}: {report['status']}, version {report['version']}"
    else:
        yield f"{report['url']}: no server answers; `lakebed serve` starts one"
    if "server_error" in report:
        yield f"note: {report['server_error']}"
    if "error" in report:
        yield report["error"]
        return
    free, least = report["free_bytes"] / GIB, report["free_bytes_min"] / GIB
    yield f"{report['data_dir']}: {free:.1f} GiB free"
    if free < least:
        yield (
            f"DISK NEARLY FULL: less than {least:.2f} GiB (disk_free_bytes_min) is free, nothing "
            "is written until something is deleted"
        )
    yield from _bucket_lines(report["buckets"])
    for one in report["grows"]:
        yield f"{one['what']}: {one['now']} (kept: {one['kept']})"
    yield _scrub_line(report["scrub"])
    for damage in report["damaged"]:
        yield (
            f"DAMAGED {damage['path']}: found {damage['found']}, expected {damage['expected']}: "
            "`lakebed restore`, or put it again"
        )
    for bucket in report.get("uncovered", ()):
        yield (
            f"note: {bucket} has more directories than can be watched: listings see what hands "
            f"change there late, or after `lakebed sync {bucket}`"
        )


def _bucket_lines(buckets: dict[str, dict[str, int]]) -> Iterator[str]:
    width = max([len("bucket"), *map(len, buckets)])
    yield f"{'bucket':{width}}" + "".join(f"{heading:>14}" for _, heading in COLUMNS)
    for name, used in buckets.items():
        yield f"{name:{width}}" + "".join(f"{used[column]:>14}" for column, _ in COLUMNS)
    if len(buckets) > 1:
        sums = [sum(used[column] for used in buckets.values()) for column, _ in COLUMNS]
        yield f"{'all':{width}}" + "".join(f"{number:>14}" for number in sums)


def _scrub_line(scrub: dict[str, Any]) -> str:
    if scrub["is_running"]:
        at = f"{scrub['bucket']}/{scrub['key']}" if scrub["bucket"] else "its begin"
        return f"scrub: {scrub['files']} objects read in this pass, now behind {at}"
    if not scrub["is_on"]:
        return "scrub: off (the setting `scrub`)"
    if scrub["ended"]:
        ended = datetime.fromtimestamp(scrub["ended"], UTC)
        return (
            f"scrub: {scrub['files']} objects read until {ended:%Y-%m-%d %H:%M} UTC; "
            f"again after {SCRUB_DAYS} days"
        )
    return "scrub: nothing read yet"
