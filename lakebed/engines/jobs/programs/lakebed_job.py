"""What every program that runs a user's script shares: its talk with the server, the script's run.

Runs in the Python of a job's environment, not in ours, and imports nothing of lakebed. The program
is started with the descriptor of a socket and is told on it, in lines of JSON, what to do:

    ← {"told": "ready"}                                          a job may come from now on
    → {"script": PATH, "arguments": [...], "folder": PATH, "variables": {...}, "path": [...],
       "properties": {...}, "is_measured": false}
    ← {"told": "started"}                                        the script's first line is next
    ← {"told": "measured", "counts": {...}, "gauges": {...}}     if asked for, now and then
    ← {"told": "ended", "code": 1, "error": "ZeroDivisionError: division by zero"}
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import runpy
import signal
import socket
import sys
import threading
import traceback
from typing import Any

_OURS = (__file__, runpy.__file__, "<frozen runpy>")


class Channel:
    """Lines of JSON from and to the server; when it is gone, the whole job ends at once."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._telling = threading.Lock()
        self._heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with self._socket.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                self._heard.put(json.loads(line))
        os.killpg(0, signal.SIGKILL)

    def hear(self) -> dict[str, Any]:
        """Wait for the next message."""
        return self._heard.get()

    def has_message(self) -> bool:
        """Tell whether the next message is there already."""
        return not self._heard.empty()

    def tell(self, told: str, **more: Any) -> None:
        """Send a message."""
        with self._telling, contextlib.suppress(BrokenPipeError):
            self._socket.sendall(json.dumps({"told": told, **more}).encode() + b"\n")


def prepare(job: dict[str, Any]) -> None:
    """Make this process the job's: its environment, its folder, its path."""
    os.environ.update(job["variables"])
    os.chdir(job["folder"])
    sys.path[0:1] = [os.path.dirname(job["script"]), *job["path"]]
    sys.argv = [job["script"], *job["arguments"]]


def run(script: str) -> tuple[int, str]:
    """Run a script as `python script` would; return its exit code and its error."""
    code, error = _run(script)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    return code, error


def _run(script: str) -> tuple[int, str]:
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as leaving:
        return _left(leaving)
    except BaseException as error:  # noqa: BLE001 - whatever a user's script raises is its end.
        shown = error.with_traceback(_from_script(error))
        traceback.print_exception(type(shown), shown, shown.__traceback__)
        lines = traceback.format_exception_only(type(shown), shown)
        return 1, "".join(lines).strip()
    return 0, ""


def _left(leaving: SystemExit) -> tuple[int, str]:
    """Return what `sys.exit` was given, as Python understands it."""
    if leaving.code is None or leaving.code == 0:
        return 0, ""
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF, f"SystemExit: {leaving.code}"
    sys.stderr.write(f"{leaving.code}\n")
    return 1, f"SystemExit: {leaving.code}"


def _from_script(error: BaseException) -> Any:
    """Return the traceback from the script's own first frame on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in _OURS:
        trace = trace.tb_next
    return trace
