"""Runs the `lakebed` command as a person does, in this process: ten times as fast."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from lakebed.cli.main import main


@dataclass(frozen=True)
class Done:
    """What a command ended with and said."""

    returncode: int
    stdout: str
    stderr: str


def lakebed(command: str, data_dir: Path, *arguments: str) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([command, "--data-dir", str(data_dir), *arguments])
        except SystemExit as stopped:
            status = stopped.code if isinstance(stopped.code, int) else 1
    return Done(status, out.getvalue(), err.getvalue())
