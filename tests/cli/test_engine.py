"""`lakebed engine`: what it lists, adds and refuses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def lakebed(folder, *arguments):
    """Run the command with engines below a folder; return status, output, errors."""
    done = subprocess.run(
        [sys.executable, "-m", "lakebed.cli.main", "engine", *arguments,
         "--data-dir", str(folder / "data")],
        capture_output=True,
        text=True,
        env={**os.environ, "LAKEBED_ENGINES_DIR": str(folder / "engines")},
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_the_list_says_what_is_there(tmp_path):
    folder = tmp_path / "engines" / "spark-3.5"
    (folder / "jars" / "jdbc").mkdir(parents=True)
    (folder / "jars" / "jdbc" / "a.jar").touch()
    (folder / "complete").touch()
    status, said, _ = lakebed(tmp_path, "list")
    assert status == 0
    assert said.splitlines() == [
        "trino          not added",
        f"spark-3.5      {folder} with jdbc",
        "spark-3.3      not added (Glue 4 jobs: Spark 3.3.4 on Java 17)",
        "spark-4.1      not added (Glue 6 jobs: Spark 4.1.1 on Java 17)",
        "python-shell   not added (Python shell jobs)",
    ]


def test_an_engine_nobody_knows_is_refused_with_those_there_are(tmp_path):
    assert lakebed(tmp_path, "add", "duke") == (
        1, "", "lakebed engine: there is no engine 'duke'; there are trino, spark-3.5, spark-3.3, "
        "spark-4.1, python-shell\n",
    )  # fmt: skip


@pytest.mark.slow
def test_without_its_wheels_nothing_is_half_made(tmp_path):
    (tmp_path / "wheels").mkdir()
    wheels = str(tmp_path / "wheels")
    status, said, errors = lakebed(tmp_path, "add", "python-shell", "--wheels", wheels)
    assert status == 1
    assert "No matching distribution found" in errors
    assert f"making {tmp_path / 'engines' / 'python-shell'}" in said
    assert "python-shell   not added (Python shell jobs)" in lakebed(tmp_path, "list")[1]
