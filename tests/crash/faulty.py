"""A server in whose files faults happen: failing calls, a clock that jumps, a lost power supply.

Run as a program it is `lakebed serve` with Python's file calls wrapped. What to do is in a file
named by the environment (`FAULTS`), looked at before every call, so a test can change it meanwhile:

- `{"fail": {"call": "rename", "skip": 2, "errno": 28}}`: the third such call within the data folder
  fails (and all after it, with `"for_ever": true`);
- `{"clock": -3600}`: the time is another;
- `{"trace": "DIR"}` (at the start only): what would survive a power loss is written down there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from lakebed import testing

CALLS = (
    "open", "write", "writev", "pwrite", "copy_file_range", "sendfile", "ftruncate", "truncate",
    "fdatasync", "fsync", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "close",
)  # fmt: skip


def start(data: Path, faults: Path, *arguments: str, log: Path) -> testing.LakebedServer:
    """Start a server in which the faults of a file happen."""
    if not faults.exists():
        set_faults(faults)
    root = str(Path(__file__).parents[2])
    command = [
        sys.executable, "-m", "tests.crash.faulty", "serve", "--port", "0", "--data-dir", str(data),
        "--testing", *arguments,
    ]  # fmt: skip
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=sink, text=True, cwd=root,
            env={**os.environ, "FAULTS": str(faults), "FAULTS_WITHIN": str(data.resolve())},
        )  # fmt: skip
    line = process.stdout.readline()
    assert line.startswith("ready "), log.read_text()[-2000:]
    url = line.split()[1]
    return testing.LakebedServer(url, data, process, {"AWS_DEFAULT_REGION": "us-east-1"})


def set_faults(faults: Path, **wanted: object) -> None:
    """Say what is to go wrong from now on; nothing, without arguments."""
    temporary = faults.with_suffix(".new")
    temporary.write_text(json.dumps(wanted))
    temporary.replace(faults)


def hits(faults: Path) -> int:
    """Return how often something was made to fail since the faults were set."""
    path = faults.with_suffix(".hits")
    return int(path.read_text()) if path.exists() else 0


class Faults:
    """The wrapped calls of this process."""

    def __init__(self, faults: Path, within: str) -> None:
        self.faults = faults
        self.within = within
        self.seen = None
        self.wanted: dict = {}
        self.skipped = 0
        self.real = {name: getattr(os, name) for name in CALLS}
        self.real_time = time.time
        self.trace = None

    def install(self) -> None:
        self.look()
        if "trace" in self.wanted:
            from tests.crash.power import Trace

            self.trace = Trace(Path(self.wanted["trace"]), self.within, self.real)
        for name in CALLS:
            setattr(os, name, self.wrapped(name, self.real[name]))
        time.time = self.time

    def look(self) -> None:
        """Read what is wanted, if it changed."""
        try:
            file = os.stat(self.faults)
        except FileNotFoundError:
            return
        if file.st_ino != self.seen:
            self.seen = file.st_ino
            self.wanted = json.loads(self.faults.read_text())
            self.skipped = 0
            self.note_hits(0)

    def time(self) -> float:
        self.look()
        return self.real_time() + self.wanted.get("clock", 0)

    def wrapped(self, name, real):
        def call(*arguments, **options):
            paths = self.paths(name, arguments, options)
            if any(path.startswith(self.within) for path in paths):
                self.look()
                fail = self.wanted.get("fail")
                if fail and fail["call"] == name and self.is_meant(fail, paths, arguments):
                    raise OSError(fail["errno"], os.strerror(fail["errno"]), paths[0])
                if self.trace is not None:
                    return self.trace.call(name, real, paths, arguments, options)
            return real(*arguments, **options)

        return call

    def is_meant(self, fail, paths, arguments) -> bool:
        if fail.get("path", "") not in paths[0]:
            return False
        if fail["call"] == "open" and not arguments[1] & os.O_CREAT:
            return False
        self.skipped += 1
        if self.skipped <= fail.get("skip", 0):
            return False
        if self.skipped > fail.get("skip", 0) + 1 and not fail.get("for_ever"):
            return False
        self.note_hits(self.skipped - fail.get("skip", 0))
        return True

    def note_hits(self, count: int) -> None:
        """Write down how often something failed, for a reader that never sees half of it."""
        waiting = self.faults.with_suffix(f".{threading.get_ident()}")
        waiting.write_text(str(count))
        waiting.replace(self.faults.with_suffix(".hits"))

    def paths(self, name, arguments, options) -> list[str]:
        """Return the paths that a call is about, of descriptors too."""
        count = 2 if name in ("rename", "replace", "link", "copy_file_range", "sendfile") else 1
        found = []
        for argument in arguments[:count]:
            if isinstance(argument, int):
                try:
                    found.append(os.readlink(f"/proc/self/fd/{argument}"))
                except OSError:
                    found.append("")
                continue
            path = os.fsdecode(argument)
            if options.get("dir_fd") is not None:
                path = f"{os.readlink('/proc/self/fd/' + str(options['dir_fd']))}/{path}"
            found.append(os.path.abspath(path))
        return found


if __name__ == "__main__":
    Faults(Path(os.environ["FAULTS"]), os.environ["FAULTS_WITHIN"]).install()
    from lakebed.cli.main import main

    sys.exit(main(sys.argv[1:]))
