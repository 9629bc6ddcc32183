"""What all tests share: the server fixtures come with the package's own pytest plugin."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=25, deadline=None)
settings.register_profile(
    "slow", max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("slow" if os.environ.get("LAKEBED_SLOW") else "quick")

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 8 << 30


def _use_memory() -> None:
    """Have lakes of tests lie in memory, where there is room: a disk's syncs are most of the time.

    What a crash of a process leaves is the same there. TMPDIR, if it is set, decides.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    status = os.statvfs(_MEMORY)
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(lines["MemAvailable"].split()[0]) << 10
    if min(status.f_bavail * status.f_frsize, available) < _ROOM_BYTES:
        return
    folder = _MEMORY / f"lakebed-tests-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o1777)  # As /tmp: databases run as users of their own.
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None


_use_memory()
