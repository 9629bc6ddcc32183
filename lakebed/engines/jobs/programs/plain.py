"""Runs one Python script: a Python shell job. See `lakebed_job`."""

from __future__ import annotations

import sys

from lakebed_job import Channel, prepare, run


def main() -> None:
    """Wait for the job, run it, tell how it ended."""
    channel = Channel(int(sys.argv[1]))
    channel.tell("ready")
    job = channel.hear()
    prepare(job)
    channel.tell("started")
    code, error = run(job["script"])
    channel.tell("ended", code=code, error=error)


if __name__ == "__main__":
    main()
