"""Runs a folder's tests in this Python and writes what became of each: see `inside.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path


class Report:
    """A plugin of pytest's that keeps the outcome of each function, its worst case counting."""

    def __init__(self) -> None:
        self.said: dict[str, tuple[str, str]] = {}

    def pytest_runtest_logreport(self, report) -> None:
        """Keep what a test or its fixtures came to."""
        file, _, function = report.nodeid.partition("::")
        name = f"{Path(file).stem}::{function.partition('[')[0]}"
        text = report.longreprtext if report.failed else ""
        if report.skipped:
            text = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else "skipped"
        before = self.said.get(name)
        if before is None or before[0] == "passed" or (before[0] == "skipped" and report.failed):
            self.said[name] = (report.outcome, text[-6000:])

    def pytest_collectreport(self, report) -> None:
        """A file that cannot be read fails all of its tests, so it is said aloud."""
        if report.failed:
            print(report.longreprtext, file=sys.stderr)


def main(folder: str, report: str, lent: str) -> int:
    """Run the tests with the tools lent by another environment of the same Python."""
    # This file's folder holds tests of awsglue in a folder of that name.
    sys.path.remove(str(Path(__file__).parent))
    sys.path.append(lent)
    import pytest

    kept = Report()
    given = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        folder,
        "--confcutdir",
        folder,
        "-c",
        "/dev/null",
        folder,
    ]
    status = int(pytest.main([*given, "--import-mode=importlib"], plugins=[kept]))
    if kept.said:
        Path(report).write_text(json.dumps(kept.said), "utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
