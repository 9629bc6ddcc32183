"""What `lakebed doctor` looks at: each check says what is wrong and what to do."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator

from lakebed.core.limits import GIB
from lakebed.core.settings import Settings

PACKAGES = ("uvloop", "httptools", "msgspec", "duckdb", "sqlglot", "pyarrow")


def checks(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each check's name and its problem, empty where all is well."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    yield (
        f"Python {found}",
        "" if sys.version_info >= (3, 11) else "3.11 or newer is needed",
    )
    for package in PACKAGES:
        is_there = importlib.util.find_spec(package) is not None
        yield f"package {package}", "" if is_there else "not installed: run `make install`"
    folder = settings.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    is_writable = os.access(existing, os.W_OK)
    yield f"folder {folder}", "" if is_writable else f"{existing} is not writable by this user"
    free = shutil.disk_usage(existing).free
    yield (
        f"disk: {free // GIB} GiB free",
        "" if free >= GIB else "less than 1 GiB free: make room, or choose another --data-dir",
    )
    keys = settings.state_dir / "root-keys"
    if keys.exists():
        is_private = keys.stat().st_mode & 0o077 == 0
        yield "root keys", "" if is_private else f"others can read them: chmod 600 {keys}"
