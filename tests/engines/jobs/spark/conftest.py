"""The Spark environment that tests of jobs run in: found, or the tests say how to install it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from lakebed.core.settings import Settings
from lakebed.engines.jobs.environments import Environment

INSTALL = "lakebed engine add spark-3.5"


class Spark(NamedTuple):
    """A Python with PySpark in it, and the jars that lie beside."""

    python: Path
    jars: list[str]


def _found() -> Spark | None:
    """Return the environment that was added, or what a variable names."""
    given = os.environ.get("LAKEBED_SPARK_PYTHON")
    if given:
        folder = os.environ.get("LAKEBED_SPARK_JARS", "")
        return Spark(Path(given), sorted(map(str, Path(folder).glob("*.jar"))) if folder else [])
    settings = Settings(engines_dir=os.environ.get("LAKEBED_ENGINES_DIR", ""))
    environment = Environment("spark-3.5", settings.engines_folder / "spark-3.5")
    if not environment.is_complete:
        return None
    jars = [*environment.extra_jars("jdbc"), *environment.extra_jars("avro")]
    return Spark(environment.python, jars)


@pytest.fixture(scope="session")
def spark() -> Spark:
    """The Spark of this machine; tests are skipped where there is none."""
    found = _found()
    if found is None:
        pytest.skip(f"no Spark here: {INSTALL}")
    text = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([found.python, "-c", text], capture_output=True, text=True, check=True)
    # The tests' own tools are lent to it, and those are installed for one version.
    if done.stdout.strip() != f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip(f"the Spark environment has Python {done.stdout.strip()}")
    return found
