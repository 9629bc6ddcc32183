"""`lakebed fsck`: compare folder, index and checksums, say what differs, mend it if asked."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec.structs import asdict

from lakebed.cli.care import Place
from lakebed.cli.claims import claims
from lakebed.cli.owner import Owned, OwnerError, ask, is_served, owned, reading
from lakebed.cli.settings import Resolved
from lakebed.core.limits import MIB
from lakebed.core.settings import Settings
from lakebed.engines.objects import ObjectStore
from lakebed.engines.objects.upkeep import Finding, Options, Progress, Transactions
from lakebed.store import StoreError
from lakebed.store.ownership import FolderInUseError, FormatError
from lakebed.store.reader import damage

CLEAN, FOUND, FAILED = 0, 1, 2
PROGRESS_SECONDS = 2.0
MENDED_AT_ONCE = 100


class _Report(msgspec.Struct):
    """What a check came to."""

    findings: list[dict[str, Any]] = msgspec.field(default_factory=list[dict[str, Any]])
    problems: int = 0
    notes: int = 0
    mended: int = 0


def fsck(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status."""
    report = _Report()
    try:
        for finding, done in _findings(resolved.settings, options):
            if finding.is_note:
                report.notes += 1
            else:
                report.problems += 1
            is_mended = bool(done) and not done.startswith("nothing")
            report.mended += is_mended
            if options.json:
                report.findings.append({**asdict(finding), "done": done})
            else:
                print(finding.line() + (f" → {done}" if done else ""), flush=True)
    except (OwnerError, FolderInUseError, FormatError, StoreError, OSError) as error:
        print(f"lakebed fsck: {error}", file=sys.stderr)
        return FAILED
    if options.json:
        print(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        _conclude(report, options)
    return FOUND if report.problems > report.mended else CLEAN


def _conclude(report: _Report, options: argparse.Namespace) -> None:
    if not report.problems:
        depth = "" if options.deep else "; --deep reads every byte as well"
        print(f"clean: files and index agree{depth}")
        return
    left = report.problems - report.mended
    print(f"{report.problems} found, {report.mended} mended, {left} left")
    if left and not options.repair:
        print("`lakebed fsck --repair` mends the index; it deletes no bytes")
    elif left:
        print("what is left cannot be mended here: `lakebed restore`, or put those objects again")


def _findings(settings: Settings, options: argparse.Namespace) -> Iterator[tuple[Finding, str]]:
    """Yield every finding and what was done about it."""
    said = damage(settings.state_dir / "store.sqlite") if settings.state_dir.is_dir() else []
    for sentence in said:
        expected = "a sound index: restore it from a backup"
        yield Finding("index", "state/store.sqlite", sentence, expected), ""
    if said:
        # What a damaged index says of the files is worth nothing.
        return
    if is_served(settings):
        yield from _while_serving(settings, options)
    else:
        yield from _alone(settings, options)


def _alone(settings: Settings, options: argparse.Namespace) -> Iterator[tuple[Finding, str]]:
    with owned(settings) as lake:
        if options.repair:
            with lake.transaction() as place:
                lake.objects.recover(place)
        wanted = Options(is_deep=options.deep)
        for batch in _batches(_check(lake.objects, lake.transaction, wanted)):
            done = _mended(lake, batch) if options.repair else [""] * len(batch)
            yield from zip(batch, done, strict=True)


def _mended(lake: Owned, batch: list[Finding]) -> list[str]:
    upkeep = lake.objects.upkeep
    with lake.transaction() as place:
        return [upkeep.mend(place, claims(), finding) for finding in batch]


def _while_serving(
    settings: Settings, options: argparse.Namespace
) -> Iterator[tuple[Finding, str]]:
    from lakebed.cli.engines import open_objects

    wanted = Options(is_deep=options.deep, is_serving=True)
    objects = open_objects(settings)
    with reading(settings) as place:

        @contextmanager
        def transaction() -> Generator[Place]:
            yield place

        for batch in _batches(_check(objects, transaction, wanted)):
            done = [""] * len(batch)
            if options.repair:
                findings = [asdict(finding) for finding in batch]
                done = ask(settings, "mend", {"findings": findings})["done"]
            yield from zip(batch, done, strict=True)


def _batches(findings: Iterator[Finding]) -> Iterator[list[Finding]]:
    """Yield findings by a hundred, so that mending them does not hold up those who write."""
    batch: list[Finding] = []
    for finding in findings:
        batch.append(finding)
        if len(batch) == MENDED_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _check(objects: ObjectStore, transactions: Transactions, options: Options) -> Iterator[Finding]:
    checking = objects.upkeep.check(claims(), transactions, options)
    with showing(checking.progress):
        yield from checking.run()


@contextmanager
def showing(progress: Progress) -> Generator[None]:
    """Say on stderr, every two seconds, how far a long work is."""
    ended = threading.Event()

    def show() -> None:
        begun = time.monotonic()
        while not ended.wait(PROGRESS_SECONDS):
            read = f", {progress.bytes_done // MIB} MiB read" if progress.bytes_done else ""
            of = f" of {progress.total}" if progress.total >= progress.done else ""
            print(
                f"  {time.monotonic() - begun:.0f} s: {progress.doing}: {progress.done}{of}{read}",
                file=sys.stderr,
                flush=True,
            )

    shower = threading.Thread(target=show, daemon=True)
    shower.start()
    try:
        yield
    finally:
        ended.set()
        shower.join()
