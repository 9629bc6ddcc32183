"""The worker process: looks into files, one after another, within its time and memory.

Run as `python -m lakebed.engines.crawl.local.worker FD`; FD is its end of a socket pair.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from lakebed.core.limits import CRAWL_FILE_SECONDS, CRAWL_WORKER_BYTES
from lakebed.engines.crawl import UNKNOWN, Classifier, Finding, Sample
from lakebed.engines.crawl.local.chain import classify
from lakebed.engines.crawl.local.messages import LENGTH, Batch, batch, packed

SEND_SECONDS = 0.05
"""Findings of many small files are sent together, this often."""
_DEATH_SIGNAL = 1


class TimeLimitError(Exception):
    """A file took longer than it may."""


def main() -> None:
    """Serve until the server closes the socket."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    _bound_memory()
    signal.signal(signal.SIGALRM, on_alarm)
    link = socket.socket(fileno=int(sys.argv[1]))
    file = link.makefile("rb")
    gc.freeze()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while body := _received(file):
            _serve(link, batch(body))
    os._exit(0)


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (CRAWL_WORKER_BYTES, CRAWL_WORKER_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _received(file: BinaryIO) -> bytes:
    head = file.read(LENGTH.size)
    return file.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""


def _serve(link: socket.socket, work: Batch) -> None:
    """Answer a batch; the first finding of a silence goes out at once."""
    held: list[Finding] = []
    sent = 0.0
    for key, path, size in work.files:
        held.append(look_into(Sample(key, Path(path), size), work.classifiers))
        now = time.monotonic()
        if work.is_wary or now - sent > SEND_SECONDS:
            link.sendall(packed(held))
            held, sent = [], now
    if held:
        link.sendall(packed(held))


def look_into(sample: Sample, classifiers: list[Classifier]) -> Finding:
    """Say what a file is; whatever it does, there is a finding."""
    try:
        with _time_limit():
            return classify(sample, classifiers)
    except FileNotFoundError:
        return _failed(sample, "The object no longer exists.")
    except OSError as error:
        return _failed(sample, f"The object could not be read: {error.strerror or error}.")
    except TimeLimitError:
        return _failed(sample, f"Looking into it took longer than {CRAWL_FILE_SECONDS:g} seconds.")
    except (MemoryError, RecursionError):
        return _failed(sample, "Looking into it took more memory than a classifier may use.")
    except Exception as error:  # noqa: BLE001 - the worker's loop: a bug fails one file, loudly
        traceback.print_exc()
        return _failed(sample, f"A classifier failed: {type(error).__name__}: {error}")


def _failed(sample: Sample, message: str) -> Finding:
    return Finding(sample.key, UNKNOWN, message=message)


@contextlib.contextmanager
def _time_limit() -> Generator[None]:
    signal.setitimer(signal.ITIMER_REAL, CRAWL_FILE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def on_alarm(number: int, frame: FrameType | None) -> None:
    """End what a file takes too long for."""
    raise TimeLimitError


if __name__ == "__main__":
    main()
