"""A large lake: how long a start takes, a page of a listing, and the survey behind it.

`made(folder, objects, folders)` makes a data folder of so many objects without a server: empty
files and their rows. `measured(folder)` starts a server on it. By hand:
`python -m bench.scale FOLDER 1000000 1` (all in one folder), `… 1000000 100000`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench import load
from bench.measure import Results, Sample
from bench.servers import new_folder
from lakebed import testing
from lakebed.cli.care import Place
from lakebed.core.settings import Settings
from lakebed.engines.objects import StoredObject
from lakebed.engines.objects.folder import open_engine
from lakebed.services.s3.model import BUCKETS, Bucket
from lakebed.store.ownership import open_format
from lakebed.store.sqlite import SqliteStore

ROWS_AT_ONCE = 10_000
PAGES = 200
SURVEY_SECONDS_MAX = 600.0
BUCKET = "bucket"


@dataclass(frozen=True, slots=True)
class Scale:
    """What a large lake costs: seconds, and for pages CPU microseconds; `idle` is in MB."""

    ready_seconds: float
    start_cpu_seconds: float
    page_during_survey: float
    survey_seconds: float
    survey_cpu_seconds: float
    page: float
    deep_page: float
    idle_megabytes: float


def made(folder: Path, objects: int, folders: int, body: bytes = b"", suffix: str = "") -> Path:
    """Make a data folder of objects that are spread evenly over so many folders."""
    settings = Settings(data_dir=folder)
    settings.state_dir.mkdir(parents=True, mode=0o700)
    open_format(settings.state_dir)
    store = SqliteStore(settings.state_dir / "store.sqlite")
    engine = open_engine(settings)
    engine.create_bucket(BUCKET)
    digest = hashlib.md5(body).hexdigest()
    lake = settings.lake_dir / BUCKET
    for first in range(0, objects, ROWS_AT_ONCE):
        with store.transaction() as transaction:
            place = Place(transaction, settings.account, settings.region)
            BUCKETS.put(place, Bucket(BUCKET, settings.account, settings.region, 1.0))
            for number in range(first, min(first + ROWS_AT_ONCE, objects)):
                key = _key(number, folders) + suffix
                path = lake / key
                if number < folders:
                    path.parent.mkdir(exist_ok=True)
                path.write_bytes(body)
                file = path.stat()
                at = {"mtime_ns": file.st_mtime_ns, "inode": file.st_ino}
                row = StoredObject(BUCKET, key, len(body), digest, 1.0, **at)
                engine.keep(place, row)
        print(f"bench: {first + ROWS_AT_ONCE} objects made", end="\r", file=sys.stderr)
    print(file=sys.stderr)
    store.close()
    return folder


def _key(number: int, folders: int) -> str:
    return f"{number % folders:06}/{number:08}"


def restart_seconds(folder: Path) -> float:
    """Return how long it takes from the start of a server to its first answer."""
    begun = time.perf_counter()
    server = testing.start(folder, log=folder.parent / "server.log")
    ready = time.perf_counter() - begun
    server.stop()
    return ready


def measured(folder: Path) -> Scale:
    """Start a server on a folder and measure it, until its survey is over and after."""
    begun = time.perf_counter()
    server = testing.start(folder, log=folder.parent / "server.log")
    ready = time.perf_counter() - begun
    pid = server.process.pid
    try:
        start_cpu = load.cpu_seconds(pid)
        during = _page_cpu(server.url, pid, "", 20)
        deadline = time.perf_counter() + SURVEY_SECONDS_MAX
        while _is_surveying(folder) and time.perf_counter() < deadline:
            time.sleep(0.25)
        survey_seconds = time.perf_counter() - begun - ready
        survey_cpu = load.cpu_seconds(pid) - start_cpu
        time.sleep(1)
        return Scale(
            ready,
            start_cpu,
            during,
            survey_seconds,
            survey_cpu,
            _page_cpu(server.url, pid, "", PAGES),
            _page_cpu(server.url, pid, "&start-after=000000%2F00500000", PAGES),
            load.resident_bytes(pid) / 1e6,
        )
    finally:
        server.stop()


def story(runs: Path, part: float, results: Results) -> None:
    """Measure 100,000 objects, and a million in one folder and in 100,000."""
    for name, objects, folders in (
        ("100k", 100_000, 1), ("1m", 1_000_000, 1), ("1m_folders", 1_000_000, 100_000),
    ):  # fmt: skip
        folder = new_folder(runs, name)
        made(folder / "data", int(objects * part), max(int(folders * part), 1))
        found = measured(folder / "data")
        results.add(f"list_{name}", "lakebed file", Sample(found.page / 1000))
        results.add(f"restart_{name}", "lakebed file", Sample(found.ready_seconds))
        results.add(f"survey_{name}", "lakebed file", Sample(found.survey_seconds))
        results.add(f"idle_{name}", "lakebed file", Sample(found.idle_megabytes))


def _page_cpu(url: str, pid: int, query: str, count: int) -> float:
    request = load.Request("s3", "GET", f"/{BUCKET}?list-type=2{query}", {})
    wire = load.signed(url, request)
    load.run(url, [wire] * 4)
    before = load.cpu_seconds(pid)
    load.run(url, [wire] * count)
    return (load.cpu_seconds(pid) - before) / count * 1e6


def _is_surveying(folder: Path) -> bool:
    said = json.loads((folder / "state" / "server.json").read_text(encoding="ascii"))
    request = urllib.request.Request(
        f"{said['url']}/_lakebed/status",
        b"{}",
        {"Authorization": f"Bearer {said['token']}"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bool(json.load(answer)["is_surveying"])


if __name__ == "__main__":
    target, wanted, spread = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if not (target / "state").exists():
        made(target, wanted, spread)
    found = measured(target)
    for name in Scale.__slots__:
        print(f"{name:22} {getattr(found, name):10.2f}")
