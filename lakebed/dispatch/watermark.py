"""A nearly full disk: what makes the lake grow is refused; reading, deleting and settings go on."""

from __future__ import annotations

import os

from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError
from lakebed.core.limits import MIB
from lakebed.core.settings import Settings

CODE = "LakebedDiskFull"
_LOOKED_SECONDS = 0.25
_GROWING = (
    "put_", "create_", "upload_", "copy_", "start_", "import_", "restore_", "batch_create_",
    "batch_put_", "register_", "write_",
)  # fmt: skip
_SETTINGS = ("_configuration", "_policy", "_tagging", "_acl", "_lifecycle", "_settings", "_key")
"""How the names of small things end, which whoever makes room may need."""


def grows(operation: str) -> bool:
    """Tell whether an operation (its function's name) makes the lake grow."""
    return operation.startswith(_GROWING) and not operation.endswith(_SETTINGS)


class Watermark:
    """Looks at the free disk now and then; `disk_free_bytes_min` 0 refuses nothing."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._folder = settings.data_dir
        self._bytes_min = settings.disk_free_bytes_min
        self._clock = clock
        self._looked = 0.0
        self._free = 0

    def check(self, service: str, operation: str) -> None:
        """Refuse what makes the lake grow while less is free than has to be.

        The status is one that SDKs do not take for a reason to try again.
        """
        if not self._bytes_min or not grows(operation):
            return
        now = self._clock.now()
        if not 0 <= now - self._looked < _LOOKED_SECONDS:
            disk = os.statvfs(self._folder)
            self._free, self._looked = disk.f_bavail * disk.f_frsize, now
        if self._free >= self._bytes_min:
            return
        message = (
            f"The disk of the lake has {self._free // MIB:,} MiB free, less than the "
            f"{self._bytes_min // MIB:,} MiB of disk_free_bytes_min: nothing is written until "
            "something is deleted. Reading and deleting go on."
        )
        raise AwsError(CODE, message, 507 if service == "s3" else 400)
