"""Tests that run inside of a Spark environment: one process, one session, each test by name."""

from __future__ import annotations

import ast
import fcntl
import json
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

LIBRARIES = Path(__file__).parents[4] / "lakebed" / "engines" / "jobs" / "spark" / "libraries"
RUN = Path(__file__).with_name("inside_run.py")
SECONDS_MAX = 900


class Outcome(NamedTuple):
    """What became of a test: passed, failed or skipped, and what it said."""

    word: str
    text: str


def names(folder: Path) -> list[str]:
    """Return `file::test` of every test in a folder's files."""
    found: list[str] = []
    for file in sorted(folder.glob("test_*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.append(f"{file.stem}::{node.name}")
    return found


def run(
    python: Path, folder: Path, environment: Mapping[str, str], report: Path
) -> dict[str, Outcome]:
    """Run a folder's tests; workers of one session share the report of the first."""
    with report.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not report.exists():
            _run(python, folder, environment, report)
    said = json.loads(report.read_text("utf-8"))
    return {name: Outcome(*one) for name, one in said.items()}


def _run(python: Path, folder: Path, environment: Mapping[str, str], report: Path) -> None:
    lent = sysconfig.get_paths()["purelib"]
    done = subprocess.run(
        [str(python), str(RUN), str(folder), str(report.with_suffix(".new")), lent],
        env={**environment, "PYTHONPATH": str(LIBRARIES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, timeout=SECONDS_MAX, check=False, cwd=report.parent,
    )  # fmt: skip
    new = report.with_suffix(".new")
    assert new.exists(), f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    new.rename(report)


def check(outcomes: Mapping[str, Outcome], name: str) -> None:
    """Fail or skip as the test of that name did; one that was not run failed."""
    outcome = outcomes.get(name, Outcome("failed", "it was not run"))
    if outcome.word == "skipped":
        pytest.skip(outcome.text)
    assert outcome.word == "passed", outcome.text
