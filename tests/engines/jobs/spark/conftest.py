"""The Spark environment that tests of jobs run in: found, or the tests say how to install it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

INSTALL = "lakebed engine add spark-3.5"


def _found() -> str | None:
    """Return the Python of the environment, by the engine's own word or by a variable."""
    given = os.environ.get("LAKEBED_SPARK_PYTHON")
    if given:
        return given
    if importlib.util.find_spec("lakebed.engines.jobs.spark.environment") is None:
        return None
    environment = importlib.import_module("lakebed.engines.jobs.spark.environment")
    found = environment.find("spark-3.5")
    return None if found is None else str(found.python)


@pytest.fixture(scope="session")
def spark_python() -> Path:
    """The Python with PySpark in it; tests are skipped where there is none."""
    found = _found()
    if found is None:
        pytest.skip(f"no Spark environment: {INSTALL}")
    text = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = subprocess.run([found, "-c", text], capture_output=True, text=True, check=True).stdout
    # The tests' own tools are lent to it, and those are installed for one version.
    if version.strip() != f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip(f"the Spark environment has Python {version.strip()}")
    return Path(found)
