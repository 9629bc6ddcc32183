"""What a run wrote, told to whoever started it."""

from __future__ import annotations

import json
import os
from pathlib import Path

RUN_FOLDER = "LAKEBED_JOB_RUN_DIR"
"""Names the folder of a run: its bookmark, and what it says of itself."""


def run_folder() -> Path | None:
    """Return the folder of this run, if the process runs a job."""
    name = os.environ.get(RUN_FOLDER)
    return Path(name) if name else None


def wrote(path: str) -> None:
    """Note that a sink wrote below a path."""
    folder = run_folder()
    if folder is not None:
        with (folder / "outputs.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"path": path}) + "\n")
