"""What the tests of jobs share: servers with an engine, scripts, runs and what they said."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lakebed.core.settings import Settings
from lakebed.engines.jobs.environments import Environment
from lakebed.testing import environment, server

SECONDS_MAX = 300.0
LIVE = ("STARTING", "RUNNING", "WAITING", "STOPPING")
ROLE = "arn:aws:iam::000000000000:role/glue"


def shell_engine(folder: Path) -> Path:
    """Make an environment for Python shell jobs of the Python that runs the tests."""
    binary = folder / "python-shell" / "bin" / "python"
    binary.parent.mkdir(parents=True)
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    binary.chmod(0o755)
    (folder / "python-shell" / "complete").touch()
    return folder


def spark_environment(name: str = "spark-3.5") -> Environment:
    """Return a Spark environment of this machine; without it, the test is skipped."""
    settings = Settings(engines_dir=os.environ.get("LAKEBED_ENGINES_DIR", ""))
    found = Environment(name, settings.engines_folder / name)
    if not found.is_complete:
        pytest.skip(f"no Spark here: lakebed engine add {name}")
    return found


@contextlib.contextmanager
def shell_server(folder: Path, *arguments: str):
    """A server that runs Python shell jobs."""
    with environment({"LAKEBED_ENGINES_DIR": str(folder)}), server(*arguments) as lakebed:
        yield lakebed


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, within a few seconds."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


class Jobs:
    """A server's jobs: defined by their scripts, run, waited for."""

    def __init__(self, lakebed: Any) -> None:
        self.lakebed = lakebed
        self.glue, self.s3 = lakebed.client("glue"), lakebed.client("s3")
        self.logs = lakebed.client("logs")
        with contextlib.suppress(self.s3.exceptions.BucketAlreadyOwnedByYou):
            self.s3.create_bucket(Bucket="code")

    def script(self, text: str, key: str = "job.py") -> str:
        """Put a script; return where it is."""
        self.s3.put_object(Bucket="code", Key=key, Body=text.encode())
        return f"s3://code/{key}"

    def shell(self, text: str, name: str = "job", **members: Any) -> str:
        """Make a Python shell job."""
        command = {"Name": "pythonshell", "ScriptLocation": self.script(text, f"{name}.py")}
        return self.glue.create_job(Name=name, Role=ROLE, Command=command, **members)["Name"]

    def spark(self, text: str, name: str = "job", **members: Any) -> str:
        """Make a Spark job."""
        command = {"Name": "glueetl", "ScriptLocation": self.script(text, f"{name}.py")}
        return self.glue.create_job(Name=name, Role=ROLE, Command=command, **members)["Name"]

    def start(self, name: str = "job", **members: Any) -> str:
        """Start a run."""
        return self.glue.start_job_run(JobName=name, **members)["JobRunId"]

    def get(self, run: str, name: str = "job") -> dict[str, Any]:
        """Return a run."""
        return self.glue.get_job_run(JobName=name, RunId=run)["JobRun"]

    def wait(self, run: str, *states: str, name: str = "job") -> dict[str, Any]:
        """Wait until a run has ended, or is in one of the states."""
        until = time.monotonic() + SECONDS_MAX
        while time.monotonic() < until:
            row = self.get(run, name)
            if row["JobRunState"] in states or row["JobRunState"] not in LIVE:
                return row
            time.sleep(0.02)
        raise AssertionError(f"still {row}")

    def run(self, name: str = "job", **members: Any) -> dict[str, Any]:
        """Run a job to its end."""
        return self.wait(self.start(name, **members), name=name)

    def lines(self, run: str, stream: str = "output", group: str = "python-jobs") -> list[str]:
        """Return the lines of a run's log."""
        try:
            found = self.logs.get_log_events(
                logGroupName=f"/aws-glue/{group}/{stream}", logStreamName=run, startFromHead=True
            )
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in found["events"]]
