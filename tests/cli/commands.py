"""Runs the `lakebed` command as a person does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def lakebed(
    command: str, data_dir: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    entry = [sys.executable, "-m", "lakebed.cli.main"]
    return subprocess.run(
        [*entry, command, "--data-dir", str(data_dir), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
